"""How is an attribute computed when it is first asked for, and kept, without a lock?"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class once(Generic[Value]):  # noqa: N801  # a decorator, named as `functools.cached_property` is
    """An attribute that a method computes when it is first asked for.

    It works like `functools.cached_property`, which in Python 3.11 holds a lock while it computes: a process
    forked in that time would wait for the lock forever. Here, threads that ask at the same time all compute,
    and all get the result of the first one to finish.

    >>> class Square:
    ...     side = 3
    ...     @once
    ...     def area(self) -> int:
    ...         print("computed")
    ...         return self.side ** 2
    >>> square = Square()
    >>> square.area, square.area
    computed
    (9, 9)
    """

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "once[Value]": ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: object | None, owner: type) -> "once[Value] | Value":
        if instance is None:
            return self
        # From now on, Python finds the instance's own attribute. This step is atomic: the first value stays.
        kept: Value = vars(instance).setdefault(self._name, self._compute(instance))
        return kept
