"""In which other order was a piece merged?"""

from collections.abc import Callable, Mapping

from bpelab.bpe import textbook
from bpelab.bpe.parity.reasons.case import Case, Reason
from bpelab.bpe.parity.reasons.split import cut_of

_Way = Callable[[bytes, Mapping[bytes, int]], list[bytes]]
_PROBE = "an alphabetic brackets although abnormally asynchronous compatibility appends"


def reason_of_order(case: Case, tokens: list[bytes], pieces: list[bytes]) -> Reason | None:
    """No token crosses two pieces: look at the first piece whose tokens differ."""
    ranks, start = case.tables.ranks, 0
    for piece in pieces:
        found, n_bytes = [], 0
        while n_bytes < len(piece):
            found.append(tokens[start])
            n_bytes += len(tokens[start])
            start += 1
        right = (
            [piece] if piece in ranks else case.tables.decode_tokens_bytes(textbook.merge_piece(piece, ranks))
        )
        if found != right:
            return _of_piece(case, piece, found)
    return None


def _of_piece(case: Case, piece: bytes, found: list[bytes]) -> Reason:
    if words := _known_order(case, piece, found):
        return Reason("order", f"Merged in another order: {words}.")
    if cut := cut_of(piece, found, case.tables.ranks):
        return Reason(
            "split", f"Split elsewhere: as if the piece {piece!r} were cut into {cut[0]!r} and {cut[1]!r}."
        )
    return Reason("order", f"Merged in another order: {_first_step(case, piece, found)}.")


def _known_order(case: Case, piece: bytes, found: list[bytes]) -> str | None:
    ranks, name = case.tables.ranks, case.name
    merged = case.tables.decode_tokens_bytes(textbook.merge_piece(piece, ranks))
    if piece in ranks and found == merged:
        return f"the piece {piece!r} is a token and is taken whole; {name} merges it, which ends elsewhere"
    if len(found) == len(piece) > 1:
        return f"{name} merges nothing in the piece {piece!r}"
    ways = (
        ("takes the longest token that fits, from the left", _longest_first),
        ("merges the leftmost pair that is a token, whatever its rank", _leftmost_first),
        ("merges the rightmost of equal pairs first", _rightmost_first),
        ("merges the pair of the highest rank first", _highest_first),
    )
    fitting = [(words, way) for words, way in ways if way(piece, ranks) == found]
    if not fitting:
        return None

    # Several ways may fit one piece; one that fits other words as well is right.
    probe = [part.encode("utf-8") for part in textbook.split(_PROBE, case.tables.pattern)]
    answer = case.ask(_PROBE).ids

    def fits_the_probe(way: _Way) -> bool:
        merged = [way(part, ranks) for part in probe]
        taken = [[part] if part in ranks else tokens for part, tokens in zip(probe, merged, strict=True)]
        return answer in [[ranks[token] for part in parts for token in part] for parts in (merged, taken)]

    words = next((words for words, way in fitting if fits_the_probe(way)), fitting[0][0])
    return f"in the piece {piece!r}, {name} {words}; the pair of the lowest rank comes first"


def _first_step(case: Case, piece: bytes, found: list[bytes]) -> str:
    """Say which merge of the definition the tokens that were found do not have."""
    ranks, name = case.tables.ranks, case.name
    parts, ends, at = [piece[i : i + 1] for i in range(len(piece))], {0}, 0
    for token in found:
        at += len(token)
        ends.add(at)
    while pairs := textbook.mergeable_pairs(parts, ranks):
        rank, i = min(pairs)
        if sum(map(len, parts[: i + 1])) in ends:
            before = " ".join(map(repr, parts))
            return (
                f"in the piece {piece!r}, at {before}, the pair {parts[i]!r} + {parts[i + 1]!r} has the"
                f" lowest rank, {rank}, and merges; {name} keeps the two apart"
            )
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return f"in the piece {piece!r}, {name} merges on to {' '.join(map(repr, found))}"


def _longest_first(piece: bytes, ranks: Mapping[bytes, int]) -> list[bytes]:
    found: list[bytes] = []
    while piece:
        length = next(n for n in range(len(piece), 0, -1) if piece[:n] in ranks or n == 1)
        found.append(piece[:length])
        piece = piece[length:]
    return found


def _leftmost_first(piece: bytes, ranks: Mapping[bytes, int]) -> list[bytes]:
    return _merge(piece, ranks, lambda pairs: min(pairs, key=lambda pair: pair[1]))


def _rightmost_first(piece: bytes, ranks: Mapping[bytes, int]) -> list[bytes]:
    return _merge(piece, ranks, lambda pairs: min(pairs, key=lambda pair: (pair[0], -pair[1])))


def _highest_first(piece: bytes, ranks: Mapping[bytes, int]) -> list[bytes]:
    return _merge(piece, ranks, lambda pairs: max(pairs, key=lambda pair: (pair[0], -pair[1])))


def _merge(
    piece: bytes,
    ranks: Mapping[bytes, int],
    choose: Callable[[list[tuple[int, int]]], tuple[int, int]],
) -> list[bytes]:
    parts = [piece[i : i + 1] for i in range(len(piece))]
    while pairs := textbook.mergeable_pairs(parts, ranks):
        _, i = choose(pairs)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return parts
