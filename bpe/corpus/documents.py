"""What is a corpus? Documents: strings, files and directories, read in blocks that fit in memory."""

import codecs
import os
import stat
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from bpelab.bpe.splitting.cuts import CUTTABLE_PATTERNS, cut_text, last_cut

# A string is a document, a path is a file or a directory of files.
Texts = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
Errors = Literal["strict", "replace"]

BLOCK_BYTES = 4 << 20
# A file with a NUL byte so near its beginning is binary, as for git.
_FIRST_BYTES = 8000
_N_NAMED = 3


def blocks(texts: Texts, pattern: str, errors: Errors = "strict") -> Iterator[list[str]]:
    """Yield the corpus in lists of texts; the pieces of the texts are the pieces of the documents.

    A list has about 4 MB. A longer document is cut if the pattern is one of OpenAI's. Any other pattern might
    end a piece anywhere, and the document is held in memory as a whole. Every file is a document; of a
    directory, every file that `files_of` returns.

    Raises `ValueError`, which names the byte, for a file that is not UTF-8, unless `errors` is "replace", and
    for a file that changes while it is read; `OSError` for a file that cannot be read; `TypeError` for a
    source that is neither a string nor a path.

    >>> list(blocks(["a document", "another"], pattern="."))
    [['a document', 'another']]
    """
    block: list[str] = []
    size = 0
    for text in _parts(texts, pattern in CUTTABLE_PATTERNS, errors):
        block.append(text)
        size += len(text)
        if size >= BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def n_bytes_of_files(texts: Texts) -> int | None:
    """Return the total size of a corpus of files; None if it contains anything else, such as strings.

    None, too, if there is a pipe, whose size is not known before its end.
    """
    sources = _sources(texts)
    if not isinstance(sources, Sequence) or not sources:
        return None
    paths = [Path(source) for source in sources if isinstance(source, os.PathLike)]
    if len(paths) < len(sources):
        return None
    found = [file.stat() for path in paths for file in find_files(path).files]
    return sum(file.st_size for file in found) if all(stat.S_ISREG(file.st_mode) for file in found) else None


def _sources(texts: Texts) -> Iterable[str | os.PathLike[str]]:
    return [texts] if isinstance(texts, str | os.PathLike) else texts


def _parts(texts: Texts, cuttable: bool, errors: Errors) -> Iterator[str]:
    for source in _sources(texts):
        if isinstance(source, str):
            yield from cut_text(source, BLOCK_BYTES) if cuttable else [source]
        elif isinstance(source, os.PathLike):
            for path in files_of(Path(source)):
                yield from _read_file(path, cuttable, errors)
        else:
            raise TypeError(
                f"a corpus holds documents as str and files as pathlib.Path, not {type(source).__name__}"
                f" ({source!r:.40})"
            )


@dataclass(frozen=True)
class Found:
    """The files that a path stands for, and what a directory has besides them."""

    files: list[Path] = field(default_factory=list)
    n_hidden: int = 0  # entries whose names begin with a dot; a hidden directory is one
    binary: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # neither files nor directories, with what they are

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.files + other.files,
            self.n_hidden + other.n_hidden,
            self.binary + other.binary,
            self.others + other.others,
        )

    @property
    def left_out(self) -> str:
        """What is not read, in words; empty if all is.

        >>> Found(n_hidden=3, binary=["logo.png"]).left_out
        '3 hidden, 1 binary file (logo.png)'
        """
        said = [f"{self.n_hidden:,} hidden"] if self.n_hidden else []
        for names, one, more in (
            (self.binary, "binary file", "binary files"),
            (self.others, "that is not a file", "that are not files"),
        ):
            if names:
                shown = ", ".join(names[:_N_NAMED]) + (", ..." if len(names) > _N_NAMED else "")
                said.append(f"{len(names):,} {one if len(names) == 1 else more} ({shown})")
        return ", ".join(said)


def files_of(path: Path) -> list[Path]:
    """Return a file or pipe itself, or all files of text below a directory, as `find_files` finds them.

    A `UserWarning` counts what is left out, other than hidden entries, and names the first ones.
    """
    found = find_files(path)
    if found.binary or found.others:
        warnings.warn(f"{path}: left out: {found.left_out}", stacklevel=2)
    return found.files


