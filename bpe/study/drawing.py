"""How do traces look in a notebook? As HTML and SVG that need no style sheet.

Here are the parts that the traces put together. Colours are half transparent and lines take the colour of
the text, so that the drawings suit light and dark pages. All text goes through `html.escape`.
"""

from collections.abc import Iterable, Sequence
from html import escape

from bpelab.bpe.study.tree import MergeStep, Node, merge_tree
from bpelab.bpe.study.visible import spaced_hex, split_characters, visible

# Neighbours differ, also for readers who do not see red and green apart: the lightness alternates.
HUES = (210, 35, 150, 330, 265, 95)
N_CANDIDATES = 6
# What is shown at most, so that a text of any length makes a page that opens.
N_PIECES = 100
N_TOKENS = 5_000
N_SPLIT = 100
N_CHARS = 4_000
LEAF_WIDTH, LEVEL_HEIGHT = 46, 44

_CODE = "font-family:ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere"
_CELL = "text-align:left;vertical-align:top;padding:2px 10px 2px 0"


def steps_html(steps: Sequence[MergeStep]) -> str:
    """Draw the steps of a piece: the tree of its merges, and the steps one below the other."""
    if not steps:
        return ""
    rows = [
        (str(number), code(parts_text(step)), code(candidates_text(step)), escape(step.why))
        for number, step in enumerate(steps, 1)
    ]
    tree = f'<div style="overflow-x:auto">{tree_svg(steps)}</div>'
    return tree + table(("step", "parts", "pairs, by rank", "why"), rows)


def tokens_html(ids: Sequence[int], tokens: Sequence[bytes]) -> str:
    """Draw tokens as coloured spans, with their ids and bytes on hover."""
    spans = (
        f'<span title="id {token_id}, bytes {shortened(spaced_hex(token))}" style="background:'
        f'{_colour(number)};border-radius:3px;padding:2px 1px;margin-right:2px">'
        f"{escape(shortened(visible(token)))}</span>"
        for number, (token_id, token) in enumerate(zip(ids[:N_TOKENS], tokens[:N_TOKENS], strict=True))
    )
    shown = f'<div style="line-height:2;{_CODE}">{"<wbr>".join(spans)}</div>'
    return shown + and_more(len(ids) - N_TOKENS, "tokens")


def split_lines(tokens: Sequence[bytes]) -> list[str]:
    r"""Name the characters that go across tokens, up to `N_SPLIT` of them.

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


def brackets(tokens: Sequence[bytes]) -> list[str]:
    r"""Return what stands beside each token, so that a bracket holds the tokens that share a character.

    >>> brackets([b"a", b" \xec", b"\x95", b"\x88", b"\xc3", b"\xa9"])
    ['', '┐', '│ ␣안', '┘', '┐ é', '┘']
    """
    groups: list[list[bytes]] = []
    for token in tokens:
        continues = token[0] & 0xC0 == 0x80  # a byte within a character, so that the one before is not whole
        groups[-1:] = [[*groups[-1], token]] if continues and groups else [*groups[-1:], [token]]
    marks = []
    for group in groups:
        last, middle = len(group) - 1, (len(group) - 1) // 2
        for i in range(len(group)):
            sign = "" if not last else "┐" if i == 0 else "┘" if i == last else "│"
            marks.append(f"{sign} {visible(b''.join(group))}" if sign and i == middle else sign)
    return marks


def shortened(text: str, n_chars: int = N_CHARS) -> str:
    """Cut a long text, and say how much is missing.

    >>> shortened("abcdef", 4), shortened("abcd", 4)
    ('abcd … 2 more characters', 'abcd')
    """
    return text if len(text) <= n_chars else f"{text[:n_chars]} … {len(text) - n_chars:,} more characters"


def tree_svg(steps: Sequence[MergeStep]) -> str:
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


def parts_text(step: MergeStep) -> str:
    """Show the symbols of a step, with brackets around those that merge.

    >>> from bpelab.bpe.study.tree import Candidate
    >>> parts_text(MergeStep((b"a", b"b", b"c"), (), Candidate(1, b"b", b"c", 5)))
    'a [b c]'
    """
    shown = list(map(visible, step.parts))
    if step.chosen is not None:
        i = step.chosen.place
        shown[i : i + 2] = [f"[{shown[i]} {shown[i + 1]}]"]
    return " ".join(shown)


def candidates_text(step: MergeStep, n_shown: int = N_CANDIDATES) -> str:
    """List the first pairs that could merge, the lowest rank first, each token once."""
    ranks = {candidate.left + candidate.right: candidate.rank for candidate in step.candidates}
    ordered = sorted(ranks.items(), key=lambda item: item[1])
    shown = [f"{visible(token)} {rank}" for token, rank in ordered[:n_shown]]
    return ", ".join(shown) + (f" … {len(ordered) - n_shown} more" if len(ordered) > n_shown else "")


def and_more(n: int, what: str) -> str:
    """Return a line of HTML about what is not shown; empty if that is nothing."""
    return f"<div>… and {n:,} more {what}</div>" if n > 0 else ""


def folded(label: str, body: str) -> str:
    """Return HTML of which only the label is seen until the reader unfolds it."""
    return f"<details><summary>{label}</summary>{body}</details>"


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of HTML, whose cells are HTML."""
    head = "".join(f'<th style="{_CELL}">{name}</th>' for name in names)
    cells = ("".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f'<div style="overflow-x:auto"><table><tr>{head}</tr>{body}</table></div>'


def code(text: str) -> str:
    """Return a text as HTML in the font of code, cut where it is too long."""
    return f'<span style="{_CODE}">{escape(shortened(text))}</span>'


def _colour(number: int) -> str:
    return f"hsl({HUES[number % len(HUES)]} 85% {45 if number % 2 else 60}% / .38)"
