"""When does the compiled engine pay? When a text is so long that it saves more time than it costs to begin.

Measured on a shared two-core AMD EPYC, Python 3.11, llvmlite 0.50, gpt2, every run in a fresh process, arrays
and loops in turn; seconds of the processor, medians of three to five runs, with the loops' code on disk:

    characters                        10 k    0.5 M   1 M    2 M    3 M    5 M    10 M   20 M
    Python source     arrays          0.040   0.071   0.086  0.145  0.175  0.340  0.500
                      compiled        0.078   0.083   0.084  0.102  0.106  0.158  0.217
    tinyshakespeare,  arrays          0.041   0.065   0.100  0.144  0.127  0.148  0.267  0.424
    again and again   compiled        0.080   0.097   0.093  0.091  0.100  0.111  0.187  0.209

To begin takes 0.075 seconds, of which 0.03 are for importing llvmlite, and as many for the tables; the arrays
begin in 0.04. Afterwards the loops save at least 12 nanoseconds a character, where the same words come again.
So the engine pays from 3 million characters on, or from 6 million where the arrays have begun already. With
new words it pays from a million on, but nobody should wait longer than without the engine.

Where no code is on disk, 12 seconds for compiling it come on top, once on a machine. A text pays for it from
a billion characters on. What a process has encoded before says nothing about what comes next and never makes
it wait so long; `bpelab compile` compiles ahead.
"""

import os
import sys
from importlib.util import find_spec

from bpelab.bpe.encoders.compiled.code_files import folder_of_code

SECONDS_TO_BEGIN = 0.075
ARRAYS_SECONDS_TO_BEGIN = 0.04
SECONDS_TO_COMPILE = 12.5  # for the pattern that takes longest, o200k's, with the import of Numba
ARRAYS_SECONDS_A_CHAR = 15e-9
SAVED_SECONDS_A_CHAR = 12e-9
# All texts of a process together may take so much longer than with arrays alone, if none comes afterwards.
TOLERATED = 0.1


def is_available() -> bool:
    """Tell whether Numba is installed and may compile. It is not imported to find out."""
    if (numba := sys.modules.get("numba")) is not None:
        return not numba.config.DISABLE_JIT
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return False
    return find_spec("numba") is not None and find_spec("llvmlite") is not None


def is_ready(pattern: str) -> bool:
    """Tell whether this process has the loops for a pattern, so that they cost nothing more."""
    ahead = sys.modules.get("bpelab.bpe.encoders.compiled.compile_ahead")
    return ahead is not None and bool(ahead.is_ready(pattern))


def pays(n_chars: int, n_before: int, pattern: str) -> bool:
    """Tell whether to begin with the compiled engine for `n_chars`, after others that the arrays encoded.

    `n_chars` should be all that is known to come: the size of a file rather than of its first block.

    Let a be the arrays' time for a character, s what the loops save of it, and c the cost of beginning, less
    that of the arrays where they have not begun. After these characters the process has taken c - s * n_chars
    longer than it would have taken otherwise. That must not be more than a tenth of a * n_before, its time so
    far.
    """
    if is_ready(pattern):
        return True
    saved = SAVED_SECONDS_A_CHAR * n_chars
    credit = TOLERATED * ARRAYS_SECONDS_A_CHAR * n_before
    cost = SECONDS_TO_BEGIN - (0 if n_before else ARRAYS_SECONDS_TO_BEGIN)
    if saved + credit < cost or not is_available():
        return False
    return folder_of_code(pattern) is not None or saved >= cost + SECONDS_TO_COMPILE
