"""How do the contenders of a group take turns? Round by round, each round in another order.

A machine that does something else for a while slows down whoever is measured just then. Contenders that take
turns are all slowed down alike, so a ratio of times from the same round hardly changes. pytest-benchmark runs
all rounds of one contender before the next one begins. A question's function therefore has it make the first
call, which nobody counts, and leaves the contender here; when its group is complete, the plugin calls `run`.
"""

import gc
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

Call = Callable[[], object]
Timer = Callable[[Call, int], float]  # returns the seconds of a call, of so many made in a row
Context = Callable[[], AbstractContextManager[object]]

FEWEST, MOST = 3, 20  # rounds: the median of three does without the worst


def seconds_of(call: Call, n_calls: int) -> float:
    """Return the seconds that a call takes, of so many in a row.

    One that does not count comes before many: another contender has just had the processor's caches.
    """
    if n_calls > 1:
        call()
    start = time.perf_counter()
    for _ in range(n_calls):
        call()
    return (time.perf_counter() - start) / n_calls


@dataclass(frozen=True)
class Contender:
    """A call whose answer has been checked, and how it is timed."""

    name: str
    call: Call
    n_calls: int  # in a round, whose time is divided by it
    timer: Timer
    context: Context  # entered before every round, while no clock runs
    rounds: int | None  # None: as many as fit into its time

    def round(self) -> float:
        """Return the seconds of a call, measured in one round."""
        with self.context():
            return self.timer(self.call, self.n_calls)


@dataclass(frozen=True)
class Outcome:
    """What a contender did: a time for each round, in their order; or how it failed."""

    contender: Contender
    seconds: list[float] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)


def run(contenders: list[Contender], *, seed: str, seconds_each: float) -> list[Outcome]:
    """Time the contenders of a group, one round each, again and again; they all get as many rounds.

    Their number is the highest that one of them asks for; where none does, as many as fit into `seconds_each`
    for every contender: at least 3, at most 20. One that raises an exception is left out from then on.
    """
    asked = max((contender.rounds or 0 for contender in contenders), default=0)
    outcomes = [Outcome(contender) for contender in contenders]
    gc.collect()  # what was needed to set up is not collected while the clock runs
    start = time.monotonic()
    for n_done, order in enumerate(orders(len(contenders), asked or MOST, seed)):
        a_round = (time.monotonic() - start) / max(n_done, 1)
        if not asked and n_done >= FEWEST and (n_done + 1) * a_round > seconds_each * len(contenders):
            break  # another round as long as those before would not fit
        for place in order:
            _one_round(outcomes[place])
    return outcomes


def _one_round(outcome: Outcome) -> None:
    if outcome.errors:
        return
    try:
        outcome.seconds.append(outcome.contender.round())
    except Exception as error:  # whatever a foreign library raises
        outcome.errors.append(error)


def orders(n_contenders: int, n_rounds: int, seed: str) -> Iterator[list[int]]:
    """Yield an order for each round; the same seed gives the same orders.

    >>> list(orders(3, 2, "a seed"))
    [[1, 0, 2], [1, 2, 0]]
    """
    draw = random.Random(seed)
    for _ in range(n_rounds):
        yield draw.sample(range(n_contenders), n_contenders)
