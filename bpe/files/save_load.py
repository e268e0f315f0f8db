"""How is an encoding saved and loaded? In one of three forms, which the name of the file tells apart.

`NAME.json` is Hugging Face's `tokenizer.json` and holds everything; `NAME.tiktoken` holds the ranks alone;
`vocab.bpe` (or `merges.txt`) with `encoder.json` (or `vocab.json`) beside it holds merges, ids and special
tokens. Two more are read and not written: Mistral's `tekken.json`, and minbpe's `NAME.model`.
"""

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from bpelab.bpe.data.gpt2 import BYTE_ORDER, missing_byte
from bpelab.bpe.encoders.choice import AUTO
from bpelab.bpe.encoders.heap import recover_merges
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.definitions import DEFINITIONS
from bpelab.bpe.files.gpt2_pair import dump_encoder_json, dump_vocab_bpe, parse_gpt2_pair
from bpelab.bpe.files.minbpe_model import parse_minbpe
from bpelab.bpe.files.names import get_encoding, resolve_pattern
from bpelab.bpe.files.tekken import is_tekken, parse_tekken
from bpelab.bpe.files.tiktoken_file import dump_tiktoken, parse_tiktoken
from bpelab.bpe.files.tokenizer_json import dump_tokenizer_config, dump_tokenizer_json, parse_tokenizer_json
from bpelab.bpe.foundation.reading import parse_json
from bpelab.bpe.foundation.writing import write_atomically
from bpelab.bpe.splitting.patterns import GPT2_PATTERN

# The two files of a GPT-2 pair, as OpenAI and as Hugging Face name them.
_PAIRS = {"vocab.bpe": "encoder.json", "merges.txt": "vocab.json"}
_FORMS = "NAME.json, NAME.tiktoken, or vocab.bpe or merges.txt (with encoder.json or vocab.json beside it)"
# minbpe's form is read and not written.
MINBPE = ".model"
_ADVICE = "save it in another form: as .json or .tiktoken"


def save_encoding(path: str | os.PathLike[str], encoding: Encoding) -> list[Path]:
    """Write an encoding in the form that the name of the file asks for, and return the files written.

    What would be written is read back first, and nothing is written unless it gives the same encoding. Each
    of the two files of a pair is written whole or not at all. After a kill between them, the new one and the
    old one together are one of the two encodings, or are refused: the tokens determine the merges.

    A file named `tokenizer.json` is written with a `tokenizer_config.json` beside it, so that
    `AutoTokenizer.from_pretrained(folder)` of `transformers` gives the same ids. Without one, some versions
    of `transformers` raise an error, and others take the class from the `config.json` of a model in the same
    folder: GPT-2's class splits by GPT-2's pattern, whatever tokenizer.json says, and the ids differ in
    silence. (The classes of a few models, such as Qwen2, are taken all the same:
    `PreTrainedTokenizerFast.from_pretrained(folder)` is always right.)

    Raises `ValueError` for a name of no known form, for an encoding that the form cannot hold, and for a
    `tokenizer_config.json` that another program wrote; `OSError` where a file cannot be written.
    """
    path = Path(path)
    contents = _contents(path, encoding)
    require_own_config(path)
    for file, content in contents.items():
        write_atomically(file, content)
    return list(contents)


def check_can_save(path: str | os.PathLike[str], encoding: Encoding) -> None:
    """Raise what `save_encoding` would raise, as far as that can be told without writing.

    It is for callers that work for hours before there is something to save.
    """
    path = Path(path)
    check_name(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path.parent))
    _contents(path, encoding)
    require_own_config(path)


def load_encoding(
    source: str | os.PathLike[str],
    *,
    pattern: str | None = None,
    special_tokens: Mapping[str, int] | None = None,
    engine: str = AUTO,
) -> Encoding:
    """Return an encoding from a file, or the one that is named `source`.

    A `.tiktoken` file does not contain a pattern or special tokens: pass `pattern`, and `special_tokens` if
    there are any. A GPT-2 pair has GPT-2's pattern unless you pass another. `engine` is that of `Encoding`.
    Raises `ValueError`, which names the file, for one that is not what it should be, and `OSError` if it
    cannot be read.

    >>> load_encoding("gpt2").n_vocab
    50257
    """
    if source in DEFINITIONS:
        if pattern is not None or special_tokens:
            raise ValueError(f"{source} already has its pattern and special tokens; do not pass others")
        return get_encoding(str(source), engine=engine)
    path = Path(source)
    if path.suffix != MINBPE:
        check_name(path)
    if path.suffix == ".tiktoken" and pattern is None:
        raise ValueError(f"{path}: a .tiktoken file contains no pattern; pass one, by name or as a regex")
    if path.suffix in (".json", MINBPE) and (pattern is not None or special_tokens):
        raise ValueError(f"{path}: the file already has its pattern and special tokens; do not pass others")
    contents = {file: file.read_bytes() for file in files_of_encoding(path)}
    encoding = _parse(contents, pattern, special_tokens or {})
    return encoding.with_engine(engine) if engine != AUTO else encoding


