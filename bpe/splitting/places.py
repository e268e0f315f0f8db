"""Where in an array does something hold? The one look-up that splitters and encoders share."""

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def places_where(condition: npt.NDArray[Any]) -> Ints:
    """(n,) int64: where an array of one dimension is not zero; `np.flatnonzero` without its overhead."""
    return condition.nonzero()[0]
