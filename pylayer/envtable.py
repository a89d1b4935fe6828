"""The environment variables that pylayer reads, hands on and sets: name → what it does.

Code takes the names of pylayer's own variables from here. The others it states where it reads them, and a
test holds that they are here too. docs/reference.md is made of this.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CACHE_DIR = "PYLAYER_CACHE_DIR"
OUTPUT = "PYLAYER_OUTPUT"
RUNTIMES = "PYLAYER_RUNTIMES"
SIGNING_KEY = "PYLAYER_SIGNING_KEY"
TOOLS = "PYLAYER_TOOLS"
REMOTE_CACHE = "PYLAYER_REMOTE_CACHE"
CACHE_KEY = "PYLAYER_CACHE_KEY"
CACHE_SCOPE = "PYLAYER_CACHE_SCOPE"
BUILD_MEMORY = "PYLAYER_BUILD_MEMORY"
DOCKER_HOSTS = "PYLAYER_DOCKER_HOSTS"
ENGINE_TIMEOUT = "PYLAYER_ENGINE_TIMEOUT"
CI = "CI"
GITHUB = "GITHUB_ACTIONS"
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"

# By what they are about; in a name, `<NAME>` and `*` stand for what differs.
VARIABLES: Mapping[str, Mapping[str, str]] = {
    "pylayer's own": {
        CACHE_DIR: (
            "The folder of the store, in place of `pylayer` in the user's cache folder. Where uv's own "
            "cache cannot be written, it is kept below this one as well."
        ),
        OUTPUT: (
            "The folder that archives are written to, in place of `output` in layers.toml, and relative to "
            "that file as well; of all commands, also those that publish and verify."
        ),
        RUNTIMES: (
            "A TOML file with `[runtimes]` tables that go before those of layers.toml: for a machine with "
            "its own mirror of the images."
        ),
        SIGNING_KEY: (
            "The file with the private key (PEM) that `layers` signs statements with, where layers.toml has "
            "`provenance.write`."
        ),
        REMOTE_CACHE: (
            "Where the shared store is, in place of `cache.remote` in layers.toml; if empty, there is none."
        ),
        CACHE_KEY: (
            "The file with the private key (PEM) that signs what `layers` and `build-layer` add to the "
            "shared store; without it they only read."
        ),
        CACHE_SCOPE: (
            "Which part of the shared store a run adds to: `main`, `pr/<number>`, which is read by that pull "
            "request alone, or `none`. By default what GitHub or GitLab say; `main` elsewhere."
        ),
        BUILD_MEMORY: (
            "How much memory a container may use that builds run in, as `8GB` is written; by default three "
            "quarters of what the Docker Engine has."
        ),
        DOCKER_HOSTS: (
            "Hosts of architectures, before those of layers.toml: `arm64=ssh://builder-arm`, with commas "
            "between several; `arm64=` takes away what layers.toml has."
        ),
        ENGINE_TIMEOUT: (
            "How many seconds a Docker Engine or Podman may leave a call without an answer (120); five times "
            "as many where it pulls, copies or commits. A build takes as long as it likes, while the engine "
            "answers."
        ),
    },
    "What is told, and how": {
        CI: "Where it is set, builds that are skipped for want of Docker are an error, as with `--strict`.",
        "NO_COLOR": "Where it is set, there are no colors (https://no-color.org).",
        "FORCE_COLOR": "Where it is set, there are colors even outside a terminal (https://force-color.org).",
        "TERM": "`dumb` is a terminal without colors.",
        "COLUMNS": "How wide help is, in place of the terminal's own width.",
        "UV_RUN_RECURSION_DEPTH": "Set by `uv run`: the next command that `init` prints begins with that.",
    },
    "CI systems": {
        GITHUB: "Where it is `true`, logs fold, and faults are annotations at the file and line.",
        **dict.fromkeys(
            ("GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REF", "GITHUB_REF_PROTECTED"),
            "Whether a run is of a pull request, and which, or of a branch that adds to the shared store.",
        ),
        **dict.fromkeys(
            (
                "GITLAB_CI",
                "CI_MERGE_REQUEST_IID",
                "CI_COMMIT_BRANCH",
                "CI_DEFAULT_BRANCH",
                "CI_COMMIT_REF_PROTECTED",
            ),
            "The same on GitLab.",
        ),
        STEP_SUMMARY: "The file to which `layers` and `build-layer` add a table of builds and what changed.",
        "GITHUB_WORKSPACE": "The top of the checkout, from which annotations name files.",
        "WHEELS_SHARE": "Set in the jobs of `pylayer plan --system gitlab`: what to give to `--share`.",
        "LAYERS_ONLY": "Set in the jobs of `pylayer matrix --system gitlab`: what to give to `--only`.",
    },
    "Docker": {
        "DOCKER_HOST": "Where the engine is; asked before any context.",
        "DOCKER_CONTEXT": "The Docker context to use, in place of the current one.",
        "DOCKER_CONFIG": "The folder of Docker's configuration, in place of `~/.docker`.",
        "DOCKER_TLS_VERIFY": (
            "Where it is set, the engine at `DOCKER_HOST` is spoken to by TLS, and must prove what it is."
        ),
        "DOCKER_CERT_PATH": "The folder with `ca.pem`, `cert.pem` and `key.pem` for that.",
        "XDG_RUNTIME_DIR": "Where the sockets of rootless Docker and of Podman are looked for.",
        "QEMU_CPU": "Read in an image that is emulated: the processor that QEMU imitates.",
    },
    "Pythons and programs": {
        "PATH": "Where git, keyring and the local engine's compilers are found.",
        "HOME": "Where `.netrc`, `.pyenv` and uv's folders are, unless variables name those.",
        "PYENV_ROOT": "Where pyenv keeps its Pythons, in place of `~/.pyenv`.",
        "UV_PYTHON_INSTALL_DIR": "Where uv keeps its Pythons.",
        "XDG_DATA_HOME": "Where uv keeps its Pythons, unless `UV_PYTHON_INSTALL_DIR` says so.",
        "RUSTUP_HOME": "Where rustup keeps its toolchains, in place of `~/.rustup`, for builds on this host.",
        "XDG_CACHE_HOME": "The user's cache folder, in place of `~/.cache`.",
        "UV_CACHE_DIR": "Where uv's own cache is.",
    },
    "Indexes": {
        "UV_DEFAULT_INDEX": "The index that is asked last, in place of the public one.",
        "UV_INDEX_URL": "A former name of `UV_DEFAULT_INDEX`.",
        "UV_INDEX": (
            "Further indexes, with blanks between them, as addresses or `name=address`; asked before those "
            "of layers.toml."
        ),
        "UV_EXTRA_INDEX_URL": "A former name of `UV_INDEX`.",
        "UV_INDEX_STRATEGY": "Of which indexes a distribution's versions are taken.",
        "UV_FIND_LINKS": "Folders and pages with lists of files, with commas between them.",
        "UV_CONFIG_FILE": "A uv.toml, in place of those that uv would find.",
        "UV_NO_CONFIG": "Where it is true, the user's and the system's uv.toml are not read.",
        "XDG_CONFIG_HOME": "Where the user's `uv/uv.toml` is, in place of `~/.config`.",
        "XDG_CONFIG_DIRS": "Where the system's `uv/uv.toml` is, besides `/etc`.",
        "UV_OFFLINE": "Where it is true, nothing is asked of an index.",
        "UV_HTTP_TIMEOUT": "How many seconds an index may be silent (30).",
        "UV_HTTP_RETRIES": "How many times a request that failed is sent again (3).",
        "UV_HTTP_*": "These and the next are handed on to uv, and mean what they mean to it.",
        "UV_CONCURRENT_*": "How much uv does at once.",
        "UV_REQUEST_TIMEOUT": "How long uv waits for an index.",
        "UV_LOCK_TIMEOUT": "How long uv waits for its own locks.",
        "UV_NATIVE_TLS": "Whether uv trusts the system's certificate authorities.",
        "UV_SYSTEM_CERTS": "The same, by its later name.",
        "UV_CREDENTIALS_DIR": "Where uv keeps its credentials.",
    },
    "Credentials": {
        "UV_INDEX_<NAME>_USERNAME": "The user's name at the index NAME.",
        "UV_INDEX_<NAME>_PASSWORD": "The password for it.",
        "UV_KEYRING_PROVIDER": "`subprocess` lets the program `keyring` be asked.",
        "PIP_KEYRING_PROVIDER": "The same where uv's variable is not set; `import` counts too.",
        "NETRC": "The file with logins, in place of `~/.netrc`.",
        "AWS_*": (
            "Read for `publish`, `prune` and a shared store in S3: credentials, profile, region, endpoints."
        ),
        "GOOGLE_*": "Read for a shared store in Google's storage: credentials, endpoint.",
    },
    "Certificates and proxies": {
        "SSL_CERT_FILE": "The file, or folder, with the certificate authorities to trust.",
        "REQUESTS_CA_BUNDLE": "The same, where `SSL_CERT_FILE` is not set.",
        "CURL_CA_BUNDLE": "The same, where neither of them is set.",
        "SSL_CLIENT_CERT": "A client certificate with its key, to show to indexes.",
        "HTTP_PROXY": (
            "The proxy for `http:` addresses. Proxies may be in lower case as well; a build with `network` "
            "gets them too."
        ),
        "HTTPS_PROXY": "The proxy for `https:` addresses.",
        "ALL_PROXY": "The proxy for what has none of its own.",
        "NO_PROXY": "Servers that are spoken to without a proxy.",
    },
    "Versions": {
        "SETUPTOOLS_SCM_PRETEND_VERSION": "Set for builds whose version git tells.",
        "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_<NAME>": (
            "The same, for the project NAME. Your own variables of setuptools-scm are not handed on: give "
            "them in a project's `env`."
        ),
    },
    "In lock files": {
        "${<NAME>}": "In a requirements file or Pipfile.lock: replaced by the variable's value.",
    },
    "Set for uv and git, or kept from them": {
        "UV_PYTHON_DOWNLOADS": "`never`: no Python is downloaded.",
        "SSL_CERT_DIR": "In place of `SSL_CERT_FILE`, where that names a folder.",
        "GIT_TERMINAL_PROMPT": "`0`: git asks nobody for a password.",
        "GIT_OPTIONAL_LOCKS": "`0`: git writes nothing where it is only asked.",
        "GIT_*": "Yours that name a repository, such as `GIT_DIR`, are kept from git.",
        "SETUPTOOLS_SCM*": "Yours are kept from it where it is asked for a version, and so are `PYTHON*`.",
    },
    "Set for every build": {
        "SOURCE_DATE_EPOCH": "1980-01-01, the first date that a zip can hold.",
        "LANG": "`C.UTF-8`, as is `LC_ALL`.",
        "LC_ALL": "The same. git, too, is run with it, in `C`.",
        "TZ": "`UTC`.",
        "LOGNAME": "`pylayer`, as is `USER`.",
        "USER": "The same.",
        "TMPDIR": "A folder of the build's own. `HOME` is one too.",
        "PYTHONDONTWRITEBYTECODE": "`1`.",
        "PYTHONHASHSEED": "`0`.",
        "PYTHONNOUSERSITE": "`1`.",
        "PYTHONUNBUFFERED": "`1`.",
    },
    "Set for a build with `network`": {
        "PIP_CERT": "The certificates that this machine trusts. So are the variables above for them.",
        "GIT_SSL_CAINFO": "The same.",
        "CARGO_HTTP_CAINFO": "The same.",
        "NODE_EXTRA_CA_CERTS": "The same.",
    },
    "Set for a cross-compiled build": {
        "CC": (
            "The cross compiler, as are `CXX`, `LDSHARED` and `LDCXXSHARED`; `AR` and `RANLIB` are its tools."
        ),
        "PKG_CONFIG": "A `pkg-config` that knows no library of this machine.",
        "CMAKE_TOOLCHAIN_FILE": "The same compiler for CMake.",
        "SETUPTOOLS_EXT_SUFFIX": "The target's, which extension modules' names end with.",
        "CARGO_BUILD_TARGET": "The target for Rust, with `CARGO_TARGET_<NAME>_LINKER` and `RUSTC_WRAPPER`.",
        "PYO3_CROSS_LIB_DIR": "The target's Python for PyO3, with `PYO3_CROSS_PYTHON_VERSION`.",
    },
    "Set for smoke tests": {
        "AWS_*, LAMBDA_*": "What Lambda sets for a function, with credentials that open nothing.",
    },
    "Between pylayer and what it runs": {
        TOOLS: "Where a build's tools are, which its backend does not see.",
        "PYLAYER_FOREIGN": "Whether this machine cannot run what a cross-compiled build is for.",
        "PYLAYER_GLIBC": "The glibc that a cross-compiled build is for.",
        "PYLAYER_MACHINE": "The machine that a cross-compiled build is for.",
        "PYLAYER_PROBES": "Where it is noted what a cross-compiled build ran.",
        "PYLAYER_SOURCE": "Where a build's source is.",
        "PYLAYER_TOOLCHAIN": "Whether CMake has been told what it builds for.",
        "PYLAYER_OPT": "Where a smoke test's layers are.",
    },
}


def in_ci() -> bool:
    """Whether this is a CI's run, in which what is skipped is an error."""
    return bool(os.environ.get(CI))


def on_github() -> bool:
    """Whether GitHub Actions reads what is printed."""
    return os.environ.get(GITHUB) == "true"
