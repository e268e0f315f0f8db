"""Which mistakes are typical? Each is a function that makes it, to be recognized by what it returns."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any

import regex
from bpelab.bpe import textbook
from bpelab.bpe.data.gpt2 import BYTE_ORDER
from bpelab.bpe.exercise import answers
from bpelab.bpe.exercise.answers import Pair

Pieces = Sequence[Sequence[int]]
Ranks = Mapping[bytes, int]


def _pattern(pattern: str, flags: int = 0) -> Callable[[str], list[str]]:
    return lambda text: regex.findall(pattern, text, flags=flags)


_CONTRACTIONS = r"'(?:[sdmt]|ll|ve|re)|"
_REST = r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

# The keys are those of the words in words.toml, mistake.FUNCTION.KEY.
MISTAKES: dict[str, dict[str, Callable[..., Any]]] = {
    "split": {
        "loses_white_space": str.split,
        "no_space_in_front": _pattern(r"'(?:[sdmt]|ll|ve|re)|\p{L}+|\p{N}+|[^\s\p{L}\p{N}]+|\s+"),
        "space_behind": _pattern(r"\S+ ?|\s+"),
        "words_and_spaces": _pattern(r"\S+|\s+"),
        "words_without_spaces": _pattern(r"\w+|[^\w\s]+"),
        "no_lookahead": _pattern(_CONTRACTIONS + r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+"),
        "no_contractions": _pattern(_REST),
        "any_case": _pattern(_CONTRACTIONS + _REST, regex.IGNORECASE),
        "ascii_letters": _pattern(_CONTRACTIONS + r" ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+"),
        "word_characters": _pattern(_CONTRACTIONS + r" ?\w+| ?[^\s\w]+|\s+(?!\S)|\s+"),
        "not_cut": lambda text: [text],
        "characters": list,
    },
    "count_pairs": {
        "across_pieces": lambda pieces: dict(Counter(pairwise(chain.from_iterable(pieces)))),
        "without_overlap": lambda pieces: _counted(pieces, _pairs_without_overlap),
        "last_pair_missing": lambda pieces: _counted(pieces, lambda piece: list(pairwise(piece))[:-1]),
        "first_pair_missing": lambda pieces: _counted(pieces, lambda piece: list(pairwise(piece))[1:]),
        "any_order": lambda pieces: _counted(
            pieces, lambda piece: [_sorted(pair) for pair in pairwise(piece)]
        ),
        "every_second": lambda pieces: _counted(pieces, lambda piece: list(pairwise(piece))[::2]),
        "once_a_piece": lambda pieces: _counted(pieces, lambda piece: list(dict.fromkeys(pairwise(piece)))),
        "distinct_pieces": lambda pieces: answers.count_pairs(list(dict.fromkeys(map(tuple, pieces)))),
        "last_piece_only": lambda pieces: answers.count_pairs(pieces[-1:]),
        "first_piece_only": lambda pieces: answers.count_pairs(pieces[:1]),
        "one_too_few": lambda pieces: {pair: n - 1 for pair, n in answers.count_pairs(pieces).items()},
        "single_ids": lambda pieces: dict(Counter(chain.from_iterable(pieces))),
    },
    "merge": {
        "overlapping": lambda symbols, pair, new: _merged_overlapping(symbols, pair, new),
        "from_the_right": lambda symbols, pair, new: answers.merge(symbols[::-1], pair[::-1], new)[::-1],
        "first_only": lambda symbols, pair, new: _merged_first(symbols, pair, new),
        "last_symbol_lost": lambda symbols, pair, new: _merged_without_last(symbols, pair, new),
        "any_order": lambda symbols, pair, new: _merged_any_order(symbols, pair, new),
        "keeps_second": lambda symbols, pair, new: _merged_keeping_second(symbols, pair, new),
        "again": lambda symbols, pair, new: _merged_again(symbols, pair, new),
        "nothing_merged": lambda symbols, pair, new: list(symbols),
    },
    "train": {
        "tie_first_seen": lambda texts, n: _trained(texts, n, lambda pair, count, tokens: -count),
        "tie_largest": lambda texts, n: _trained(
            texts, n, lambda pair, count, tokens: (-count, -pair[0], -pair[1])
        ),
        "tie_bytes": lambda texts, n: _trained(
            texts, n, lambda pair, count, tokens: (-count, tokens[pair[0]], tokens[pair[1]])
        ),
        "counted_once": lambda texts, n: _trained_counting_once(texts, n),
        "not_split": lambda texts, n: textbook.train(Counter(text.encode() for text in texts), n),
        "joined_texts": lambda texts, n: answers.train(["".join(texts)], n),
        "first_text_only": lambda texts, n: answers.train(texts[:1], n),
        "n_merges": lambda texts, n: answers.train(texts, 256 + n),
        "one_too_many": lambda texts, n: answers.train(texts, n + 1),
        "one_too_few": lambda texts, n: answers.train(texts, n - 1),
        "without_bytes": lambda texts, n: dict(list(answers.train(texts, n).items())[256:]),
        "least_frequent": lambda texts, n: _trained(texts, n, lambda pair, count, tokens: (count, pair)),
        "distinct_pieces": lambda texts, n: textbook.train(
            dict.fromkeys((piece.encode() for text in texts for piece in answers.split(text)), 1), n
        ),
        "gpt2_order": lambda texts, n: textbook.train(
            Counter(piece.encode() for text in texts for piece in answers.split(text)), n, BYTE_ORDER
        ),
    },
    "encode_piece": {
        "highest_rank": lambda piece, ranks: _merged_by(piece, ranks, lambda rank, i: (-rank, i)),
        "leftmost_pair": lambda piece, ranks: _merged_by(piece, ranks, lambda rank, i: (i,)),
        "rightmost": lambda piece, ranks: _merged_by(piece, ranks, lambda rank, i: (rank, -i)),
        "longest_token": lambda piece, ranks: _longest_tokens(piece, ranks),
        "one_merge": lambda piece, ranks: _merged_by(piece, ranks, lambda rank, i: (rank, i), n_merges=1),
        "never_merges": lambda piece, ranks: [ranks[bytes([byte])] for byte in piece],
        "byte_values": lambda piece, ranks: list(piece),
        "tokens": lambda piece, ranks: _tokens(textbook.merge_piece(piece, ranks), ranks),
    },
    "decode": {
        "one_by_one": lambda ids, tokens: "".join(tokens[i].decode("utf-8", "replace") for i in ids),
        "ignores_errors": lambda ids, tokens: b"".join(tokens[i] for i in ids).decode("utf-8", "ignore"),
        "latin_1": lambda ids, tokens: b"".join(tokens[i] for i in ids).decode("latin-1"),
        "spaces_between": lambda ids, tokens: b" ".join(tokens[i] for i in ids).decode("utf-8", "replace"),
        "escapes": lambda ids, tokens: b"".join(tokens[i] for i in ids).decode("utf-8", "backslashreplace"),
        "stripped": lambda ids, tokens: answers.decode(ids, tokens).strip(),
        "bytes": lambda ids, tokens: b"".join(tokens[i] for i in ids),
        "shown_bytes": lambda ids, tokens: str(b"".join(tokens[i] for i in ids)),
    },
    "printable": {
        "latin_1": lambda token: token.decode("latin-1"),
        "space_only": lambda token: token.decode("utf-8", "replace").replace(" ", "Ġ"),
        "by_value": lambda token: _printable(token, lambda byte: chr(256 + byte)),
        "soft_hyphen": lambda token: _printable(token, None, printable={*range(33, 127), *range(161, 256)}),
        "delete": lambda token: _printable(
            token, None, printable={*range(33, 128), *range(161, 173), *range(174, 256)}
        ),
        "ascii_only": lambda token: _printable(token, None, printable=set(range(33, 127))),
        "utf_8": lambda token: token.decode("utf-8", "replace"),
    },
    "from_printable": {
        "utf_8": lambda text: text.encode(),
        "space_only": lambda text: text.replace("Ġ", " ").encode(),
        "low_byte": lambda text: bytes(ord(char) & 255 for char in text),
        "question_marks": lambda text: text.encode("latin-1", "replace"),
    },
    "encode": {
        "special_as_text": lambda text, ranks, specials: answers.encode(text, ranks, {}),
        "special_dropped": lambda text, ranks, specials: [
            i
            for part, ids in answers.encoded_pieces(text, ranks, specials)
            if part not in specials
            for i in ids
        ],
        "special_only": lambda text, ranks, specials: [
            i for part, ids in answers.encoded_pieces(text, ranks, specials) if part in specials for i in ids
        ],
        "stripped": lambda text, ranks, specials: _encoded(text, ranks, specials, str.strip),
        "first_special_only": lambda text, ranks, specials: _encoded_first_special(text, ranks, specials),
        "not_split": lambda text, ranks, specials: _encoded_unsplit(text, ranks, specials),
        "nested": lambda text, ranks, specials: [
            ids for _, ids in answers.encoded_pieces(text, ranks, specials)
        ],
        "not_escaped": lambda text, ranks, specials: _encoded_unescaped(text, ranks, specials),
    },
}


def _sorted(pair: Pair) -> Pair:
    return min(pair), max(pair)


def _counted(pieces: Pieces, pairs_of: Callable[[Sequence[int]], Sequence[Pair]]) -> dict[Pair, int]:
    return dict(Counter(pair for piece in pieces for pair in pairs_of(piece)))


def _pairs_without_overlap(piece: Sequence[int]) -> list[Pair]:
    """List the pairs as a merge would find them: of three equal symbols, one pair."""
    pairs: list[Pair] = []
    free: dict[Pair, int] = {}
    for i, pair in enumerate(pairwise(piece)):
        if free.get(pair, 0) <= i:
            pairs.append(pair)
            free[pair] = i + 2
    return pairs


def _merged_overlapping(symbols: Sequence[int], pair: Pair, new: int) -> list[int]:
    merged, was_pair = [], False
    for i, symbol in enumerate(symbols):
        is_pair = tuple(symbols[i : i + 2]) == pair
        if is_pair or not was_pair:
            merged.append(new if is_pair else symbol)
        was_pair = is_pair
    return merged


def _merged_first(symbols: Sequence[int], pair: Pair, new: int) -> list[int]:
    for i, found in enumerate(pairwise(symbols)):
        if found == pair:
            return [*symbols[:i], new, *symbols[i + 2 :]]
    return list(symbols)


def _merged_without_last(symbols: Sequence[int], pair: Pair, new: int) -> list[int]:
    merged = answers.merge(symbols, pair, new)
    ends_in_pair = answers.merge([*symbols, -1], pair, new)[-2:] == [new, -1]
    return merged if ends_in_pair else merged[:-1]


def _merged_any_order(symbols: Sequence[int], pair: Pair, new: int) -> list[int]:
    merged: list[int] = []
    i = 0
    while i < len(symbols):
        is_pair = tuple(symbols[i : i + 2]) in (pair, pair[::-1])
        merged.append(new if is_pair else symbols[i])
        i += 2 if is_pair else 1
    return merged


def _merged_keeping_second(symbols: Sequence[int], pair: Pair, new: int) -> list[int]:
    return [new if tuple(symbols[i : i + 2]) == pair else symbol for i, symbol in enumerate(symbols)]


def _merged_again(symbols: Sequence[int], pair: Pair, new: int) -> list[int]:
    merged = list(symbols)
    while (shorter := _merged_first(merged, pair, new)) != merged:
        merged = shorter
    return merged


def _trained(
    texts: Sequence[str], n_tokens: int, key: Callable[[Pair, int, list[bytes]], Any]
) -> dict[bytes, int]:
    """Learn ranks with another choice of the pair: the least key wins, of equals the first seen."""
    tokens = [bytes([byte]) for byte in range(256)]
    pieces: list[list[int]] = [list(piece.encode()) for text in texts for piece in answers.split(text)]
    while len(tokens) < n_tokens and (counts := answers.count_pairs(pieces)):
        best = min(counts, key=lambda pair: key(pair, counts[pair], tokens))
        pieces = [answers.merge(piece, best, len(tokens)) for piece in pieces]
        tokens.append(tokens[best[0]] + tokens[best[1]])
    return {token: rank for rank, token in enumerate(tokens)}


def _trained_counting_once(texts: Sequence[str], n_tokens: int) -> dict[bytes, int]:
    counts = answers.count_pairs([list(piece.encode()) for text in texts for piece in answers.split(text)])
    ordered = sorted(counts, key=lambda pair: (-counts[pair], pair))[: n_tokens - 256]
    return {
        token: rank for rank, token in enumerate([*(bytes([i]) for i in range(256)), *map(bytes, ordered)])
    }


def _merged_by(
    piece: bytes, ranks: Ranks, key: Callable[[int, int], tuple[int, ...]], n_merges: int | None = None
) -> list[int]:
    parts = [piece[i : i + 1] for i in range(len(piece))]
    while (pairs := textbook.mergeable_pairs(parts, ranks)) and n_merges != 0:
        _, i = min(pairs, key=lambda pair: key(*pair))
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
        n_merges = None if n_merges is None else n_merges - 1
    return [ranks[part] for part in parts]


def _longest_tokens(piece: bytes, ranks: Ranks) -> list[int]:
    ids = []
    while piece:
        n_bytes = next(n for n in range(len(piece), 0, -1) if piece[:n] in ranks)
        ids.append(ranks[piece[:n_bytes]])
        piece = piece[n_bytes:]
    return ids


def _tokens(ids: Sequence[int], ranks: Ranks) -> list[bytes]:
    token_of = {rank: token for token, rank in ranks.items()}
    return [token_of[token_id] for token_id in ids]


def _printable(token: bytes, other: Callable[[int], str] | None, printable: set[int] | None = None) -> str:
    """Write bytes with another rule for those that do not print, or with other bytes that do."""
    known = {*range(33, 127), *range(161, 173), *range(174, 256)} if printable is None else printable
    others = [byte for byte in range(256) if byte not in known]
    number = other or (lambda byte: chr(256 + others.index(byte)))
    return "".join(chr(byte) if byte in known else number(byte) for byte in token)


def _parts(text: str, specials: Mapping[str, int]) -> list[str]:
    """Cut a text at its special tokens, which are parts, too."""
    alternatives = "|".join(map(regex.escape, specials)) or "(?!)"
    return list(regex.split(f"({alternatives})", text))


def _encoded(
    text: str, ranks: Ranks, specials: Mapping[str, int], changed: Callable[[str], str]
) -> list[int]:
    ids = (answers.encode(changed(part), ranks, specials) for part in _parts(text, specials))
    return list(chain.from_iterable(ids))


def _encoded_first_special(text: str, ranks: Ranks, specials: Mapping[str, int]) -> list[int]:
    first = next((part for part in _parts(text, specials) if part in specials), None)
    if first is None:
        return answers.encode(text, ranks, {})
    before, _, after = text.partition(first)
    return [*answers.encode(before, ranks, {}), specials[first], *answers.encode(after, ranks, {})]


def _encoded_unsplit(text: str, ranks: Ranks, specials: Mapping[str, int]) -> list[int]:
    parts = _parts(text, specials)
    ids = ([specials[p]] if p in specials else textbook.merge_piece(p.encode(), ranks) for p in parts)
    return list(chain.from_iterable(ids))


def _encoded_unescaped(text: str, ranks: Ranks, specials: Mapping[str, int]) -> list[int]:
    ids: list[int] = []
    for part in regex.split(f"({'|'.join(specials)})", text):
        ids += [specials[part]] if part in specials else answers.encode(part or "", ranks, {})
    return ids
