"""What changed between two runs, beyond the noise?

A cell is compared with itself: how many times faster has it become? The machine may have become faster or
slower meanwhile, and whatever does so changes the packages that nobody touched, too. So what is compared is
relative to them: in every pass, to the median over questions of the median change of the packages whose
version is the same in both records. A group's baseline alone would not do. Where it has become faster,
everything compared with it would seem slower. Records without such a package are compared as they are, and
say so.

Whether a change is more than noise is decided by Student's t-test of the logarithms of the passes, at a level
of 5 % for all cells together: of twenty comparisons of the same code, one may raise a false alarm, not one
cell in twenty. So a few passes on a busy machine reveal only large changes. A regression is a cell of ours
that has become slower by more than the threshold, both by the clock and relative to the machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt
from statistics import fmean, median
from typing import Literal

from bpelab.benchmarks.harness.packages import PEERS, peer_of
from bpelab.benchmarks.harness.ratios import outside_t, pass_medians
from bpelab.benchmarks.harness.record import CONTROL, SECONDS, Cell, Record

THRESHOLD = 1.10
LEVEL = 0.05
# A change of these is told apart, and is not a regression of ours: other packages, and what others published.
OTHERS = (*PEERS, "the book", "nanoGPT", "one-hot")
Verdict = Literal["better", "the same", "worse", "regression"]
Name = tuple[str, str, str]  # question, group, contender


@dataclass(frozen=True)
class Change:
    """How many times faster (or smaller) a cell has become: below 1 it is slower (or larger)."""

    question: str
    group: str
    contender: str
    factor: float  # relative to the machine
    verdict: Verdict

    @property
    def is_ours(self) -> bool:
        """Tell whether this is ours, and not something that we are compared with."""
        return not self.contender.startswith(OTHERS)


@dataclass(frozen=True)
class Comparison:
    """What both runs measured, and what only one of them did."""

    changes: list[Change]
    regressions: list[str]  # what is wrong now, whatever the times say
    only_old: list[str]
    only_new: list[str]
    differences: list[str]  # in machine, preset or versions, which make the runs hard to compare
    machine: float | None  # how many times faster it has become; None if nothing could tell


def compare(old: Record, new: Record, threshold: float = THRESHOLD) -> Comparison:
    """Compare two records cell by cell.

    Raises `ValueError` for a threshold below 1, and for records that have no cell in common.
    """
    if not threshold >= 1:
        raise ValueError(f"threshold is {threshold}: it must be 1 or more, such as 1.1 for 10 %")
    before, after = _cells(old), _cells(new)
    shared = [name for name in before if name in after]
    if not shared:
        raise ValueError("the two records have no measurement in common")
    known = [name for name in shared if _is_unchanged(before[name], old, new)]
    usual = {name: _mean(before[name]) for name in known}
    paces = [_paces(cells, usual) for cells in (before, after)]
    changes = [_change(before[name], after[name], paces, len(shared), threshold) for name in shared]
    return Comparison(
        sorted(changes, key=lambda change: change.factor),
        _broken(old, new),
        [", ".join(name) for name in before if name not in after],
        [", ".join(name) for name in after if name not in before],
        _differences(old, new) + ([] if known else [NO_REFERENCE]),
        exp(fmean(paces[0].values()) - fmean(paces[1].values())) if all(paces) else None,
    )


NO_REFERENCE = (
    "speed: no package is in both records with the same version, so a slower machine looks like slower code"
)


def _cells(record: Record) -> dict[Name, Cell]:
    """Return the cells that have any value above 0, but for the control, which would count bpelab twice."""
    return {
        (cell["question"], cell["group"], cell["contender"]): cell
        for cell in record["cells"]
        if cell["contender"] != CONTROL and _logs(cell)
    }


def _logs(cell: Cell) -> dict[int, float]:
    """Return the logarithm of a cell's value in each pass that has one above 0."""
    return {number: log(value) for number, value in enumerate(pass_medians(cell)) if value}


def _mean(cell: Cell) -> float:
    return fmean(_logs(cell).values())


def _is_unchanged(cell: Cell, old: Record, new: Record) -> bool:
    """Tell whether a cell times a package that has the same version in both records."""
    package = peer_of(cell["contender"])
    versions = [record["versions"].get(package) for record in (old, new)]
    return cell["unit"] == SECONDS and versions[0] is not None and versions[0] == versions[1]


def _paces(cells: Mapping[Name, Cell], usual: Mapping[Name, float]) -> dict[int, float]:
    """Return, for each pass, how much slower than usual the unchanged packages were, as a logarithm.

    It is the median over questions of the median in each, which one question that has moved does not move. A
    pass that was interrupted before half of the questions says nothing.
    """
    slower: dict[int, dict[str, list[float]]] = {}
    for name, middle in usual.items():
        for number, value in _logs(cells[name]).items():
            slower.setdefault(number, {}).setdefault(name[0], []).append(value - middle)
    n_questions = len({question for question, _, _ in usual})
    return {
        number: median(map(median, of_pass.values()))
        for number, of_pass in slower.items()
        if 2 * len(of_pass) >= n_questions
    }


def _change(
    old: Cell, new: Cell, paces: Sequence[Mapping[int, float]], n_cells: int, threshold: float
) -> Change:
    before, after = (_relative(cell, pace) for cell, pace in zip((old, new), paces, strict=True))
    factor = exp(fmean(before) - fmean(after))
    verdict: Verdict = "the same"
    if chance_of_noise(before, after) * n_cells <= LEVEL:
        verdict = "better" if factor > 1 else "worse"
    change = Change(old["question"], old["group"], old["contender"], factor, verdict)
    by_the_clock = exp(_mean(old) - _mean(new))
    if verdict == "worse" and factor < 1 / threshold and by_the_clock < 1 and change.is_ours:
        return replace(change, verdict="regression")
    return change


def _relative(cell: Cell, pace: Mapping[int, float]) -> list[float]:
    """Return the logarithms of a cell's passes relative to the machine, on which memory does not depend."""
    if cell["unit"] != SECONDS or not pace:
        return list(_logs(cell).values())
    usual = fmean(pace.values())  # for a pass in which no package was measured
    return [value - pace.get(number, usual) for number, value in _logs(cell).items()]


def chance_of_noise(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the chance that the same code gives passes as different as these logarithms, by a t-test.

    1 if either run has only one pass, which cannot tell noise from change.

    >>> round(chance_of_noise([0.0, 0.1, -0.1], [0.3, 0.4, 0.2]), 3)
    0.021
    """
    if min(len(before), len(after)) < 2:
        return 1.0
    difference = fmean(after) - fmean(before)
    freedom = len(before) + len(after) - 2
    squares = sum((value - fmean(values)) ** 2 for values in (before, after) for value in values)
    spread = sqrt(squares / freedom * (1 / len(before) + 1 / len(after)))
    if abs(difference) < 1e-12:
        return 1.0
    return outside_t(abs(difference) / spread, freedom) if spread else 0.0


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
