"""Classes made by `pylayer.dataclassing` and by the standard library do the same."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import pytest

from pylayer import dataclassing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

V = TypeVar("V")
MAKERS = {"ours": dataclassing.dataclass, "the standard library's": dataclasses.dataclass}


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def _classes(make: Callable[..., Any]) -> dict[str, Any]:
    @make(frozen=True, slots=True, kw_only=True)
    class Value(_Named, Generic[V]):
        """A value."""

        kinds: ClassVar[Mapping[str, int]] = {"a": 1}
        name: str
        payload: V
        amount: int = 3
        notes: list[str] = field(default_factory=list)
        seconds: float = field(default=0.0, compare=False, repr=False)

        def __post_init__(self) -> None:
            if not self.name:
                raise ValueError("a value has a name")

        @property
        def doubled(self) -> int:
            return 2 * self.amount

        @classmethod
        def of(cls: Any, name: str) -> Any:
            return cls(name=name, payload=None)

    @make(frozen=True, slots=True, kw_only=True)
    class Derived(Value[str]):
        """A value with one more field, and another default."""

        amount: int = 4
        more: str = ""

    @make(slots=True)
    class Counter:
        """A value that changes, by position too."""

        count: int
        step: int = 1

    @make(frozen=True, slots=True, kw_only=True, order=True)
    class Ordered:
        """Values in an order."""

        first: int
        second: int = 0

    @make(slots=True, kw_only=True, eq=False)
    class Itself:
        """Something that equals itself alone."""

        name: str = ""

    @make(frozen=True, slots=True, kw_only=True)
    class Counted:
        """Something with fields that nobody gives."""

        names: tuple[str, ...]
        count: int = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "count", len(self.names))

    return {kind.__name__: kind for kind in (Value, Derived, Counter, Ordered, Itself, Counted)}


@dataclassing.dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A value of a module, that can be sent to another process."""

    name: str
    sizes: tuple[int, ...] = ()


@pytest.fixture(params=MAKERS)
def kinds(request: pytest.FixtureRequest) -> dict[str, Any]:
    return _classes(MAKERS[request.param])


def test_values_are_equal_by_what_is_compared_and_hash_alike(kinds: dict[str, Any]) -> None:
    value = kinds["Ordered"]

    assert value(first=1) == value(first=1, second=0)
    assert value(first=1) != value(first=2)
    assert hash(value(first=1)) == hash(value(first=1))
    assert kinds["Value"](name="a", payload=1, seconds=1.0) == kinds["Value"](name="a", payload=1)
    assert kinds["Value"](name="a", payload=1) != kinds["Derived"](name="a", payload=1)
    assert kinds["Itself"]() != kinds["Itself"]()
    assert len({kinds["Itself"](), kinds["Itself"]()}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(kinds["Counter"](1))


def test_values_are_shown_with_their_fields(kinds: dict[str, Any]) -> None:
    name = kinds["Value"].__qualname__

    assert repr(kinds["Value"].of("a")) == f"{name}(name='a', payload=None, amount=3, notes=[])"


def test_fields_cannot_be_set_or_added(kinds: dict[str, Any]) -> None:
    value = kinds["Derived"].of("a")

    for change in (lambda: setattr(value, "amount", 5), lambda: delattr(value, "name")):
        with pytest.raises(FrozenInstanceError):
            change()
    with pytest.raises((AttributeError, TypeError)):
        value.other = 1
    assert value.amount == 4


def test_a_value_that_changes_does(kinds: dict[str, Any]) -> None:
    counter = kinds["Counter"](1, step=2)
    counter.count += counter.step

    assert counter == kinds["Counter"](3, 2)
    with pytest.raises(AttributeError):
        counter.other = 1


def test_each_value_has_defaults_of_its_own(kinds: dict[str, Any]) -> None:
    one, other = kinds["Value"].of("a"), kinds["Value"].of("a")
    one.notes.append("x")

    assert other.notes == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [({}, TypeError), ({"name": ""}, TypeError), ({"name": "", "payload": 1}, ValueError)],
)
def test_wrong_arguments_are_refused(
    kinds: dict[str, Any], arguments: dict[str, Any], error: type[Exception]
) -> None:
    for _ in range(2):
        with pytest.raises(error):
            kinds["Value"](**arguments)


def test_positions_are_refused_where_names_are_asked_for(kinds: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="positional"):
        kinds["Ordered"](1)


