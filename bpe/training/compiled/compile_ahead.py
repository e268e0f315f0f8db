"""When are the loops of training compiled? All at once; `encoders.compiled.compile_ahead` says why."""

import time
from collections.abc import Callable, Iterable, Iterator

from bpelab.bpe.encoders.compiled.code_files import NAMES_OF_PATTERNS, folder_with, version_of
from bpelab.bpe.encoders.compiled.compile_ahead import CompiledAhead
from bpelab.bpe.encoders.compiled.machine import IS_INTERPRETED
from bpelab.bpe.foundation.announced import announced
from bpelab.bpe.foundation.forks import forks_wait
from bpelab.bpe.training.compiled.counter import PieceCounter, arrays_of, ids_of
from bpelab.bpe.training.compiled.learner import CompiledLearner
from bpelab.bpe.training.compiled.when_it_pays import LEARNING_LOOPS, counting_loops

_BYTES = [bytes([byte]) for byte in range(256)]
_ready: set[str] = set()  # the patterns whose pieces this process can count, and "" when it can learn


def make_learning_ready() -> None:
    """Read the machine code of the loops that learn merges from disk, or compile them.

    Raises `RuntimeError` where this version of Numba cannot compile them.
    """
    _make_ready("", LEARNING_LOOPS, "learning merges", _learn_something)


def make_counting_ready(pattern: str) -> None:
    """Read the machine code of the loops that count pieces from disk, or compile them.

    Raises `RuntimeError` where this version of Numba cannot compile them.
    """
    _make_ready(pattern, counting_loops(pattern), "counting pieces", lambda: _count_something(pattern))


def is_ready(pattern: str = "") -> bool:
    """Tell whether this process can count the pieces of a pattern or, without one, learn merges."""
    return pattern in _ready


def _make_ready(name: str, loops: tuple[str, ...], work: str, use: Callable[[], None]) -> None:
    if IS_INTERPRETED or name in _ready:
        return
    with forks_wait():
        if name in _ready:  # another thread did it while this one waited
            return
        try:
            if folder_with(loops) is not None:
                use()
            else:
                with announced(f"compiling the loops for {work}, once on this machine"):
                    use()
        except ImportError:
            raise
        except Exception as error:
            raise RuntimeError(
                f"Numba {version_of('numba')} does not compile bpelab's loops"
                f" ({type(error).__name__}: {error});"
                " the arrays learn the same merges, as does another version of Numba"
            ) from error
        _ready.add(name)


def _learn_something() -> None:
    learner = CompiledLearner([-1, 0, 1, -1], [1], tokens=[b"a", b"b"])
    list(learner.steps(1))
    learner.snapshot()


def _count_something(pattern: str) -> None:
    """Call every loop that Python calls to count pieces: 40 of them do not fit into the first table."""
    counter = PieceCounter(pattern, first_slots=16)
    counter.count(["".join(f"{number} " for number in range(40))])
    counter.add(arrays_of({b"a": 1}))
    ids_of(counter.pieces(), _BYTES)


def compile_training_ahead(
    names: Iterable[str] = tuple(NAMES_OF_PATTERNS.values()),
) -> Iterator[CompiledAhead]:
    """Compile the loops that count by patterns, given by the names of encodings, and the loops that learn.

    `encoders.compiled.compile_ahead` says which names there are, and what is raised.
    """
    patterns = {name: pattern for pattern, name in NAMES_OF_PATTERNS.items()}
    for name in names:
        loops = (*counting_loops(patterns[name]), *LEARNING_LOOPS)
        was_there = folder_with(loops) is not None
        start = time.perf_counter()
        make_counting_ready(patterns[name])
        make_learning_ready()
        seconds = time.perf_counter() - start
        if (folder := folder_with(loops)) is not None:
            yield CompiledAhead(f"training by the pattern of {name}", seconds, folder, was_there)
