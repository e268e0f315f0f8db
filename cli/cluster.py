"""Which cluster does a verb ask for help? Its address is an option, and it says where it can be watched."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Client


@contextmanager
def connected_to(scheduler: str | None, *, quiet: bool) -> "Iterator[Client | None]":
    """Connect to a Dask cluster where one was named, and say where it can be watched."""
    if scheduler is None:
        yield None
        return
    from bpelab.bpe.foundation.dask_workers import connected

    with connected(scheduler) as client:
        if not quiet and client.dashboard_link:
            print(f"bpelab: the cluster's dashboard: {client.dashboard_link}", file=sys.stderr)
        yield client
