"""How do the answers look? Static SVG, made by Altair and vl-convert, in colours that the page chooses.

Plots are drawn in placeholder colours, which become CSS variables in the SVG, so that one drawing serves
both the light and the dark scheme. A plot has no legend of its own: the page writes the legend as text,
which wraps and can be read aloud.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any, NamedTuple

from bpelab.benchmarks.harness.record import Record
from bpelab.benchmarks.harness.rows import Row
from bpelab.benchmarks.report.content import limits_of
from bpelab.benchmarks.report.units import times

try:
    import altair as alt
    import vl_convert
except ImportError:
    raise ImportError("the report's plots need Altair and vl-convert: pip install 'bpelab[report]'") from None

NARROW, WIDE = 330, 700
SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-right",
    "triangle-left",
)
# A placeholder for each CSS variable: colours that no theme uses.
SERIES = tuple(f"#5e00{number:02x}" for number in range(len(SHAPES)))
HEAT = tuple(f"#4e00{number:02x}" for number in range(8))
INK, DIM, LINE, CARD = "#1a0001", "#1a0002", "#1a0003", "#1a0004"
VARIABLES: Mapping[str, str] = (
    {colour: f"var(--series-{number})" for number, colour in enumerate(SERIES)}
    | {colour: f"var(--heat-{number})" for number, colour in enumerate(HEAT)}
    | {INK: "var(--ink)", DIM: "var(--dim)", LINE: "var(--line)", CARD: "var(--card)"}
)
# Steps of the heat map's colours; below 1 the product wins.
HEAT_STEPS = (1 / 3, 1, 3, 10, 30, 100, 1000)
FONT = "system-ui, sans-serif"
LABEL, DOTS, GAP = 18, 20, 12  # pixels of a row of the ratio plot: its name, each contender, the space after
CHARACTER = 7.9  # pixels, of the widest usual font
VALUES = 66  # pixels at its right, where the ratios are written


class Plot(NamedTuple):
    """A drawing, and its legend: the number in `SERIES` and `SHAPES` of each name."""

    svg: str
    legend: Mapping[str, int]


def marks_of(rows: Sequence[Row]) -> dict[str, int]:
    """Number the contenders, so that each has the same mark in every plot of a section."""
    names = sorted({row.contender for row in rows}, key=lambda name: (name != "bpelab", name))
    return {name: number % len(SERIES) for number, name in enumerate(names)}


def ratio_dots(rows: Sequence[Row], width: int, marks: Mapping[str, int]) -> Plot | None:
    """Draw ratios to the baseline, with intervals, on a log axis, group below group; None without ratios."""
    compared = [row for row in rows if row.ratio]
    if not compared:
        return None
    dots, labels, y, group = [], [], 0, None
    for row in compared:
        if row.group != group:
            y += GAP if group is not None else 0
            group = row.group
            for line in wrap(group + ("" if row.is_steady else " (unstable)"), int(width / CHARACTER)):
                y += LABEL
                labels.append({"y": y - LABEL / 2, "text": line})
        y += DOTS
        assert row.ratio
        dots.append(
            {
                "y": y - DOTS / 2, "contender": row.contender, "steady": row.is_steady,
                "text": times(row.ratio.middle), **row.ratio._asdict(),
            }
        )  # fmt: skip
    domain = _around([value for dot in dots for value in (dot["low"], dot["high"], 1.0)])
    scale = alt.Scale(type="log", domain=domain, range=[0, width - VALUES], nice=False)
    x = alt.X(
        "middle:Q",
        scale=scale,
        axis=_ticks_axis(domain, "times as fast, or as small, as the baseline", "×"),
    )
    place = alt.Y("y:Q", scale=alt.Scale(domain=[0, y + GAP / 2], reverse=True, nice=False), axis=None)
    legend = {name: mark for name, mark in marks.items() if any(row.contender == name for row in compared)}
    colour, shape = _by_contender(legend)
    base = _chart(dots)
    names = _chart(labels).encode(x=alt.value(0), y=place, text="text:N")
    # The drawn order is from the back to the front.
    chart = alt.layer(
        _chart([{"middle": 1.0}]).mark_rule(color=DIM, strokeWidth=1.5).encode(x=x),
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X("low:Q", scale=scale), x2="high:Q", y=place, color=colour
        ),
        base.transform_filter("datum.steady")
        .mark_point(filled=True, size=70, opacity=1)
        .encode(x=x, y=place, color=colour, shape=shape),
        base.transform_filter("!datum.steady")
        .mark_point(filled=True, size=70, opacity=1, fill=CARD, strokeWidth=2)
        .encode(x=x, y=place, stroke=colour, shape=shape),
        base.mark_text(align="right", color=INK).encode(x=alt.value(width), y=place, text="text:N"),
        # The first is a halo that keeps the rule at 1 out of the words.
        names.mark_text(align="left", fill=CARD, stroke=CARD, strokeWidth=5, limit=width),
        names.mark_text(align="left", color=INK, limit=width),
    ).properties(width=width, height=y + GAP / 2)
    return Plot(_svg(chart), legend)


def growth(
    rows: Sequence[Row], axis: str, axis_title: str, marks: Mapping[str, int], title: str = ""
) -> Plot | None:
    """Draw time or memory against a size, both on log axes; None if there is only one size."""
    points = [
        {"x": row.cell["axis"][axis], "y": row.typical, "contender": row.contender}
        for row in rows
        if row.cell["axis"].get(axis) and row.typical
    ]
    sizes = sorted({point["x"] for point in points})
    if len(sizes) < 2:
        return None
    unit = rows[0].cell["unit"]
    legend = {name: mark for name, mark in marks.items() if any(p["contender"] == name for p in points)}
    colour, shape = _by_contender(legend)
    base = _chart(points).encode(
        x=alt.X(
            "x:Q",
            scale=alt.Scale(type="log", nice=False, padding=8),
            axis=alt.Axis(values=sizes, title=axis_title, labelExpr="format(datum.value, '~s')", grid=False),
        ),
        y=alt.Y(
            "y:Q",
            scale=alt.Scale(type="log", domain=_ends([point["y"] for point in points])),
            axis=_powers_axis([point["y"] for point in points], unit),
        ),
        color=colour,
    )
    chart = alt.layer(
        base.mark_line(strokeWidth=2), base.mark_point(filled=True, size=55, opacity=1).encode(shape=shape)
    ).properties(width=NARROW - 60, height=220, title=title)
    return Plot(_svg(chart), legend)


def heat_map(rows: Sequence[Row], title: str) -> Plot | None:
    """Draw how many times faster a look-up is, by vocabulary and dimension, and where the winner changes.

    None if fewer than two vocabularies or dimensions were measured.
    """
    ratios = {
        (row.cell["axis"]["vocab_size"], row.cell["axis"]["dim"]): row.ratio.middle
        for row in rows
        if row.ratio
    }
    vocabularies = sorted({vocabulary for vocabulary, _ in ratios})
    dims = sorted({dim for _, dim in ratios})
    if len(vocabularies) < 2 or len(dims) < 2:
        return None
    cells = []
    for vocabulary in vocabularies:
        for dim in dims:
            ratio = ratios.get((vocabulary, dim))
            step = -1 if ratio is None else sum(ratio >= step for step in HEAT_STEPS)
            text = "–" if ratio is None else times(ratio)
            cells.append({"vocabulary": f"{vocabulary:,}", "dim": f"{dim:,}", "text": text, "step": step})
    axes: dict[str, Any] = {
        "x": alt.X(
            "dim:N", sort=[f"{dim:,}" for dim in dims], axis=alt.Axis(title="dimension", labelAngle=0)
        ),
        "y": alt.Y(
            "vocabulary:N",
            sort=[f"{size:,}" for size in reversed(vocabularies)],
            axis=alt.Axis(title="vocabulary", titleAngle=0, titleAlign="left", titleX=-60, titleY=-8),
        ),
    }
    colour = alt.Color(
        "step:O", scale=alt.Scale(domain=[-1, *range(len(HEAT))], range=[CARD, *HEAT]), legend=None
    )
    size = (NARROW - 90) / len(dims), 30
    base = _chart(cells).encode(**axes)
    layers = [
        base.mark_rect(stroke=CARD).encode(color=colour),
        base.mark_text(color=INK).encode(text="text:N"),
    ]
    layers += [
        _chart([line])
        .mark_rule(color=INK, strokeWidth=3)
        .encode(**{name: alt.value(line[name]) for name in ("x", "y", "x2", "y2")})
        for line in _crossing(ratios, vocabularies, dims, size)
    ]
    height = size[1] * len(vocabularies)
    return Plot(
        _svg(alt.layer(*layers).properties(width=NARROW - 90, height=height, title=wrap(title, 36))), {}
    )


def _crossing(
    ratios: Mapping[tuple[int, int], float],
    vocabularies: Sequence[int],
    dims: Sequence[int],
    size: tuple[float, int],
) -> list[dict[str, float]]:
    """Return the borders, in pixels, between cells where the look-up wins and those where it loses."""

    def place(i: int, j: int) -> tuple[float, float]:
        return j * size[0], (len(vocabularies) - i) * size[1]

    def wins(i: int, j: int) -> bool | None:
        found = ratios.get((vocabularies[i], dims[j])) if i < len(vocabularies) and j < len(dims) else None
        return None if found is None else found >= 1

    lines = []
    for i in range(len(vocabularies)):
        for j in range(len(dims)):
            for other, start, end in (
                (wins(i + 1, j), place(i + 1, j), place(i + 1, j + 1)),
                (wins(i, j + 1), place(i, j + 1), place(i + 1, j + 1)),
            ):
                if None not in (wins(i, j), other) and wins(i, j) != other:
                    lines.append({"x": start[0], "y": start[1], "x2": end[0], "y2": end[1]})
    return lines


def roofline(record: Record, rows: Sequence[Row], device: str) -> Plot | None:
    """Draw operations per second against operations per byte, below the limits; None without limits.

    Only products are drawn, since a look-up has no operations.
    """
    limits = limits_of(record, device)
    bandwidth, flops = limits.get("copy_bytes_per_second"), limits.get("flops_per_second") or {}
    points = [
        {
            "x": row.cell["operations"] / row.cell["bytes_moved"],
            "y": row.cell["operations"] / row.typical,
            "contender": f"{row.cell['axis']['dtype']}, {row.cell['axis']['direction']}",
        }
        for row in rows
        if row.cell["axis"].get("device") == device
        and row.cell.get("operations")
        and row.cell.get("bytes_moved")
        and row.typical
    ]
    dtypes = sorted(
        {point["contender"].split(",")[0] for point in points} & {n for n, v in flops.items() if v}
    )
    if not bandwidth or not points or not dtypes:
        return None
    low, high = _around([value for point in points for value in (point["x"], point["x"] * 4)])
    roofs = []
    for dtype in dtypes:
        knee = flops[dtype] / bandwidth
        for x in (low, *([knee] if low < knee < high else []), max(high, low * 2)):
            roofs.append({"x": x, "y": min(flops[dtype], x * bandwidth), "limit": dtype})
    highest = {roof["limit"]: roof for roof in roofs}
    ends = [roof | {"text": f"limit, {dtype}"} for dtype, roof in highest.items()]
    heights = [point["y"] for point in (*points, *roofs)]
    x = alt.X(
        "x:Q",
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=_ticks_axis([low, high], "operations per byte", ""),
    )
    y = alt.Y(
        "y:Q",
        scale=alt.Scale(type="log", domain=_ends(heights)),
        axis=_powers_axis(heights, "FLOP/s"),
    )
    legend = {name: number for number, name in enumerate(sorted({point["contender"] for point in points}))}
    colour, shape = _by_contender(legend)
    chart = alt.layer(
        _chart(roofs).mark_line(color=DIM, strokeWidth=2).encode(x=x, y=y, detail="limit:N"),
        _chart(ends).mark_text(color=DIM, align="right", dy=-8).encode(x=x, y=y, text="text:N"),
        _chart(points)
        .mark_point(filled=True, size=55, opacity=1)
        .encode(x=x, y=y, color=colour, shape=shape),
    ).properties(width=NARROW - 90, height=240, title=f"Roofline, {device}")
    return Plot(_svg(chart), legend)


def _by_contender(legend: Mapping[str, int]) -> tuple[Any, Any]:
    """Return encodings by colour and by shape, which say the same."""
    colours, shapes = ([kinds[i] for i in legend.values()] for kinds in (SERIES, SHAPES))
    return (
        alt.Color("contender:N", scale=alt.Scale(domain=list(legend), range=colours), legend=None),
        alt.Shape("contender:N", scale=alt.Scale(domain=list(legend), range=shapes), legend=None),
    )


def _around(values: Iterable[float]) -> list[float]:
    found = list(values)
    return [min(found) / 1.15, max(found) * 1.35]


def _ticks_axis(domain: Sequence[float], title: str, unit: str) -> Any:
    low, high = math.floor(math.log10(domain[0])), math.ceil(math.log10(domain[1]))
    span = domain[1] / domain[0]
    steps = (1, 1.2, 1.5, 2, 3, 5, 7) if span <= 5 else (1, 2, 5) if span <= 200 else (1,)
    ticks = [step * 10.0**power for power in range(low, high + 1) for step in steps]
    shown = [tick for tick in ticks if domain[0] <= tick <= domain[1]]
    return alt.Axis(
        values=shown, title=title, labelExpr=f"format(datum.value, '~r') + '{unit}'", gridColor=LINE
    )


def _chart(values: Sequence[Mapping[str, Any]]) -> Any:
    kind: Any = alt.Data  # which has no types of its own
    return alt.Chart(kind(values=list(values)))


def _powers(values: Iterable[float]) -> list[float]:
    """Return the powers of ten around values, at least two."""
    found = list(values)
    low, high = math.floor(math.log10(min(found))), math.ceil(math.log10(max(found)))
    return [10.0**power for power in range(low, max(high, low + 1) + 1)]


def _ends(values: Iterable[float]) -> list[float]:
    powers = _powers(values)
    return [powers[0], powers[-1]]


def _powers_axis(values: Iterable[float], unit: str) -> Any:
    label = f"format(datum.value, '~s') + '{unit}'"
    return alt.Axis(values=_powers(values), title=None, labelExpr=label, gridColor=LINE)


def _svg(chart: Any) -> str:
    """Return the SVG, its colours as CSS variables, without Vega's roles: the page has its own labels."""
    spec = chart.properties(padding=4, background="transparent").configure(
        font=FONT,
        axis=alt.AxisConfig(
            labelColor=DIM, titleColor=DIM, domainColor=LINE, tickColor=LINE, labelFontSize=12,
            titleFontSize=12, titleFontWeight="normal",
        ),
        text=alt.MarkConfig(fontSize=12.5),
        title=alt.TitleConfig(color=INK, fontSize=13, anchor="start"),
        view=alt.ViewConfig(stroke=None),
    ).to_dict(validate=False)  # fmt: skip
    spec.pop("$schema", None)
    svg = vl_convert.vegalite_to_svg(spec, vl_version=_vega_lite_version())
    svg = re.sub(r"<[a-z][^>]*>", lambda tag: re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", tag[0]), svg)
    svg = re.sub(r'(?<=[":])#[0-9a-f]{6}(?=[";])', lambda match: VARIABLES.get(match[0], match[0]), svg)
    return svg.replace("<svg ", '<svg aria-hidden="true" ', 1)


def _vega_lite_version() -> str:
    """Return Altair's version of Vega-Lite as vl-convert names it."""
    major, minor = alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2]
    return f"{major}.{minor}"
