"""Which known name did someone mean who wrote another? The nearest one, if any is near."""

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question to put after a name that is not known; empty where no known name is near.

    >>> did_you_mean("cl100k-base", ["gpt2", "cl100k_base"]), did_you_mean("xyz", ["gpt2"])
    (" (did you mean 'cl100k_base'?)", '')
    """
    from difflib import get_close_matches  # only where there is a mistake

    of_lower = {choice.lower(): choice for choice in known}
    found = get_close_matches(name[:100].lower(), of_lower, n=1)
    return f" (did you mean {of_lower[found[0]]!r}?)" if found else ""
