"""What changed between two runs, beyond the noise?

A contender's ratio to its baseline is compared, since whatever slows the machine slows both; in a group
without other contenders, the values themselves. Whether a change is more than noise is decided by Student's
t-test of the logarithms of the passes, at a level of 5 % for all cells together: of twenty comparisons of
the same code, one may raise a false alarm, not one cell in twenty. So a few passes on a busy machine reveal
only large changes. A regression is a change for the worse by more than the threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan, cos, log, pi, sin, sqrt
from statistics import fmean, median
from typing import Literal

from bpelab.benchmarks.harness.ratios import pass_medians
from bpelab.benchmarks.harness.record import Cell, Record
from bpelab.benchmarks.harness.rows import groups

THRESHOLD = 1.10
LEVEL = 0.05
# A change of these is shown, but is not a regression of ours.
OTHERS = (
    "tiktoken", "tokenizers", "rustbpe", "ffbpe", "gigatoken", "fastokens", "tokie", "bpe-openai", "rs-bpe",
    "the book", "nanoGPT", "one-hot",
)  # fmt: skip
Verdict = Literal["better", "the same", "worse", "regression"]


@dataclass(frozen=True)
class Change:
    """How many times faster (or smaller) a cell has become: below 1 it is slower (or larger)."""

    question: str
    group: str
    contender: str
    factor: float
    verdict: Verdict


@dataclass(frozen=True)
class Comparison:
    """What both runs measured, and what only one of them did."""

    changes: list[Change]
    regressions: list[str]  # what is wrong now, whatever the times say
    only_old: list[str]
    only_new: list[str]
    differences: list[str]  # in machine, preset or versions, which make the runs hard to compare


def compare(old: Record, new: Record, threshold: float = THRESHOLD) -> Comparison:
    """Compare two records cell by cell.

    Raises `ValueError` for a threshold below 1, and for records that have no cell in common.
    """
    if not threshold >= 1:
        raise ValueError(f"threshold is {threshold}: it must be 1 or more, such as 1.1 for 10 %")
    before, after = _values(old), _values(new)
    shared = [name for name in before if name in after]
    if not shared:
        raise ValueError("the two records have no measurement in common")
    changes = [_change(name, before[name], after[name], len(shared), threshold) for name in shared]
    return Comparison(
        sorted(changes, key=lambda change: change.factor),
        _broken(old, new),
        [", ".join(name) for name in before if name not in after],
        [", ".join(name) for name in after if name not in before],
        _differences(old, new),
    )


def _values(record: Record) -> dict[tuple[str, str, str], list[float]]:
    """Return a value per pass for each cell, larger is better: its ratio to the baseline, or 1 / value."""
    found = {}
    for question, group, cells in groups(record):
        by_name = {cell["contender"]: cell for cell in cells}
        for cell in cells:
            baseline = by_name.get(cell["baseline"])
            if cell is baseline and len(cells) > 1:
                continue
            found[question, group, cell["contender"]] = _of_passes(
                cell, None if cell is baseline else baseline
            )
    return {name: values for name, values in found.items() if values}


def _of_passes(cell: Cell, baseline: Cell | None) -> list[float]:
    ours = pass_medians(cell)
    theirs = pass_medians(baseline) if baseline else [1.0] * len(ours)
    return [b / a for a, b in zip(ours, theirs, strict=False) if a and b]


def _change(
    name: tuple[str, str, str],
    before: Sequence[float],
    after: Sequence[float],
    n_cells: int,
    threshold: float,
) -> Change:
    factor = median(after) / median(before)
    verdict: Verdict = "the same"
    if chance_of_noise(before, after) * n_cells <= LEVEL:
        verdict = "better" if factor > 1 else "worse"
    if verdict == "worse" and factor < 1 / threshold and not name[2].startswith(OTHERS):
        verdict = "regression"
    return Change(*name, factor, verdict)


def chance_of_noise(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the chance that the same code gives passes as different as these: a t-test of their logarithms.

    1 if either run has only one pass, which cannot tell noise from change.

    >>> round(chance_of_noise([1.0, 1.1, 0.9], [1.3, 1.4, 1.2]), 3)
    0.023
    """
    logs = [[log(value) for value in values] for values in (before, after)]
    if min(map(len, logs)) < 2:
        return 1.0
    difference = fmean(logs[1]) - fmean(logs[0])
    freedom = len(before) + len(after) - 2
    squares = sum((value - fmean(values)) ** 2 for values in logs for value in values)
    spread = sqrt(squares / freedom * (1 / len(before) + 1 / len(after)))
    if abs(difference) < 1e-12:
        return 1.0
    return outside_t(abs(difference) / spread, freedom) if spread else 0.0


def outside_t(t: float, freedom: int) -> float:
    """Return the chance that Student's t lies farther from 0, for a whole number of degrees of freedom.

    By the finite sums of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.

    >>> round(outside_t(2.776, 4), 3), round(outside_t(12.706, 1), 3), round(outside_t(2.571, 5), 3)
    (0.05, 0.05, 0.05)
    """
    angle = atan(t / sqrt(freedom))
    is_odd = freedom % 2
    term = cos(angle) if is_odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(2 + is_odd, freedom - 1, 2):
        term *= cos(angle) ** 2 * (k - 1) / k
        total += term
    inside = 2 / pi * (angle + sin(angle) * total) if is_odd else sin(angle) * total
    return max(0.0, 1 - inside)


def _broken(old: Record, new: Record) -> list[str]:
    found = [
        f"{entry['encoding']} differs from tiktoken's" for entry in new["parity"] if entry.get("difference")
    ]
    known = {(e["question"], e["group"], e["contender"]) for e in old["missing"] if _failed(e)}
    for entry in new["missing"]:
        name = (entry["question"], entry["group"], entry["contender"])
        if _failed(entry) and name not in known:
            found.append(f"{', '.join(name)}: {entry['reason']}")
    return found


def _failed(entry: dict[str, str]) -> bool:
    return entry["reason"].startswith("failed")


def _differences(old: Record, new: Record) -> list[str]:
    pairs = [
        ("machine", old["machine"]["name"], new["machine"]["name"]),
        ("preset", old["preset"], new["preset"]),
    ]
    names = sorted({*old["versions"], *new["versions"]} - {"bpelab"})
    pairs += [(name, old["versions"].get(name), new["versions"].get(name)) for name in names]
    return [f"{name}: {before} then, {after} now" for name, before, after in pairs if before != after]
