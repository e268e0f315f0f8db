"""`bpelab parity`: is it really the same as tiktoken?"""

import pydoc_data.topics
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from bpelab.bpe import get_encoding
from bpelab.bpe.parity import compare, load_tiktoken_gpt2

Encode = Callable[[str], list[int]]

STDLIB_BYTES = 12_000_000


def documentation_and_source() -> Iterator[tuple[str, str]]:
    """Yield (source, text): Python's documentation topics, then 12 MB of its standard library."""
    yield "Python's documentation topics", "\n".join(pydoc_data.topics.topics.values())
    n_bytes = 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if n_bytes >= STDLIB_BYTES:
            return
        if "site-packages" in path.parts:
            continue
        data = path.read_bytes()
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            continue  # a few of the standard library's own test files are not UTF-8 on purpose
        n_bytes += len(data)
        yield str(path), text


def parity(
    corpus: Annotated[
        list[Path] | None, typer.Option(help="A text file to compare; may be repeated.")
    ] = None,
) -> None:
    """Compare gpt2 with tiktoken: bpelab parity --corpus README.md. Exit code 1 if they differ."""
    if corpus:
        texts = [(str(path), path.read_bytes().decode("utf-8")) for path in corpus]
    else:
        texts = list(documentation_and_source())
    ours, theirs = get_encoding("gpt2"), load_tiktoken_gpt2()
    result = compare(ours, theirs, texts)
    print(f"compared {result.n_texts:,} texts, {result.n_bytes:,} bytes, {result.n_tokens:,} tokens of gpt2")
    if result.difference is not None:
        first = result.difference
        print(f"DIFFERENT: {first.source}, byte {first.byte_offset}")
        print(f"  bpelab   {first.ours}\n  tiktoken {first.theirs}")
        raise typer.Exit(1)
    print("equal")
    if not corpus:
        _print_speed(ours.encode_ordinary, theirs.encode_ordinary, [text for _, text in texts])


def _print_speed(ours: Encode, theirs: Encode, texts: list[str]) -> None:
    """Time one more pass of each over the texts, now that both are known to agree."""
    n_bytes = sum(len(text.encode("utf-8")) for text in texts)
    rates = []
    for name, encode in (("bpelab", ours), ("tiktoken", theirs)):
        start = time.perf_counter()
        for text in texts:
            encode(text)
        rates.append(n_bytes / (time.perf_counter() - start) / 1e6)
        print(f"{name:9}{rates[-1]:6.1f} MB/s, one warm pass to a list, one thread")
    print(f"ratio    {rates[0] / rates[1]:6.2f}")
