"""What was found? A question's answer in a sentence: who is faster, how often, and by how much."""

from collections.abc import Sequence

from bpelab.benchmarks.harness.record import BYTES, Record
from bpelab.benchmarks.harness.rows import Row, rows
from bpelab.benchmarks.report.units import times

LOOK_UP, TEXTBOOK = "look-up", "bpelab's textbook"
Pair = tuple[Row, Row]  # one of ours, and another contender of its group


def against(row: Row, peer: Row) -> Row:
    """Compare a row with another contender of its group than the group's baseline."""
    return Row(row.cell, peer.cell)


def is_of_bpelab(contender: str) -> bool:
    """Tell whether a contender is one of ours."""
    return contender.startswith("bpelab") or contender == LOOK_UP


def _competes(row: Row) -> bool:
    """Tell whether a row is one of ours, and not the textbook, which is written to be read."""
    return is_of_bpelab(row.contender) and row.contender != TEXTBOOK


def won_and_lost(pairs: Sequence[Pair], subject: str, *, of_memory: bool = False) -> str:
    """Say how many comparisons were won and lost, and which are the best and the worst; "" for none."""
    compared = [(ratio, row, peer) for row, peer in pairs if (ratio := against(row, peer).ratio)]
    if not compared:
        return ""
    verb, better, worse = ("needs", "less", "more") if of_memory else ("is", "faster", "slower")
    if subject.endswith("s"):  # "bpelab's compiled loops"
        verb = {"needs": "need", "is": "are"}[verb]
    n_won = sum(ratio.is_above(1) for ratio, _, _ in compared)
    n_lost = sum(ratio.is_below(1) for ratio, _, _ in compared)
    n_even = len(compared) - n_won - n_lost
    compared.sort(key=lambda entry: entry[0].middle)
    worst, best = (
        f"{times(ratio.middle)} ({row.group}, against {peer.contender})"
        for ratio, row, peer in (compared[0], compared[-1])
    )
    if len(compared) == 1:
        return f"{subject} {verb} {better if n_won else worse if n_lost else 'about the same'}: {best}."
    if n_won == len(compared):
        won = f"{subject} {verb} {better} in all {n_won} comparisons"
    else:
        even = f", and about even in {n_even}" if n_even else ""
        won = (
            f"{subject} {verb} {better} in {n_won} of {len(compared)} comparisons, {worse} in {n_lost}{even}"
        )
    return f"{won}. Best: {best}. Worst: {worst}."


def answer(found_rows: Sequence[Row]) -> str:
    """Return what a question's rows say: of each device apart, and of time before memory."""
    by_kind: dict[tuple[str, bool], list[Row]] = {}
    for row in found_rows:
        key = (row.cell["axis"].get("device") or "", row.cell["unit"] == BYTES)
        by_kind.setdefault(key, []).append(row)
    sentences = []
    devices = {device for device, _ in by_kind}
    for (device, of_memory), own in sorted(by_kind.items()):
        pairs = _best_pairs(own)
        names = {row.contender for row, _ in pairs}
        subject = (
            "The look-up" if LOOK_UP in names else names.pop() if len(names) == 1 else "bpelab at its best"
        )
        sentence = won_and_lost(pairs, subject, of_memory=of_memory) or _among_themselves(own)
        sentences.append(f"On {device}: {sentence}" if len(devices) > 1 and sentence else sentence)
    return " ".join(filter(None, sentences))


def _best_pairs(found_rows: Sequence[Row]) -> list[Pair]:
    """Return, for each group, the best of ours with each of the others."""
    pairs = []
    for group in dict.fromkeys(row.group for row in found_rows):
        own = [row for row in found_rows if row.group == group]
        ours = sorted(filter(_competes, own), key=lambda row: row.typical)
        pairs += [(ours[0], row) for row in own if ours and not is_of_bpelab(row.contender)]
    return pairs


def _among_themselves(found_rows: Sequence[Row]) -> str:
    compared = [row for row in found_rows if row.ratio]
    shown = [
        f"{row.contender}: {times(row.ratio.middle)} of {row.cell['baseline']} ({row.group})"
        for row in compared[:3]
        if row.ratio
    ]
    return "; ".join(shown) + "." if shown else ""


def losses(record: Record) -> list[tuple[float, str]]:
    """Return where the best of ours is slower, or larger, than the best of all others, the worst first.

    Each is a ratio below 1 whose interval does not hold 1, and a line that says what was lost to whom.
    """
    lost = []
    for question in dict.fromkeys(cell["question"] for cell in record["cells"]):
        by_group: dict[str, list[Pair]] = {}
        for row, peer in _best_pairs(rows(record, question)):
            by_group.setdefault(row.group, []).append((row, peer))
        for group, pairs in by_group.items():
            row, peer = min(pairs, key=lambda pair: pair[1].typical)
            ratio = against(row, peer).ratio
            if ratio and ratio.is_below(1):
                lost.append(
                    (ratio.middle, f"{group}: {row.contender} {times(ratio.middle)} of {peer.contender}")
                )
    return sorted(lost)
