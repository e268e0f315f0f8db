"""A pattern of any kind cuts a text as tiktoken cuts it, or is refused."""

import pytest
from bpelab.bpe import Encoding, textbook, train
from bpelab.bpe.splitting.dialect.translate import translate
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from bpelab.bpe.splitting.regex_splitter import Splitter
from bpelab.bpe.study.trace import trace_encode
from hypothesis import given, settings
from hypothesis import strategies as st

BYTES = {bytes([byte]): byte for byte in range(256)}

KIMI_K2 = "|".join(
    [
        r"[\p{Han}]+",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)


def encoding(pattern: str, tokens: dict[bytes, int] = BYTES) -> Encoding:
    return Encoding("x", pat_str=pattern, mergeable_ranks=tokens, special_tokens={})


def tiktoken_pieces(pattern: str, texts: list[str]) -> list[list[str] | None]:
    """The pieces that tiktoken makes of each text: all that may be one are tokens. None where it panics."""
    import tiktoken

    ranks = dict(BYTES)
    for text in texts:
        for start in range(len(text)):
            for end in range(start + 1, len(text) + 1):
                ranks.setdefault(text[start:end].encode(), len(ranks))
    theirs = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})

    def pieces(text: str) -> list[str] | None:
        try:
            return [token.decode() for token in theirs.decode_tokens_bytes(theirs.encode_ordinary(text))]
        except BaseException as panic:  # at an empty match, and where it has backtracked too often
            if type(panic).__name__ != "PanicException":
                raise
            return None

    return list(map(pieces, texts))


TEXTS = [
    "hello world",
    "It's 2026, ISN'T it?\n\n  Kelvin \u212a and long \u017f: Stra\u00dfe\r\n",
    "ab\n",
    "a\nb\r\nc\rd \n",
    "\u6f22\u5b57abc \u041f\u0440\u0438\u0432\u0435\u0442 e\u0301 \u0130i\u0131I",
    "aaab aab, aa!b abab--[x]&&y~~z]{2}#",
    "new: \U00032c82\u088f\u0295 and \U0001fac8 \ufdd0",
    "xx.x 3.14 x",
]
PATTERNS = {
    "a class that intersects": r"[\p{L}&&[^\p{Han}]]+|\p{Han}",
    "a class that subtracts": r"[\w--\d]+",
    "a class of either": r"[a-m~~g-z]+",
    "classes in a class": r"[a[b-d[^\s\w]]]+",
    "a POSIX class": r"[[:alpha:]]+|[[:^alpha:][:punct:]]",
    "a ] that comes first": r"[]a]+|[^]b]",
    "a - that is itself": r"[-a]+|[b-]+|[a\-z]",
    "the end of the text": r"b$|c",
    "the end of a line": r"(?m)\w$",
    "the end of a line of any kind": r"(?mR)\w$|^\w",
    "the end before newlines": r"b\Z|d\s*\z",
    "the beginning": r"^\w|\A.|\s",
    "the beginning of a line": r"(?m)^\w+",
    "hexadecimal digits": r"\h+|\H",
    "a dot": r".+",
    "a dot that is anything": r"(?s).+?\s",
    "a dot without both newlines": r"(?R).+",
    "\\N and \\O": r"\N\O",
    "a newline of any kind": r"\R|\w+",
    "no case": r"(?i)[a-k]+|ss|\x{e9}|\u0130",
    "no case and no such class": r"(?i)[^a-s]+|\P{Lu}",
    "no case and a property": r"(?i)\p{Lu}+|\p{Greek}",
    "a flag that leaks out of its group": r"(x(?i)k)?k|a",
    "a flag within its group": r"(?i:k)k?|(?-i:A)",
    "lazy by a flag": r"(?U)a+b?",
    "spaces and comments": "(?x) a + # some\n | [ ] b (?#one)",
    "word boundaries": r"\b\w+\b|\B.|\<|\b{end}!",
    "half a word boundary": r"\b{start-half}.|x\b{end-half}",
    "property names": r"\p{alpha}+|\p{Nd}|\p{General_Category=Zs}|\p{sc!=Latin}|\pP",
    "names that Oniguruma has": r"\p{alnum}+|\P{graph}|\p{^blank}|\p{word}",
    "unassigned": r"\p{Cn}|\p{assigned}+",
    "the newer letters": r"\p{L}+|\p{Ll}|[^\p{Lo}]",
    "newer letters by number": r"[\x{30000}-\x{3ffff}]|\x{88f}|\p{L}",
    "possessive": r"a++b|a{1,2}+a|\w",
    "atomic": r"(?>a|ab)b|\w",
    "looking ahead": r"\w+(?=,)|\w(?!b)",
    "looking behind": r"(?<=a)b|(?<!a)a|(?<=ab?)[ ,]",
    "a group again": r"(\w)\1|(?<n>b).(?P=n)",
    "a group again by \\k": r"(?<n>[ab])\k<n>|(\w)\k'2'|.",
    "a group found ahead": r"(?=(a+))\1b|.",
    "braces that are themselves": r"a{|{2}|a{x}|}",
    "braces without a number": r"a{,2}|b{1,}|\w{2}",
    "a backspace in a class": r"[\b-\n]|\w+",
    "escapes": r"\t|\x41|\u{41}|\U00000062|\e|\-|\#|\&",
    "an empty alternative": r"a(?:b|)|(?:|c)d",
    "x y? x, which becomes x (y x)?": r"\w+\.?\w+|\w*\.??\w*\s",
    "a repeat of a repeat": r"(?:(?:a+)*b)+|(a?)+c|.",
    "nothing in some places": r"\s*\w*",
    "an empty match first": r"b|(?=a)|a|h",
    "GPT-2 as it was published": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+"
    r"|\s+(?!\S)|\s+",
    "cl100k as it was published": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "Kimi K2": KIMI_K2,
}


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())
def test_each_construct_means_what_it_means_to_tiktoken(pattern: str) -> None:
    ours = Splitter(pattern)
    for text, expected in zip(TEXTS, tiktoken_pieces(pattern, TEXTS), strict=True):
        assert expected is None or ours.split(text) == expected, text


