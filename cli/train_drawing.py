"""How does a training look on a terminal? Merge by merge: which pairs lead, which wins, and why."""

import os
from typing import TYPE_CHECKING

from bpelab.cli.drawing import coloured, console, legible, token_lines, token_text
from bpelab.cli.text import counted
from rich.cells import cell_len, set_cell_size
from rich.padding import Padding
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bpelab.bpe.corpus.remote import Url
    from bpelab.bpe.study.train_trace import PairCount, TrainStep, TrainTrace
    from rich.console import Console

N_BARS = 4
N_EXAMPLES = 2
N_TEXT_LINES = 2
MAX_BAR = 30


def print_train_trace(trace: "TrainTrace", vocab_size: int, beginning: "Sequence[bytes]") -> None:
    """Print each merge that was learned, and the first pieces of the corpus as they are after it.

    `vocab_size` is what was asked for; the trace has fewer tokens where no pair was left.
    """
    out = console()
    said = [(trace.n_bytes, "byte"), (trace.n_pieces, "distinct piece"), (len(trace.steps), "merge")]
    out.print(", ".join(counted(*what) for what in said))
    out.print("The most frequent pair is merged; of equally frequent ones, that with the smallest ids.")
    pieces = [tuple(piece[i : i + 1] for i in range(len(piece))) for piece in beginning]
    n_before = trace.n_bytes
    for number, step in enumerate(trace.steps, 1):
        pieces = [_joined(piece, step) for piece in pieces]
        out.print()
        _print_step(out, number, step)
        for line in token_lines((token for piece in pieces for token in piece), out.width - 2, N_TEXT_LINES):
            if line:
                out.print(Text("  ") + line)
        ratio = f"{trace.n_bytes / step.n_tokens:.2f} bytes a token"
        out.print(legible(f"  {n_before:,} → {step.n_tokens:,} tokens, {ratio}"))
        n_before = step.n_tokens
    out.print()
    if len(trace.tokens) < vocab_size:
        out.print("No pair is left: every piece is one token.")
    else:
        out.print(legible(f"… --vocab-size {vocab_size + max(1, len(trace.steps))} shows more merges"))


def first_pieces(files: "Sequence[Path | Url]", n_chars: int = 400) -> list[bytes]:
    """Return the pieces that a corpus begins with; none of a pipe, which is read once, and of a URL."""
    from bpelab.bpe.splitting.patterns import GPT2_PATTERN
    from bpelab.bpe.splitting.regex_splitter import splitter

    if not files or not os.path.isfile(files[0]):
        return []
    with open(files[0], "rb") as file:
        beginning = file.read(4 * n_chars).decode("utf-8", errors="ignore")[:n_chars]
    return [piece.encode() for piece in splitter(GPT2_PATTERN)(beginning)]


def _joined(piece: tuple[bytes, ...], step: "TrainStep") -> tuple[bytes, ...]:
    from bpelab.bpe.study.train_trace import grouped

    return tuple(map(b"".join, grouped(piece, (step.merged.left, step.merged.right))))


def _print_step(out: "Console", number: int, step: "TrainStep") -> None:
    merged = step.merged
    title = Text(legible(f"merge {number}: {merged} → "), style="bold")
    out.print(
        title + coloured(merged.left + merged.right, step.token) + Text(f"  id {step.token}", style="bold")
    )
    leading = (merged, *step.runners_up[: N_BARS - 1])
    n_count = len(f"{merged.count:,}")
    n_bar = min(MAX_BAR, out.width // 3)
    for pair in leading:
        # The pair comes last: whatever its letters are, the bars stand below each other.
        bar = legible("█") * max(1, round(n_bar * pair.count / merged.count))
        line = f"  {pair.count:>{n_count},} {bar:<{n_bar}} "
        shown = Text(_cut(legible(str(pair)), out.width - cell_len(line)))
        out.print(Text(line, style="bold" if pair is merged else "dim") + shown)
    out.print(Padding(legible(step.why), (0, 0, 0, 2), expand=False))
    for before, _ in step.examples[:N_EXAMPLES]:
        out.print(Text(_example(before, merged, out.width)))


def _example(before: tuple[bytes, ...], merged: "PairCount", n_columns: int) -> str:
    """Show a piece with brackets around the pair; where there is no room, what is around the first."""
    from bpelab.bpe.study.train_trace import grouped

    shown = []
    groups = list(grouped(before, (merged.left, merged.right)))
    for group in groups:
        parts = " ".join(map(token_text, group))
        shown.append(f"[{parts}]" if len(group) == 2 else parts)
    # What is in letters needs no name.
    name = "" if all(map(_is_text, before)) else f"{_cut(token_text(b''.join(before)), n_columns // 3)}: "
    first = next(i for i, group in enumerate(groups) if len(group) == 2)
    if cell_len(name + _with_ends(shown, first, first + 1)) > n_columns - 2:
        name = ""
    n_free = n_columns - 2 - cell_len(name)
    begin, end = max(0, first - n_columns), min(len(shown), first + n_columns)  # a piece may be very long
    while cell_len(row := _with_ends(shown, begin, end)) > n_free and end - begin > 1:
        if first - begin > end - first - 1:
            begin += 1
        else:
            end -= 1
    return _cut(f"  {name}{row}", n_columns)


def _with_ends(shown: "Sequence[str]", begin: int, end: int) -> str:
    """Join some of the parts, and say where others are left out."""
    more = legible("…")
    left = [more] if begin else []
    right = [more] if end < len(shown) else []
    return " ".join([*left, *shown[begin:end], *right])


def _is_text(token: bytes) -> bool:
    try:
        token.decode()
    except UnicodeDecodeError:
        return False
    return True


def _cut(text: str, n_columns: int) -> str:
    """Cut a line that is too long, in cells, not in characters."""
    if cell_len(text) <= n_columns:
        return text
    more = legible("…")
    return set_cell_size(text, n_columns - len(more)).rstrip() + more
