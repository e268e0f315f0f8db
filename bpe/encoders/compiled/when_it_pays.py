"""When does the compiled engine pay? When a text is so long that it saves more time than it costs to begin.

Measured on a shared two-core AMD EPYC, Python 3.11, Numba 0.68, gpt2, every run in a fresh process, arrays
and loops in turn; seconds of the processor, medians of three runs, with the code of the loops on disk:

    characters                        1 M    3 M    10 M   20 M   40 M   100 M
    Python source     arrays          0.07   0.15   0.40   0.80   1.51   3.56
                      compiled        0.56   0.59   0.70   0.73   0.94   1.20
    tinyshakespeare,  arrays                        0.18   0.29   0.60
    again and again   compiled                      0.58   0.64   0.67

Of the compiled engine's time, 0.5 to 0.57 seconds are for importing Numba and reading the code, whatever the
text. The rest is 3 to 9 nanoseconds a character, against 15 to 38 for the arrays. So the engine pays from 17
million characters of ever new words on, and from 43 million where the same words come again. The constants
below are those of the second case: nobody should wait longer than without the engine.

Where no code is on disk, 11 seconds for compiling it come on top, once on a machine. A text pays for that
from a billion characters on. What a process has encoded before says nothing about what comes next and never
makes it wait so long; `bpelab compile` compiles ahead.
"""

import os
import sys
from importlib.util import find_spec

from bpelab.bpe.encoders.compiled.code_files import folder_of_code

SECONDS_TO_IMPORT = 0.2  # Numba, and the loops' own modules
SECONDS_TO_READ = 0.35  # the code, and what Numba needs for it
SECONDS_TO_COMPILE = 11.5  # for the pattern that takes longest, o200k's
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

    Let a be the arrays' time for a character, s what the loops save of it, and c the cost of beginning. After
    these characters the process has taken c - s * n_chars longer than it would have taken otherwise. That
    must not be more than a tenth of a * n_before, its time so far.
    """
    if is_ready(pattern):
        return True
    saved = SAVED_SECONDS_A_CHAR * n_chars
    credit = TOLERATED * ARRAYS_SECONDS_A_CHAR * n_before
    cost = SECONDS_TO_READ + (0 if "numba" in sys.modules else SECONDS_TO_IMPORT)
    if saved + credit < cost or not is_available():
        return False
    return folder_of_code(pattern) is not None or saved >= cost + SECONDS_TO_COMPILE
