"""Where on an axis does a value lie? Logarithmic axes, whose places are in percent of the width."""

import math
from collections.abc import Iterable, Sequence

MOST_TICKS = 7


class Scale:
    """A logarithmic axis that holds some values above 0, with some room at both ends."""

    def __init__(self, values: Iterable[float], room: float = 0.06) -> None:
        found = [math.log10(value) for value in values]
        low, high = min(found), max(found)
        if high - low < 0.3:  # less than a factor of 2 would show noise as a difference
            low, high = (low + high) / 2 - 0.15, (low + high) / 2 + 0.15
        margin = (high - low) * room
        self.low, self.high = low - margin, high + margin

    def __call__(self, value: float) -> float:
        """Return how far from the beginning a value lies, from 0 to 1.

        >>> round(Scale([1, 100], room=0)(10), 6)
        0.5
        """
        return (math.log10(value) - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Return round numbers within the axis, at most `MOST_TICKS` of them.

        >>> Scale([1, 1000], room=0).ticks()
        [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0]
        """
        first, last = math.floor(self.low), math.ceil(self.high)
        steps: Sequence[Sequence[float]] = (
            (1, 1.2, 1.5, 2, 3, 4, 5, 6, 8),
            (1, 1.5, 2, 3, 5),
            (1, 2, 5),
            (1, 3),
            (1,),
        )
        for step in steps:
            found = self._within(
                [factor * 10.0**power for power in range(first, last + 1) for factor in step]
            )
            if len(found) <= MOST_TICKS:
                return found
        every = math.ceil((last - first) / (MOST_TICKS - 1))
        return self._within([10.0**power for power in range(first, last + 1, every)])

    def _within(self, values: Iterable[float]) -> list[float]:
        return [value for value in values if -1e-9 <= self(value) <= 1 + 1e-9]


def percent(fraction: float) -> str:
    """Write a fraction of the width.

    >>> percent(0.12345)
    '12.35%'
    """
    return f"{100 * fraction:.2f}%"
