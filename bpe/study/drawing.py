"""How do traces look in a notebook? As HTML and SVG that hold together without a style sheet.

Colours are half transparent and lines take the colour of the text, so that light and dark pages both do.
All text goes through `html.escape`.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from bpelab.bpe.study.visible import spaced_hex, split_characters, visible

if TYPE_CHECKING:
    from bpelab.bpe.study.trace import EncodeTrace, MergeStep, PieceTrace, TrainTrace

# Neighbours differ, also for readers who do not see red and green apart: the lightness alternates.
HUES = (210, 35, 150, 330, 265, 95)
N_CANDIDATES = 6
# What is shown at most, so that a text of any length makes a page that opens.
N_PIECES = 100
N_TOKENS = 5_000
N_SPLIT = 100
N_ROWS = 2_000
N_CHARS = 4_000
LEAF_WIDTH, LEVEL_HEIGHT = 46, 44

_CODE = "font-family:ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere"
_CELL = "text-align:left;vertical-align:top;padding:2px 10px 2px 0"


def encode_html(trace: "EncodeTrace") -> str:
    """Draw a text: its tokens, and for each distinct piece the tree and the steps, folded."""
    distinct = list({piece.text: piece for piece in trace.pieces}.values())
    ids, tokens = trace.ids, trace.tokens
    parts = [
        f"<div><b>{escape(trace.encoding_name)}</b>: {len(ids):,} tokens,"
        f" {len(trace.text):,} characters, {sum(map(len, tokens)):,} bytes</div>",
        f'<div style="line-height:2;{_CODE}">{tokens_html(ids[:N_TOKENS], tokens[:N_TOKENS])}</div>',
        _and_more(len(ids) - N_TOKENS, "tokens"),
        *(f"<div>{escape(line)}</div>" for line in split_lines(tokens)),
        *(_folded(piece) for piece in distinct[:N_PIECES]),
    ]
    parts.append(_and_more(len(distinct) - N_PIECES, "pieces"))
    return f"<div>{''.join(parts)}</div>"


def piece_html(piece: "PieceTrace") -> str:
    """Draw a piece: the tree of its merges, and its steps one below the other."""
    rows = [_step_cells(number, step) for number, step in enumerate(piece.steps, 1)]
    note = f"<div>{escape(piece.note)}</div>" if piece.note else ""
    tree = f'<div style="overflow-x:auto">{tree_svg(piece.steps)}</div>' if piece.steps else ""
    return note + tree + (_table(("step", "parts", "pairs, by rank", "why"), rows) if rows else "")


def train_html(trace: "TrainTrace") -> str:
    """Draw a training: a row for each merge."""
    rows = []
    for step in trace.steps[:N_ROWS]:
        merged = step.merged
        rows.append(
            (
                str(step.token),
                _code(f"{visible(merged.left)} + {visible(merged.right)}"),
                _code(visible(merged.left + merged.right)),
                f"{merged.count:,}",
                escape(step.why),
                ", ".join(
                    f"{_code(f'{visible(pair.left)} + {visible(pair.right)}')} {pair.count:,}"
                    for pair in step.runners_up[:3]
                ),
            )
        )
    head = f"<div>{trace.n_bytes:,} bytes, {trace.n_pieces:,} distinct pieces</div>"
    shown = _table(("id", "pair", "token", "count", "why", "runners-up"), rows)
    return head + shown + _and_more(len(trace.steps) - N_ROWS, "merges")


def tokens_html(ids: Iterable[int], tokens: Iterable[bytes]) -> str:
    """Draw tokens as coloured spans, their ids and bytes on hover."""
    return "<wbr>".join(
        f'<span title="id {token_id}, bytes {shortened(spaced_hex(token))}" style="background:'
        f'{_colour(number)};border-radius:3px;padding:2px 1px;margin-right:2px">'
        f"{escape(shortened(visible(token)))}</span>"
        for number, (token_id, token) in enumerate(zip(ids, tokens, strict=True))
    )


def split_lines(tokens: Sequence[bytes]) -> list[str]:
    r"""Say which characters go across tokens, of the first `N_SPLIT` of them.

    >>> split_lines([b"\xec\x95", b"\x88"])
    ['안 (U+C548) goes across tokens 1 and 2: ec 95 | 88']
    """
    lines = []
    found = split_characters(tokens)
    for split in found[:N_SPLIT]:
        first, last = split.first_token + 1, split.first_token + len(split.parts)
        across = f"{first} and {last}" if last == first + 1 else f"{first} to {last}"
        shown = visible(split.char.encode("utf-8"))
        code = f" (U+{ord(split.char):04X})"
        lines.append(f"{shown}{code} goes across tokens {across}: {' | '.join(map(spaced_hex, split.parts))}")
    more = [f"… and {len(found) - N_SPLIT:,} more"] if len(found) > N_SPLIT else []
    return [*dict.fromkeys(lines), *more]


def shortened(text: str, n_chars: int = N_CHARS) -> str:
    """Cut a long text, and say so.

    >>> shortened("abcdef", 4), shortened("abcd", 4)
    ('abcd … 2 more characters', 'abcd')
    """
    return text if len(text) <= n_chars else f"{text[:n_chars]} … {len(text) - n_chars:,} more characters"


class Node(NamedTuple):
    """A part of a piece in the tree of its merges."""

    token: bytes
    x: float  # in leaves
    level: int  # 0 for a single byte
    rank: int | None  # of the token that a merge made
    children: tuple["Node", ...]


def merge_tree(steps: Sequence["MergeStep"]) -> list[Node]:
    """Give the parts that are left at the end, each with the parts that it was merged from."""
    nodes = [Node(part, float(i), 0, None, ()) for i, part in enumerate(steps[0].parts)]
    for step in steps:
        if step.chosen is not None:
            i = step.chosen.place
            left, right = nodes[i : i + 2]
            level = 1 + max(left.level, right.level)
            middle = (left.x + right.x) / 2
            nodes[i : i + 2] = [
                Node(left.token + right.token, middle, level, step.chosen.rank, (left, right))
            ]
    return nodes


def tree_svg(steps: Sequence["MergeStep"]) -> str:
    """Draw the tree of a piece's merges: its bytes at the bottom, its tokens at the top."""
    roots = merge_tree(steps)
    height = LEVEL_HEIGHT * (max(root.level for root in roots) + 1)
    width = LEAF_WIDTH * len(steps[0].parts)
    lines: list[str] = []
    labels: list[str] = []

    def draw(node: Node) -> None:
        x, y = (node.x + 0.5) * LEAF_WIDTH, height - node.level * LEVEL_HEIGHT - 22
        for child in node.children:
            child_x, child_y = (child.x + 0.5) * LEAF_WIDTH, height - child.level * LEVEL_HEIGHT - 34
            lines.append(f'<path d="M{x:g} {y + 16:g}L{child_x:g} {child_y:g}"/>')
            draw(child)
        labels.append(f'<text x="{x:g}" y="{y:g}" font-size="13">{escape(visible(node.token))}</text>')
        if node.rank is not None:
            labels.append(f'<text x="{x:g}" y="{y + 13:g}" font-size="10" opacity=".65">{node.rank}</text>')

    for root in roots:
        draw(root)
    return (
        f'<svg role="img" aria-label="merge tree" width="{width}" height="{height}" fill="currentColor"'
        ' style="font-family:ui-monospace,monospace;text-anchor:middle">'
        f'<g stroke="currentColor" opacity=".45">{"".join(lines)}</g>{"".join(labels)}</svg>'
    )


