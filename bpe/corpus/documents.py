"""Which files are a corpus? Those that are named, and those of text in folders, here or at a URL."""

import errno
import glob
import os
import re
import stat
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, Self

from bpelab.bpe.corpus.compressed import DamagedError, decompressed
from bpelab.bpe.corpus.reading import DEFAULT, Compression, Reading
from bpelab.bpe.corpus.remote import N_REQUESTS, Url, answers, find_urls, is_member, open_url

# A file with a NUL byte so near its beginning is binary, as for git.
_FIRST_BYTES = 8000
_ALL_FOLDERS = re.compile(r"(?:^|(?<=[/\\]))\*\*(?:[/\\]|$)")
_N_NAMED = 3


@dataclass(frozen=True)
class Found:
    """The files that a path stands for, and what a directory has besides them."""

    files: Sequence[Path | Url] = field(default_factory=list)
    n_hidden: int = 0  # entries whose names begin with a dot; a hidden directory is one
    binary: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # neither files nor directories, with what they are

    def __add__(self, other: Self) -> Self:
        return type(self)(
            [*self.files, *other.files],
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


def files_of(path: Path | Url, reading: Reading = DEFAULT) -> Sequence[Path | Url]:
    """Return a file or pipe itself, or all files of text that `find_files` finds.

    A `UserWarning` counts what is left out, other than hidden entries, and names the first ones.
    """
    found = find_files(path, reading)
    if found.binary or found.others:
        warnings.warn(f"{path}: left out: {found.left_out}", stacklevel=2)
    return found.files


def find_files(path: Path | Url, reading: Reading = DEFAULT) -> Found:
    """Return a file or pipe itself, all files of text below a directory, folder by folder, or of a pattern.

    Left out of a directory are hidden entries, whose names begin with a dot, binary files, which have a NUL
    byte among their first 8,000, and what is neither a file nor a directory: reading pipes, devices and
    sockets could hang or never end, broken links have nothing to read, and links to directories can go in
    circles. What the path itself names is never left out, and it may be a link to a directory. A file that
    is not UTF-8 and has no NUL byte is not binary: whoever reads it says what is wrong with it. Files of
    which `reading` says that they hold JSON lines or Parquet are not binary either, and of compressed files
    it is the text that counts.

    A path that does not exist and has `*`, `?` or `[` is a pattern, which names files; `**` goes through all
    folders, but not through links to folders, and `~` is the home directory, which a shell does not fill in
    where a pattern is quoted. A URL is a file, a folder or a pattern of the store.

    Raises `ValueError` if the path itself is a device or a socket (terminals and the null device can be
    read), and `OSError` if it does not exist, a directory cannot be listed, or a file cannot be read.
    """
    if isinstance(path, Url):
        return _find_at_url(path, reading)
    if not path.is_dir():
        if glob.has_magic(str(path)) and not os.path.lexists(path):
            return _find_by_pattern(path)
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
            elif _is_binary(file, reading):
                binary.append(str(file))
            else:
                files.append(file)
    return Found(files, n_hidden, binary, others)


def _find_by_pattern(path: Path) -> Found:
    names = sorted(set(_matches(os.path.expanduser(path))), key=_folder_by_folder)
    if files := [Path(name) for name in names if not os.path.isdir(name)]:
        return Found(files)
    raise FileNotFoundError(errno.ENOENT, "no file has a name of this pattern", str(path))


def _matches(pattern: str) -> Iterator[str]:
    """Yield the names of a pattern. For `**`, `glob` itself follows links to folders, even in circles."""
    before, *after = _ALL_FOLDERS.split(pattern, maxsplit=1)
    if not after:
        yield from glob.glob(pattern)
        return
    for top in glob.glob(before or os.path.join(os.curdir, "")):
        for folder, folders, _ in os.walk(top, onerror=_raise):
            folders[:] = [name for name in folders if not name.startswith(".")]
            yield from _matches(os.path.join(glob.escape(folder), after[0] or "*"))


def _find_at_url(url: Url, reading: Reading) -> Found:
    if url.listed is not None:
        return Found([url])
    found = find_urls(url.url)
    if [file.url for file in found] == [url.url]:
        return Found([Url(url.url, (found[0].size, found[0].version))])
    shown = [file for file in found if not any(map(_is_hidden, file.below.split("/")))]
    shown.sort(key=lambda file: _folder_by_folder(file.below))
    files = [Url(file.url, (file.size, file.version)) for file in shown]
    # Each thread opens an archive anew, and one reads its files in their order.
    n_at_once = 1 if is_member(url.url) else N_REQUESTS
    are_binary = list(answers((partial(_is_binary, file, reading) for file in files), n_at_once))
    return Found(
        [file for file, is_binary in zip(files, are_binary, strict=True) if not is_binary],
        n_hidden=len(found) - len(shown),
        binary=[str(file) for file, is_binary in zip(files, are_binary, strict=True) if is_binary],
    )


def _is_hidden(name: str) -> bool:
    return name.startswith(".") and name != "."  # in tar archives, everything may lie in "."


def _folder_by_folder(name: str) -> list[tuple[bool, str]]:
    """Sort the files of a folder before those of the folders in it, as `os.walk` goes."""
    *folders, last = name.split("/")
    return [*((True, folder) for folder in folders), (False, last)]


def _is_binary(file: Path | Url, reading: Reading) -> bool:
    kind = reading.kind_of(str(file))
    if kind.format != "text":
        return False
    with open_url(file.url) if isinstance(file, Url) else file.open("rb", buffering=0) as opened:
        return b"\0" in _beginning(opened, kind.compression, str(file))


def _beginning(file: BinaryIO, compression: Compression, name: str) -> bytes:
    if not compression:
        return file.read(_FIRST_BYTES)
    try:
        return decompressed(file, compression, name).read(_FIRST_BYTES)
    except DamagedError:  # whoever reads it will say so
        return b""


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
