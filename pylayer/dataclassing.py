"""`dataclasses.dataclass`, whose methods are written when a class comes to be worth them.

The standard library writes and compiles six methods for each frozen data class. A command imports up to a
hundred and fifty of them, of most makes a few instances or none, and compares and hashes those of a dozen.
"""

from __future__ import annotations

import dataclasses
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import dataclass

    from _typeshed import DataclassInstance

__all__ = ["dataclass"]

_AWAITED = ("__dataclass_fields__", "__dataclass_params__", "__match_args__", "__signature__")
# By option, the methods that a class has of it; the first one's use has all of them written.
_OF_OPTION = {
    "repr": ("__repr__",),
    "eq": ("__eq__",),
    "order": ("__lt__", "__le__", "__gt__", "__ge__"),
    "frozen": ("__setattr__", "__delattr__"),
}
_UNLESS_SAID = {"repr": True, "eq": True}
_FEW = 128  # instances, which cost less than what makes them faster
_writing = threading.RLock()


def _lazily(*, slots: bool, **options: bool) -> Callable[[type], type]:
    """Give a decorator that makes what `dataclasses.dataclass` makes with the same options.

    Raises TypeError without `slots`, for a class that has an `__init__` of its own, and for a field with a
    default that is no argument.
    """
    if not slots:
        raise TypeError("a data class has slots=True here")
    return lambda cls: _Declaration(cls, options).made


if not TYPE_CHECKING:  # type checkers know the standard library's
    dataclass = _lazily


class _Declaration:
    """A class as it stands in its module, and `made`: with slots, and methods that have others written."""

    def __init__(self, cls: type, options: dict[str, bool]) -> None:
        if "__init__" in cls.__dict__:
            raise TypeError(f"{cls.__name__} has an __init__, which a data class gets")
        if any(isinstance(value, dataclasses.Field) and _is_unset(value) for value in cls.__dict__.values()):
            raise TypeError(f"{cls.__name__} has a default that nobody would set")
        self._declared = cls
        self._options = options
        names = [name for name, kind in cls.__annotations__.items() if not _is_class_variable(kind)]
        inherited = {name for base in cls.__mro__[1:] for name in base.__dict__.get("__slots__", ())}
        left_out = {*names, "__dict__", "__weakref__"}
        namespace = {name: value for name, value in cls.__dict__.items() if name not in left_out}
        namespace["__slots__"] = tuple(name for name in names if name not in inherited)
        namespace["__init__"] = self._first_init()
        for option, methods in _OF_OPTION.items():
            if options.get(option, _UNLESS_SAID.get(option, False)):
                for name in methods:
                    namespace.setdefault(name, self._first(name))
        if options.get("frozen") and options.get("eq", True):
            namespace.setdefault("__hash__", self._first("__hash__"))
        namespace.update((name, _Awaited(name, self)) for name in _AWAITED)
        if options.get("frozen"):
            namespace.setdefault("__getstate__", _state)
            namespace.setdefault("__setstate__", _set_state)
        self.made = type(cls)(cls.__name__, cls.__bases__, namespace)
        self.made.__qualname__ = cls.__qualname__
        self._written = False
        _declarations[self.made] = self

    def write(self) -> None:
        """Have the standard library write the methods, for the class as declared, and move them to `made`."""
        with _writing:
            if self._written:
                return
            before = dict(self._declared.__dict__)
            dataclasses.dataclass(**self._options)(self._declared)
            for name, value in self._declared.__dict__.items():
                if name not in before:
                    setattr(self.made, name, value)
            for name in _AWAITED:  # after that: another thread may look for one
                if isinstance(self.made.__dict__[name], _Awaited):
                    delattr(self.made, name)
            self._written = True

    def _first_init(self) -> Callable[..., None]:
        few = iter(range(_FEW))

        def __init__(instance: object, *values: object, **named: object) -> None:  # noqa: N807
            if values or next(few, None) is None or not self._filled(instance, named):
                self.write()
                self.made.__dict__["__init__"](instance, *values, **named)

        return __init__

    def _first(self, name: str) -> Callable[..., Any]:
        def method(instance: object, *values: object) -> Any:  # noqa: ANN401  whatever the written one gives
            self.write()
            return getattr(type(instance), name)(instance, *values)

        method.__name__ = name
        return method

    def _filled(self, instance: object, named: Mapping[str, object]) -> bool:
        """Do what the written `__init__` does, if that is no error and takes nothing but names."""
        if not (self._options.get("kw_only") and named.keys() <= self._taken):
            return False
        for field, put in self._puts:
            if field.init and field.name in named:
                put(instance, named[field.name])
            elif field.default_factory is not dataclasses.MISSING:
                put(instance, field.default_factory())
            elif field.default is not dataclasses.MISSING:
                put(instance, field.default)
            elif field.init:
                return False
        if after := getattr(instance, "__post_init__", None):
            after()
        return True

    @cached_property
    def _fields(self) -> dict[str, dataclasses.Field[Any]]:
        """The fields by name, those of the classes that it is made of as well."""
        found: dict[str, dataclasses.Field[Any]] = {}
        for base in reversed(self._declared.__mro__[1:]):
            if (other := _declarations.get(base)) is not None:
                found.update(other._fields)
        for name, kind in self._declared.__annotations__.items():
            if not _is_class_variable(kind):
                value = self._declared.__dict__.get(name, dataclasses.MISSING)
                field = value if isinstance(value, dataclasses.Field) else dataclasses.field(default=value)
                field.name = name
                found[name] = field
        return found

    @cached_property
    def _taken(self) -> frozenset[str]:
        return frozenset(name for name, field in self._fields.items() if field.init)

    @cached_property
    def _puts(self) -> list[tuple[dataclasses.Field[Any], Callable[[object, object], None]]]:
        """How each field's value gets into an instance, as it may be frozen."""
        return [(field, getattr(self.made, name).__set__) for name, field in self._fields.items()]


_declarations: dict[type, _Declaration] = {}


class _Awaited:
    """An attribute of a class that is there once its methods are."""

    def __init__(self, name: str, declaration: _Declaration) -> None:
        self._name = name
        self._declaration = declaration

    def __get__(self, instance: object, owner: type) -> object:
        self._declaration.write()
        return getattr(owner, self._name)


def _is_class_variable(kind: object) -> bool:
    return str(kind).removeprefix("typing.").startswith("ClassVar")


def _is_unset(field: dataclasses.Field[Any]) -> bool:
    return not field.init and field.default is not dataclasses.MISSING


def _state(instance: DataclassInstance) -> list[object]:
    return [getattr(instance, field.name) for field in dataclasses.fields(instance)]


def _set_state(instance: DataclassInstance, state: list[object]) -> None:
    for field, value in zip(dataclasses.fields(instance), state, strict=True):
        object.__setattr__(instance, field.name, value)
