"""`bpelab parity`: is it really the same as tiktoken?"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer
from bpelab.cli.contenders import Candidate, Contenders, contenders
from bpelab.cli.encodings import chosen_encoding
from bpelab.cli.options import (
    CORPUS_HELP,
    ColumnOption,
    DocumentsOption,
    EngineOption,
    ErrorsOption,
    FormatOption,
    JsonOption,
    ModelOption,
    PathOption,
    QuietOption,
)
from bpelab.cli.parity_output import counts, print_difference, print_trainer, row
from bpelab.cli.progress import progress_shown
from bpelab.cli.text import on_one_line

if TYPE_CHECKING:
    from bpelab.bpe.corpus.reading import Reading
    from bpelab.bpe.foundation.progress import Watch
    from bpelab.bpe.parity.battery import Battery
    from bpelab.bpe.parity.compare import Comparison, Difference

# The kind of texts on which both are timed.
REAL = "prose-and-code"
SPEED_ROUNDS = 5
# Long enough to be encoded as arrays, block by block.
STRINGS_A_TEXT = 2000
# Of real text, for an encoder that may be a thousand times as slow as ours.
CANDIDATE_BYTES = 300_000
# The textbook, which is quadratic, takes seconds for a longer piece.
TEXTBOOK_PIECE = 1_000


def parity(
    corpus: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILES", help=f"Compare these instead. {CORPUS_HELP} Or - for standard input."
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE|MODULE:FUNCTION",
            help="What to check: an encoding of bpelab by name or file, or any Python function from str to a"
            " list of ids. [default: gpt2]",
        ),
    ] = None,
    tokenizer_json: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Check this file, as Hugging Face's tokenizers reads it."),
    ] = None,
    command: Annotated[
        str | None,
        typer.Option(
            metavar="PROGRAM",
            help="Check a program in any language: it reads JSON strings, one a line, and answers each with a"
            " JSON list of ids on a line.",
        ),
    ] = None,
    peer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Check tokenizers, gigatoken, fastokens, tokie, bpe-openai or rs-bpe."
        ),
    ] = None,
    trainer: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:FUNCTION",
            help="Check a function from (texts, vocab_size) to a list of merges: pairs of bytes, or tokens.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="The encoding whose ids are right. [default: that of what is checked, or gpt2]",
        ),
    ] = None,
    path: PathOption = None,
    model: ModelOption = None,
    engine: EngineOption = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="Only this kind of texts; may be repeated: contractions, white-space, digits,"
            " letters-and-marks, scripts, emoji, newlines, surrogates, special-tokens, long-pieces,"
            " new-unicode or prose-and-code. [default: all]",
        ),
    ] = None,
    also: Annotated[list[str] | None, typer.Option("--corpus", hidden=True)] = None,
    fuzz: Annotated[
        int, typer.Option(min=0, metavar="N", help="Compare this many random strings instead.")
    ] = 0,
    seed: Annotated[int, typer.Option(metavar="N", help="Which random strings.")] = 0,
    format: FormatOption = "auto",
    documents: DocumentsOption = "file",
    column: ColumnOption = "text",
    errors: ErrorsOption = "strict",
    vocab_size: Annotated[
        int, typer.Option(min=257, metavar="N", help="How many tokens --trainer learns.")
    ] = 512,
    time_limit: Annotated[
        float, typer.Option(min=0.001, metavar="SECONDS", help="How long --command may take for one text.")
    ] = 10,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare any tokenizer with the genuine tiktoken, text by text. Exit code 0: equal; 1: different.

    In directories, hidden and binary files are left out.

    Example: bpelab parity README.md docs/

    Example: bpelab parity --encoding cl100k_base --fuzz 100000 --seed 7

    Example: bpelab parity --encoding my_module:encode --kind contractions
    """
    from bpelab.bpe.corpus.documents import Found
    from bpelab.bpe.corpus.reading import Reading
    from bpelab.bpe.parity.battery import KINDS
    from bpelab.bpe.parity.compare import Comparison, compare
    from bpelab.bpe.parity.contender import names_a_function
    from bpelab.cli.corpora import Skips, documents_of, found_in, print_left_out

    reading, skips = Reading(format=format, documents=documents, column=column, errors=errors), Skips()
    corpus = [*(corpus or ()), *(also or ())]
    if sum(map(bool, (fuzz, corpus, kind))) > 1:
        raise ValueError("--fuzz, --kind and FILES exclude each other: leave all but one of them out")
    is_function = encoding is not None and names_a_function(encoding)
    candidate = Candidate(encoding if is_function else None, tokenizer_json, command, peer)
    if sum(what is not None for what in (encoding, tokenizer_json, command, peer, trainer)) > 1:
        raise ValueError(
            "--encoding, --tokenizer-json, --command, --peer and --trainer each say what to check: leave all"
            " but one of them out; --against names what to compare with"
        )
    if trainer is not None:
        if fuzz or kind:
            raise ValueError("--trainer takes its texts from FILES: leave out --fuzz and --kind")
        pattern = chosen_encoding(against, path=path, model=model, quiet=quiet).pattern
        _check_trainer(trainer, corpus, vocab_size, pattern, as_json, reading)
        return
    found = {name: found_in(name, reading) for name in corpus}
    with ExitStack() as stack:
        both = contenders(
            candidate,
            encoding=encoding,
            against=against,
            path=path,
            model=model,
            engine=engine,
            time_limit=time_limit,
            quiet=quiet,
            stack=stack,
        )
        if fuzz:
            corpora = {f"random strings of seed {seed}": _random_strings(fuzz, seed)}
        elif corpus:
            corpora = {name: documents_of(name, what, reading, skips) for name, what in found.items()}
        else:
            battery = _battery(both, seed)
            corpora = {name: battery.texts(name) for name in kind or KINDS}
        is_battery = not fuzz and not corpus
        results: dict[str, Comparison] = {}
        kept: list[str] = []
        began = time.perf_counter()
        for name, texts in corpora.items():
            seen = _keep(texts, kept) if name == REAL and both.timed and not as_json else texts
            with progress_shown(quiet=quiet) as watch:
                results[name] = compare(both.ours, both.theirs, _watched(seen, watch, name, fuzz or None))
            if not as_json:
                print(
                    row(name, results[name])
                    if is_battery
                    else f"{on_one_line(name)}: {counts(results[name])}",
                    flush=True,
                )
        seconds = time.perf_counter() - began
        total = sum(results.values(), Comparison(0, 0, 0))
        if not total.n_texts:
            raise ValueError(f"there is no text to compare in {', '.join(corpora)}")
        how = "" if corpus else f" (seed {seed}, {seconds:.1f} seconds)"
        if as_json:
            print(json.dumps(_as_json(both, results, total, seed, seconds)))
        elif total.difference:
            for difference in _distinct(results):
                print_difference(difference)
            print(f"different from {both.what}: {counts(total)}{how}")
        else:
            print(f"equal to {both.what}: {counts(total)}{how}")
            if kept and both.timed:
                _print_speed(*both.timed, kept)
    print_left_out(sum(found.values(), Found()), skips)
    if total.difference:
        raise typer.Exit(1)


