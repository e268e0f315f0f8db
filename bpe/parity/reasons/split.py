"""Which other way to split a text leads to the ids that were found?"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from bpelab.bpe import textbook
from bpelab.bpe.files.definitions import DEFINITIONS
from bpelab.bpe.parity.reasons.case import Case, Reason
from bpelab.bpe.splitting.unicode16 import CLASSES, UNASSIGNED, class_table

# One character for each class that patterns ask for, none of which is special to any of them.
_STAND_INS = {
    "a letter": "ª",
    "a digit or number": "٣",
    "white space": "\u2003",
    "neither letter, number nor white space": "☃",
}
# What the patterns below split differently.
_PROBE = "they're THEY'RE 12345  two\n\n three !!\r\n'tis"
_CONTRACTIONS = r"'(?:[sdmt]|ll|ve|re)"


def crossing_token(tokens: list[bytes], pieces: list[bytes]) -> tuple[bytes, bytes, bytes] | None:
    """Return the first token that reaches across two pieces, and these."""
    ends, at = {0}, 0
    for token in tokens:
        at += len(token)
        ends.add(at)
    at = 0
    for left, right in pairwise(pieces):
        at += len(left)
        if at not in ends:
            start = 0
            for token in tokens:
                if start + len(token) > at:
                    return token, left, right
                start += len(token)
    return None


@dataclass(frozen=True)
class OtherSplit:
    """A way to split that leads to the ids that were found."""

    kind: str
    words: str
    is_likely: bool = True

    def after(self, words: str) -> Reason:
        """Return the reason that begins with `words`."""
        return Reason(self.kind, f"{words}. {self.words}.")


def other_splits(case: Case) -> Iterator[OtherSplit]:
    """Yield the ways to split that, merged by the ranks, end in just the ids that were found."""

    def leads_here(pieces: Iterable[str]) -> bool:
        return _ids_of(pieces, case.tables.ranks) == case.found.ids

    own = case.tables.pattern
    classes = []
    for char in dict.fromkeys(char for char in case.text if not (" " <= char <= "~" or char == "\n")):
        for what, stand_in in _STAND_INS.items():
            changed = case.text.replace(char, stand_in)
            pieces = textbook.split(changed, own)
            if "".join(pieces) == changed and leads_here(_cut_as(case.text, pieces)):
                classes.append(_of_class(case.name, char, what))
    classes.sort(key=lambda found: found.kind != "unicode")
    yield from (found for found in classes if found.is_likely)
    if leads_here([case.text]):
        yield OtherSplit("split", "Its ids are those of the text without any split")
    fitting = [
        (words, pattern)
        for words, pattern in _patterns(own).items()
        if leads_here(textbook.split(case.text, pattern))
    ]
    # Several patterns may fit so short a text; one that fits a longer one as well is right.
    probe = case.ask(_PROBE).ids
    fitting.sort(key=lambda item: _ids_of(textbook.split(_PROBE, item[1]), case.tables.ranks) != probe)
    yield from (OtherSplit("split", words) for words, _ in fitting)
    yield from (found for found in classes if not found.is_likely)


def _ids_of(pieces: Iterable[str], ranks: Mapping[bytes, int]) -> list[int]:
    ids: list[int] = []
    for piece in pieces:
        data = piece.encode("utf-8")
        ids += [ranks[data]] if data in ranks else textbook.merge_piece(data, ranks)
    return ids


def _cut_as(text: str, pieces: Iterable[str]) -> Iterator[str]:
    at = 0
    for piece in pieces:
        yield text[at : at + len(piece)]
        at += len(piece)


def _of_class(name: str, char: str, what: str) -> OtherSplit:
    unicode = int(class_table()[ord(char)])
    known = f"U+{ord(char):04X} ({unicodedata.name(char, 'which has no name here')})"
    is_letter_or_number = "L" in CLASSES[unicode] or "N" in CLASSES[unicode]
    if unicode == UNASSIGNED:
        return OtherSplit(
            "unicode",
            f"{name} takes {known} for {what}, and Unicode 16, which tiktoken has, has not assigned it: its"
            " table is of another version",
        )
    if is_letter_or_number and what.startswith("neither"):
        return OtherSplit(
            "unicode",
            f"{name} does not take {known} for a {'letter' if 'L' in CLASSES[unicode] else 'number'}, which"
            " it is in Unicode 16, tiktoken's: as with an old Unicode table, or with ASCII alone",
        )
    meant = {r"\s": "white space", r"\p{M}": "a mark"}.get(CLASSES[unicode], "")
    meant = meant or (
        "a letter" if "L" in CLASSES[unicode] else "a number" if "N" in CLASSES[unicode] else ""
    )
    words = f"{name} takes {known} for {what}, and the pattern for {meant or 'none of its classes'}"
    # White space that one takes for something else is usual, a blank taken for a letter is not.
    return OtherSplit(
        "split", words, what == "white space" or what.startswith("neither") or meant == "a mark"
    )


def _patterns(own: str) -> Mapping[str, str]:
    """Return patterns that are used by mistake, with what using them means."""
    found = {
        f"Its ids are those of {name}'s pattern": DEFINITIONS[name].pattern
        for name in ("gpt2", "cl100k_base", "o200k_base")
    }
    found |= {
        "Its ids are those of a pattern whose contractions ignore case": own.replace("'(?:[sd", "'(?i:[sd"),
        "Its ids are those of a pattern whose contractions are in lower case only": own.replace(
            "(?i:", "(?:"
        ),
        "Its ids are those of a pattern without contractions": own.replace(_CONTRACTIONS + "|", ""),
        r"Its ids are those of a pattern without \s+(?!\S), which leaves the last blank to the next word": (
            own.replace(r"|\s++$|\s+(?!\S)|\s", r"|\s+").replace(r"|\s+(?!\S)", "")
        ),
        "Its ids are those of a pattern that leaves no space before a word": own.replace("| ?", "|"),
        "Its ids are those of a split at white space alone": r"\s*\S+|\s+",
        r"Its ids are those of a split into words (\w+), punctuation and white space": r" ?\w+|\s+|[^\w\s]+",
    }
    return {words: pattern for words, pattern in found.items() if pattern != own}


def cut_of(piece: bytes, found: list[bytes], ranks: Mapping[bytes, int]) -> tuple[bytes, bytes] | None:
    """Return two parts of a piece, unless it is a word, if merging them apart ends in these tokens."""
    text = piece.decode("utf-8")
    if text.isalpha():
        return None  # more likely merged in another order
    for i in range(1, len(text)):
        parts = text[:i].encode("utf-8"), text[i:].encode("utf-8")
        if [ranks[token] for token in found] == [
            token for part in parts for token in textbook.merge_piece(part, ranks)
        ]:
            return parts
    return None
