"""A workspace → layer archives, by each way in which others make them."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uv

import workspaces
from contenders import command
from pylayer.targets import Architecture, Target, load_runtimes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workspaces import Workspace

HERE = Path(__file__).parent
RUNTIME = "python3.11"
PYTHON = RUNTIME.removeprefix("python")
ARCHITECTURE = "x86_64"
ALL = (*workspaces.HEAVY, "pip", "setuptools", "wheel")


@dataclass(slots=True, kw_only=True)
class Recipe:
    """The seed's way: for each package `docker build` with pip wheel and pip install, copy out, zip.

    It builds on the same image as pylayer, to which `with_base` has added pip and, in its favour, all
    third-party wheels, so that it never meets the network.
    """

    name: str = "docker build + pip"
    architectures: tuple[str, ...] = (ARCHITECTURE,)

    @classmethod
    def with_base(cls, *, wheels: Path) -> Recipe:
        """Make the image, outside any timing."""
        image = workspaces.IMAGES[ARCHITECTURE].format(runtime=RUNTIME)
        base = HERE / "recipe" / "base.Dockerfile"
        command(
            *(
                "docker",
                "build",
                "--tag",
                "pylayer-bench/pip",
                "--build-arg",
                f"IMAGE={image}",
                "--file",
                base,
                wheels,
            ),
            cwd=wheels,
        )
        return cls()

    def prepare(self, workspace: Workspace) -> None:
        """Nothing: the base image is there."""

    def build(self, workspace: Workspace) -> None:
        """One package after the other, as its construct does."""
        for name in workspace.names:
            self._build(workspace, name)

    def _build(self, workspace: Workspace, name: str) -> None:
        root, tag = workspace.root, f"pylayer-bench/{name}"
        recipe = HERE / "recipe" / "package.Dockerfile"
        asset = root / "recipe" / name
        shutil.rmtree(asset, ignore_errors=True)
        asset.mkdir(parents=True)
        command("docker", "build", "--tag", tag, "--file", recipe, workspace.package(name), cwd=root)
        container = command("docker", "create", tag, cwd=root).strip()
        command("docker", "cp", f"{container}:/asset/.", asset, cwd=root)
        command("docker", "rm", "--volumes", container, cwd=root)
        zip_folder(asset, self.archive(workspace, name, ARCHITECTURE))

    def archive(self, workspace: Workspace, name: str, architecture: str) -> Path:
        """Beside the folder it was zipped from."""
        return workspace.root / "recipe" / f"{name}-{architecture}.zip"

    def finish(self, workspace: Workspace) -> None:
        """Remove the packages' images, and those that edits have left without a name."""
        tags = [f"pylayer-bench/{name}" for name in workspace.names]
        command("docker", "rmi", "--force", *tags, cwd=workspace.root)
        command("docker", "image", "prune", "--force", "--filter", "label=pylayer-bench", cwd=workspace.root)


@dataclass(slots=True, kw_only=True)
class UvAndZip:
    """`uv pip install --target` and `zip -6`: quick, and right as long as nothing is compiled here."""

    name: str = "uv --target + zip"
    architectures: tuple[str, ...] = (ARCHITECTURE,)

    def prepare(self, workspace: Workspace) -> None:
        """Nothing: uv's own cache is warm."""

    def build(self, workspace: Workspace) -> None:
        """Install each package into an empty folder and zip it; it has no notion of what has not changed."""
        for name in workspace.names:
            asset = workspace.root / "uv" / name
            shutil.rmtree(asset, ignore_errors=True)
            target = asset / "python"
            command(
                *(uv.find_uv_bin(), "pip", "install", "--quiet", "--target", target),
                # Its key of a local package leaves the code out: without this an edit is not seen.
                *("--refresh-package", name),
                # Else it takes the newest versions and compiles them here: nothing for Lambda's glibc.
                *("--only-binary", ":all:", "--no-binary", name),
                *("--python-version", PYTHON, "--python-platform", f"{ARCHITECTURE}-manylinux2014"),
                workspace.package(name),
                cwd=workspace.root,
            )
            zip_folder(asset, self.archive(workspace, name, ARCHITECTURE))

    def archive(self, workspace: Workspace, name: str, architecture: str) -> Path:
        """Beside the folder it was zipped from."""
        return workspace.root / "uv" / f"{name}-{architecture}.zip"

    def finish(self, workspace: Workspace) -> None:
        """Everything is in the workspace."""


