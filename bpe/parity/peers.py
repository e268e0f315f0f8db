"""Which other encoders are there, and how are they given an encoding of ours? Each is optional."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, NamedTuple

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.tokenizer_json import dump_tokenizer_json

Encode = Callable[[str], Any]


class PeerRefusedError(ValueError):
    """A peer lacks an encoding, or does not accept it."""


class Peer(NamedTuple):
    """Another encoder: what it is imported as, which extra installs it, and how it is loaded."""

    package: str
    extra: str
    load: Callable[[Encoding], Encode]


def load_peer(name: str, encoding: Encoding) -> Encode:
    """Return a peer's function from text to a sequence of ids, for an encoding.

    Raises `ValueError` for an unknown name, `ImportError` for a peer that is not installed, and
    `PeerRefusedError` for one that lacks the encoding or refuses it.
    """
    if name not in PEERS:
        raise ValueError(f"no peer is named {name!r}; there are: {', '.join(PEERS)}")
    peer = PEERS[name]
    if find_spec(peer.package) is None:
        raise ImportError(f"{name} is not installed: pip install 'bpelab[{peer.extra}]'")
    return peer.load(encoding)


def tokenizers_file(path: Path) -> Encode:
    """Return the function from text to ids of a `tokenizer.json`, as Hugging Face's `tokenizers` reads it.

    Special tokens are not added around the text. Raises `ImportError` where `tokenizers` is not installed,
    and `ValueError`, naming the file, for a file that it refuses.
    """
    if find_spec("tokenizers") is None:
        raise ImportError("reading a tokenizer.json needs tokenizers: pip install 'bpelab[peers]'")
    from tokenizers import Tokenizer

    path.open("rb").close()  # an `OSError` that names the file
    try:
        encode = Tokenizer.from_file(str(path)).encode
    except Exception as error:  # it raises no other class
        raise ValueError(f"{path}: tokenizers refuses it: {error}") from None
    return lambda text: encode(text, add_special_tokens=False).ids


@lru_cache(maxsize=1)
def tokenizer_json_of(encoding: Encoding) -> str:
    """Return the `tokenizer.json` of an encoding; the last one is kept, since several encoders read it."""
    return dump_tokenizer_json(encoding).decode()


@lru_cache(maxsize=1)
def fastokens_tokenizer(encoding: Encoding) -> Any:
    """Return fastokens' tokenizer of an encoding."""
    from fastokens import Tokenizer

    try:
        return Tokenizer.from_json_str(tokenizer_json_of(encoding))
    except ValueError as error:
        raise PeerRefusedError(_refuses("fastokens", encoding, error)) from None


def _refuses(peer: str, encoding: Encoding, error: Exception) -> str:
    return f"{peer} refuses {encoding.name}: {(str(error).splitlines() or [''])[0][:80]}"


def _tokenizers(encoding: Encoding) -> Encode:
    from tokenizers import Tokenizer

    encode = Tokenizer.from_str(tokenizer_json_of(encoding)).encode
    return lambda text: encode(text).ids


def _gigatoken(encoding: Encoding) -> Encode:
    from gigatoken import Tokenizer

    try:
        encode: Encode = Tokenizer.from_json(tokenizer_json_of(encoding)).encode
    except RuntimeError as error:
        raise PeerRefusedError(_refuses("gigatoken", encoding, error)) from None
    return encode


def _fastokens(encoding: Encoding) -> Encode:
    encode = fastokens_tokenizer(encoding).encode
    return lambda text: encode(text).ids


def _tokie(encoding: Encoding) -> Encode:
    from tokie import Tokenizer

    with TemporaryDirectory() as folder:
        path = Path(folder, "tokenizer.json")
        path.write_text(tokenizer_json_of(encoding), encoding="utf-8", newline="")
        encode = Tokenizer.from_json(str(path)).encode
    return lambda text: encode(text).ids


def _bpe_openai(encoding: Encoding) -> Encode:
    if encoding.name not in ("cl100k_base", "o200k_base"):
        raise PeerRefusedError(f"bpe-openai has no {encoding.name} of its own")
    import bpe_openai

    encode: Encode = bpe_openai.get_encoding(encoding.name).encode_ordinary
    return encode


def _rs_bpe(encoding: Encoding) -> Encode:
    from rs_bpe.bpe import openai

    if not hasattr(openai, encoding.name):
        raise PeerRefusedError(f"rs-bpe has no {encoding.name}")
    encode: Encode = getattr(openai, encoding.name)().encode
    return encode


PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        "tokenizers": Peer("tokenizers", "peers", _tokenizers),
        "gigatoken": Peer("gigatoken", "natives", _gigatoken),
        "fastokens": Peer("fastokens", "natives", _fastokens),
        "tokie": Peer("tokie", "natives", _tokie),
        "bpe-openai": Peer("bpe_openai", "natives", _bpe_openai),
        "rs-bpe": Peer("rs_bpe", "natives", _rs_bpe),
    }
)
