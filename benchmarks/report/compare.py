"""What changed between two runs, beyond the noise?

Of a contender the ratio to its baseline is compared, since what slows the machine slows both; of a group that
has nobody else, the values themselves. A change counts where its 95 % bootstrap interval over passes leaves 1
out, and it is a regression where it is also worse than the threshold.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from bpelab.benchmarks.ratios import DRAWS, pass_medians
from bpelab.benchmarks.report.records import Cell, Record, groups

THRESHOLD = 1.10
# Whose changes are shown and are no regression of ours.
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
    low: float
    high: float
    verdict: Verdict


@dataclass(frozen=True)
class Comparison:
    """Everything that both runs measured, and what only one has."""

    changes: list[Change]
    regressions: list[str]  # what is wrong now whatever the clock says
    only_old: list[str]
    only_new: list[str]
    differences: list[str]  # in machine, preset or versions: what makes the runs hard to compare


def compare(old: Record, new: Record, threshold: float = THRESHOLD) -> Comparison:
    """Compare two records cell by cell.

    Raises `ValueError` for a threshold below 1, and where the records have no cell in common.
    """
    if not threshold >= 1:
        raise ValueError(f"--threshold {threshold}: a factor of 1 or more was expected, as 1.1 for 10 %")
    before, after = _values(old), _values(new)
    shared = [name for name in before if name in after]
    if not shared:
        raise ValueError("the two records have no measurement in common")
    changes = [_change(name, before[name], after[name], threshold) for name in shared]
    return Comparison(
        sorted(changes, key=lambda change: change.factor),
        _broken(old, new),
        [", ".join(name) for name in before if name not in after],
        [", ".join(name) for name in after if name not in before],
        _differences(old, new),
    )


def _values(record: Record) -> dict[tuple[str, str, str], list[float]]:
    """Give for each cell a value a pass, the larger the better: the ratio to its baseline, or 1 / value."""
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
    name: tuple[str, str, str], before: Sequence[float], after: Sequence[float], threshold: float
) -> Change:
    factor = median(after) / median(before)
    draw = random.Random(1)
    drawn = sorted(
        median(draw.choices(after, k=len(after))) / median(draw.choices(before, k=len(before)))
        for _ in range(DRAWS)
    )
    low, high = drawn[int(0.025 * DRAWS)], drawn[int(0.975 * DRAWS)]
    # One pass has no noise that could be told from a change.
    is_noise = low <= 1 <= high or min(len(before), len(after)) < 2
    verdict: Verdict = "the same" if is_noise else "better" if factor > 1 else "worse"
    if verdict == "worse" and factor < 1 / threshold and not name[2].startswith(OTHERS):
        verdict = "regression"
    return Change(*name, factor, low, high, verdict)


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
