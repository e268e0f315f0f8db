"""`bpelab parity`: is it really the same as tiktoken?"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer
from bpelab.cli.text import AsJson, EncodingName, VocabularyPath

if TYPE_CHECKING:
    from bpelab.bpe.parity.compare import Comparison, Difference

SPEED_ROUNDS = 5
# Long enough to be encoded as arrays, block by block.
STRINGS_A_TEXT = 2000


def parity(
    encoding: EncodingName = "gpt2",
    path: VocabularyPath = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            help="A file, a directory or - to compare; may be repeated. [default: real text that is here]"
        ),
    ] = None,
    fuzz: Annotated[int, typer.Option(min=0, help="Compare so many random strings instead.")] = 0,
    seed: Annotated[int, typer.Option(help="Which random strings.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare with the genuine tiktoken, text by text. Exit code 0: equal; 1: different.

    Example: bpelab parity --corpus README.md

    Example: bpelab parity --encoding cl100k_base --path cl100k_base.tiktoken --fuzz 100000 --seed 7
    """
    from bpelab.bpe import get_encoding
    from bpelab.bpe.parity.compare import Comparison, compare
    from bpelab.bpe.parity.reference import load_tiktoken
    from bpelab.cli.corpora import default_corpora, named_corpus

    ours, theirs = get_encoding(encoding, path=path), load_tiktoken(encoding, path)
    if fuzz and corpus:
        raise ValueError("give --fuzz or --corpus, not both")
    if fuzz:
        corpora = {f"random strings of seed {seed}": _random_strings(fuzz, seed)}
    elif corpus:
        corpora = {name: named_corpus(name) for name in corpus}
    else:
        corpora = default_corpora()

    results: dict[str, Comparison] = {}
    kept: list[str] = []
    with _progress() as advance:
        for name, texts in corpora.items():
            seen = advance(name, texts, fuzz or None)
            results[name] = compare(
                ours, theirs, _keep(seen, kept) if not (fuzz or corpus or as_json) else seen
            )
            if not as_json:
                print(f"{name}: {_counts(results[name])}")
            if results[name].difference:
                break
    total = sum(results.values(), Comparison(0, 0, 0))
    if not total.n_texts:
        raise ValueError(f"there is no text to compare in {', '.join(corpora)}")
    if as_json:
        parts = {name: result.as_json() for name, result in results.items()}
        print(json.dumps(total.as_json() | {"encoding": encoding, "corpora": parts}))
    elif total.difference:
        _print_difference(total.difference)
    else:
        print(f"equal to tiktoken's {encoding}: {_counts(total)}")
        if kept:
            _print_speed(ours, theirs, kept)
    if total.difference:
        raise typer.Exit(1)


def _random_strings(n_texts: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield so many random strings, and every two thousand of them once more as one long text."""
    from bpelab.bpe.parity.fuzz import fuzz_texts

    source = fuzz_texts(seed)
    for start in range(0, n_texts, STRINGS_A_TEXT):
        strings = list(islice(source, min(STRINGS_A_TEXT, n_texts - start)))
        for number, string in enumerate(strings, start + 1):
            yield f"random string {number:,} of seed {seed}", string
        yield (
            f"random strings {start + 1:,} to {start + len(strings):,} of seed {seed} as one text",
            "".join(strings),
        )


def _keep(texts: Iterable[tuple[str, str]], kept: list[str]) -> Iterator[tuple[str, str]]:
    for source, text in texts:
        kept.append(text)
        yield source, text


def _counts(result: "Comparison") -> str:
    return f"{result.n_texts:,} texts, {result.n_bytes:,} bytes, {result.n_tokens:,} tokens"


def _print_difference(first: "Difference") -> None:
    print(f"DIFFERENT: {first.source}")
    print(f"  at byte {first.byte_offset:,}, character {first.char_offset:,}, in the piece {first.piece!r}")
    for name, ids, tokens, pieces in (
        ("bpelab", first.our_ids, first.our_tokens, first.our_pieces),
        ("tiktoken", first.their_ids, first.their_tokens, first.their_pieces),
    ):
        print(f"  {name:9} ids    {' '.join(map(str, ids))}")
        print(f"  {'':9} tokens {' '.join(map(repr, tokens))}")
        print(f"  {'':9} pieces {' '.join(map(repr, pieces))}")
    print(f"shrunk to {first.shrunk!r}")
    for name, ids in (("bpelab", first.our_shrunk_ids), ("tiktoken", first.their_shrunk_ids)):
        print(f"  {name:9} ids    {' '.join(map(str, ids))}")


def _print_speed(ours: Any, theirs: Any, texts: list[str]) -> None:
    """Time both over the texts once more, in turn, now that they are known to agree."""
    n_bytes = sum(len(text.encode("utf-8")) for text in texts)
    print(f"one thread, median of {SPEED_ROUNDS} warm passes over all of it, in turn:")
    for call, arguments in (("encode_ordinary", {}), ("encode_to_numpy", {"disallowed_special": ()})):
        seconds: dict[str, list[float]] = {"bpelab": [], "tiktoken": []}
        for _ in range(SPEED_ROUNDS):
            for name, encoding in (("bpelab", ours), ("tiktoken", theirs)):
                encode = getattr(encoding, call)
                start = time.perf_counter()
                for text in texts:
                    encode(text, **arguments)
                seconds[name].append(time.perf_counter() - start)
        rates = [f"{name} {n_bytes / median(times) / 1e6:.1f} MB/s" for name, times in seconds.items()]
        ratios = [theirs / ours for ours, theirs in zip(*seconds.values(), strict=True)]
        spread = f"from {min(ratios):.2f} to {max(ratios):.2f}"
        print(f"  {call:16} {rates[0]}, {rates[1]}: ratio {median(ratios):.2f} ({spread})")


@contextmanager
def _progress() -> Iterator[Callable[[str, Iterable[Any], int | None], Iterable[Any]]]:
    """Show how far a comparison is, on a terminal; nothing in a pipe."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        yield lambda name, texts, total: bar.track(texts, total=total, description=name)
