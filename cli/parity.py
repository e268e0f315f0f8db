"""`bpelab parity`: is it really the same as tiktoken?"""

import json
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer
from bpelab.cli.encodings import DEFAULT, chosen_encoding
from bpelab.cli.options import (
    EncodingOption,
    EngineOption,
    ErrorsOption,
    JsonOption,
    ModelOption,
    PathOption,
    QuietOption,
)
from bpelab.cli.progress import progress_shown
from bpelab.cli.text import counted, on_one_line

if TYPE_CHECKING:
    from bpelab.bpe import Encoding
    from bpelab.bpe.foundation.progress import Watch
    from bpelab.bpe.parity.compare import Comparison, Difference

SPEED_ROUNDS = 5
# Long enough to be encoded as arrays, block by block.
STRINGS_A_TEXT = 2000


def parity(
    encoding: EncodingOption = None,
    path: PathOption = None,
    model: ModelOption = None,
    engine: EngineOption = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="A file, a directory or - to compare; may be repeated. [default: real text that is here]",
        ),
    ] = None,
    fuzz: Annotated[
        int, typer.Option(min=0, metavar="N", help="Compare this many random strings instead.")
    ] = 0,
    seed: Annotated[int, typer.Option(metavar="N", help="Which random strings.")] = 0,
    errors: ErrorsOption = "strict",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare with the genuine tiktoken, text by text. Exit code 0: equal; 1: different.

    In directories, hidden and binary files are left out.

    Example: bpelab parity --corpus README.md

    Example: bpelab parity --encoding cl100k_base --fuzz 100000 --seed 7
    """
    from bpelab.bpe.corpus.documents import Found
    from bpelab.bpe.parity.compare import Comparison, compare
    from bpelab.cli.corpora import default_corpora, found_in, print_left_out, texts_of

    if fuzz and corpus:
        raise ValueError("--fuzz and --corpus exclude each other: leave one of them out")
    found = {name: found_in(name) for name in corpus or ()}
    ours = chosen_encoding(encoding, path=path, model=model, engine=engine, quiet=quiet)
    theirs, what = _their_encoding(ours, encoding, path, model)
    if fuzz:
        corpora = {f"random strings of seed {seed}": _random_strings(fuzz, seed)}
    elif corpus:
        corpora = {name: texts_of(name, what, errors) for name, what in found.items()}
    else:
        corpora = default_corpora()

    results: dict[str, Comparison] = {}
    kept: list[str] = []
    for name, texts in corpora.items():
        seen = texts if fuzz or corpus or as_json else _keep(texts, kept)
        with progress_shown(quiet=quiet) as watch:
            results[name] = compare(ours, theirs, _watched(seen, watch, name, fuzz or None))
        if not as_json:
            print(f"{on_one_line(name)}: {_counts(results[name])}", flush=True)
        if results[name].difference:
            break
    total = sum(results.values(), Comparison(0, 0, 0))
    if not total.n_texts:
        raise ValueError(f"there is no text to compare in {', '.join(corpora)}")
    if as_json:
        parts = {name: result.as_json() for name, result in results.items()}
        print(json.dumps(total.as_json() | {"encoding": ours.name, "corpora": parts}))
    elif total.difference:
        _print_difference(total.difference)
    else:
        print(f"equal to {what}: {_counts(total)}")
        if kept:
            _print_speed(ours, theirs, kept)
    print_left_out(sum(found.values(), Found()))
    if total.difference:
        raise typer.Exit(1)


def _their_encoding(
    ours: "Encoding", encoding: str | None, path: Path | None, model: str | None
) -> tuple[Any, str]:
    """Return tiktoken's encoding of a name or of a file's tables, and what to call it."""
    from bpelab.bpe.files.definitions import DEFINITIONS
    from bpelab.bpe.parity.reference import as_tiktoken, load_tiktoken

    if model is None and path is None and (encoding or DEFAULT) not in DEFINITIONS:
        return as_tiktoken(ours), f"tiktoken with the tables of {encoding}"
    return load_tiktoken(ours.name, path), f"tiktoken's {ours.name}"


def _random_strings(n_texts: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield random strings, and every two thousand of them once more as one long text."""
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
    said = [(result.n_texts, "text"), (result.n_bytes, "byte"), (result.n_tokens, "token")]
    return ", ".join(counted(*what) for what in said)


def _print_difference(first: "Difference") -> None:
    print(f"DIFFERENT: {on_one_line(first.source)}")
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


def _watched(
    texts: Iterable[tuple[str, str]], watch: "Watch | None", name: str, total: int | None
) -> Iterator[tuple[str, str]]:
    """Pass texts on, and report how many there were."""
    from bpelab.bpe.foundation.progress import Reporter

    report = Reporter(watch, name, total, unit="texts")
    for n_before, text in enumerate(texts):
        report(n_before)
        yield text
