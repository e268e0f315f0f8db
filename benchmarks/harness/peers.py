"""Against whom? Encoders and their answers, each optional; a wrong answer has no time.

Every contender is a function from text to ids, of an encoding that it may not have. One that is not
installed is skipped with what to install; one that gives other ids than tiktoken fails.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from bpelab.benchmarks.harness.environment import DATA
from bpelab.bpe import get_encoding, textbook
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.tokenizer_json import dump_tokenizer_json
from bpelab.bpe.parity.compare import load_tiktoken

BASELINE = "tiktoken"
Encode = Callable[[str], Any]


@cache
def encoding(name: str = "gpt2") -> Encoding:
    """Give our encoding; skips the benchmark where its file is not on this machine."""
    return get_encoding(name, path=_file(name))


@cache
def tiktoken_encoding(name: str = "gpt2") -> Any:
    """Give tiktoken's, built from the same ranks."""
    return load_tiktoken(name, _file(name))


def _file(name: str) -> Path | None:
    path = None if name == "gpt2" else DATA / "encodings" / f"{name}.tiktoken"
    if path is not None and not path.is_file():
        pytest.skip(f"no {path.name}: set BPELAB_DATA to a folder with encodings/{path.name}")
    return path


@cache
def to_list(contender: str, name: str = "gpt2") -> Encode:
    """Give a contender's function from text to a sequence of ids; skips one that is not here."""
    if contender == "bpelab":
        return encoding(name).encode_ordinary
    if contender == "bpelab's textbook":
        ours = encoding(name)
        return lambda text: textbook.encode_ordinary(text, ours.pattern, ours.ranks)
    if contender == "bpelab's caches":
        return encoding(name).with_engine("cached").encode_ordinary
    if contender == "tiktoken":
        encode: Encode = tiktoken_encoding(name).encode_ordinary
        return encode
    if contender not in _OTHERS:
        raise ValueError(f"no contender is called {contender!r}")
    package, extra, load = _OTHERS[contender]
    if find_spec(package) is None:
        pytest.skip(f"{contender} is not installed: pip install 'bpelab[{extra}]'")
    return load(name)


@cache
def to_numpy(contender: str, name: str = "gpt2") -> Encode:
    """Give a contender's function from text to an array; skips one that is not here, or has none."""
    if contender == "bpelab":
        ours = encoding(name).encode_to_numpy
        return lambda text: ours(text, disallowed_special=())
    if contender == "tiktoken":
        theirs = tiktoken_encoding(name).encode_to_numpy
        return lambda text: theirs(text, disallowed_special=())
    if contender == "gigatoken":
        return to_list(contender, name)  # its own form of ids is an array
    pytest.skip(f"{contender} gives no array")


def check(encode: Encode, text: str, name: str = "gpt2") -> None:
    """Compare with tiktoken's ids, outside of what is timed."""
    assert np.array_equal(np.asarray(encode(text), dtype=np.int64), _expected(text, name))


@cache
def _expected(text: str, name: str) -> Any:
    return np.array(tiktoken_encoding(name).encode_ordinary(text), dtype=np.int64)


def _tokenizers(name: str) -> Encode:
    from tokenizers import Tokenizer

    encode = Tokenizer.from_str(dump_tokenizer_json(encoding(name)).decode()).encode
    return lambda text: encode(text).ids


def _gigatoken(name: str) -> Encode:
    from gigatoken import Tokenizer

    try:
        encode: Encode = Tokenizer.from_json(dump_tokenizer_json(encoding(name)).decode()).encode
    except RuntimeError as error:
        pytest.skip(f"gigatoken refuses {name}: {str(error).splitlines()[0][:80]}")
    return encode


def _fastokens(name: str) -> Encode:
    from fastokens import Tokenizer

    try:
        encode = Tokenizer.from_json_str(dump_tokenizer_json(encoding(name)).decode()).encode
    except ValueError as error:
        pytest.skip(f"fastokens refuses {name}: {str(error).splitlines()[0][:80]}")
    return lambda text: encode(text).ids


def _tokie(name: str) -> Encode:
    from tokie import Tokenizer

    with TemporaryDirectory() as folder:
        path = Path(folder, "tokenizer.json")
        path.write_bytes(dump_tokenizer_json(encoding(name)))
        encode = Tokenizer.from_json(str(path)).encode
    return lambda text: encode(text).ids


def _bpe_openai(name: str) -> Encode:
    if name not in ("cl100k_base", "o200k_base"):
        pytest.skip(f"bpe-openai has no {name} of its own")
    import bpe_openai

    encode: Encode = bpe_openai.get_encoding(name).encode_ordinary
    return encode


def _rs_bpe(name: str) -> Encode:
    from rs_bpe.bpe import openai

    if not hasattr(openai, name):
        pytest.skip(f"rs-bpe has no {name}")
    encode: Encode = getattr(openai, name)().encode
    return encode


_OTHERS: dict[str, tuple[str, str, Callable[[str], Encode]]] = {
    "tokenizers": ("tokenizers", "peers", _tokenizers),
    "gigatoken": ("gigatoken", "natives", _gigatoken),
    "fastokens": ("fastokens", "natives", _fastokens),
    "tokie": ("tokie", "natives", _tokie),
    "bpe-openai": ("bpe_openai", "natives", _bpe_openai),
    "rs-bpe": ("rs_bpe", "natives", _rs_bpe),
}
NATIVES: Sequence[str] = ("gigatoken", "fastokens", "tokie", "bpe-openai", "rs-bpe")
