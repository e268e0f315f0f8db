"""What does every part of the reader need? The pattern, the flags that are set, and errors with a place."""

import re


def excerpt(pattern: str, place: int) -> str:
    """Return the pattern as an error shows it; of a long one, the part around a place."""
    if len(pattern) <= 200:
        return repr(pattern)
    start = max(0, place - 40)
    return f"{'...' * (start > 0)}{pattern[start : start + 80]!r}..."


class Source:
    """A pattern that is being read. Places are those of characters."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.flags = dict.fromkeys("imRsUx", False)

    def wrong(self, place: int, what: str) -> ValueError:
        """Return the error for a pattern that tiktoken refuses as well."""
        return ValueError(
            f"the pattern {excerpt(self.pattern, place)} is not a regular expression: {what},"
            f" at character {place}"
        )

    def other(self, place: int, what: str, advice: str) -> ValueError:
        """Return the error for a construct that tiktoken knows and `regex` cannot match in the same way."""
        return ValueError(
            f"the pattern {excerpt(self.pattern, place)}: {what} at character {place} cannot be matched as"
            f" tiktoken does: {advice}"
        )

    def blank(self, at: int) -> int:
        """Skip comments, and white space where the flag x is set."""
        while True:
            if self.flags["x"] and (match := re.compile(r"[ \r\n\t]+|#[^\n]*\n?").match(self.pattern, at)):
                at = match.end()
            elif self.pattern.startswith("(?#", at):
                match = re.compile(r"\(\?#(?:\\.|[^)\\])*\)", re.DOTALL).match(self.pattern, at)
                if match is None:
                    raise self.wrong(at, "this comment has no )")
                at = match.end()
            else:
                return at

    def digits(self, at: int) -> tuple[int, str]:
        """Return where the digits at a place end, and the digits, at most 20."""
        match = re.compile("[0-9]{0,20}").match(self.pattern, at)
        return (match.end(), match[0]) if match else (at, "")
