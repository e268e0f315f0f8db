"""A typical mistake is recognized and explained in both languages."""

from pathlib import Path

import pytest
from bpelab.bpe.exercise.check import check_step
from bpelab.bpe.exercise.mistakes import MISTAKES
from bpelab.bpe.exercise.words import table

from .students import FUNCTIONS, LANGUAGES, SOLUTION, Here, explained, written

# What students write, and which mistake it is.
TYPICAL = [
    ("split", "loses_white_space", "return text.split()"),
    ("split", "no_space_in_front", r"return regex.findall(r'\p{L}+|\p{N}+|[^\s\p{L}\p{N}]+|\s+', text)"),
    ("split", "words_and_spaces", r"return regex.findall(r'\S+|\s+', text)"),
    ("split", "words_without_spaces", r"return regex.findall(r'\w+|[^\w\s]+', text)"),
    ("split", "space_behind", r"return regex.findall(r'\S+ ?|\s+', text)"),
    ("split", "no_lookahead", r"return regex.findall(PATTERN.replace(r'|\s+(?!\S)', ''), text)"),
    ("split", "no_contractions", r"return regex.findall(PATTERN.partition('|')[2].partition('|')[2]"
     r".partition(')|')[2], text)"),
    ("split", "any_case", "return regex.findall(PATTERN, text, regex.I)"),
    ("split", "ascii_letters", r"return regex.findall(PATTERN.replace(r'[^\s\p{L}\p{N}]', r'[^\sA-Za-z0-9]')"
     r".replace(r'\p{L}', '[A-Za-z]').replace(r'\p{N}', '[0-9]'), text)"),
    ("split", "word_characters", r"return regex.findall(r''' ?\w+| ?[^\s\w]+|\s+(?!\S)|\s+''', text)"),
    ("split", "not_cut", "return [text]"),
    ("split", "characters", "return list(text)"),
    ("count_pairs", "across_pieces", "ids = sum(pieces, [])\nreturn Counter(zip(ids, ids[1:]))"),
    ("count_pairs", "without_overlap", """
        counts = Counter()
        for piece in pieces:
            i = 0
            while i < len(piece) - 1:
                counts[piece[i], piece[i + 1]] += 1
                i += 2 if len(piece) > i + 2 and piece[i] == piece[i + 1] == piece[i + 2] else 1
        return counts
     """),
    ("count_pairs", "last_pair_missing",
     "return Counter((p[i], p[i + 1]) for p in pieces for i in range(len(p) - 2))"),
    ("count_pairs", "first_pair_missing",
     "return Counter((p[i], p[i + 1]) for p in pieces for i in range(1, len(p) - 1))"),
    ("count_pairs", "any_order", "return Counter(tuple(sorted(q)) for p in pieces for q in zip(p, p[1:]))"),
    ("count_pairs", "every_second",
     "return Counter((p[i], p[i + 1]) for p in pieces for i in range(0, len(p) - 1, 2))"),
    ("count_pairs", "once_a_piece", "return Counter(q for p in pieces for q in set(zip(p, p[1:])))"),
    ("count_pairs", "distinct_pieces",
     "return Counter(q for p in set(map(tuple, pieces)) for q in zip(p, p[1:]))"),
    ("count_pairs", "last_piece_only", "c = {}\nfor p in pieces:\n    c = Counter(zip(p, p[1:]))\nreturn c"),
    ("count_pairs", "first_piece_only", "for p in pieces:\n    return Counter(zip(p, p[1:]))\nreturn {}"),
    ("count_pairs", "one_too_few", """
        counts = {}
        for piece in pieces:
            for pair in zip(piece, piece[1:]):
                counts[pair] = counts[pair] + 1 if pair in counts else 0
        return counts
     """),
    ("count_pairs", "single_ids", "return Counter(i for p in pieces for i in p)"),
    ("merge", "overlapping", """
        merged, skip = [], False
        for i, symbol in enumerate(symbols):
            if i + 1 < len(symbols) and (symbol, symbols[i + 1]) == pair:
                merged.append(new)
                skip = True
            elif skip:
                skip = False
            else:
                merged.append(symbol)
        return merged
     """),
    ("merge", "from_the_right", """
        symbols, i = list(symbols), len(symbols) - 2
        while i >= 0:
            if tuple(symbols[i : i + 2]) == pair:
                symbols[i : i + 2] = [new]
                i -= 1
            i -= 1
        return symbols
     """),
    ("merge", "first_only", """
        for i in range(len(symbols) - 1):
            if tuple(symbols[i : i + 2]) == pair:
                return symbols[:i] + [new] + symbols[i + 2 :]
        return symbols
     """),
    ("merge", "last_symbol_lost", """
        merged, i = [], 0
        while i < len(symbols) - 1:
            if (symbols[i], symbols[i + 1]) == pair:
                merged.append(new)
                i += 2
            else:
                merged.append(symbols[i])
                i += 1
        return merged
     """),
    ("merge", "any_order", """
        merged, i = [], 0
        while i < len(symbols):
            if i + 1 < len(symbols) and {symbols[i], symbols[i + 1]} == set(pair) and (
                symbols[i] != symbols[i + 1] or pair[0] == pair[1]
            ):
                merged.append(new)
                i += 2
            else:
                merged.append(symbols[i])
                i += 1
        return merged
     """),
    ("merge", "keeps_second",
     "return [new if tuple(symbols[i : i + 2]) == pair else s for i, s in enumerate(symbols)]"),
    ("merge", "again", """
        symbols, i = list(symbols), 0
        while i < len(symbols) - 1:
            if tuple(symbols[i : i + 2]) == pair:
                symbols[i : i + 2] = [new]
                i = -1
            i += 1
        return symbols
     """),
    ("merge", "nothing_merged",
     "return [new if symbols[i : i + 2] == pair else s for i, s in enumerate(symbols)]"),
    ("train", "tie_first_seen", SOLUTION["train"].replace(
        "min(counts, key=lambda pair: (-counts[pair], pair))", "max(counts, key=counts.get)")),
    ("train", "tie_largest", SOLUTION["train"].replace(
        "min(counts, key=lambda pair: (-counts[pair], pair))",
        "max(counts, key=lambda pair: (counts[pair], pair))")),
    ("train", "tie_bytes", SOLUTION["train"].replace(
        "(-counts[pair], pair)", "(-counts[pair], tokens[pair[0]], tokens[pair[1]])")),
    ("train", "counted_once", """
        counts = count_pairs([list(piece.encode()) for text in texts for piece in split(text)])
        pairs = sorted(counts, key=lambda pair: (-counts[pair], pair))[: n_tokens - 256]
        return {token: rank for rank, token in enumerate([*BYTES, *(bytes(pair) for pair in pairs)])}
     """),
    ("train", "not_split", SOLUTION["train"].replace(
        "list(piece.encode()) for text in texts for piece in split(text)",
        "list(text.encode()) for text in texts")),
    ("train", "joined_texts", SOLUTION["train"].replace(
        "for text in texts for piece in split(text)", "for piece in split(''.join(texts))")),
    ("train", "first_text_only", SOLUTION["train"].replace("in texts", "in texts[:1]")),
    ("train", "n_merges", SOLUTION["train"].replace("< n_tokens", "< 256 + n_tokens")),
    ("train", "one_too_many", SOLUTION["train"].replace("< n_tokens", "<= n_tokens")),
    ("train", "one_too_few", SOLUTION["train"].replace("< n_tokens", "< n_tokens - 1")),
    ("train", "without_bytes", SOLUTION["train"].replace(
        "enumerate(tokens)}", "enumerate(tokens) if rank > 255}")),
    ("train", "least_frequent", SOLUTION["train"].replace("-counts[pair]", "counts[pair]")),
    ("train", "distinct_pieces", SOLUTION["train"].replace(
        "for text in texts for piece in split(text)",
        "for piece in {p for text in texts for p in split(text)}")),
    ("train", "gpt2_order", SOLUTION["train"].replace(
        "list(BYTES)", "[bytes([byte]) for byte in SHOWN + HIDDEN]")
     .replace("list(piece.encode())", "[(SHOWN + HIDDEN).index(byte) for byte in piece.encode()]")),
    ("encode_piece", "highest_rank", SOLUTION["encode_piece"].replace("min(ranked)", "max(ranked)")),
    ("encode_piece", "leftmost_pair", SOLUTION["encode_piece"].replace("min(ranked)", "ranked[0]")),
    ("encode_piece", "rightmost", SOLUTION["encode_piece"].replace(
        "min(ranked)", "min(ranked, key=lambda pair: (pair[0], -pair[1]))")),
    ("encode_piece", "longest_token", """
        ids = []
        while piece:
            for end in range(len(piece), 0, -1):
                if piece[:end] in ranks:
                    ids.append(ranks[piece[:end]])
                    piece = piece[end:]
                    break
        return ids
     """),
    ("encode_piece", "one_merge", SOLUTION["encode_piece"].replace("while True:", "for _ in [1, 2]:").replace(
        "if not ranked:", "if not ranked or _ == 2:")),
    ("encode_piece", "never_merges", "return [ranks[bytes([byte])] for byte in piece]"),
    ("encode_piece", "byte_values", "return list(piece)"),
    ("encode_piece", "tokens", SOLUTION["encode_piece"].replace("[ranks[part] for part in parts]", "parts")),
    ("decode", "one_by_one", "return ''.join(tokens[i].decode(errors='replace') for i in ids)"),
    ("decode", "ignores_errors", "return b''.join(tokens[i] for i in ids).decode(errors='ignore')"),
    ("decode", "latin_1", "return ''.join(chr(byte) for i in ids for byte in tokens[i])"),
    ("decode", "spaces_between", "return b' '.join(tokens[i] for i in ids).decode(errors='replace')"),
    ("decode", "escapes", "return b''.join(tokens[i] for i in ids).decode(errors='backslashreplace')"),
    ("decode", "stripped", "return b''.join(tokens[i] for i in ids).decode(errors='replace').strip()"),
    ("decode", "bytes", "return b''.join(tokens[i] for i in ids)"),
    ("decode", "shown_bytes", "return str(b''.join(tokens[i] for i in ids))"),
    ("printable", "latin_1", "return ''.join(map(chr, token))"),
    ("printable", "space_only", "return token.decode(errors='replace').replace(' ', 'Ġ')"),
    ("printable", "by_value", "return ''.join(chr(b) if b in SHOWN else chr(256 + b) for b in token)"),
    ("printable", "soft_hyphen", """
        shown = [*range(33, 127), *range(161, 256)]
        hidden = [byte for byte in range(256) if byte not in shown]
        return ''.join(chr(b) if b in shown else chr(256 + hidden.index(b)) for b in token)
     """),
    ("printable", "delete", """
        shown = [*range(33, 128), *range(161, 173), *range(174, 256)]
        hidden = [byte for byte in range(256) if byte not in shown]
        return ''.join(chr(b) if b in shown else chr(256 + hidden.index(b)) for b in token)
     """),
    ("printable", "ascii_only", """
        shown = range(33, 127)
        hidden = [byte for byte in range(256) if byte not in shown]
        return ''.join(chr(b) if b in shown else chr(256 + hidden.index(b)) for b in token)
     """),
    ("printable", "utf_8", "return token.decode(errors='replace')"),
    ("from_printable", "utf_8", "return text.encode()"),
    ("from_printable", "space_only", "return text.replace('Ġ', ' ').encode()"),
    ("from_printable", "low_byte", "return bytes(ord(char) % 256 for char in text)"),
    ("from_printable", "question_marks", "return text.encode('latin-1', errors='replace')"),
    ("encode", "special_as_text", "return [i for p in split(text) for i in encode_piece(p.encode(), ranks)]"),
    ("encode", "special_dropped", SOLUTION["encode"].replace("ids.append(special_tokens[part])", "pass")),
    ("encode", "special_only",
     "return [special_tokens[p] for p in special_tokens for _ in range(text.count(p))]"),
    ("encode", "stripped", SOLUTION["encode"].replace('split(part or "")', 'split((part or "").strip())')),
    ("encode", "first_special_only", SOLUTION["encode"].replace(", text)", ", text, maxsplit=1)")),
    ("encode", "not_split", SOLUTION["encode"].replace('split(part or "")', '[part or ""]')),
    ("encode", "nested", SOLUTION["encode"].replace("ids.append(special_tokens[part])",
     "ids.append([special_tokens[part]])").replace(
        "ids += encode_piece(", "ids.append(encode_piece(").replace("ranks)\n", "ranks))\n")),
    ("encode", "not_escaped",
     SOLUTION["encode"].replace("map(regex.escape, special_tokens)", "special_tokens")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "mistake", "body"), TYPICAL, ids=[f"{n}-{m}" for n, m, _ in TYPICAL])
def test_a_typical_mistake_is_recognized_and_explained(
    tmp_path: Path, name: str, mistake: str, body: str
) -> None:
    result = check_step(Here(written(tmp_path, **{name: body})), FUNCTIONS[name][0])
    assert result.status == "wrong" and result.failure is not None
    assert (result.failure.function, result.failure.mistake) == (name, mistake)
    for language in LANGUAGES:
        assert table()[f"mistake.{name}.{mistake}"][language] in explained(result, language).notes


def test_every_mistake_has_a_student_who_makes_it() -> None:
    assert {(name, mistake) for name, mistake, _ in TYPICAL} == {
        (name, mistake) for name, mistakes in MISTAKES.items() for mistake in mistakes
    }