def _parse(
    contents: Mapping[Path, bytes], pattern: str | None, special_tokens: Mapping[str, int]
) -> Encoding:
    """Read an encoding from the contents of its files."""
    path, data = next(iter(contents.items()))
    if path.suffix == ".json":
        content = parse_json(data, path)
        return parse_tekken(content, path) if is_tekken(content) else parse_tokenizer_json(content, path)
    if path.suffix == MINBPE:
        return parse_minbpe(data, path)
    if path.suffix == ".tiktoken":
        name, specials = path.stem, dict(special_tokens)
        ranks = parse_tiktoken(data, path, frozenset(specials.values()))
    else:
        name = path.parent.name or path.stem
        (_, (vocab_path, vocab)) = contents.items()
        ranks, specials = parse_gpt2_pair(data, vocab, path, vocab_path, special_tokens.keys())
        for text, token in special_tokens.items():
            if specials.setdefault(text, token) != token:
                raise ValueError(
                    f"{vocab_path}: the special token {text!r} has the id {specials[text]}, not {token}"
                )
        if shared := set(ranks.values()).intersection(specials.values()):
            raise ValueError(f"{path}: the id {min(shared)} is an ordinary token's, not a special one's")
    resolved = resolve_pattern("gpt2" if pattern is None else pattern)
    try:
        return Encoding(name, pat_str=resolved, mergeable_ranks=ranks, special_tokens=specials)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _contents(path: Path, encoding: Encoding) -> dict[Path, bytes]:
    """Return the contents of the files of an encoding; `ValueError` if they would be read as another one."""
    check_name(path)
    pattern, ranks, specials = encoding.pattern, encoding.ranks, encoding.special_tokens
    given: Mapping[str, int] = {}  # what the form does not contain, and `load_encoding` is told
    try:
        if lack := missing_byte(ranks):
            raise ValueError(lack)
        if path.suffix == ".json":
            data = [dump_tokenizer_json(encoding)]
        elif path.suffix == ".tiktoken":
            data, given = [dump_tiktoken(ranks)], dict(specials)
        elif pattern == GPT2_PATTERN:
            data = [dump_vocab_bpe(_gpt2_merges(encoding)), dump_encoder_json(ranks, specials)]
        else:
            raise ValueError(
                "a GPT-2 pair contains no pattern: it is read with GPT-2's, which this one is not"
            )
        contents = dict(zip(files_of_encoding(path), data, strict=True))
        found = _parse(contents, None if path.suffix == ".json" else pattern, given)
    except ValueError as error:
        raise ValueError(f"{encoding.name} cannot be saved as {path.name}: {error}; {_ADVICE}") from None
    if (found.pattern, found.ranks, found.special_tokens) != (pattern, ranks, specials):
        raise ValueError(
            f"{encoding.name} cannot be saved as {path.name}, which would be read as another; {_ADVICE}"
        )
    return contents | dict.fromkeys(_config_of(path), dump_tokenizer_config())


def files_of_encoding(source: str | os.PathLike[str]) -> list[Path]:
    """List the files that `load_encoding` reads: two of a pair, none for a name.

    >>> [str(path) for path in files_of_encoding("my/vocab.bpe")], files_of_encoding("gpt2")
    (['my/vocab.bpe', 'my/encoder.json'], [])
    """
    if source in DEFINITIONS:
        return []
    path = Path(source)
    return [path, path.with_name(_PAIRS[path.name])] if path.name in _PAIRS else [path]


def files_written(path: str | os.PathLike[str]) -> list[Path]:
    """List the files that `save_encoding` writes.

    >>> [str(path) for path in files_written("my/tokenizer.json")]
    ['my/tokenizer.json', 'my/tokenizer_config.json']
    """
    return [*files_of_encoding(path), *_config_of(Path(path))]


def require_own_config(path: Path) -> None:
    """Raise `ValueError` if saving would replace a `tokenizer_config.json` of another program."""
    for config in _config_of(path):
        if not os.path.lexists(config):
            continue
        try:
            is_own = config.read_bytes() == dump_tokenizer_config()
        except OSError:
            is_own = False
        if not is_own:
            raise ValueError(
                f"{config} would be replaced, which does not belong to {path}: remove it, or write to another"
                " directory, or under another name, as NAME.json"
            )


def _config_of(path: Path) -> list[Path]:
    return [path.with_name("tokenizer_config.json")] if path.name == "tokenizer.json" else []


def check_name(path: Path) -> None:
    """Raise `ValueError` if the name of a file does not tell in which form it is written."""
    other_half = {ids: merges for merges, ids in _PAIRS.items()}.get(path.name)
    if other_half is not None:
        raise ValueError(f"{path}: this is half of a pair; name the other half, {other_half}")
    if path.name not in _PAIRS and path.suffix not in (".json", ".tiktoken"):
        raise ValueError(f"{path}: the name of the file does not tell its format; it must be {_FORMS}")


def _gpt2_merges(encoding: Encoding) -> list[tuple[int, int]]:
    """Return the merges as pairs of ids; `ValueError` if the ids are not numbered as GPT-2 numbers them."""
    ranks = encoding.ranks
    merges = recover_merges(ranks)
    expected = [bytes([byte]) for byte in BYTE_ORDER] + list(merges)
    for rank, token in enumerate(expected):
        if ranks.get(token) != rank:
            raise ValueError(
                "a GPT-2 pair numbers the single bytes in GPT-2's order and merges"
                f" from 256 on, but {token!r} has the id {ranks.get(token)}, not {rank}"
            )
    pairs = []
    for token, parts in merges.items():
        if parts is None:
            raise ValueError(f"no merge makes {token!r}")
        pairs.append((ranks[parts[0]], ranks[parts[1]]))
    return pairs
