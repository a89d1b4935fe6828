"""Build much downloaded distributions as a layer each, and tell what the checks refuse.

`python benchmarks/refusals.py`: one run of `pylayer layers` on this host, for one target, with bytecode.
Prints what docs/checks.md shows: how many were tried, and what was refused, with the reasons. What could not
be built for other reasons (it has no wheel for the target, say) is told apart. Needs an index.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, get_args

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from factories.monorepo import Monorepo  # noqa: E402  it lies beside

from pylayer.problems import Kind  # noqa: E402  same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The 200 most downloaded from the public index in November 2026, the first of them first.
NAMES = (
    *("boto3", "packaging", "urllib3", "certifi", "idna", "requests", "typing-extensions"),
    *("charset-normalizer", "setuptools", "botocore", "cryptography", "aiobotocore"),
    *("python-dateutil", "six", "pyyaml", "pydantic", "pygments", "cffi", "click", "numpy"),
    *("pluggy", "pycparser", "pydantic-core", "grpcio-status", "anyio", "s3transfer", "attrs"),
    *("protobuf", "h11", "pytest", "annotated-types", "iniconfig", "fsspec", "httpx", "httpcore"),
    *("typing-inspection", "pandas", "pip", "s3fs", "markupsafe", "platformdirs", "python-dotenv"),
    *("pathspec", "pyjwt", "jinja2", "rich", "jmespath", "markdown-it-py", "aiohttp", "filelock"),
    *("importlib-metadata", "yarl", "starlette", "multidict", "jsonschema", "zipp", "uvicorn"),
    *("propcache", "wheel", "mdurl", "pyasn1", "pytz", "google-auth", "googleapis-common-protos"),
    *("frozenlist", "litellm", "fastapi", "rpds-py", "tqdm", "annotated-doc", "aiosignal"),
    *("referencing", "jsonschema-specifications", "trove-classifiers", "tzdata", "google-api-core"),
    *("aiohappyeyeballs", "pillow", "virtualenv", "greenlet", "colorama", "pyasn1-modules"),
    *("typer", "grpcio", "opentelemetry-sdk", "tenacity", "wrapt", "requests-oauthlib"),
    *("opentelemetry-api", "pyarrow", "awscli", "websockets", "opentelemetry-semantic-conventions"),
    *("python-multipart", "scipy", "sniffio", "pydantic-settings", "sqlalchemy", "pyparsing"),
    *("shellingham", "tomli", "lxml", "beautifulsoup4", "oauthlib", "soupsieve", "psutil", "regex"),
    *("cachetools", "textual", "sglang", "openai", "exceptiongroup", "hatchling"),
    *("opentelemetry-proto", "more-itertools", "requests-toolbelt", "watchfiles", "rsa", "tomlkit"),
    *("proto-plus", "distro", "distlib", "jiter", "mcp", "websocket-client", "mypy-extensions"),
    *("opentelemetry-exporter-otlp-proto-http", "langchain", "openpyxl", "et-xmlfile"),
    *("sse-starlette", "wcwidth", "editables", "coverage", "docutils", "huggingface-hub"),
    *("grpcio-tools", "pydantic-ai-slim", "dnspython", "werkzeug", "networkx"),
    *("google-cloud-storage", "redis", "gitpython", "google-genai", "msgpack", "psycopg2-binary"),
    *("pyopenssl", "ptyprocess", "decorator", "python-discovery"),
    *("opentelemetry-exporter-otlp-proto-grpc", "opentelemetry-exporter-otlp-proto-common"),
    *("smmap", "pexpect", "opentelemetry-instrumentation", "ruff", "docker", "pynacl"),
    *("sortedcontainers", "keyring", "docstring-parser", "uvloop", "httptools", "fonttools"),
    *("multiprocess", "tabulate", "gitdb", "matplotlib", "isodate", "async-timeout", "httpx-sse"),
    *("prompt-toolkit", "jaraco-classes", "azure-core", "secretstorage", "jeepney"),
    *("azure-identity", "scikit-learn", "itsdangerous", "flask", "google-cloud-core", "hf-xet"),
    *("bcrypt", "jaraco-functools", "kiwisolver", "jaraco-context", "dill", "joblib", "pytest-cov"),
    *("pytest-asyncio", "contourpy", "alembic", "orjson", "email-validator", "deprecated", "msal"),
    *("google-resumable-media", "google-crc32c", "chardet"),
)
MANIFEST = '[defaults]\nruntimes = ["{runtime}"]\narchitectures = ["{architecture}"]\nbytecode = true\n'
LAYER = '[layers."{name}"]\nrequirements = ["{name}"]\n'
STATE = re.compile(r"^(\S+)\s+(built|cached|failed|skipped)\b", re.MULTILINE)
ERROR = re.compile(r"^error: (.*)$", re.MULTILINE)
KINDS = {f"[{kind}]" for kind in get_args(Kind)}


def main() -> None:
    """Try the distributions asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="distributions; those listed in here if none")
    parser.add_argument("--first", type=int, help="only so many of them")
    parser.add_argument("--runtime", default="python3.13")
    parser.add_argument("--architecture", default="x86_64")
    parser.add_argument("--store", type=Path, help="a store to keep")
    options = parser.parse_args()
    names = (options.names or NAMES)[: options.first]
    target = f"{options.runtime}-{options.architecture}"
    with tempfile.TemporaryDirectory() as folder:
        mono = Monorepo(root=Path(folder), store=options.store or Path(folder, "store"))
        head = MANIFEST.format(runtime=options.runtime, architecture=options.architecture)
        mono.manifest(head + "".join(LAYER.format(name=name) for name in names))
        ran = mono.start("layers", "--engine", "local", "--verbose")
        out, err = ran.communicate()
    states = {build.removesuffix(f"-{target}"): state for build, state in STATE.findall(out)}
    print("\n".join(told(names, states, ERROR.findall(err), target)))


def told(
    names: Sequence[str], states: Mapping[str, str], errors: Sequence[str], target: str
) -> Sequence[str]:
    """Put into lines what became of each, and why."""
    reasons: dict[str, list[str]] = defaultdict(list)
    others: list[str] = []
    for error in errors:
        build, _, reason = error.partition(f"-{target}: ")
        (reasons[build] if reason and build in names else others).append(reason or error)
    lost = [name for name in names if states.get(name) not in ("built", "cached")]
    refused = [name for name in lost if any(reason.endswith(tuple(KINDS)) for reason in reasons[name])]
    failed = [name for name in lost if name not in refused]
    built = len(names) - len(lost)
    lines = [
        f"{target}: {len(names)} distributions tried, a layer each: {built} built",
        f"{len(refused)} refused by the checks, {len(failed)} not built for other reasons",
    ]
    for name in refused:
        lines += [f"refused {name}", *(f"    {reason}" for reason in reasons[name])]
    for name in failed:
        lines += [f"not built {name}", *(f"    {reason}" for reason in reasons[name])]
    return [*lines, *(f"told without a layer: {error}" for error in others)]


if __name__ == "__main__":
    main()
