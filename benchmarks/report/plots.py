"""How do the answers look? HTML and SVG, drawn for any width and in colours that the page chooses.

Places are percentages of the width and text keeps its size, so that one drawing serves a phone and a wide
screen, in the light and in the dark. Whatever stands for a contender has its number as `data-who`, by which
the page hides and shows it, and every mark has a title with its values.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from bpelab.benchmarks.harness.rows import Row
from bpelab.benchmarks.report.ladder import NAMES, Rung
from bpelab.benchmarks.report.marks import Mark, Marks, legend
from bpelab.benchmarks.report.scales import Scale, percent
from bpelab.benchmarks.report.units import digits, quantity, quantity_tick, rate, tick, times

ROW, CURVES = 22, 260  # pixels: the height of a row of marks, and of a plot of curves


class Point(NamedTuple):
    """One value of a contender, with the text that a reader who points at it sees."""

    contender: str
    x: float
    y: float
    told: str


def mark_at(mark: Mark, x: float, y: str, told: str, *, who: int, is_wide: bool = False) -> str:
    """Return a mark at a fraction of the width and a height."""
    kind = f"point c{mark.colour}" + (" wide" if is_wide else "")
    return (
        f"<use class='{kind}' data-who='{who}' href='#m{mark.shape}' x='{percent(x)}' y='{y}'>"
        f"<title>{escape(told)}</title></use>"
    )


def ladder_rows(rungs: Sequence[Rung], marks: Marks) -> str:
    """Draw the rate of each encoder, the slowest first, each with its range from pass to pass."""
    scale = Scale(value for rung in rungs for value in (rung.low, rung.high))
    numbers = list(marks)
    lines = [_axis(scale, tick, "MB/s")]
    for rung in rungs:
        about = NAMES.get(rung.contender, ("", ""))[1]
        spread = f"{digits(rung.low)} to {digits(rung.high)} from pass to pass"
        told = f"{rung.contender}: {digits(rung.rate)} MB/s, {spread}"
        ratio = "" if math.isnan(rung.ratio) else times(rung.ratio)
        mark, who = marks[rung.contender], numbers.index(rung.contender)
        x = scale(rung.rate)
        track = (
            f"<line class='stem' x1='0' x2='{percent(x)}' y1='50%' y2='50%'/>"
            f"{_range(scale, rung.low, rung.high, mark)}{mark_at(mark, x, '50%', told, who=who)}"
        )
        name = f"<b>{escape(rung.contender)}</b> <small>{escape(about)}</small>"
        lines.append(_row(name, track, scale, f"<b>{digits(rung.rate)}</b> <small>{ratio}</small>", who))
    return f"<div class='rows ladder'>{''.join(lines)}</div>"


def ratio_rows(rows: Sequence[Row], marks: Marks) -> str:
    """Draw ratios to the baseline with their intervals, group below group; nothing without ratios."""
    ratios = [row.ratio for row in rows if row.ratio]
    if not ratios:
        return ""
    scale = Scale([1.0, *(value for ratio in ratios for value in ratio)])
    numbers = list(marks)
    lines, group = [_axis(scale, times_tick, "times as fast, or as small")], None
    for row in rows:
        if row.ratio is None:
            continue
        if row.group != group:
            group = row.group
            lines.append(
                f"<p class='group'>{escape(group)} <small>against {escape(row.cell['baseline'])}</small></p>"
            )
        mark, who, ratio = marks[row.contender], numbers.index(row.contender), row.ratio
        told = f"{row.contender}, {group}: {times(ratio.middle)}, {times(ratio.low)} to {times(ratio.high)}"
        track = _range(scale, ratio.low, ratio.high, mark) + mark_at(
            mark, scale(ratio.middle), "50%", told, who=who, is_wide=row.is_wide
        )
        name = f"{mark.svg()} {escape(row.contender)}"
        lines.append(_row(name, track, scale, times(ratio.middle), who, one=scale(1.0)))
    return f"<div class='rows'>{''.join(lines)}</div>"


def times_tick(value: float) -> str:
    """Write a round ratio."""
    return f"{tick(value)}×"


def _row(name: str, track: str, scale: Scale, value: str, who: int, one: float | None = None) -> str:
    grid = "".join(_line(scale(value), "grid") for value in scale.ticks())
    if one is not None:
        grid += _line(one, "one")
    return (
        f"<div class='row' data-who='{who}'><span class='who'>{name}</span>"
        f"<svg class='track plot' height='{ROW}'>{grid}{track}</svg><span class='value'>{value}</span></div>"
    )


def _axis(scale: Scale, written: Callable[[float], str], unit: str) -> str:
    labels = "".join(
        f"<text x='{percent(scale(value))}' y='15' text-anchor='middle'>{written(value)}</text>"
        for value in scale.ticks()
    )
    return (
        f"<div class='row axis'><span class='who'>{unit}</span>"
        f"<svg class='track' height='{ROW}'>{labels}</svg><span class='value'></span></div>"
    )


def _range(scale: Scale, low: float, high: float, mark: Mark) -> str:
    return (
        f"<line class='range c{mark.colour}' x1='{percent(scale(low))}' x2='{percent(scale(high))}'"
        " y1='50%' y2='50%'/>"
    )


def _line(x: float, kind: str) -> str:
    return f"<line class='{kind}' x1='{percent(x)}' x2='{percent(x)}' y1='0' y2='100%'/>"


def growth(rows: Sequence[Row], axis: str, axis_title: str, marks: Marks, title: str) -> str:
    """Draw time or memory against a size, both on logarithmic axes; nothing if there is only one size."""
    points = [
        Point(
            row.contender,
            row.cell["axis"][axis],
            row.typical,
            f"{row.contender}, {row.group}: {quantity(row.typical, row.cell['unit'])}"
            + (f", {rate(row.rate, row.cell.get('amount_of'))}" if row.rate else ""),
        )
        for row in rows
        if row.cell["axis"].get(axis) and row.typical
    ]
    sizes = sorted({point.x for point in points})
    if len(sizes) < 2:
        return ""
    unit = rows[0].cell["unit"]
    steps = {size: tick(size) for size in sizes}
    return curves(
        points, marks, title, axis_title, Scale(sizes), steps, lambda value: quantity_tick(value, unit)
    )


def curves(
    points: Sequence[Point],
    marks: Marks,
    title: str,
    axis_title: str,
    across: Callable[[float], float],
    steps: Mapping[float, str],
    written: Callable[[float], str],
) -> str:
    """Draw a curve for each contender, with the names of the steps of the horizontal axis below them.

    `across` returns where a step lies, from 0 to 1, and `written` what a height stands for.
    """
    up = Scale(point.y for point in points)
    drawing = [*grid(up, written), *_steps(steps, across)]
    for who, (name, mark) in enumerate(marks.items()):
        own = sorted((point for point in points if point.contender == name), key=lambda point: point.x)
        drawing += [
            f"<line class='curve c{mark.colour}' data-who='{who}' x1='{percent(across(one.x))}'"
            f" x2='{percent(across(other.x))}' y1='{height(up(one.y))}' y2='{height(up(other.y))}'/>"
            for one, other in pairwise(own)
        ]
        drawing += [mark_at(mark, across(p.x), height(up(p.y)), p.told, who=who) for p in own]
    names = [name for name in marks if any(point.contender == name for point in points)]
    return figure(title, "".join(drawing), axis_title, legend(names, marks))


def figure(title: str, drawing: str, axis_title: str, above: str = "", below: str = "") -> str:
    """Return a plot with what belongs above and below it."""
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>{above}"
        f"<svg class='curves plot' height='{CURVES}'>{drawing}</svg>"
        f"<p class='axis-title'>{escape(axis_title)}</p>{below}</figure>"
    )


def height(fraction: float) -> str:
    """Return how far from the top a fraction of the height is: the lowest values are at the bottom."""
    return f"{(CURVES - 22) * (1 - fraction):.1f}"


def grid(up: Scale, written: Callable[[float], str]) -> Iterator[str]:
    """Yield horizontal lines with what they stand for."""
    for value in up.ticks():
        y = height(up(value))
        yield f"<line class='grid' x1='0' x2='100%' y1='{y}' y2='{y}'/>"
        yield f"<text x='-6' y='{y}' dy='4' text-anchor='end'>{written(value)}</text>"


def _steps(steps: Mapping[float, str], across: Callable[[float], float]) -> Iterator[str]:
    last = -1.0
    for step, name in steps.items():
        x = across(step)
        yield f"<line class='grid' x1='{percent(x)}' x2='{percent(x)}' y1='0' y2='{height(0)}'/>"
        if x - last > 0.13:  # else the names would overlap on a phone
            yield f"<text x='{percent(x)}' y='{CURVES - 5}' text-anchor='middle'>{escape(name)}</text>"
            last = x