def test_values_have_an_order_where_that_was_asked_for(kinds: dict[str, Any]) -> None:
    ordered = kinds["Ordered"]

    assert ordered(first=1, second=5) < ordered(first=2)
    with pytest.raises(TypeError, match="not supported"):
        assert kinds["Counter"](1) < kinds["Counter"](2)


def test_the_standard_librarys_functions_take_a_class_that_was_never_used(kinds: dict[str, Any]) -> None:
    assert is_dataclass(kinds["Derived"])
    assert [each.name for each in fields(kinds["Derived"])] == [
        "name", "payload", "amount", "notes", "seconds", "more",
    ]  # fmt: skip
    assert kinds["Counter"].__match_args__ == ("count", "step")
    assert list(inspect.signature(kinds["Ordered"]).parameters) == ["first", "second"]
    assert inspect.signature(kinds["Counter"]).parameters["step"].default == 1


def test_values_are_replaced_copied_and_taken_apart(kinds: dict[str, Any]) -> None:
    value = kinds["Derived"].of("a")

    assert replace(value, more="x").more == "x"
    assert copy.deepcopy(value) == copy.copy(value) == value
    assert dataclasses.asdict(kinds["Ordered"](first=1)) == {"first": 1, "second": 0}


def test_a_class_keeps_what_it_declares_beside_its_fields(kinds: dict[str, Any]) -> None:
    assert kinds["Value"].kinds == {"a": 1}
    assert kinds["Value"].of("a").doubled == 6
    assert kinds["Value"].__doc__ == "A value."
    assert not hasattr(kinds["Value"].of("a"), "__dict__") or kinds["Value"].of("a").__dict__ == {}


def test_the_first_instances_can_be_made_by_many_threads_at_once() -> None:
    for _ in range(20):
        counter = _classes(dataclassing.dataclass)["Counter"]
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(counter, range(16)))

        assert [value.count for value in made] == list(range(16))


def test_a_value_arrives_in_a_process_that_has_made_none() -> None:
    sent = pickle.dumps(Sent(name="a", sizes=(1, 2)))
    code = (
        "import pickle, sys; value = pickle.loads(sys.stdin.buffer.read()); "
        "print(value, value == pickle.loads(pickle.dumps(value)))"
    )

    done = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, check=True)

    assert done.stdout.decode().strip() == "Sent(name='a', sizes=(1, 2)) True"


def _is_written(kind: type) -> bool:
    return isinstance(kind.__dict__["__dataclass_fields__"], dict)


def test_nothing_is_written_for_a_class_of_which_there_are_few_instances() -> None:
    kind = _classes(dataclassing.dataclass)["Derived"]
    values = [kind(name="a", payload="", seconds=number) for number in range(10)]

    assert not _is_written(kind)
    assert [(value.amount, value.notes, value.seconds) for value in values] == [
        (4, [], number) for number in range(10)
    ]


@pytest.mark.parametrize(
    "use",
    [
        lambda value: value == value.of("a"),
        hash,
        repr,
        fields,
        lambda value: value.of("b") != value,
        lambda value: [value.of(str(number)) for number in range(200)],
    ],
)
def test_all_is_written_for_a_class_that_is_used_as_more(use: Callable[[Any], Any]) -> None:
    made = {name: _classes(make)["Derived"].of("a") for name, make in MAKERS.items()}
    for value in made.values():
        object.__setattr__(value, "notes", ())  # has a hash
    found = [use(value) for value in made.values()]

    assert _is_written(type(made["ours"]))
    if not isinstance(found[0], (list, tuple)):
        assert found[0] == found[1]


def test_a_field_that_is_no_argument_is_set_after_the_others(kinds: dict[str, Any]) -> None:
    made = [kinds["Counted"](names=("a", "b")) for _ in range(200)]

    assert {value.count for value in made} == {2}
    with pytest.raises(TypeError, match="count"):
        kinds["Counted"](names=(), count=1)


def test_a_class_without_slots_or_with_an_init_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError, match="slots=True"):
        dataclassing.dataclass(frozen=True, slots=False)

    with pytest.raises(TypeError, match="Own has an __init__"):

        @dataclassing.dataclass(slots=True)
        class Own:
            def __init__(self) -> None: ...

    with pytest.raises(TypeError, match="Unset has a default that nobody would set"):

        @dataclassing.dataclass(slots=True)
        class Unset:
            seen: int = field(init=False, default=0)
