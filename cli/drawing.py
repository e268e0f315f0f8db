"""How do traces look on a terminal? In colour where colour is shown, and readable without it."""

from typing import TYPE_CHECKING

from bpelab.bpe.study.drawing import (
    N_PIECES,
    N_TOKENS,
    candidates_text,
    parts_text,
    shortened,
    split_lines,
)
from bpelab.bpe.study.visible import spaced_hex, visible
from bpelab.cli.text import counted
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpelab.bpe.study.trace import EncodeTrace, PieceTrace
    from bpelab.bpe.study.train_trace import TrainStep, TrainTrace

# Dark letters on backgrounds that are light in every terminal's palette.
STYLES = tuple(f"black on {colour}" for colour in ("#9ecbff", "#ffd58a", "#a6e3b4", "#f7b2d9", "#cdb9ff"))
N_LISTED = 60


def console() -> Console:
    """Return standard output as a console, without rich's own highlighting."""
    return Console(highlight=False, markup=False, emoji=False)


def print_encode_trace(trace: "EncodeTrace") -> None:
    """Print a text's tokens, then for each distinct piece a table of its steps."""
    out = console()
    n_bytes = sum(map(len, trace.tokens))
    said = [(len(trace.text), "character"), (n_bytes, "byte"), (len(trace.pieces), "piece")]
    said.append((len(trace.ids), "token"))
    out.print(f"{trace.encoding_name}: {', '.join(counted(*what) for what in said)}\n")
    out.print(tokens_text(trace.tokens[:N_TOKENS]))
    if len(trace.tokens) > N_TOKENS:
        out.print(f"… and {counted(len(trace.tokens) - N_TOKENS, 'more token')}")
    out.print()
    if len(trace.ids) <= N_LISTED:
        out.print(_token_table(trace))
    for line in split_lines(trace.tokens):
        out.print(line)
    out.print()
    distinct = list({piece.text: piece for piece in trace.pieces}.values())
    for number, piece in enumerate(distinct[:N_PIECES], 1):
        _print_piece(out, number, piece)
    if len(distinct) > N_PIECES:
        out.print(f"… and {counted(len(distinct) - N_PIECES, 'more piece')}")


def tokens_text(tokens: "Iterable[bytes]") -> Text:
    """Colour tokens, with a bar between them where colours are not shown."""
    text = Text()
    for number, token in enumerate(tokens):
        if number:
            text.append("|", style="dim")
        text.append(visible(token), style=STYLES[number % len(STYLES)])
    return text


def _token_table(trace: "EncodeTrace") -> Table:
    shown = table(("", "right"), ("token", "left"), ("id", "right"), ("bytes", "left"))
    for number, (token_id, token) in enumerate(zip(trace.ids, trace.tokens, strict=True)):
        drawn = Text(visible(token), style=STYLES[number % len(STYLES)])
        shown.add_row(str(number + 1), drawn, str(token_id), spaced_hex(token))
    return shown


def _print_piece(out: Console, number: int, piece: "PieceTrace") -> None:
    ids = shortened(" ".join(map(str, piece.ids)))
    shown_text = shortened(visible(piece.text.encode()))
    out.print(Text(f"piece {number}  ", style="bold") + Text(f"{shown_text} → {ids}"))
    if piece.note:
        out.print(f"  {piece.note}")
    if len(piece.steps) > 1:
        shown = table(("step", "right"), ("parts", "left"), ("pairs, by rank", "left"), ("why", "left"))
        for i, step in enumerate(piece.steps, 1):
            shown.add_row(str(i), parts_text(step), candidates_text(step), step.why)
        out.print(shown)


def print_train_trace(trace: "TrainTrace") -> None:
    """Print a row for each merge that was learned."""
    out = console()
    said = [(trace.n_bytes, "byte"), (trace.n_pieces, "distinct piece"), (len(trace.steps), "merge")]
    out.print(f"{', '.join(counted(*what) for what in said)}\n")
    shown = table(
        ("id", "right"), ("pair", "left"), ("token", "left"), ("count", "right"), ("why", "left"),
        ("runners-up", "left"), ("for example", "left"),
    )  # fmt: skip
    for step in trace.steps:
        merged = step.merged
        token = Text(visible(merged.left + merged.right), style=STYLES[step.token % len(STYLES)])
        pair = f"{visible(merged.left)} + {visible(merged.right)}"
        shown.add_row(
            str(step.token), pair, token, f"{merged.count:,}", step.why, _runners_up(step), _example(step)
        )
    out.print(shown)


def _runners_up(step: "TrainStep") -> str:
    return ", ".join(
        f"{visible(pair.left)} + {visible(pair.right)} {pair.count:,}" for pair in step.runners_up[:2]
    )


def _example(step: "TrainStep") -> str:
    before, after = max(step.examples, key=lambda example: len(example[0]))
    return " → ".join(" ".join(map(visible, parts)) for parts in (before, after))


def table(*columns: tuple[str, str]) -> Table:
    """Make an empty table; a column is its name, and "left" or "right"."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, justify in columns:
        table.add_column(name, justify="right" if justify == "right" else "left", overflow="fold")
    return table
