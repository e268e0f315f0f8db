"""Where may a long text be cut in two, so that the pieces of both halves are those of the whole?"""

from collections.abc import Iterator

import regex
from bpelab.bpe.splitting.patterns import KNOWN_PATTERNS

# OpenAI's patterns always end a piece between a letter or digit and one of the characters below: a run of
# letters or digits ends there, no alternative looks behind, and a look-ahead starts in white space, which the
# cut leaves whole on one side.
CUTTABLE_PATTERNS = KNOWN_PATTERNS
_LAST_CUT = regex.compile(r"(?r)[\p{L}\p{N}](?=[ \n.,。、，])")  # searched for from the end
# Source code, prose and Chinese can be cut every few characters.
_CUT_WINDOW = 4096


def cut_text(text: str, n_chars: int) -> Iterator[str]:
    """Cut a text into parts of at most `n_chars` characters, if it can be cut; for a cuttable pattern.

    >>> list(cut_text("one two three", 9))
    ['one two', ' three']
    """
    start = 0
    while len(text) - start > n_chars:
        end = last_cut(text, start, start + n_chars + 1)
        if not end:
            break
        yield text[start:end]
        start = end
    yield text[start:] if start else text


def last_cut(text: str, start: int = 0, end: int | None = None) -> int:
    """Return the last place near the end of a stretch where a cuttable pattern surely ends a piece, or 0.

    The stretch is the whole text if nothing else is said. The pieces of both sides are then the pieces of the
    whole, whatever text comes next.

    >>> last_cut("one two  three")
    7
    """
    end = len(text) if end is None else end
    found = _LAST_CUT.search(text, max(start, end - _CUT_WINDOW), end)
    return found.end() if found else 0
