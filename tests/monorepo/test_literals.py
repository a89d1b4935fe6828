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
        ("d = {'n': 'My_Lib'}\nd['m'] = 'b'\nd.get('m')", "d['n']"),
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
        ("d = {'n': 'a'}\nd['n'] = 'b'", "d['n']"),
        ("d = {'n': 'a'}\nif x:\n    d['n'] += 'b'", "d['n']"),
        ("d = {'n': 'a'}\nd[k] = 'b'", "d['n']"),
        ("d = {'n': 'a'}\nd.update(n='b')", "d['n']"),
        ("d = {'n': 'a'}\nd |= {'n': 'b'}", "d['n']"),
        ("d = {'n': 'a'}\ndel d['n']", "d['n']"),
        ("d = {'n': 'a'}\ndel d", "d['n']"),
        ("d = {}\nexec(read('src/my/about.py'), d)\nd['__title__'] = 'b'", "d['__title__']"),
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


@pytest.mark.parametrize(
    ("link", "leads", "path"),
    [
        ("about.py", "../secret.py", "about.py"),
        ("ln", "..", "ln/secret.py"),
        ("ln", "sub", "ln/up/secret.py"),
        ("ln", ".git", "ln/secret.py"),
    ],
)
def test_reads_nothing_outside_of_the_repository(tmp_path, link, leads, path):
    """A link may lead to another file of this machine, or to git's own, also from a folder above it."""
    folder = tmp_path / "repository"
    for each in (".git", "sub"):
        (folder / each).mkdir(parents=True)
    (folder / "sub" / "up").symlink_to("../..")
    (folder / link).symlink_to(leads)
    for each in (tmp_path, folder / ".git"):
        (each / "secret.py").write_text("__title__ = 'secret'\n")
    assert (folder / path).is_file()
    module = parsed(f"exec(open('{path}').read())")
    assert Literals(module, folder=folder).text(ast.Name("__title__")) is None


def test_a_link_within_the_repository_is_followed(tmp_path):
    """As git has it, and as packages share what is about them."""
    for each in (".git", "shared", "packages/a"):
        (tmp_path / each).mkdir(parents=True)
    (tmp_path / "shared" / "about.py").write_text(ABOUT)
    (tmp_path / "packages" / "a" / "shared").symlink_to("../../shared")
    module = parsed("exec(open('shared/about.py').read())")
    assert Literals(module, folder=tmp_path / "packages" / "a").text(ast.Name("__title__")) == "My_Lib"


def test_a_file_that_executes_itself_ends(tmp_path):
    """However it goes on."""
    (tmp_path / "about.py").write_text("exec(open('about.py').read())\nname = title\n")
    assert Literals(parsed("exec(open('about.py').read())"), folder=tmp_path).text(ast.Name("name")) is None


def doubled(times, deep):
    """A setup.py whose names each stand for many times the one before."""
    lines = ['a0 = "x"', *(f'a{at + 1} = f"{f"{{a{at}}}" * times}"' for at in range(deep))]
    return "\n".join(lines)


def test_a_name_that_is_used_often_is_looked_for_once(tmp_path):
    """However often that is in what it stands for."""
    code = doubled(3, 6)
    assert Literals(parsed(code), folder=tmp_path).text(ast.Name("a6")) == "x" * 3**6


def test_a_text_without_end_is_none(tmp_path):
    """It would take gigabytes and days."""
    assert Literals(parsed(doubled(40, 6)), folder=tmp_path).text(ast.Name("a6")) is None


def test_an_end_is_made_of_steps(tmp_path):
    """However short the text."""
    code = f"""a = ""\nb = f"{"{a}" * 3000}"\nc = f"{"{a}" * 6000}\""""
    literals = Literals(parsed(code), folder=tmp_path)
    assert literals.text(ast.Name("b")) == ""
    assert literals.text(ast.Name("c")) is None


def test_files_that_execute_each_other_are_read_once(tmp_path):
    """Each would ask the other for each of its names."""
    names = [f"n{at}" for at in range(18)]
    for here, there in (("a", "b"), ("b", "a")):
        mine = [name for at, name in enumerate(names) if at % 2 == (here == "b")]
        lines = [f'{name} = f"{f"{{n{names.index(name) - 1}}}" * 8}"' for name in mine]
        (tmp_path / f"{here}.py").write_text("\n".join([f"exec(open('{there}.py').read())", *lines]))
    literals = Literals(parsed("exec(open('b.py').read())"), folder=tmp_path)
    assert literals.text(ast.Name("n17")) is None


def test_a_name_that_finds_the_file_is_still_looked_for_in_it(tmp_path):
    """What it stands for is not known before."""
    code = "exec(open('src/my/about.py').read())\njoin(here, __version__)"
    assert text(tmp_path, code, "f'{__title__}{__version__}'") == "My_Lib1"


def test_a_path_of_thousands_of_parts_is_one(tmp_path):
    """And not each of its beginnings as well."""
    (tmp_path / "x" / "x").mkdir(parents=True)
    (tmp_path / "x" / "x" / "about.py").write_text(ABOUT)
    long, short = ("".join([" / 'x'"] * times) for times in (900, 2))
    code = f"exec((here{short} / 'about.py').read_text())\nother = here{long}"
    assert Literals(parsed(code), folder=tmp_path).text(ast.Name("__title__")) == "My_Lib"


def test_a_text_that_is_too_long_for_a_path_is_none(tmp_path):
    """Beside the one that is executed."""
    code = f"exec(open('src/my/about.py').read())\nsay('{'x' * 300}.py', '{'x/' * 3000}.py')"
    assert text(tmp_path, code, "__title__") == "My_Lib"