@dataclass(slots=True, kw_only=True)
class Sam:
    """`sam build --cached --parallel` on the host, one layer resource for each package; it does not zip."""

    venv: Path
    name: str = "sam build"
    architectures: tuple[str, ...] = (ARCHITECTURE,)

    @classmethod
    def installed_in(cls, folder: Path) -> Sam:
        """Install aws-sam-cli into a virtual environment of its own, with pip beside it."""
        python_venv(folder, "aws-sam-cli")
        return cls(venv=folder)

    def prepare(self, workspace: Workspace) -> None:
        """Write the template, and for each layer the requirements file that SAM's Python build reads."""
        resources = [_sam_resource(workspace, name) for name in workspace.names]
        header = "Transform: AWS::Serverless-2016-10-31\nResources:\n"
        (workspace.root / "template.yaml").write_text(header + "".join(resources), encoding="utf-8")

    def build(self, workspace: Workspace) -> None:
        """Build all layers in one call."""
        path = f"{self.venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
        env = {"PATH": path, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1"}
        command(self.venv / "bin" / "sam", "build", "--cached", "--parallel", cwd=workspace.root, env=env)

    def archive(self, workspace: Workspace, name: str, architecture: str) -> Path:  # noqa: ARG002  it has one
        """The folder that `sam deploy` would zip."""
        return workspace.root / ".aws-sam" / "build" / name

    def finish(self, workspace: Workspace) -> None:
        """Everything is in the workspace."""


def _sam_resource(workspace: Workspace, name: str) -> str:
    content = workspace.root / "sam" / name
    content.mkdir(parents=True, exist_ok=True)
    (content / "requirements.txt").write_text(f"{workspace.package(name)}\n", encoding="utf-8")
    return (
        f"  {name}:\n    Type: AWS::Serverless::LayerVersion\n    Properties:\n"
        f"      ContentUri: sam/{name}\n      CompatibleRuntimes: [{RUNTIME}]\n"
        f"      CompatibleArchitectures: [{ARCHITECTURE}]\n"
        f"    Metadata: {{BuildMethod: {RUNTIME}, BuildArchitecture: {ARCHITECTURE}}}\n"
    )


def zip_folder(folder: Path, archive: Path) -> None:
    """What everybody runs."""
    archive.unlink(missing_ok=True)
    command("zip", "-6", "-q", "-r", archive, ".", cwd=folder)


def python_venv(folder: Path, *requirements: str) -> None:
    """Make a virtual environment of Python 3.11 with pip and `requirements`, unless it is there."""
    if not (folder / "complete").exists():
        uv_bin = uv.find_uv_bin()
        folder.parent.mkdir(parents=True, exist_ok=True)
        command(uv_bin, "venv", "--quiet", "--clear", "--seed", "--python", PYTHON, folder, cwd=folder.parent)
        python = folder / "bin" / "python"
        command(uv_bin, "pip", "install", "-q", "--python", python, "pip", *requirements, cwd=folder.parent)
        (folder / "complete").touch()


def wheelhouse(folder: Path, *, venv: Path, requirements: Sequence[str]) -> Path:
    """Download the wheels that `requirements` come to on python3.11 and x86_64, by pip, into `folder`.

    All contenders get the same versions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command(
        *(venv / "bin" / "python", "-m", "pip", "download", "--quiet", "--dest", folder),
        *("--only-binary", ":all:", "--python-version", PYTHON, *platforms()),
        *requirements,
        cwd=folder,
    )
    return folder


def platforms() -> list[str]:
    """The options by which pip takes for that target what pylayer takes for it."""
    target = Target(runtime=load_runtimes()[RUNTIME], architecture=Architecture.X86_64)
    return [word for platform in target.platforms for word in ("--platform", platform)]
