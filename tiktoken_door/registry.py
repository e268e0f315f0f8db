"""Which encodings can be asked for by name? tiktoken's, and those whose constructors a program adds.

tiktoken also looks for constructors in the modules of a namespace package, `tiktoken_ext`. These are not read
here: they import tiktoken itself. Add what they define to `ENCODING_CONSTRUCTORS`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files import names
from bpelab.bpe.files.definitions import DEFINITIONS


def _arguments_of(name: str) -> dict[str, Any]:
    """Return what `Encoding` takes for a known encoding."""
    encoding = names.get_encoding(name)
    arguments = {
        "name": name,
        "pat_str": encoding.pattern,
        "mergeable_ranks": dict(encoding.ranks),
        "special_tokens": dict(encoding.special_tokens),
    }
    n_vocab = DEFINITIONS[name].n_vocab
    return arguments if n_vocab is None else arguments | {"explicit_n_vocab": n_vocab}


_OURS = {name: partial(_arguments_of, name) for name in names.list_encoding_names()}
ENCODING_CONSTRUCTORS: dict[str, Callable[[], dict[str, Any]]] = dict(_OURS)
ENCODINGS: dict[str, Encoding] = {}


def list_encoding_names() -> list[str]:
    """Return the names that `get_encoding` knows."""
    return list(ENCODING_CONSTRUCTORS)


def get_encoding(encoding_name: str) -> Encoding:
    """Return the encoding of that name, built once; `ValueError` for one that is not known.

    >>> ENCODING_CONSTRUCTORS["ab"] = lambda: {
    ...     "name": "ab", "pat_str": ".+", "mergeable_ranks": {b"a": 0, b"b": 1}, "special_tokens": {}}
    >>> get_encoding("ab").encode("abba")
    [0, 1, 1, 0]
    >>> get_encoding("ab") is get_encoding("ab")
    True
    >>> del ENCODING_CONSTRUCTORS["ab"], ENCODINGS["ab"]
    """
    if not isinstance(encoding_name, str):
        raise ValueError(f"the name of an encoding is a string, not {encoding_name!r:.80}")
    if encoding_name in ENCODINGS:
        return ENCODINGS[encoding_name]
    if encoding_name not in ENCODING_CONSTRUCTORS:
        known = ", ".join(ENCODING_CONSTRUCTORS)
        raise ValueError(f"no encoding is named {encoding_name!r}; there are: {known}")
    constructor = ENCODING_CONSTRUCTORS[encoding_name]
    if constructor is _OURS.get(encoding_name):
        built = names.get_encoding(encoding_name)  # has it already, or will keep it for others
    else:
        built = Encoding(**constructor())
    return ENCODINGS.setdefault(encoding_name, built)
