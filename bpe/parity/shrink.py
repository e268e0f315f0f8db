"""Which is the shortest and plainest text on which two encoders still disagree?"""

from collections.abc import Callable

# With so many characters tried in all, the shortest text so far will do: some seconds.
MAX_CHARS = 50_000_000
# A character is replaced by the first of these that keeps the difference: the plainest one.
PLAIN = "a A1 .\n"


def shrink(text: str, differs: Callable[[str], bool], max_chars: int = MAX_CHARS) -> str:
    """Shrink a text that `differs` to one from which no character can be taken away.

    Deletes ever shorter stretches, down to single characters, and then replaces characters by plain ones,
    until neither helps. Where that would take more than `max_chars` characters in all the texts that are
    tried, the result is the smallest text so far. Raises `ValueError` for a text that does not differ.

    >>> shrink("many words, and a zebra", lambda text: "z" in text)
    'z'
    >>> shrink("Über 2,5 km", lambda text: any(letter.isdigit() for letter in text))
    '1'
    """
    if not differs(text):
        raise ValueError(f"the encoders agree on {text!r:.60}: there is nothing to shrink")
    search = _Search(text, differs, max_chars)
    before = ""
    while search.text != before:
        before = search.text
        search.delete_stretches()
        search.make_plain()
    return search.text


class _Search:
    """The smallest text so far, and how many characters may still be tried."""

    def __init__(self, text: str, differs: Callable[[str], bool], n_left: int) -> None:
        self.text, self._differs, self._n_left = text, differs, n_left

    def delete_stretches(self) -> None:
        n_taken = max(1, len(self.text) // 2)
        while n_taken:
            at = 0
            while at < len(self.text) and self._n_left > 0:
                if not self._take(self.text[:at] + self.text[at + n_taken :]):
                    at += n_taken  # otherwise the next stretch begins here
            n_taken //= 2

    def make_plain(self) -> None:
        for at in range(len(self.text)):
            for plain in PLAIN.partition(self.text[at])[0]:
                if self._n_left <= 0 or self._take(self.text[:at] + plain + self.text[at + 1 :]):
                    break

    def _take(self, text: str) -> bool:
        self._n_left -= len(text)
        if is_smaller := self._differs(text):
            self.text = text
        return is_smaller