def find_files(path: Path) -> Found:
    """Return a file or pipe itself, or all files of text below a directory, folder by folder.

    Left out of a directory are hidden entries, whose names begin with a dot, binary files, which have a NUL
    byte among their first 8,000, and what is neither a file nor a directory: reading pipes, devices and
    sockets could hang or never end, broken links have nothing to read, and links to directories can go in
    circles. What the path itself names is never left out, and it may be a link to a directory. A file that
    is not UTF-8 and has no NUL byte is not binary: whoever reads it says what is wrong with it.

    Raises `ValueError` if the path itself is a device or a socket (terminals and the null device can be
    read), and `OSError` if it does not exist, a directory cannot be listed, or a file cannot be read.
    """
    if not path.is_dir():
        require_readable(path)
        return Found([path])
    files: list[Path] = []
    binary: list[str] = []
    others: list[str] = []
    n_hidden = 0
    for folder, folders, names in os.walk(path, onerror=_raise):
        n_hidden += sum(name.startswith(".") for name in folders + names)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if (link := Path(folder, name)).is_symlink():  # os.walk does not follow it
                others.append(f"{link}: a link to a directory")
        for name in sorted(name for name in names if not name.startswith(".")):
            file = Path(folder, name)
            try:
                kind = _kind(file)
            except OSError as error:
                if not file.is_symlink():
                    raise
                kind = f"a broken link: {error.strerror}"
            if kind is not None:
                others.append(f"{file}: {kind}")
            elif _is_binary(file):
                binary.append(str(file))
            else:
                files.append(file)
    return Found(files, n_hidden, binary, others)


def _is_binary(file: Path) -> bool:
    with file.open("rb", buffering=0) as opened:
        return b"\0" in opened.read(_FIRST_BYTES)


def require_readable(path: str | os.PathLike[str]) -> None:
    """Raise `ValueError` for a device or a socket, where reading might never end or not be possible."""
    kind = _kind(path)
    if kind in ("a device", "a socket") and not _ends(path):
        raise ValueError(f"{os.fspath(path)}: this is {kind}; name a file, a directory or a pipe")


def _raise(error: OSError) -> None:
    raise error


def _kind(path: str | os.PathLike[str]) -> str | None:
    """Describe anything but a regular file; None for one. Raises `OSError` if nothing is there."""
    mode = os.stat(path).st_mode
    if stat.S_ISREG(mode):
        return None
    kinds = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _ends(device: str | os.PathLike[str]) -> bool:
    """Tell whether reading a device ends: the null device, and the terminal that is standard input."""
    found = os.stat(device)  # not opened, because opening alone has an effect on some devices
    if os.path.samestat(found, os.stat(os.devnull)):
        return True
    try:
        return os.isatty(0) and os.path.samestat(found, os.fstat(0))
    except OSError:  # standard input is closed
        return False


def _read_file(path: Path, cuttable: bool, errors: Errors) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    n_read, waiting = 0, ""
    with path.open("rb") as file:
        before = os.fstat(file.fileno())
        while True:
            part = file.read(BLOCK_BYTES if cuttable else -1)
            n_pending = len(decoder.getstate()[0])  # the first bytes of a character that goes on in `part`
            try:
                waiting += decoder.decode(part, final=not part)
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                raise ValueError(
                    f"{path}: not UTF-8 at byte {n_read - n_pending + error.start:,}: {error.reason}"
                    f" (0x{byte:02x}). To train on it anyway, pass errors='replace'."
                ) from None
            if not part:
                break
            n_read += len(part)
            if cuttable and len(part) == BLOCK_BYTES and (end := last_cut(waiting)):
                yield waiting[:end]
                waiting = waiting[end:]
        require_unchanged(path, before, os.fstat(file.fileno()))
    if waiting:
        yield waiting


def require_unchanged(path: str | os.PathLike[str], before: os.stat_result, now: os.stat_result) -> None:
    """Raise `ValueError` if a file's size or modification time shows that it changed while it was read."""
    if stat.S_ISREG(now.st_mode) and (before.st_size, before.st_mtime_ns) != (now.st_size, now.st_mtime_ns):
        raise ValueError(
            f"{os.fspath(path)}: it was changed while it was read; start again when nothing writes to it"
        )
