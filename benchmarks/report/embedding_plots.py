"""When does a look-up win, and how near its limits is a product? Heat maps and rooflines, CPU beside CUDA."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise

from bpelab.benchmarks.harness.record import Record
from bpelab.benchmarks.harness.rows import Row
from bpelab.benchmarks.report.content import limits_of
from bpelab.benchmarks.report.document import details, header, scrolled
from bpelab.benchmarks.report.findings import LOOK_UP
from bpelab.benchmarks.report.marks import Marks, legend
from bpelab.benchmarks.report.plots import figure, grid, height, mark_at
from bpelab.benchmarks.report.scales import Scale, percent
from bpelab.benchmarks.report.units import digits, tick, times

DEVICES = ("cpu", "cuda")
# Steps of the heat map's colours; below 1 the product wins.
HEAT_STEPS = (1 / 3, 1, 3, 10, 30, 100, 1000)
# Heat maps that differ in any of these are drawn apart, those of different devices beside each other.
SETTINGS = ("dtype", "direction", "n_tokens", "distribution", "compiled", "tf32", "deterministic")


def heat_maps(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the heat maps of a record's rows, CPU before CUDA."""
    by_map: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        axis = row.cell["axis"]
        if row.contender == LOOK_UP:
            by_map.setdefault((*(str(axis.get(name)) for name in SETTINGS), axis["device"]), []).append(row)
    for key, found in sorted(by_map.items()):
        axis = found[0].cell["axis"]
        yield heat_map(found, f"{key[-1]}, {axis['dtype']}, {axis['direction']}, {axis['n_tokens']:,} tokens")


def rooflines(record: Record, rows: Sequence[Row], marks: Marks) -> Iterator[str]:
    """Yield the roofline of each device that was measured."""
    for device in DEVICES:
        yield roofline(record, [row for row in rows if row.cell["axis"]["device"] == device], device, marks)


def heat_map(rows: Sequence[Row], title: str) -> str:
    """Show how many times faster a look-up is, by vocabulary and dimension.

    Nothing if fewer than two vocabularies or dimensions were measured.
    """
    ratios = {
        (row.cell["axis"]["vocab_size"], row.cell["axis"]["dim"]): row.ratio.middle
        for row in rows
        if row.ratio
    }
    vocabularies, dims = (sorted(set(sizes)) for sizes in zip(*ratios, strict=True)) if ratios else ((), ())
    if len(vocabularies) < 2 or len(dims) < 2:
        return ""
    head = header(["vocabulary \\ dimension", *(f"{dim:,}" for dim in dims)])
    body = "".join(
        f"<tr><th scope='row'>{vocabulary:,}</th>"
        + "".join(_heat(ratios.get((vocabulary, dim))) for dim in dims)
        + "</tr>"
        for vocabulary in reversed(vocabularies)
    )
    return (
        f"<figure><figcaption>How many times as fast the look-up is: {escape(title)}</figcaption>"
        + scrolled("Heat map", f"<table class='heat'>{head}<tbody>{body}</tbody></table>")
        + "<p class='axis-title'>Blue: the look-up is faster. Orange: the product is.</p></figure>"
    )


def _heat(ratio: float | None) -> str:
    if ratio is None:
        return "<td>–</td>"
    return f"<td class='h{sum(ratio >= step for step in HEAT_STEPS)}'>{times(ratio)}</td>"


def roofline(record: Record, rows: Sequence[Row], device: str, marks: Marks) -> str:
    """Draw operations per second against operations per byte, below the limits; nothing without limits.

    Only products are drawn, since a look-up has no operations. Their numbers are those of the list below.
    """
    limits = limits_of(record, device)
    bandwidth, flops = limits.get("copy_bytes_per_second"), limits.get("flops_per_second") or {}
    products = [
        row for row in rows if row.cell.get("operations") and row.cell.get("bytes_moved") and row.typical
    ]
    dtypes = sorted(
        {row.cell["axis"]["dtype"] for row in products} & {n for n, value in flops.items() if value}
    )
    if not bandwidth or not dtypes:
        return ""
    places = [
        (row.cell["operations"] / row.cell["bytes_moved"], row.cell["operations"] / row.typical)
        for row in products
    ]
    roofs = {dtype: flops[dtype] for dtype in dtypes}
    knees = [limit / bandwidth for limit in roofs.values()]
    across = Scale([x for x, _ in places] + [knee * 3 for knee in knees])
    left, right = 10**across.low, 10**across.high
    up = Scale([y for _, y in places] + [*roofs.values(), min(left * bandwidth, *roofs.values())])
    drawing = [*grid(up, tick), *_roofs(roofs, bandwidth, across, up, left, right)]
    below = f"y='{height(0)}' dy='17' text-anchor='middle'"
    drawing += [
        f"<text x='{percent(across(value))}' {below}>{tick(value)}</text>" for value in across.ticks()
    ]
    numbers, named = list(marks), []
    for number, (row, (x, y)) in enumerate(zip(products, places, strict=True), 1):
        mark, who = marks[row.contender], numbers.index(row.contender)
        told = f"{number}. {row.group}: {digits(y / 1e9)} GFLOP/s, {digits(x)} operations per byte"
        drawing.append(mark_at(mark, across(x), height(up(y)), told, who=who))
        place = f"x='{percent(across(x))}' dx='7' y='{height(up(y))}' dy='-4'"
        drawing.append(f"<text {place} data-who='{who}'>{number}</text>")
        named.append(f"<li>{mark.svg()} {escape(row.group)}, {escape(row.contender)}</li>")
    above = legend(sorted({row.contender for row in products}), marks)
    listed = details(f"The {len(named)} points", f"<ol>{''.join(named)}</ol>")
    title = f"Roofline, {device}: FLOP/s against operations per byte, below the limits measured in the run"
    return figure(title, "".join(drawing), "operations per byte", above, listed)


def _roofs(
    roofs: Mapping[str, float], bandwidth: float, across: Scale, up: Scale, left: float, right: float
) -> Iterator[str]:
    for dtype, limit in roofs.items():
        corner = min(max(limit / bandwidth, left), right)
        ends = [
            (left, min(limit, left * bandwidth)),
            (corner, min(limit, corner * bandwidth)),
            (right, limit),
        ]
        for (x1, y1), (x2, y2) in pairwise(ends):
            yield (
                f"<line class='roof' x1='{percent(across(x1))}' x2='{percent(across(x2))}'"
                f" y1='{height(up(y1))}' y2='{height(up(y2))}'/>"
            )
        yield (
            f"<text x='100%' y='{height(up(limit))}' dy='-5' text-anchor='end'>"
            f"{escape(dtype)} {digits(limit / 1e9)} GFLOP/s</text>"
        )
