"""When do the compiled loops pay for a training? Answered without Numba.

Measured on a shared two-core AMD EPYC, Python 3.11, Numba 0.68, 12 MB of Python source to 8,192 tokens,
seconds of the processor:

                                        arrays    loops
    importing llvmlite, reading the code           0.09
    counting the pieces                   1.05     0.07
    learning the merges                   0.38     0.04
    compiling the loops, once on a machine        11

So the loops save some 110 nanoseconds for each byte of text, and pay from 0.8 MB on; where no code is on
disk, from 100 MB on. Of pieces that were counted before, they save 0.8 microseconds for each byte of a
distinct piece.
"""

import sys

from bpelab.bpe.encoders.compiled.code_files import folder_with, loop_that_cuts
from bpelab.bpe.encoders.compiled.when_it_pays import is_available

LEARNING_LOOPS = (
    "slots.compact",
    "scan.count_pairs",
    "scan.register_frequent",
    "scan.find_places",
    "merge.merge_some",
)
_COUNTING_LOOPS = (
    "count.count_pieces",
    "count.add_pieces",
    "count.n_bytes_of_pieces",
    "count.write_pieces",
    "count.write_ids",
    "tables.move_slots",
)
SECONDS_TO_BEGIN = 0.09
SECONDS_TO_COMPILE = 11.0
SECONDS_FOR_OTHER_LOOPS = 0.02  # where the process has used some of them
SECONDS_FOR_TABLES = 0.004  # empty ones, for each training
SAVED_SECONDS_A_BYTE = 110e-9  # of text, counting and learning together
SAVED_SECONDS_A_SLOT = 800e-9  # of distinct pieces that were counted before
# From so many bytes of text on the loops can pay. A corpus of unknown size is read up to here to decide.
LEAST_BYTES = int(SECONDS_TO_BEGIN / SAVED_SECONDS_A_BYTE)


def counting_loops(pattern: str) -> tuple[str, ...]:
    """Return the names of the loops that Python calls to count pieces by one of OpenAI's patterns."""
    return (*_COUNTING_LOOPS, *loop_that_cuts(pattern))


def can_count(pattern: str) -> bool:
    """Tell whether there is a loop that cuts texts by a pattern."""
    return bool(loop_that_cuts(pattern))


def pays_to_count(n_bytes: int, pattern: str) -> bool:
    """Tell whether to count a text of so many bytes, and learn its merges, with the loops."""
    return _pays(SAVED_SECONDS_A_BYTE * n_bytes, pattern, (*counting_loops(pattern), *LEARNING_LOOPS))


def pays_to_learn(n_slots: int) -> bool:
    """Tell whether to learn the merges of pieces that take so many slots with the loops."""
    return _pays(SAVED_SECONDS_A_SLOT * n_slots, "", LEARNING_LOOPS)


def _pays(saved: float, what: str, loops: tuple[str, ...]) -> bool:
    ahead = sys.modules.get("bpelab.bpe.training.compiled.compile_ahead")
    if ahead is not None and ahead.is_ready(what):
        return saved >= SECONDS_FOR_TABLES
    cost = SECONDS_TO_BEGIN if ahead is None else SECONDS_FOR_OTHER_LOOPS
    if saved < cost or not is_available():
        return False
    return folder_with(loops) is not None or saved >= cost + SECONDS_TO_COMPILE
