"""The [publish] tables of layers.toml → Settings: how each layer is named, described, stored and shared."""

from __future__ import annotations

import re
import string as strings
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Literal

from pylayer.dataclassing import dataclass
from pylayer.tables import (
    Key,
    as_fields,
    boolean,
    either,
    key,
    keys_of,
    list_of,
    made,
    one_of,
    refusal,
    shape_of,
    shaped,
    string,
    table,
    table_of,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pylayer.tables import Parse

Output = Literal["cdk", "terraform", "sam"]
StorageMode = Literal["copy", "reference"]

NAME_WORDS = ("layer", "runtime", "python", "architecture")
TEXT_WORDS = ("layer", "description", "version", "revision", "runtimes", "architectures")

_OUTPUTS: dict[Any, Output] = {"cdk": "cdk", "terraform": "terraform", "sam": "sam"}
_MODES: dict[Any, StorageMode] = {"copy": "copy", "reference": "reference"}
# The patterns of the Lambda, S3 and Systems Manager API models.
_ACCOUNT = re.compile(r"\d{12}")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d")
_BUCKET = re.compile(r"(?=.{3,63}$)[a-z0-9{][a-z0-9.\-{}]*[a-z0-9}]")
_PARAMETER = re.compile(r"(/[A-Za-z0-9_.-]+)+")
_TAG = re.compile(r"[\w .:/=+@-]*")
_KEY_PREFIX = re.compile(r"[A-Za-z0-9!_.*'()/-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """Who else may use a layer version: AWS accounts, organisations, or everyone."""

    accounts: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    public: bool = False


@shaped(lambda: {"type": "string", "pattern": f"^{_REGION.pattern}$"})
def region(value: Any) -> str:
    """Take the name of an AWS region."""
    return _matching(value, _REGION, "an AWS region, such as eu-west-1")


@shaped(lambda: {"type": "string", "pattern": r"^[a-z0-9{][a-z0-9.\-{}]*[a-z0-9}]$"})
def _bucket_name(value: Any) -> str:
    name = _matching(value, _BUCKET, "the name of an S3 bucket")
    return template("region")(name)


@shaped(lambda: {"anyOf": [shape_of(_bucket_name), shape_of(table_of(_bucket_name, name=region))]})
def bucket(value: Any) -> dict[str, str]:
    """Take a bucket's name for every region, or a table of region = bucket."""
    if isinstance(value, str):
        return {"*": _bucket_name(value)}
    return table_of(_bucket_name, name=region)(value)


@shaped(lambda: {"type": "string", "pattern": r"^(/[A-Za-z0-9_.-]+)+/*$"})
def parameter_prefix(value: Any) -> str:
    """Take what the names of Systems Manager parameters begin with."""
    prefix = string(value).rstrip("/")
    if not _PARAMETER.fullmatch(prefix) or prefix.lower().startswith(("/aws", "/ssm")):
        hint = "a slash, then letters, digits and _.-/, beginning with neither /aws nor /ssm"
        raise refusal(f'"{value}" cannot begin the name of a parameter', hint=hint)
    return prefix


@shaped(lambda: {"type": "string", "pattern": r"\S", "maxLength": 128})
def tag_key(value: Any) -> str:
    """Take the key of a tag, which AWS keeps for itself where it begins with aws:."""
    name = _tag(string(value), 128)
    if name.lower().startswith("aws:"):
        raise refusal(f'"{name}" begins with aws:, which AWS reserves for itself')
    return name


@shaped(lambda: {"type": "string", "maxLength": 256})
def tag_value(value: Any) -> str:
    """Take the value of a tag, which may be empty."""
    return _tag(text(value), 256)


@shaped(lambda: {"type": "string", "pattern": f"^{_KEY_PREFIX.pattern}$"})
def key_prefix(value: Any) -> str:
    """Take what the keys of S3 objects begin with."""
    return _matching(text(value), _KEY_PREFIX, "a prefix of S3 keys") if value != "" else ""


def template(*words: str) -> Parse[str]:
    """Take a text that may hold these `{words}`."""
    hint = f"it may hold {', '.join('{' + word + '}' for word in words)}"

    @shaped(lambda: {"type": "string", "pattern": rf"^([^{{}}]|\{{({'|'.join(words)})\}})*$"})
    def parse(value: Any) -> str:
        written = text(value)
        try:
            parts = [part[1:] for part in strings.Formatter().parse(written)]
        except ValueError as error:
            raise refusal(f'"{written}" is not a template: {error}', hint=hint) from error
        for word, form, conversion in parts:
            if word is not None and (word not in words or form or conversion):
                raise refusal(f'"{written}" holds the unknown placeholder {{{word}}}', hint=hint)
        if "{{" in written or "}}" in written:
            raise refusal(
                f'"{written}" holds doubled braces', hint="neither AWS's names nor these templates have any"
            )
        return written

    return parse


@shaped(lambda: {"type": "string", "pattern": r"^[0-9]{12}$"})
def _account(value: Any) -> str:
    return _matching(value, _ACCOUNT, "an AWS account (a string of 12 digits)")


@shaped(lambda: {"type": "string", "pattern": f"^{_ORGANIZATION.pattern}$"})
def _organization(value: Any) -> str:
    return _matching(value, _ORGANIZATION, "an AWS organisation, such as o-a1b2c3d4e5")


PERMISSION_KEYS: dict[str, Key] = {
    "accounts": Key(
        parse=list_of(_account, distinct=True),
        takes="list of 12 digits as text",
        help="AWS accounts that may use it.",
    ),
    "organizations": Key(
        parse=list_of(_organization, distinct=True),
        takes="list of identifiers, such as `o-a1b2c3d4e5`",
        help="AWS organizations whose accounts may use it.",
    ),
    "public": Key(
        parse=boolean,
        takes=either((True, False)),
        help="Whether everyone may use it; this needs `--public` on the command line as well.",
        default="false",
    ),
}
permissions = made(table(PERMISSION_KEYS), lambda row: Permissions(**row))


def _template(*words: str) -> str:
    return f"text, which may hold {', '.join(f'`{{{word}}}`' for word in words)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSettings:
    """How one layer is published; each field is a key of `[publish]` and of `[layers.NAME.publish]`.

    `bucket` maps a region to a bucket; the key `*` stands for every other one, and `{region}` in a name for
    the region. `ssm` is the prefix of Systems Manager parameters, or None.
    """

    name: str = field(
        default="{layer}-{python}-{architecture}",
        metadata=key(template(*NAME_WORDS), _template(*NAME_WORDS), "The layer's name in AWS."),
    )
    description: str = field(
        default="{description}",
        metadata=key(template(*TEXT_WORDS), _template(*TEXT_WORDS), "What AWS shows as its description."),
    )
    license: str = field(
        default="",
        metadata=key(template(*TEXT_WORDS), _template(*TEXT_WORDS), "What AWS shows as its license."),
    )
    regions: tuple[str, ...] = field(
        default=(),
        metadata=key(
            list_of(region, distinct=True),
            "list of regions",
            "Where it is published, unless `--region` says otherwise.",
            default="the one of the AWS configuration",
        ),
    )
    bucket: Mapping[str, str] = field(
        default_factory=dict,
        metadata=key(
            bucket,
            "name, which may hold `{region}`, or table of region = name",
            "The S3 bucket that archives go through; without one, they are sent in the request.",
        ),
    )
    prefix: str = field(
        default="layers/", metadata=key(key_prefix, "text", "What objects' keys in the bucket begin with.")
    )
    storage_mode: StorageMode = field(
        default="copy",
        metadata=key(one_of(_MODES), either(_MODES), "Whether Lambda copies the object, or reads it there."),
    )
    permissions: Permissions = field(
        default=Permissions(),
        metadata=key(permissions, "table", "Who else may use the layer's versions.", inside=PERMISSION_KEYS),
    )
    tags: Mapping[str, str] = field(
        default_factory=dict,
        metadata=key(
            table_of(tag_value, name=tag_key),
            "table of key = text",
            "Tags of S3 objects and of Systems Manager parameters.",
        ),
    )
    ssm: str | None = field(
        default=None,
        metadata=key(
            parameter_prefix,
            "path, such as `/layers`",
            "What the Systems Manager parameters with the versions' ARNs begin with.",
            default="no parameters",
        ),
    )

    def bucket_in(self, region: str) -> str | None:
        """The bucket that archives for `region` go through, None where there is none."""
        name = self.bucket.get(region) or self.bucket.get("*")
        return name.replace("{region}", region) if name else None


KEYS = {
    **keys_of(LayerSettings),
    "outputs": Key(
        parse=list_of(one_of(_OUTPUTS), distinct=True),
        takes=f"list of {either(_OUTPUTS)}",
        help="The deploy tools that files are written for.",
        see="publish.md#using-what-was-published",
    ),
    "require-provenance": Key(
        parse=boolean,
        takes=either((True, False)),
        help="Whether an archive is refused without a statement of what went into it, signed by one of "
        "`provenance.keys` where there are any.",
        default="false",
        see="publish.md#provenance",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishSettings:
    """The settings of every layer, and the files to write for deploy tools.

    Where an archive needs a statement of what went into it, `signers` are the public keys (PEM) of which one
    must have signed it (none: it need not be signed); None where it needs no statement.
    """

    default: LayerSettings = field(default_factory=LayerSettings)
    layers: Mapping[str, LayerSettings] = field(default_factory=dict)
    outputs: tuple[Output, ...] = ()
    signers: tuple[str, ...] | None = None

    def of(self, layer: str) -> LayerSettings:
        """The settings of one layer."""
        return self.layers.get(layer, self.default)


# `[layers.NAME.publish]` and `[publish]`: the keys that are there, parsed.
layer_table = made(table(keys_of(LayerSettings)), as_fields)
publish_table = made(table(KEYS), as_fields)


def settings(
    general: Mapping[str, Any], layers: Mapping[str, Mapping[str, Any]], *, signers: tuple[str, ...] = ()
) -> PublishSettings:
    """Join the parsed `[publish]` and each layer's own, which overrides it key by key.

    `signers` are the public keys of `[provenance]`.
    """
    row = dict(general)
    outputs = row.pop("outputs", ())
    required = row.pop("require_provenance", False)
    default = LayerSettings(**row)
    return PublishSettings(
        default=default,
        layers={name: replace(default, **own) for name, own in layers.items()},
        outputs=outputs,
        signers=signers if required else None,
    )


def _tag(written: str, limit: int) -> str:
    if not _TAG.fullmatch(written) or len(written) > limit:
        hint = f"at most {limit} letters, digits, spaces and . _ : / = + - @"
        raise refusal(f'"{written}" cannot be in a tag', hint=hint)
    return written


def _matching(value: Any, pattern: re.Pattern[str], kind: str) -> str:
    written = string(value)
    if not pattern.fullmatch(written):
        raise refusal(f'"{written}" is not {kind}')
    return written
