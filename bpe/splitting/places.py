"""At which indices is an array not zero? The look-up that splitters and encoders share."""

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def places_where(condition: npt.NDArray[Any]) -> Ints:
    """(n,) int64: the indices of what is not zero in one dimension; `np.flatnonzero` without its overhead."""
    return condition.nonzero()[0]
