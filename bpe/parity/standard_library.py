"""Which real text is on every machine? The source of Python's standard library."""

import sysconfig
from collections.abc import Iterator
from pathlib import Path

STDLIB_BYTES = 12_000_000


def standard_library(n_bytes: int = STDLIB_BYTES) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of Python's own source files until they have `n_bytes` in all, or none are left."""
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if n_bytes <= 0:
            return
        if "site-packages" in path.parts:
            continue
        data = path.read_bytes()
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            continue  # a few of the standard library's own test files are not UTF-8 on purpose
        n_bytes -= len(data)
        yield str(path), text