CHARS = "abkKsS1 \n\r.-'\u00e9\u0301\u6f22\u017f\u212a\u0295\U00032c82"
ITEMS = [
    r"\w",
    r"\S",
    r"\pL",
    r"\P{Lu}",
    r"\p{Han}",
    r"\h",
    "a-k",
    "[^b]",
    "[:alpha:]",
    "&&",
    "--",
    "~~",
    "]",
]
CLASSES = st.builds(
    "[{}{}]".format,
    st.sampled_from(["", "^"]),
    st.lists(st.sampled_from([*CHARS.replace("-", ""), *ITEMS]), min_size=1, max_size=4).map("".join),
)
ESCAPES = [
    r"\d",
    r"\W",
    r"\p{L}",
    r"\b",
    r"\B",
    r"\A",
    r"\z",
    r"\Z",
    "^",
    "$",
    ".",
    r"\R",
    r"\N",
    r"\1",
    r"\x61",
]
FLAGS = ["(?i)", "(?m)", "(?s)", "(?x)", "(?U)", "(?R)", "(?-i)"]
ATOMS = st.sampled_from([*CHARS.replace(".", ""), *ESCAPES, *FLAGS]) | CLASSES
OPENINGS = ["(", "(?:", "(?i:", "(?>", "(?=", "(?!", "(?<=", "(?<!", "(?<n>"]
REPEATS = ["", "", "", "*", "+", "?", "{2}", "{,2}", "{1,}", "*?", "+?", "??", "*+", "++", "{1,2}+"]
RULES = st.recursive(
    ATOMS,
    lambda inner: st.builds(
        "{}{}){}".format,
        st.sampled_from(OPENINGS),
        st.lists(inner, max_size=3).map("".join) | st.lists(inner, max_size=3).map("|".join),
        st.sampled_from(REPEATS),
    ),
    max_leaves=8,
)


@settings(max_examples=150)
@given(
    st.lists(st.builds("{}{}".format, RULES, st.sampled_from(REPEATS)), min_size=1, max_size=4).map("".join),
    st.lists(st.text(CHARS, max_size=10), min_size=4, max_size=4),
)
def test_any_pattern_cuts_any_text_as_tiktoken_does_or_is_refused(pattern: str, texts: list[str]) -> None:
    try:
        ours = Splitter(pattern)
    except ValueError:
        return
    try:
        expected = tiktoken_pieces(pattern, texts)
    except ValueError:
        return  # what tiktoken cannot compile may be compiled here
    for text, pieces in zip(texts, expected, strict=True):
        assert pieces is None or ours.split(text) == pieces


def test_openai_s_patterns_are_not_translated_and_are_the_same_translated() -> None:
    for pattern in (GPT2_PATTERN, CL100K_PATTERN, O200K_PATTERN):
        ours = Splitter(pattern)
        assert ours.is_known
        for text, expected in zip(TEXTS, tiktoken_pieces(pattern, TEXTS), strict=True):
            assert ours.split(text) == expected
        assert not translate(pattern).may_run_away


@pytest.mark.parametrize("pattern", [KIMI_K2, r"a++|[\w--\d]", r"\s*\w*", r"(\w)\1?", "(?:ab?)+|."])
def test_every_way_to_split_agrees(pattern: str) -> None:
    ours = encoding(pattern)
    for text in [*TEXTS, " ".join(TEXTS * 60)]:
        pieces = Splitter(pattern).split(text)
        assert textbook.split(text, pattern) == pieces
        assert ours.encode_ordinary(text) == list("".join(pieces).encode())
        assert ours.encode_to_numpy(text).tolist() == list("".join(pieces).encode())
    trace = trace_encode(TEXTS[1], ours)
    assert [piece.text for piece in trace.pieces] == Splitter(pattern).split(TEXTS[1])
    assert train(TEXTS, vocab_size=256, pattern=pattern).pattern == pattern


@pytest.mark.parametrize("pattern", ["a*", "|", r"\s*\w*", "(?:)", "(?=a)"])
@pytest.mark.parametrize("n_times", [1, 2000, 20_000])
def test_a_match_of_nothing_makes_no_piece_in_texts_of_any_length(pattern: str, n_times: int) -> None:
    text = "baac,, " * n_times
    expected = "".join(Splitter(pattern).split(text)).encode()
    assert encoding(pattern).encode_ordinary(text) == list(expected)
    assert encoding(pattern).encode_to_numpy(text).tolist() == list(expected)
    assert encoding(pattern).count(text) == len(expected)
