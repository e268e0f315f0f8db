"""Against whom? Encoders by name, each optional; an encoder with a wrong answer is not timed.

Every contender is a function from text to ids. One that is not installed, or lacks the encoding, is skipped
with the reason; one that gives other ids than tiktoken fails.
"""

import os
import pickle
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# One thread for every encoder and trainer in Rust; before any of them is imported.
os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np
import pytest
from bpelab.benchmarks.harness.environment import absent, encoding_file
from bpelab.benchmarks.harness.packages import PEERS
from bpelab.benchmarks.harness.record import CONTROL
from bpelab.bpe import get_encoding
from bpelab.bpe.encoders.choice import is_installed
from bpelab.bpe.encoders.compiled import loading
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.parity.peers import PEERS as ENCODERS
from bpelab.bpe.parity.peers import Encode, PeerRefusedError, fastokens_tokenizer, load_peer
from bpelab.bpe.parity.reference import load_tiktoken


@cache
def encoding(name: str = "gpt2") -> Encoding:
    """Return our encoding; skips the benchmark if its file is not on this machine."""
    return get_encoding(name, path=_file(name))


@cache
def tiktoken_encoding(name: str = "gpt2") -> Any:
    """Return tiktoken's encoding, built from the same ranks."""
    return load_tiktoken(name, _file(name))


def _file(name: str) -> Path | None:
    path = None if name == "gpt2" else encoding_file(name)
    if path is not None and not path.is_file():
        pytest.skip(absent(path))
    return path


# The contender "bpelab" is bpelab without the extra `compiled`: the compiled engine is a contender of its own
# and must not take over from the arrays while they are measured.
setattr(loading, "pays", lambda *_: False)  # noqa: B010  # for mypy, `pays` is not a name of that module

# The contenders that are one of our engines, and its name.
TEXTBOOK, COMPILED = "bpelab's textbook", "bpelab's compiled loops"
ENGINES = {
    TEXTBOOK: "textbook",
    "bpelab's cache": "cached",
    "bpelab's arrays": "arrays",
    COMPILED: "compiled",
}
OURS = ("bpelab", COMPILED)
# Those whose code is `bpelab`'s.
ITSELF = ("bpelab", CONTROL)


def baseline_of(contender: str, usual: str = "tiktoken") -> str:
    """Return with whom a contender is compared: the control with the contender whose code it is."""
    return "bpelab" if contender == CONTROL else usual


@cache
def with_engine(contender: str, name: str = "gpt2") -> Encoding:
    """Return the encoding of one of our contenders; skips the compiled one where Numba is not installed."""
    if contender in ITSELF:
        return encoding(name)
    if contender == COMPILED:
        if not is_installed("compiled"):
            pytest.skip(f"{contender}: pip install 'bpelab[compiled]'")
        own_tables: Encoding = pickle.loads(
            pickle.dumps(encoding(name))
        )  # shared ones would let "bpelab" use the loops
        return own_tables.with_engine("compiled")
    return encoding(name).with_engine(ENGINES[contender])


@cache
def to_list(contender: str, name: str = "gpt2") -> Encode:
    """Return a contender's function from text to a sequence of ids; skips one that is not installed."""
    if contender in (*ITSELF, *ENGINES):
        return with_engine(contender, name).encode_ordinary
    if contender == "tiktoken":
        encode: Encode = tiktoken_encoding(name).encode_ordinary
        return encode
    encode = _native(contender, name)
    return (lambda text: encode(text).tolist()) if contender == "gigatoken" else encode


def needs(contender: str) -> None:
    """Skip a contender whose package is not installed."""
    peer = PEERS[contender]
    if find_spec(peer.module) is None:
        pytest.skip(f"{contender} is not installed: pip install 'bpelab[{peer.extra}]'")


@cache
def _native(contender: str, name: str) -> Encode:
    """Return a package's own function from text to ids, in whatever form it has them."""
    if contender not in ENCODERS:
        raise ValueError(
            f"unknown contender {contender!r}: bpelab, tiktoken, {', '.join([*ENGINES, *ENCODERS])}"
        )
    try:
        return load_peer(contender, encoding(name))
    except (ImportError, PeerRefusedError) as error:
        pytest.skip(str(error))


@cache
def to_numpy(contender: str, name: str = "gpt2") -> Encode:
    """Return a contender's function from text to an array of uint32; skips one that is not installed.

    Contenders that only return lists have their list converted.
    """
    if contender in (*ITSELF, *ENGINES, "tiktoken"):
        its = tiktoken_encoding(name) if contender == "tiktoken" else with_engine(contender, name)
        return lambda text: its.encode_to_numpy(text, disallowed_special=())
    encode = _native(contender, name)
    if contender == "fastokens":
        flat = fastokens_tokenizer(encoding(name)).encode_batch_flat
        return lambda text: np.frombuffer(flat([text])[0], np.uint32)
    if contender == "gigatoken":
        return encode
    return lambda text: np.array(encode(text), np.uint32)


@cache
def to_batch(contender: str, name: str = "gpt2") -> Callable[[Sequence[str]], Sequence[Any]]:
    """Return a contender's function from many texts to their ids, on one thread."""
    if contender in (*ITSELF, *ENGINES, "tiktoken"):
        its = tiktoken_encoding(name) if contender == "tiktoken" else with_engine(contender, name)
        return lambda texts: its.encode_ordinary_batch(texts, num_threads=1)
    encode = to_list(contender, name)
    return lambda texts: [encode(text) for text in texts]


def check(encode: Encode, text: str, name: str = "gpt2", *, contender: str = "bpelab") -> None:
    """Raise `AssertionError` unless the ids are tiktoken's; called before anything is timed.

    Another package with other ids is skipped, with the first token that differs. tiktoken's own are what the
    others are compared with.
    """
    if contender == "tiktoken":
        return
    found, expected = np.asarray(encode(text), dtype=np.int64), _expected(text, name)
    if contender in PEERS and not np.array_equal(found, expected):
        n_shared = min(len(found), len(expected))
        first = next(iter(np.flatnonzero(found[:n_shared] != expected[:n_shared])), n_shared)
        pytest.skip(f"{contender} gives other ids than tiktoken, from token {first:,} on")
    assert np.array_equal(found, expected)


@cache
def _expected(text: str, name: str) -> Any:
    return tiktoken_encoding(name).encode_to_numpy(text, disallowed_special=()).astype(np.int64)