def parts_text(step: "MergeStep") -> str:
    """Show the parts of a step, brackets around those that merge.

    >>> from bpelab.bpe.study.trace import Candidate, MergeStep
    >>> parts_text(MergeStep((b"a", b"b", b"c"), (), Candidate(1, b"b", b"c", 5)))
    'a [b c]'
    """
    shown = list(map(visible, step.parts))
    if step.chosen is not None:
        i = step.chosen.place
        shown[i : i + 2] = [f"[{shown[i]} {shown[i + 1]}]"]
    return " ".join(shown)


def candidates_text(step: "MergeStep") -> str:
    """List the pairs that could merge, the lowest rank first, each token once."""
    ranks = {candidate.left + candidate.right: candidate.rank for candidate in step.candidates}
    ordered = sorted(ranks.items(), key=lambda item: item[1])
    shown = [f"{visible(token)} {rank}" for token, rank in ordered[:N_CANDIDATES]]
    return ", ".join(shown) + (
        f" … {len(ordered) - N_CANDIDATES} more" if len(ordered) > N_CANDIDATES else ""
    )


def _and_more(n: int, what: str) -> str:
    return f"<div>… and {n:,} more {what}</div>" if n > 0 else ""


def _folded(piece: "PieceTrace") -> str:
    ids = shortened(" ".join(map(str, piece.ids)))
    label = f"{_code(visible(piece.text.encode('utf-8')))} → {ids}"
    if len(piece.steps) == 1:
        return f"<div>{label}</div>"
    return f"<details><summary>{label}</summary>{piece_html(piece)}</details>"


def _step_cells(number: int, step: "MergeStep") -> tuple[str, ...]:
    return str(number), _code(parts_text(step)), _code(candidates_text(step)), escape(step.why)


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th style="{_CELL}">{name}</th>' for name in names)
    cells = ("".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f'<div style="overflow-x:auto"><table><tr>{head}</tr>{body}</table></div>'


def _code(text: str) -> str:
    return f'<span style="{_CODE}">{escape(shortened(text))}</span>'


def _colour(number: int) -> str:
    return f"hsl({HUES[number % len(HUES)]} 85% {45 if number % 2 else 60}% / .38)"
