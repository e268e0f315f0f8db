"""How is an encoding kept in a file? In one of three forms, which its name tells apart.

`NAME.json` is Hugging Face's `tokenizer.json` and holds everything; `NAME.tiktoken` holds the ranks alone;
`vocab.bpe` (or `merges.txt`) stands beside `encoder.json` (or `vocab.json`): merges, ids and special tokens.
"""

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.formats import load_gpt2_pair, load_tiktoken, save_gpt2_pair, save_tiktoken
from bpelab.bpe.gpt2 import BYTE_ORDER
from bpelab.bpe.merge import recover_merges
from bpelab.bpe.registry import DEFINITIONS, get_encoding
from bpelab.bpe.tokenizer_json import dump_tokenizer_json, load_tokenizer_json, save_tokenizer_json
from bpelab.bpe.training.counts import resolve_pattern

# The two files of a GPT-2 pair, as OpenAI and as Hugging Face name them.
_PAIRS = {"vocab.bpe": "encoder.json", "merges.txt": "vocab.json"}
_FORMS = "NAME.json, NAME.tiktoken, or vocab.bpe or merges.txt (with encoder.json or vocab.json beside it)"


def save_encoding(path: str | os.PathLike[str], encoding: Encoding) -> list[Path]:
    """Write an encoding in the form that the file's name asks for, and return the files written.

    Raises `ValueError` for a name of no known form and for an encoding that the form cannot hold, and
    `OSError` where a file cannot be written.
    """
    path = Path(path)
    check_name(path)
    if path.name in _PAIRS:
        vocabulary = path.with_name(_PAIRS[path.name])
        save_gpt2_pair(path, vocabulary, _gpt2_merges(encoding), encoding._special_tokens)
        return [path, vocabulary]
    if path.suffix == ".tiktoken":
        save_tiktoken(path, encoding._mergeable_ranks)
    else:
        save_tokenizer_json(path, encoding)
    return [path]


def check_can_save(path: str | os.PathLike[str], encoding: Encoding) -> None:
    """Raise what `save_encoding` would raise, as far as that can be told without writing.

    For who has hours of work to do before there is something to save.
    """
    path = Path(path)
    check_name(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path.parent))
    if path.name in _PAIRS:
        _gpt2_merges(encoding)
    elif path.suffix == ".json":
        dump_tokenizer_json(encoding)


def load_encoding(
    source: str | os.PathLike[str],
    *,
    pattern: str | None = None,
    special_tokens: Mapping[str, int] | None = None,
) -> Encoding:
    """Read an encoding from a file, or get the one that has `source` as its name.

    A `.tiktoken` file needs a `pattern`, and may need `special_tokens`, which it does not hold; a GPT-2 pair
    has GPT-2's pattern unless told otherwise. Raises `ValueError` and `OSError` as the loaders do.

    >>> load_encoding("gpt2").n_vocab
    50257
    """
    if source in DEFINITIONS:
        if pattern is not None or special_tokens:
            raise ValueError(f"{source} has its pattern and special tokens; leave others out")
        return get_encoding(str(source))
    path = Path(source)
    check_name(path)
    name = path.stem
    if path.name in _PAIRS:
        ranks, specials = load_gpt2_pair(path, path.with_name(_PAIRS[path.name]))
        name = path.parent.name or name
        pattern = "gpt2" if pattern is None else pattern
    elif path.suffix == ".tiktoken":
        if pattern is None:
            raise ValueError(f"{path}: a .tiktoken file holds no pattern; give one, by name or as a regex")
        specials = dict(special_tokens or {})
        ranks = load_tiktoken(path, frozenset(specials.values()))
    else:
        if pattern is not None or special_tokens:
            raise ValueError(f"{path}: the file holds its pattern and special tokens; leave others out")
        return load_tokenizer_json(path)
    return Encoding(
        name,
        pat_str=resolve_pattern(pattern),
        mergeable_ranks=ranks,
        special_tokens=specials | dict(special_tokens or {}),
    )


def check_name(path: Path) -> None:
    """Raise `ValueError` where a file's name tells no form of an encoding."""
    other_half = {ids: merges for merges, ids in _PAIRS.items()}.get(path.name)
    if other_half is not None:
        raise ValueError(f"{path}: this is half of a pair; name the other half, {other_half}")
    if path.name not in _PAIRS and path.suffix not in (".json", ".tiktoken"):
        raise ValueError(f"{path}: the name of the file tells no format; it must be {_FORMS}")


def _gpt2_merges(encoding: Encoding) -> list[tuple[int, int]]:
    """Give the merges as pairs of ids; `ValueError` where ids are not numbered as GPT-2 numbers them."""
    ranks = encoding._mergeable_ranks
    merges = recover_merges(ranks)
    expected = [bytes([byte]) for byte in BYTE_ORDER] + list(merges)
    for rank, token in enumerate(expected):
        if ranks.get(token) != rank:
            raise ValueError(
                f"{encoding.name}: a GPT-2 pair numbers the single bytes in GPT-2's order and merges"
                f" from 256 on, but {token!r} has the id {ranks.get(token)}, not {rank}:"
                " save it as .tiktoken or .json"
            )
    pairs = []
    for token, parts in merges.items():
        if parts is None:
            raise ValueError(f"{encoding.name}: no merge makes {token!r}; save it as .tiktoken or .json")
        pairs.append((ranks[parts[0]], ranks[parts[1]]))
    return pairs
