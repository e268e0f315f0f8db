"""Who can be compared? Anything that turns a text into ids: an encoding, a function, a program."""

import importlib
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from operator import index
from typing import Any

from bpelab.bpe.encoding import Encoding

_PLACE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")


@dataclass(frozen=True)
class Answer:
    """What a contender makes of one text: ids, or an error in words."""

    ids: list[int]
    error: str | None = None


@dataclass(frozen=True)
class Contender:
    """A name, a function from text to ids, and the tables behind it where they are known."""

    name: str
    encode: Callable[[str], Any]
    tables: Callable[[], Encoding] | None = None
    is_trusted: bool = False  # returns lists of int, so that nothing has to be checked

    def answer(self, text: str) -> Answer:
        """Encode a text. An exception is an answer, too, since tiktoken encodes every text.

        >>> Contender("mine", lambda text: [ord(letter) for letter in text]).answer("ab")
        Answer(ids=[97, 98], error=None)
        >>> Contender("mine", lambda text: None).answer("ab").error
        'it returned None, where a list of ids was expected'
        """
        try:
            found = self.encode(text)
        except (ChildProcessError, MemoryError):
            raise  # a program that is gone answers no other text either
        except BaseException as error:
            # What a panic in Rust becomes is not an `Exception`; Ctrl-C is not one either.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            return Answer([], f"{type(error).__name__}: {error}"[:300])
        return Answer(found) if self.is_trusted else _checked(found)


def _checked(found: Any) -> Answer:
    try:
        found = found.tolist() if hasattr(found, "tolist") else found
        if isinstance(found, str | bytes) or any(isinstance(number, bool) for number in found):
            raise TypeError
        return Answer([index(number) for number in found])
    except TypeError:
        return Answer([], f"it returned {found!r:.80}, where a list of ids was expected")


def as_contender(what: Any, name: str | None = None) -> Contender:
    """Return a contender: an `Encoding` of ours or of tiktoken, or any function from str to ids.

    Raises `TypeError` for anything else.

    >>> as_contender(lambda text: [1], "ones").answer("a").ids
    [1]
    """
    if isinstance(what, Contender):
        return what
    if isinstance(what, Encoding):
        return Contender(name or "bpelab", what.encode_ordinary, lambda: what, is_trusted=True)
    if hasattr(what, "encode_ordinary") and hasattr(what, "_mergeable_ranks"):
        return Contender(name or "tiktoken", what.encode_ordinary, lambda: _of_tiktoken(what), True)
    if callable(what):
        own = f"{getattr(what, '__module__', '')}:{getattr(what, '__qualname__', type(what).__name__)}"
        return Contender(name or own, what)
    raise TypeError(
        f"{type(what).__name__} is not an encoder: pass a function from str to a list of ids, such as its"
        " method `encode`"
    )


def _of_tiktoken(theirs: Any) -> Encoding:
    return Encoding(
        theirs.name,
        pat_str=theirs._pat_str,
        mergeable_ranks=theirs._mergeable_ranks,
        special_tokens=theirs._special_tokens,
    )


def names_a_function(value: str) -> bool:
    r"""Tell whether a value is MODULE:FUNCTION, and not the name of a file.

    A file that exists is a file. One letter before the colon is a drive of Windows, unless there is a module
    of that name.

    >>> [names_a_function(value) for value in ("my.module:encode", "gpt2", r"C:\gpt2.json", "C:gpt2.json")]
    [True, False, False, False]
    """
    if not _PLACE.fullmatch(value) or os.path.lexists(value):
        return False
    module = value.partition(":")[0]
    return len(module) > 1 or _is_module(module)


def _is_module(name: str) -> bool:
    _look_here_too()
    return find_spec(name) is not None


def load_function(value: str) -> Callable[..., Any]:
    """Import what MODULE:FUNCTION names, from the working directory too.

    Raises `ValueError`, in one line, where there is no such module or function or the import fails.

    >>> load_function("json:dumps")([1])
    '[1]'
    """
    module_name, _, path = value.partition(":")
    _look_here_too()
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name + ".").startswith(error.name + "."):
            raise ValueError(
                f"{value}: there is no module {error.name!r} in {os.getcwd()} or among the installed ones"
            ) from None
        raise ValueError(f"{value}: importing it failed: {error}") from error
    except Exception as error:
        raise ValueError(f"{value}: importing it failed: {type(error).__name__}: {error}") from error
    for name in path.split("."):
        if not hasattr(found, name):
            there = ", ".join(key for key in vars(found) if not key.startswith("_"))[:200]
            raise ValueError(f"{value}: {module_name} has no {path!r}; it has: {there}")
        found = getattr(found, name)
    if not callable(found):
        raise ValueError(f"{value} is a {type(found).__name__}, where a function was expected")
    function: Callable[..., Any] = found
    return function


def _look_here_too() -> None:
    """Let modules of the working directory be found, as `python -m` does, also those written just now."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    importlib.invalidate_caches()