def _battery(both: Contenders, seed: int) -> "Battery":
    """Return the texts that a comparison can take: fewer and shorter ones where it may be slow."""
    from bpelab.bpe.parity.battery import Battery
    from bpelab.cli.corpora import data_folder

    some = Battery(seed, tuple(both.tables.special_tokens), folder=data_folder())
    if both.theirs.name == "textbook" or (both.timed and both.timed[0].engine == "textbook"):
        some = replace(some, longest=TEXTBOOK_PIECE)
    return some if both.timed and both.theirs.name != "textbook" else replace(some, n_bytes=CANDIDATE_BYTES)


def _distinct(results: "Mapping[str, Comparison]") -> "Iterator[Difference]":
    """Yield the first difference of each kind, once where several are shrunk to the same text."""
    seen = set()
    for result in results.values():
        if result.difference and result.difference.shrunk not in seen:
            seen.add(result.difference.shrunk)
            yield result.difference


def _as_json(
    both: Contenders, results: "Mapping[str, Comparison]", total: "Comparison", seed: int, seconds: float
) -> dict[str, Any]:
    return total.as_json() | {
        "encoding": both.name,
        "checked": both.ours.name,
        "against": both.what,
        "seed": seed,
        "seconds": round(seconds, 3),
        "corpora": {name: result.as_json() for name, result in results.items()},
    }


def _check_trainer(
    trainer: str, corpus: list[str], vocab_size: int, pattern: str, as_json: bool, reading: "Reading"
) -> None:
    """Compare a trainer's merges with ours; exit with 1 where one differs."""
    from bpelab.bpe.corpus.documents import Found
    from bpelab.bpe.parity.contender import load_function
    from bpelab.bpe.parity.sample import multilingual_sample
    from bpelab.bpe.parity.trainers import compare_trainer
    from bpelab.cli.corpora import Skips, documents_of, found_in, print_left_out

    skips = Skips()
    found = {name: found_in(name, reading) for name in corpus}
    named = [documents_of(name, what, reading, skips) for name, what in found.items()]
    sources = named or [multilingual_sample()]
    texts = [text for source in sources for _, text in source]
    result = compare_trainer(load_function(trainer), texts, vocab_size, pattern)
    if as_json:
        print(json.dumps(result.as_json() | {"checked": trainer}))
    else:
        print_trainer(trainer, result)
    print_left_out(sum(found.values(), Found()), skips)
    if result.difference:
        raise typer.Exit(1)


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
