"""What setup.py states without being run."""

from __future__ import annotations

import ast

import pytest

from pylayer.monorepo.literals import Literals, parsed

ABOUT = "__title__ = 'My' + '_Lib'\n__version__ = '1'\n"
WITH = """
root = os.path.abspath(os.path.dirname(__file__))
with open(os.path.join(root, "src", "my", "about.py")) as file:
    about = {}
    text = file.read()
    exec(text, about)
"""


def text(folder, code, value):
    """The text of an expression, in a folder with src/my/about.py."""
    (folder / "src" / "my").mkdir(parents=True)
    (folder / "src" / "my" / "about.py").write_text(ABOUT)
    (folder / "src" / "my" / "other.py").write_text(ABOUT)
    expression = ast.parse(value, mode="eval").body
    return Literals(parsed(code), folder=folder).text(expression)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("", "'My_Lib'"),
        ("a = 'My'", "f'{a}_Lib'"),
        ("a = 'My'\nb = a + '_'", "b + 'Lib'"),
        ("about = {'name': 'My_Lib', 'version': v()}", "about['name']"),
        (WITH, "about['__title__']"),
        ("d = dict()\nexec((here / 'src' / 'my' / 'about.py').read_text(), {}, d)", "d['__title__']"),
        ("about: dict = {}\nexec(read('src/my/about.py'), about)", "about['__title__']"),
        ("exec(open('src/my/about.py').read())", "__title__"),
        ("P = 'my'\nexec(read('src', P, 'x'))\nopen(join(here, 'src', P, 'about.py'))", "__title__"),
    ],
)
def test_follows_what_is_written(tmp_path, code, value):
    """Constants, f-strings, sums, dictionaries, and a file that is executed."""
    assert "My_Lib" == text(tmp_path, code, value)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("a = a", "a"),
        ("a = b\nb = a", "a"),
        ("a = 'x'", "f'{a!r}'"),
        ("a = 'x'", "f'{a:>9}'"),
        ("d = {**o, 'n': 'a'}\nd = {}", "d['n']"),
        ("d = {'n': 'a', 'n': 'b'}", "d['n']"),
        ("if x:\n    d = {'n': 'a'}", "d['n']"),
        ("about = {}", "about['__title__']"),
        ("about = {}\nopen('src/my/about.py')", "about['__title__']"),
        ("about = {}\nexec(read('src/my/about.py'), other)", "about['__title__']"),
        ("about = {}\nexec(read('src/my/about.py'), about)", "about['__name__']"),
        ("about = {}\nexec(read('src/my/about.py') + read('src/my/other.py'), about)", "about['__title__']"),
        ("about = {}\nexec(read('../src/my/about.py'), about)", "about['__title__']"),
        ("from src.my.about import __title__", "__title__"),
    ],
)
def test_does_not_guess(tmp_path, code, value):
    """What is computed, stated twice, or in one of several files is not told."""
    assert text(tmp_path, code, value) is None


def test_reads_nothing_outside_of_the_repository(tmp_path):
    """A link may lead to another file of this machine."""
    (tmp_path / "secret.py").write_text("__title__ = 'secret'\n")
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    (folder / "about.py").symlink_to("../secret.py")
    module = parsed("exec(open('about.py').read())")
    assert Literals(module, folder=folder).text(ast.Name("__title__")) is None


def test_a_file_that_executes_itself_ends(tmp_path):
    """However it goes on."""
    (tmp_path / "about.py").write_text("exec(open('about.py').read())\nname = title\n")
    assert Literals(parsed("exec(open('about.py').read())"), folder=tmp_path).text(ast.Name("name")) is None
