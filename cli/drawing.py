"""How do traces look on a terminal? In colour where colour is shown, and readable without it."""

import sys
from typing import TYPE_CHECKING

from bpelab.bpe.study.drawing import brackets, candidates_text, parts_text, shortened, split_lines
from bpelab.bpe.study.visible import spaced_hex, visible
from bpelab.cli.text import counted
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bpelab.bpe.encoding import Encoding
    from bpelab.bpe.study.engines import PicturedEngine
    from bpelab.bpe.study.trace import EncodeTrace, PieceTrace

# Dark letters on backgrounds that are light in every terminal's palette.
STYLES = tuple(f"black on {colour}" for colour in ("#9ecbff", "#ffd58a", "#a6e3b4", "#f7b2d9", "#cdb9ff"))
# What fits on a screen or two.
N_TOKENS = 300
N_LISTED = 60
N_SPLIT = 20
N_CHARS = 400
# So that a step takes one line of 80 columns, or two.
N_CANDIDATES = 3
MIN_COLUMNS = 40
# What stands for signs of ours that the console has no letters for. `visible` writes no other `\s`.
_OTHERWISE = {"␣": r"\s", "→": "->", "…": "...", "█": "#", "▒": "+", "◌": "", "┐": "\\", "│": "|", "┘": "/"}


def console() -> Console:
    """Return standard output as a console, without rich's own highlighting, and wide enough for a table."""
    made = Console(highlight=False, markup=False, emoji=False)
    made.width = max(made.width, MIN_COLUMNS)  # COLUMNS=0 is set here and there, and would show nothing
    return made


def legible(text: str) -> str:
    r"""Return a text with what the console has no letters for written otherwise, before anything is laid out.

    In ASCII, `␣안` is `\s\u{c548}`.
    """
    encoding = sys.stdout.encoding or "utf-8"
    if _has(encoding, text):
        return text
    return "".join(
        char if _has(encoding, char) else _OTHERWISE.get(char, f"\\u{{{ord(char):x}}}") for char in text
    )


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def token_text(token: bytes) -> str:
    """Show a token on this console, so that different tokens look different."""
    return legible(visible(token))


def print_encode_trace(trace: "EncodeTrace", totals: "Sequence[tuple[int, str]]", n_pieces: int) -> None:
    """Print the beginning of a text: its tokens, and a table of steps for each of the first pieces.

    `totals` are the numbers of the whole text, each with its noun; the last two are pieces and tokens.
    """
    out = console()
    out.print(legible(f"{trace.encoding_name}: {', '.join(counted(*what) for what in totals)}\n"))
    (n_all_pieces, _), (n_all_tokens, _) = totals[-2:]
    tokens = trace.tokens
    for line in token_lines(tokens[:N_TOKENS], out.width):
        out.print(line, overflow="fold")
    if n_all_tokens > N_TOKENS:
        out.print(legible(f"… and {counted(n_all_tokens - N_TOKENS, 'more token')}"))
    out.print()
    if n_all_tokens <= N_LISTED:
        out.print(_token_table(trace))
    splits = split_lines(tokens)
    for split in splits[:N_SPLIT]:
        out.print(legible(split))
    if len(splits) > N_SPLIT:
        out.print(legible("… and more characters go across tokens"))
    out.print()
    distinct = list({piece.text: piece for piece in trace.pieces[:n_pieces]}.values())
    for number, piece in enumerate(distinct, 1):
        _print_piece(out, number, piece)
    print_more_pieces(n_all_pieces - n_pieces, n_all_pieces)


def print_more_pieces(n_more: int, n_all: int) -> None:
    """Say how to see the pieces that are not shown, if there are any."""
    if n_more > 0:
        console().print(legible(f"… and {counted(n_more, 'more piece')}: --pieces {n_all} shows all"))


def print_engine_picture(text: str, encoding: "Encoding", engine: "PicturedEngine") -> None:
    """Print what an engine makes of a text. It is not wrapped: its arrays have columns of their own."""
    from bpelab.bpe.study.engines import engine_picture

    print(legible(engine_picture(text, encoding, engine, show=token_text)))


def token_lines(tokens: "Iterable[bytes]", n_columns: int, n_lines: int | None = None) -> list[Text]:
    """Colour tokens, with a bar between them where colours are not shown, on lines that end with a token.

    Of `n_lines` the last one ends in an ellipsis if there are more tokens.
    """
    more = legible("…")
    lines = [Text()]
    for number, token in enumerate(tokens):
        shown, bar = coloured(token, number), "|" if number else ""
        if lines[-1] and lines[-1].cell_len + len(bar) + shown.cell_len > n_columns - len(more):
            if len(lines) == n_lines:
                lines[-1].append(more)
                break
            lines[-1].append(bar, style="dim")
            lines.append(Text())
            bar = ""
        lines[-1].append(bar, style="dim")
        lines[-1].append_text(shown)
    return lines


def _token_table(trace: "EncodeTrace") -> Table:
    return table(
        (("", "right"), ("token", "left"), ("", "left"), ("id", "right"), ("bytes", "left")),
        (
            (str(number + 1), coloured(token, number), bracket, str(token_id), spaced_hex(token))
            for number, (token_id, token, bracket) in enumerate(
                zip(trace.ids, trace.tokens, brackets(trace.tokens), strict=True)
            )
        ),
    )


def coloured(token: bytes, number: int) -> Text:
    """Show a token, whose neighbours have other colours."""
    return Text(token_text(token), style=STYLES[number % len(STYLES)])


def _print_piece(out: Console, number: int, piece: "PieceTrace") -> None:
    ids = shortened(" ".join(map(str, piece.ids)), N_CHARS)
    shown_text = shortened(visible(piece.text.encode()), N_CHARS)
    out.print(Text(f"piece {number}  ", style="bold") + Text(legible(f"{shown_text} → {ids}")))
    if piece.note:
        out.print(f"  {piece.note}")
    if len(piece.steps) > 1:
        rows = (
            (str(i), parts_text(step), candidates_text(step, N_CANDIDATES), step.why)
            for i, step in enumerate(piece.steps, 1)
        )
        columns = (("step", "right"), ("parts", "left"), ("pairs, by rank", "left"), ("why", "left"))
        out.print(table(columns, rows))


def table(columns: "Iterable[tuple[str, str]]", rows: "Iterable[Sequence[str | Text]]") -> Table:
    """Make a table; a column is its name, and "left" or "right". Words are made legible, `Text` is."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, justify in columns:
        made.add_column(legible(name), justify="right" if justify == "right" else "left", overflow="fold")
    for row in rows:
        made.add_row(*(legible(cell) if isinstance(cell, str) else cell for cell in row))
    return made
