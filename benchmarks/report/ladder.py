"""How does the ladder look, from the textbook to the fastest encoders? One SVG, drawn from a record.

Pages show it as an image, so it has no script. Its colours follow the reader's light or dark scheme, and its
text is text.
"""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from bpelab.benchmarks.harness.ratios import pass_medians
from bpelab.benchmarks.harness.record import Record
from bpelab.benchmarks.harness.rows import Row, rows
from bpelab.benchmarks.report.units import digits, times

QUESTION = "encode_ladder"
SLOWEST = "bpelab's textbook"  # which encodes less
# What a reader should know of each encoder; one that is not here is shown by its name alone.
NAMES = {
    SLOWEST: ("textbook", "the definition"),
    "bpelab's cache": ("cached", "words met before"),
    "bpelab's arrays": ("arrays", "NumPy, whole blocks"),
    "bpelab's compiled loops": ("compiled", "the same as loops"),
    "tiktoken": ("tiktoken", "OpenAI, Rust"),
    "tokenizers": ("tokenizers", "Hugging Face, Rust"),
    "gigatoken": ("gigatoken", "native code"),
    "fastokens": ("fastokens", "native code"),
    "tokie": ("tokie", "native code"),
}
WIDTH, ROW, TOP, BOTTOM = 800, 36, 92, 118  # pixels
LEFT, RIGHT = 240, 660  # of the axis; rates stand beside their marks, ratios right of the axis
STYLE = """
  svg { --card: #fff; --ink: #1c1e21; --dim: #5d6470; --line: #dfe2e6; --ours: #0b62c4; --theirs: #b8460e; }
  @media (prefers-color-scheme: dark) {
    svg { --card: #16191e; --ink: #e8eaee; --dim: #a2a9b5; --line: #343a44;
      --ours: #7db7ff; --theirs: #ffa36b; }
  }
  text { font: 14px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink); }
  .title { font-size: 18px; font-weight: 600; }
  .dim { fill: var(--dim); font-size: 12.5px; }
  .ours { fill: var(--ours); }
  .reference { fill: var(--theirs); } .other { fill: var(--dim); }
  text.ours, text.reference, text.other { fill: var(--ink); }
  .name, .number.ours { font-weight: 600; }
  .number { font-variant-numeric: tabular-nums; }
  .card { fill: var(--card); }
  .grid { stroke: var(--line); }
  .stem { stroke: var(--line); stroke-width: 2; }
  .mark { stroke: var(--card); stroke-width: 1.5; }
  .range { opacity: .35; }
"""


class Rung(NamedTuple):
    """One encoder: its rate in MB/s, the lowest and highest of a pass, and its ratio to tiktoken."""

    contender: str
    rate: float
    low: float
    high: float
    ratio: float

    @property
    def kind(self) -> str:
        """Whose it is, as the class of its marks."""
        if self.contender.startswith("bpelab"):
            return "ours"
        return "reference" if self.contender == "tiktoken" else "other"


def rungs(record: Record) -> list[Rung]:
    """Return the encoders of the ladder, the slowest first.

    Each is taken from the largest text it encoded. Raises `ValueError` for a record without the ladder.
    """
    best: dict[str, Row] = {}
    for row in _of_source_code(record):
        if row.rate and (
            row.contender not in best or row.cell["amount"] > best[row.contender].cell["amount"]
        ):
            best[row.contender] = row
    if not best:
        raise ValueError(f"the record does not have the question {QUESTION}")
    found = []
    for row in best.values():
        passes = [row.cell["amount"] / seconds / 1e6 for seconds in pass_medians(row.cell) if seconds]
        ratio = 1.0 if row.is_baseline else row.ratio.middle if row.ratio else math.nan
        found.append(Rung(row.contender, (row.rate or 0) / 1e6, min(passes), max(passes), ratio))
    return sorted(found, key=lambda rung: rung.rate)


def _of_source_code(record: Record) -> list[Row]:
    """Return the rows of the text and the form that the picture shows."""
    return [
        row
        for row in rows(record, QUESTION)
        if row.cell["axis"].get("form") == "array"
        and str(row.cell["axis"].get("text")).startswith("standard library")
    ]


