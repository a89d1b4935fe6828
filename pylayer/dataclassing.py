"""`dataclasses.dataclass`, whose methods are written when a class is first used.

The standard library writes and compiles six methods for each frozen data class. A command imports up to a
hundred and fifty of them and makes instances of few.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass

    from _typeshed import DataclassInstance

__all__ = ["dataclass"]

_AWAITED = ("__dataclass_fields__", "__dataclass_params__", "__match_args__", "__signature__")
_writing = threading.RLock()


def _lazily(*, slots: bool, **options: bool) -> Callable[[type], type]:
    """Give a decorator that makes what `dataclasses.dataclass` makes with the same options.

    Raises TypeError without `slots`, and for a class that has an `__init__` of its own.
    """
    if not slots:
        raise TypeError("a data class has slots=True here")
    return lambda cls: _Declaration(cls, options).made


if not TYPE_CHECKING:  # type checkers know the standard library's
    dataclass = _lazily


class _Declaration:
    """A class as it stands in its module, and `made`: with slots, and no other method than its own."""

    def __init__(self, cls: type, options: dict[str, bool]) -> None:
        if "__init__" in cls.__dict__:
            raise TypeError(f"{cls.__name__} has an __init__, which a data class gets")
        self._declared = cls
        self._options = options
        names = [name for name, kind in cls.__annotations__.items() if not _is_class_variable(kind)]
        inherited = {name for base in cls.__mro__[1:] for name in base.__dict__.get("__slots__", ())}
        left_out = {*names, "__dict__", "__weakref__"}
        namespace = {name: value for name, value in cls.__dict__.items() if name not in left_out}
        namespace["__slots__"] = tuple(name for name in names if name not in inherited)
        namespace["__init__"] = self._first_init()
        namespace.update((name, _Awaited(name, self)) for name in _AWAITED)
        if options.get("frozen"):
            namespace.setdefault("__getstate__", _state)
            namespace.setdefault("__setstate__", _set_state)
        self.made = type(cls)(cls.__name__, cls.__bases__, namespace)
        self.made.__qualname__ = cls.__qualname__
        self._written = False

    def write(self) -> None:
        """Have the standard library write the methods, for the class as declared, and move them to `made`."""
        with _writing:
            if self._written:
                return
            before = dict(self._declared.__dict__)
            dataclasses.dataclass(**self._options)(self._declared)
            for name in _AWAITED:
                delattr(self.made, name)
            for name, value in self._declared.__dict__.items():
                if name not in before:
                    setattr(self.made, name, value)
            self._written = True

    def _first_init(self) -> Callable[..., None]:
        def __init__(instance: object, *values: object, **named: object) -> None:  # noqa: N807
            self.write()
            self.made.__dict__["__init__"](instance, *values, **named)

        return __init__


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


def _state(instance: DataclassInstance) -> list[object]:
    return [getattr(instance, field.name) for field in dataclasses.fields(instance)]


def _set_state(instance: DataclassInstance, state: list[object]) -> None:
    for field, value in zip(dataclasses.fields(instance), state, strict=True):
        object.__setattr__(instance, field.name, value)
