"""Which patterns mean the same to the engines of other programs? Those of a syntax that all of them share."""

import regex

# What Oniguruma (Hugging Face), Python's `regex` (minbpe) and tiktoken read alike.
_SHARED_SYNTAX = regex.compile(
    r"""(?: \\[pP]\{\^?\w+\} | \\[sSrnt] | \\[^\w\s] | [^\\\[\](){}?*+^$|.] | \. | \|
      | \((?!\?) | \(\?(?:i?:|[=!]) | \)
      | \[\^? (?: \\[pP]\{\^?\w+\} | \\[sSrnt] | \\[^\w\s] | [^\\\[\]&~|] )+ \]
      | [?*+] | \{\d+(?:,\d*)?\}(?!\+) )*""",
    regex.VERBOSE,
)


def why_not_shared(pattern: str, engine: str) -> str | None:
    """Say what in a pattern another engine may read in another way; None if there is nothing of that kind.

    >>> why_not_shared(r" ?\\p{L}+|\\s+", "Oniguruma") is None
    True
    >>> print(why_not_shared(r"a$", "Oniguruma"))
    '$' (at character 1 of 'a$') may not mean the same to Oniguruma: write it without anchors, {m,n}+, \
\\w and set operations
    """
    match = _SHARED_SYNTAX.match(pattern)
    end = match.end() if match else 0
    if end == len(pattern):
        return None
    return (
        f"{pattern[end : end + 8]!r} (at character {end} of {pattern!r}) may not mean the same to {engine}:"
        " write it without anchors, {m,n}+, \\w and set operations"
    )