def ladder_svg(record: Record) -> str:
    """Return the picture; the same record gives the same bytes."""
    found = rungs(record)
    axis = Axis([value for rung in found for value in (rung.low, rung.high)])
    height = TOP + ROW * len(found) + BOTTOM
    first, last = found[0], found[-1]
    about = (
        f"From {_name(first)} at {digits(first.rate)} MB/s to {_name(last)} at {digits(last.rate)} MB/s. "
        + ", ".join(f"{_name(rung)} {digits(rung.rate)}" for rung in found)
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" role="img" aria-labelledby="title description">',
        '<title id="title">How fast each encoder turns source code into GPT-2\'s token ids, in MB/s</title>',
        f'<desc id="description">{escape(about)}.</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="card" width="{WIDTH}" height="{height}" rx="10"/>',
        '<text class="title" x="24" y="36">Source code to GPT-2 token ids, MB/s</text>',
        '<text class="dim" x="24" y="58">One thread, same ids, text met before; logarithmic scale. '
        f"{escape(record['machine']['name'])}.</text>",
        f'<text class="dim" x="{WIDTH - 24}" y="{TOP - 6}" text-anchor="end">against tiktoken</text>',
        *axis.lines(TOP, TOP + ROW * len(found)),
    ]
    for place, rung in enumerate(found):
        lines += _rung(rung, axis, TOP + ROW * place + ROW / 2)
    lines += _notes(record, TOP + ROW * len(found))
    return "\n".join([*lines, "</svg>"]) + "\n"


class Axis:
    """A logarithmic axis of MB/s whose ends are ticks."""

    def __init__(self, values: Sequence[float]) -> None:
        steps = [step * 10.0**power for power in range(-4, 7) for step in (1, 3)]
        first = max(i for i, step in enumerate(steps) if step <= min(values))
        last = min(i for i, step in enumerate(steps) if step >= max(values))
        self.ticks = steps[first : last + 1]

    def __call__(self, value: float) -> float:
        """Return where a value lies, in pixels."""
        low, high = self.ticks[0], self.ticks[-1]
        return LEFT + (RIGHT - LEFT) * math.log(value / low) / math.log(high / low)

    def lines(self, top: float, bottom: float) -> list[str]:
        """Return the grid between two heights, and the labels below it."""
        found = []
        for tick in self.ticks:
            x = f"{self(tick):.1f}"
            found.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>')
            found.append(
                f'<text class="dim number" x="{x}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>'
            )
        found.append(f'<text class="dim" x="{RIGHT + 40}" y="{bottom + 18}">MB/s</text>')
        return found


def _rung(rung: Rung, axis: Axis, y: float) -> list[str]:
    name, about = NAMES.get(rung.contender, (rung.contender, ""))
    x, low, high = axis(rung.rate), axis(rung.low), axis(rung.high)
    marks = {
        "ours": f'<circle class="mark ours" cx="{x:.1f}" cy="{y}" r="7"/>',
        "reference": f'<path class="mark reference" d="M{x:.1f} {y - 9}l9 9l-9 9l-9-9z"/>',
        "other": f'<rect class="mark other" x="{x - 6:.1f}" y="{y - 6}" width="12" height="12"/>',
    }
    return [
        f'<text class="{rung.kind}" x="24" y="{y + 5}"><tspan class="name">{escape(name)}</tspan>'
        f'<tspan class="dim" dx="8">{escape(about)}</tspan></text>',
        f'<line class="stem" x1="{LEFT}" x2="{x:.1f}" y1="{y}" y2="{y}"/>',
        f'<rect class="range {rung.kind}" x="{low:.1f}" y="{y - 4}" width="{high - low:.1f}" height="8"'
        ' rx="4"/>',
        marks[rung.kind],
        f'<text class="number {rung.kind}" x="{max(x, high) + 13:.1f}" y="{y + 5}">'
        f"{digits(rung.rate)}</text>",
        f'<text class="number dim" x="{WIDTH - 24}" y="{y + 5}" text-anchor="end">'
        f"{'' if math.isnan(rung.ratio) else times(rung.ratio)}</text>",
    ]


def _notes(record: Record, bottom: float) -> list[str]:
    """Return what the picture does not show: who encoded less, what bars mean, and where it comes from."""
    cells = [row.cell for row in _of_source_code(record)]
    text = cells[0]["axis"].get("text", "one text")
    amounts: dict[str, float] = {}
    for cell in sorted(cells, key=lambda cell: float(cell["amount"])):
        amounts[cell["contender"]] = cell["amount"]
    slow = [name for name, amount in sorted(amounts.items()) if amount < max(amounts.values())]
    who = " and ".join("the textbook" if name == SLOWEST else name for name in slow) or "nobody"
    n_bytes = max((amounts[name] for name in slow), default=0)
    modified = " with changes" if record.get("modified") else ""
    commit, n_passes = str(record.get("commit") or "unknown")[:12], record["n_passes"]
    notes = [
        f"Text: {text}; {who} {'encode' if len(slow) > 1 else 'encodes'} {n_bytes:,} bytes of it. Pale bars:"
        f" the range of {n_passes} passes.",
        "Ids come as an array; where an encoder only returns a list, converting it counts.",
        f"Measured on {record['started'][:10]}, commit {commit}{modified}: bpelab bench --only {QUESTION}",
    ]
    return [
        f'<text class="dim" x="24" y="{bottom + 54 + 20 * number}">{escape(note)}</text>'
        for number, note in enumerate(notes)
    ]


def _name(rung: Rung) -> str:
    return NAMES.get(rung.contender, (rung.contender, ""))[0]
