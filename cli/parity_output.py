"""How does `bpelab parity` show what it found?"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bpelab.cli.text import counted

if TYPE_CHECKING:
    from bpelab.bpe.parity.compare import Comparison, Difference
    from bpelab.bpe.parity.trainers import MergeDifference, Pair, TrainerComparison

# Of a text that could not be shrunk to less.
_SHOWN_CHARS = 120
_SHOWN_IDS = 16
# Of one token or piece in a list of them.
_SHOWN_BYTES = 24


def counts(result: "Comparison") -> str:
    """Say how much was compared."""
    said = [(result.n_texts, "text"), (result.n_bytes, "byte"), (result.n_tokens, "token")]
    return ", ".join(counted(*what) for what in said)


def row(kind: str, result: "Comparison") -> str:
    """Return a kind's line of the table: how many texts, and the first difference."""
    found = f"DIFFERENT: {_short(result.difference.shrunk)}" if result.difference else "equal"
    n_texts = f"{result.n_texts:>7,} {'text' if result.n_texts == 1 else 'texts':5}"
    return f"{kind:18}{n_texts} {result.n_bytes:>11,} bytes   {found}"


def print_difference(first: "Difference") -> None:
    """Show where two encoders differ, what is left of the text, both answers, and why."""
    print(f"DIFFERENT: {first.source}")
    place = f"byte {first.byte_offset:,}, character {first.char_offset:,}"
    print(f"  at {place}, in the piece {_short(first.piece)}")
    width = max(9, len(first.our_name), len(first.their_name))
    for name, ids, tokens, pieces, error in (
        (first.our_name, first.our_ids, first.our_tokens, first.our_pieces, first.our_error),
        (first.their_name, first.their_ids, first.their_tokens, first.their_pieces, first.their_error),
    ):
        if error:
            print(f"  {name:{width}} error  {error}")
            continue
        print(f"  {name:{width}} ids    {' '.join(map(str, ids))}")
        print(f"  {'':{width}} tokens {' '.join(map(_token, tokens))}")
        print(f"  {'':{width}} pieces {' '.join(map(_piece, pieces))}")
    print(f"shrunk to {_short(first.shrunk)}")
    for name, ids in ((first.our_name, first.our_shrunk_ids), (first.their_name, first.their_shrunk_ids)):
        print(f"  {name:{width}} ids    {_listed(map(str, ids))}")
    for name, tokens in (
        (first.our_name, first.our_shrunk_tokens),
        (first.their_name, first.their_shrunk_tokens),
    ):
        print(f"  {name:{width}} tokens {_listed(map(_token, tokens))}")
    print(f"why: {first.reason.words}")


def _listed(items: Iterable[str]) -> str:
    found = list(items)
    more = f" ... ({len(found):,} in all)" if len(found) > _SHOWN_IDS else ""
    return " ".join(found[:_SHOWN_IDS]) + more


def _short(text: str) -> str:
    """Show a text in quotes, and of a long one its beginning.

    >>> _short("a" * 1000)[-22:]
    '... (1,000 characters)'
    """
    shown = repr(text[:_SHOWN_CHARS])
    return shown if len(text) <= _SHOWN_CHARS else f"{shown}... ({len(text):,} characters)"


def _token(token: bytes) -> str:
    return repr(token) if len(token) <= _SHOWN_BYTES else f"{token[:_SHOWN_BYTES]!r}...({len(token)})"


def _piece(piece: str) -> str:
    return repr(piece) if len(piece) <= _SHOWN_BYTES else f"{piece[:_SHOWN_BYTES]!r}...({len(piece):,})"


def print_trainer(name: str, result: "TrainerComparison") -> None:
    """Show how far a trainer's merges are ours, and whose rule its ties follow."""
    from bpelab.bpe.parity.trainers import FAMILIES

    print(
        f"{name}: {counted(result.n_merges, 'merge')} from {counted(result.n_texts, 'text')},"
        f" {counted(result.n_ties, 'tie')} among them"
    )
    if result.n_ties:
        followed = [FAMILIES[family] for family in result.families]
        print(f"ties go as with {'; or '.join(followed)}" if followed else "ties follow no rule known here")
    if result.difference:
        what = "a tie that goes to another pair" if result.difference.is_tie else "a mistake"
        _print_merge(f"the first merge that differs from bpelab's is {what}", name, result.difference)
    if result.mistake and result.mistake != result.difference:
        _print_merge("later comes a mistake", name, result.mistake)
    if not result.difference:
        print("equal to bpelab's merges")


def _print_merge(what: str, name: str, found: "MergeDifference") -> None:
    print(f"{what}, merge {found.number:,}:")
    width = max(9, len(name))
    print(f"  {name:{width}} {_pair(found.theirs, 'stops here', found.theirs_count)}")
    print(f"  {'bpelab':{width}} {_pair(found.ours, 'has no pair left', found.ours_count)}")


def _pair(pair: "Pair | None", none: str, count: int) -> str:
    return f"{pair[0]!r} + {pair[1]!r}, which occurs {counted(count, 'time')}" if pair else none
