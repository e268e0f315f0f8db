"""A pattern that cannot be matched as tiktoken matches it is refused, with what is wrong and where."""

import pytest
from bpelab.bpe import Encoding, train

BYTES = {bytes([byte]): byte for byte in range(256)}


def encoding(pattern: str) -> Encoding:
    return Encoding("x", pat_str=pattern, mergeable_ranks=BYTES, special_tokens={})


REFUSED = [
    (r"a|\Gb", r"the pattern 'a|\\Gb': \\G at character 2 cannot be matched as tiktoken does: "),
    (r"a\Kb", r"\\K at character 1 .* as a look-behind, \(\?<=\.\.\.\)"),
    (r"(a)(?(1)b|c)", r"a condition at character 4"),
    (r"(?<n>a)\g<n>", r"\\g at character 7 .*: write what the group holds once more"),
    (r"(?~ab)", r"an absent operator at character 1"),
    (r"(*FAIL)", r"a backtracking verb at character 1"),
    (r"\1(a)", r"a reference at character 0 .* to a group that is closed before it"),
    (r"(?i)(a)\1", r"a reference without regard to case at character 7 .*: put it into \(\?-i:\.\.\.\)"),
    (
        r"(?:|a)*b",
        r"an endless repeat of what may be empty .* at character 6 .*: write what may be empty last",
    ),
    (r"(?:a|\D{,2}?|a)++", r"an endless repeat of what may be empty"),
    (r"(?<=a++)b", r"a possessive repeat in a look-behind at character 6"),
    (
        r"\p{scx=Greek}",
        r"\\p\{scx=greek\}: it is not a category, script or yes-or-no property .* at character 0",
    ),
    (r"a\p{Age=15}", r"not a category.* at character 1"),
    (r"\p{ExtPict}", r"not a category"),
    (r"\p{InGreek}", r"not a category"),
    (r"\Qa\E", r"not a regular expression: \\Q is not an escape, at character 0"),
    ("(", r"not a regular expression: missing \), at character 1"),
    ("a)", r"this \) closes nothing, at character 1"),
    ("[a", r"this \[ has no \], at character 0"),
    ("[z-a]", r"the range z-a ends before it begins, at character 0"),
    (r"[\w-a]", r"a range goes from a character to a character"),
    ("a**", r"\* has nothing to repeat, at character 2"),
    ("(?q)", r"\(\?q is neither a group nor a flag"),
    ("a{3,2}", r"this repeat ends before it begins, at character 1"),
    (r"\x{110000}", r"there is no character U\+110000"),
    (r"(?-u)a", r"\(\?-u is neither a group"),
    ("", r"the pattern is empty"),
    ("a" * 1_000_000, r"has 1,000,000 characters: it may have 20,000"),
    ("((((a{100}){100}){100}){100}){100}", r"more than 100,000 parts .*; write \+ for a repeat of very many"),
    ("a{99999}b{99999}", r"more than 100,000 parts where each repeat is written out"),
    ("a{100001}", r"a repeat may be of up to 100,000, at character 1"),
    ("(" * 9000 + ")" * 9000, r"groups stand in groups more than 62 deep"),
    ("(?:" * 6000, r"groups stand in groups more than 62 deep"),
    ("a\\", r"nothing follows the last \\, at character 1"),
    (r"[\1]", r"\\1 in a class; write \\x and two digits"),
    (r"a\p{L", r"\\p\{ has no \}, at character 1"),
    (r"\x{G}", r"an escape by number goes as \\x41 or \\x\{1F600\}, at character 0"),
    (r"\x{41", r"an escape by number goes as \\x41"),
    (r"(a)\k1", r"\\k without the <name> of a group at character 3"),
    (r"(?<=\R)a", r"\\R in a look-behind at character 4"),
    (r"(a)(?<=\1)b", r"a reference in a look-behind"),
    (r"(?<=(?>a))b", r"an atomic group in a look-behind"),
    (r"(?<n>a)(?<n>b)", r"a second group named n .*: give it another name"),
    ("(?x)a(?#b", r"this comment has no \)"),
    ("[" * 9000 + "a" + "]" * 9000, r"classes stand in classes more than 50 deep"),
]


@pytest.mark.parametrize(("pattern", "message"), REFUSED, ids=[pattern[:20] for pattern, _ in REFUSED])
def test_what_cannot_be_matched_alike_is_refused_by_name_and_place(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        encoding(pattern)
    assert len(str(caught.value)) < 500


def test_patterns_at_the_limits_are_read() -> None:
    assert encoding("(" * 62 + "a" + ")" * 62).encode_ordinary("aba") == [97, 97]
    assert encoding("[" * 50 + "a" + "]" * 50).encode_ordinary("aba") == [97, 97]
    assert encoding("|".join(["ab"] * 2000)).encode_ordinary("abc") == [97, 98]


def test_training_refuses_an_empty_pattern_and_says_which_there_are() -> None:
    with pytest.raises(ValueError, match=r"the pattern is empty: .* name of an encoding \(gpt2, "):
        train(["ab"], vocab_size=260, pattern="")
