"""How does a test stop a training? Its `progress` raises at a report of some phase."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import train
from bpelab.bpe.foundation.progress import Watch
from bpelab.bpe.training import Progress


class KilledError(Exception):
    pass


def killer(phase: str, after: int, error: type[BaseException] = KilledError) -> Watch:
    """Return a `progress` that raises the error at the given report of a phase."""
    reports = count(1)

    def watch(progress: Progress) -> None:
        if progress.phase == phase and next(reports) == after:
            raise error

    return watch


def stopped(path: Path, corpus_of: Callable[[], Any], phase: str, **options: Any) -> None:
    with pytest.raises(KilledError):
        train(corpus_of(), vocab_size=400, checkpoint=path, progress=killer(phase, 2), **options)
    assert path.exists()


def never() -> Iterator[str]:
    raise AssertionError("the corpus was read before the checkpoint was tried")
    yield ""
