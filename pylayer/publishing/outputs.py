"""Published layer versions → files that CDK, Terraform, SAM and CloudFormation read as they are."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, assert_never

from pylayer.errors import Fault
from pylayer.publishing.published import nested, write_json, write_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pylayer.config.publication import Output
    from pylayer.publishing.published import Published
    from pylayer.publishing.template import Declared

CDK = "published.ts"
TERRAFORM = "layers.tfvars.json"
MAPPINGS = "layers.mappings.json"
# JSON, which is YAML too: the AWS CLI reads the one and SAM, by the file's name, the other.
PARAMETERS = "layers.parameters.{region}.yaml"

_HELPER = """\
// Written by `pylayer publish`: the current layer versions of this repository.

export const layers = %s as const;

export type LayerName = keyof typeof layers;

type Table = Record<string, Record<string, Record<string, Record<string, string>>> | undefined>;

/**
 * The ARN of the layer version to attach; throws where none is published.
 *
 * `region` must be the name of a region, not a token: give the stack an `env`.
 */
export function layerArn(layer: LayerName, region: string, runtime: string, architecture: string): string {
  const arn = (layers as Table)[layer]?.[region]?.[runtime]?.[architecture];
  if (arn === undefined) {
    throw new Error(`no version of ${layer} is published in ${region} for ${runtime} on ${architecture}`);
  }
  return arn;
}
"""


def write(folder: Path, published: Published, outputs: Iterable[Output]) -> tuple[str, ...]:
    """Write the files for each of `outputs`; the answer is the names of those whose bytes changed."""
    changed = []
    for output in outputs:
        match output:
            case "cdk":
                files = {CDK: write_text(folder / CDK, _HELPER % _arns(published))}
            case "terraform":
                variables = {"pylayer_layers": json.loads(_arns(published))}
                files = {TERRAFORM: write_json(folder / TERRAFORM, variables)}
            case "sam":
                files = _sam(folder, published)
            case _:
                assert_never(output)
        changed += [name for name, written in files.items() if written]
    return tuple(changed)


def logical_name(layer: str, runtime: str, architecture: str) -> str:
    """A name that CloudFormation takes for a parameter: `LibexamplePython313Arm64`."""
    words = re.split(r"[^0-9A-Za-z]+", f"{layer}-{runtime.replace('.', '')}-{architecture.replace('_', '')}")
    return "".join(word[:1].upper() + word[1:] for word in words)


def clashes(declared: Mapping[str, Declared]) -> list[Fault]:
    """List the layers whose names become one where CloudFormation takes only letters and digits."""
    owners: dict[str, str] = {}
    faults = []
    for layer in sorted(declared):
        name = logical_name(layer, "", "")
        if (owner := owners.setdefault(name, layer)) != layer:
            what = f"becomes {name} in CloudFormation, and so does {owner}"
            hint = "rename one of the layers, or leave sam out of [publish] outputs"
            faults.append(Fault(what=what, where=layer, hint=hint))
    return faults


def _arns(published: Published) -> str:
    return json.dumps(nested(published, lambda place: place.arn), indent=2, ensure_ascii=False)


def _sam(folder: Path, published: Published) -> dict[str, bool]:
    regions: dict[str, dict[str, str]] = {}
    for (layer, region, runtime, architecture), place in sorted(published.items()):
        regions.setdefault(region, {})[logical_name(layer, runtime, architecture)] = place.arn
    mappings = {"Mappings": {"PylayerLayers": regions}}
    files = {MAPPINGS: write_json(folder / MAPPINGS, mappings)}
    for region, values in regions.items():
        listed = [f"{key}={value}" for key, value in sorted(values.items())]
        name = PARAMETERS.format(region=region)
        files[name] = write_json(folder / name, listed)
    for stale in folder.glob(PARAMETERS.format(region="*")):
        if stale.name not in files:
            stale.unlink()
            files[stale.name] = True
    return files
