"""Why do two encoders disagree? Said in words, by trying which mistake leads to just these ids."""

import unicodedata
from collections.abc import Iterable
from typing import Literal

from bpelab.bpe import textbook
from bpelab.bpe.parity.reasons.case import Case, Reason
from bpelab.bpe.parity.reasons.order import reason_of_order
from bpelab.bpe.parity.reasons.split import crossing_token, other_splits

# A sentence for mistakes that show in every text.
_PROBE = "The quick brown fox jumps over the lazy dog."
# The definition is quadratic, and the search for a mistake uses it often.
_MAX_BYTES = 400
_FORMS: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = ("NFC", "NFD", "NFKC", "NFKD")
_RULE = "tiktoken joins the two halves of a pair and reads a lone one as U+FFFD"


def reason_of(case: Case) -> Reason:
    """Return the first reason that explains the ids; each is checked, none is guessed from the text alone."""
    for explain in (_error, _surrogate, _special, _extra_ids, _unknown_ids, _other_bytes, _by_merging):
        if reason := explain(case):
            return reason
    return Reason("unknown", f"No known mistake leads to the ids of {case.name}.")


def _error(case: Case) -> Reason | None:
    if case.expected.error:
        return Reason("error", f"{case.other} fails: {case.expected.error}")
    if not case.found.error:
        return None
    words = f"{case.name} fails: {case.found.error}"
    if lone := _lone_surrogates(case.text):
        return Reason("surrogate", f"{words}. The text holds {lone}; {_RULE}.")
    return Reason("error", words)


def _lone_surrogates(text: str) -> str:
    found = [f"U+{ord(char):04X}" for char in dict.fromkeys(text) if "\ud800" <= char <= "\udfff"]
    return f"the surrogate{'s' if len(found) > 1 else ''} {', '.join(found)}" if found else ""


def _surrogate(case: Case) -> Reason | None:
    if not (lone := _lone_surrogates(case.text)):
        return None
    try:
        made = f": {case.name} encodes {case.spelled!r}"
    except KeyError:
        made = ""
    return Reason("surrogate", f"The text holds {lone}, which UTF-8 has no bytes for{made}; {_RULE}.")


def _special(case: Case) -> Reason | None:
    names = {number: name for name, number in case.tables.special_tokens.items()}
    taken = [number for number in case.found.ids if number in names and number not in case.expected.ids]
    if not taken or names[taken[0]] not in case.text:
        return None
    words = (
        f"{case.name} takes {names[taken[0]]!r} for the special token {taken[0]}; here it is a part of the"
        " text like any other, as in tiktoken's encode_ordinary"
    )
    if case.tables.encode(case.text, allowed_special="all") == case.found.ids:
        words += ". Its ids are those of tiktoken's encode(text, allowed_special='all')"
    return Reason("special", f"{words}.")


def _extra_ids(case: Case) -> Reason | None:
    """Ids before or after those of every text, or every id moved by the same number."""
    found, expected = case.ask(_PROBE).ids, case.tables.encode_ordinary(_PROBE)
    ours, theirs = case.found.ids, case.expected.ids
    if len(found) > len(expected):
        start = next(
            (i for i in range(len(found) - len(expected) + 1) if found[i : i + len(expected)] == expected),
            None,
        )
        if start is not None:
            before, after = found[:start], found[start + len(expected) :]
            if before + theirs + after == ours:
                where = " and ".join(
                    f"{ids} {place}" for ids, place in ((before, "before"), (after, "after")) if ids
                )
                return Reason("ids", f"{case.name} puts the ids {where} those of every text.")
    moved = {a - b for a, b in zip(found, expected, strict=False)}
    if len(found) == len(expected) and len(moved) == 1 and [i + min(moved) for i in theirs] == ours:
        n_ids = abs(min(moved))
        return Reason("ids", f"Every id of {case.name} is {n_ids} {'higher' if min(moved) > 0 else 'lower'}.")
    return None


def _unknown_ids(case: Case) -> Reason | None:
    for number in case.found.ids:
        try:
            case.tables.decode_single_token_bytes(number)
        except (KeyError, OverflowError):
            return Reason(
                "ids", f"{case.name} returns the id {number}, which {case.tables.name} does not have."
            )
    return None


def _other_bytes(case: Case) -> Reason | None:
    text, spelled = case.text, case.spelled
    if spelled == text.encode("utf-8"):
        return None
    changes: Iterable[tuple[str, str]] = (
        *((f"brings the text into {form}", unicodedata.normalize(form, text)) for form in _FORMS),
        ("puts a space before the text", f" {text}"),
        ("strips white space from the ends of the text", text.strip()),
        ("turns \\r\\n and \\r into \\n", text.replace("\r\n", "\n").replace("\r", "\n")),
        ("turns the text into lower case", text.lower()),
        ("joins runs of white space", " ".join(text.split())),
        ("loses white space", "".join(text.split())),
    )
    for words, changed in changes:
        if changed != text and changed.encode("utf-8") == spelled:
            return Reason("bytes", f"{case.name} {words} before encoding it: {text!r} becomes {changed!r}.")
    return Reason(
        "bytes",
        f"The tokens of {case.name} do not spell the text: together they are {spelled!r}, where the text is"
        f" {text.encode('utf-8')!r}. A part was changed or lost, or the ids belong to another vocabulary.",
    )


def _by_merging(case: Case) -> Reason | None:
    """Their tokens spell the text: it was split or merged otherwise."""
    tokens = case.tables.decode_tokens_bytes(case.found.ids)
    pieces = [piece.encode("utf-8") for piece in textbook.split(case.text, case.tables.pattern)]
    crossing = crossing_token(tokens, pieces)
    if sum(map(len, tokens)) > _MAX_BYTES:
        return _of_long(case, crossing)
    split = next(other_splits(case), None)
    if crossing:
        token, left, right = crossing
        words = (
            f"Split elsewhere: the token {token!r} of {case.name} reaches across the place where the pattern"
            f" ends the piece {left!r} and begins {right!r}"
        )
        return split.after(words) if split else Reason("split", f"{words}.")
    if split:
        return split.after("Split elsewhere")
    return reason_of_order(case, tokens, pieces)


def _of_long(case: Case, crossing: tuple[bytes, bytes, bytes] | None) -> Reason:
    n_bytes = len(case.text.encode("utf-8"))
    if crossing:
        return Reason("split", f"Split elsewhere: a token of {case.name} reaches across two pieces.")
    return Reason(
        "order",
        f"Merged in another order in a piece of {n_bytes:,} bytes: {case.name} was not found to differ on any"
        " part of it, so that the length matters, as where long pieces are merged in another way.",
    )
