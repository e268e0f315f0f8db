"""Which real text is on every machine? The source of Python's standard library."""

import sysconfig
from collections.abc import Iterator
from pathlib import Path

STDLIB_BYTES = 12_000_000


def standard_library(n_bytes: int = STDLIB_BYTES) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of Python's own source files until they have `n_bytes` in all, or none are left."""
    for path in _sources(Path(sysconfig.get_path("stdlib"))):
        if n_bytes <= 0:
            return
        data = path.read_bytes()
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            continue  # a few of the standard library's own test files are not UTF-8 on purpose
        n_bytes -= len(data)
        yield str(path), text


def _sources(folder: Path) -> Iterator[Path]:
    """Yield the Python files of a folder, sorted; those that nobody asks for are not looked for."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".py" and path.is_file():
            yield path
        elif path.is_dir() and not path.is_symlink() and path.name != "site-packages":
            yield from _sources(path)
