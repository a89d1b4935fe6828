"""Files that Git LFS has elsewhere."""

from factories.layers import found, make_layer, zip_layer
from factories.wheels import make_wheel

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


def pointers(made, **options):
    """Give the errors of that kind by their place."""
    problems = found(made, local=["example"], **options)
    return [where for severity, kind, where, _ in problems if (severity, kind) == ("error", "pointer")]


def test_a_pointer_of_a_package_built_here_is_an_error(tmp_path):
    """A file that has it further down is none, and what is on an index is not ours to say."""
    own = {"example/model.bin": POINTER, "example/about.txt": b"As in:\n" + POINTER}
    made = make_layer(
        tmp_path,
        make_wheel(tmp_path, own, name="example"),
        make_wheel(tmp_path, {"theirs/model.bin": POINTER}, name="theirs"),
    )

    assert ["python/example/model.bin"] == pointers(made)
    assert [] == pointers(made, accepted=["pointer:*/model.bin"])


def test_a_file_of_a_layer_is_looked_into(tmp_path):
    """A checkout on Windows may have other ends of lines."""
    made = zip_layer(tmp_path, {"python/a.py": b"", "models/a.onnx": POINTER.replace(b"\n", b"\r\n")})

    assert ["models/a.onnx"] == pointers(made)
