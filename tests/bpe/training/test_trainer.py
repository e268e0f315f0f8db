"""Training gives the merges of the definition, whatever the corpus, the batching and the options."""

import warnings
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from bpelab.bpe import Encoding, PieceCounts, load_encoding, save_encoding, textbook, train
from bpelab.bpe.data.gpt2 import BYTE_ORDER
from bpelab.bpe.training import learner as merges_module
from hypothesis import example, given, settings
from hypothesis import strategies as st

ORDERS = {"gpt2": BYTE_ORDER, "raw": bytes(range(256))}

piece_counts = st.dictionaries(
    st.one_of(
        st.text("ab", min_size=1, max_size=12),
        st.text("abc é", min_size=1, max_size=6),
        st.text('!"\0\1', min_size=1, max_size=6),  # the bytes that have the ids 0 and 1, in either order
        st.integers(1, 40).map(lambda n: "a" * n),
    ).map(str.encode),
    st.one_of(st.integers(1, 3), st.sampled_from([1, 2**31, 2**40])),
    max_size=12,
)


def ranks_of(counts: dict[bytes, int], n_tokens: int, **options: object) -> dict[bytes, int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # most of these corpora have fewer pairs than are asked for
        encoding = train(counts=[PieceCounts(r".+", counts)], pattern=".+", vocab_size=n_tokens, **options)  # type: ignore[arg-type]
    return dict(encoding.ranks)


def merge_pairs_by_id(counts: dict[bytes, int], n_merges: int) -> list[tuple[int, int]]:
    """Train the usual way, which merges pairs of ids and never looks at their bytes."""
    pieces = {piece: list(piece) for piece in counts}
    merges: list[tuple[int, int]] = []
    while len(merges) < n_merges:
        pair_counts: Counter[tuple[int, int]] = Counter()
        for piece, ids in pieces.items():
            for pair in pairwise(ids):
                pair_counts[pair] += counts[piece]
        if not pair_counts:
            break
        best = min(pair_counts, key=lambda pair: (-pair_counts[pair], pair))
        for ids in pieces.values():
            i = 0
            while i + 1 < len(ids):
                if (ids[i], ids[i + 1]) == best:
                    ids[i : i + 2] = [256 + len(merges)]
                i += 1
        merges.append(best)
    return merges


@pytest.fixture(params=["as it comes", "arrays for every merge", "few pairs a scan"])
def batching(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "arrays for every merge":
        monkeypatch.setattr(merges_module, "MANY", 1)
        monkeypatch.setattr(merges_module, "ENOUGH_WITH_MANY", 1)
    elif request.param == "few pairs a scan":
        monkeypatch.setattr(merges_module, "PAIRS_A_MERGE", 0.05)


# ---- the definition ----


def test_the_example_of_wikipedia_by_hand() -> None:
    # aaabdaaabac -> ZabdZabac -> ZYdZYac -> XdXac: https://en.wikipedia.org/wiki/Byte-pair_encoding
    encoding = train("aaabdaaabac", pattern=".+", vocab_size=256 + 3, byte_order="raw")
    assert encoding.decode_tokens_bytes(range(256, 259)) == [b"aa", b"ab", b"aaab"]
    assert encoding.encode("aaabdaaabac") == [258, ord("d"), 258, ord("a"), ord("c")]


@pytest.mark.usefixtures("batching")
@settings(max_examples=150)
@given(piece_counts, st.integers(0, 40), st.sampled_from(["gpt2", "raw"]))
@example({b"a" * 9: 1}, 10, "raw")
@example({b"abab": 2, b"ababa": 1, b"babab": 1}, 10, "gpt2")
@example({}, 5, "raw")
@example({b"x": 7, b"y": 3}, 5, "raw")
def test_training_equals_the_textbook(counts: dict[bytes, int], n_merges: int, order: str) -> None:
    expected = textbook.train(counts, 256 + n_merges, ORDERS[order])
    assert list(ranks_of(counts, 256 + n_merges, byte_order=order).items()) == list(expected.items())


@settings(max_examples=100)
@given(piece_counts, st.integers(0, 40))
def test_no_two_merges_make_the_same_bytes(counts: dict[bytes, int], n_merges: int) -> None:
    tokens = [bytes([byte]) for byte in range(256)]
    for left, right in merge_pairs_by_id(counts, n_merges):
        tokens.append(tokens[left] + tokens[right])
    assert len(set(tokens)) == len(tokens)
    assert list(textbook.train(counts, 256 + n_merges)) == tokens


@pytest.mark.usefixtures("batching")
@settings(max_examples=100)
@given(
    piece_counts,
    st.integers(0, 30),
    st.integers(1, 4),
    st.integers(1, 6),
    st.sets(st.sampled_from(["ab", "aa", "aaa", "bab", "ca", " é", "no piece"])),
)
@example({b"ab": 9, b"cd": 1}, 1, 1, 6, {"ab"})
def test_options_leave_out_pairs_and_nothing_else(
    counts: dict[bytes, int], n_merges: int, min_frequency: int, max_length: int, specials: set[str]
) -> None:
    ranks = {bytes([byte]): byte for byte in range(256)}
    while len(ranks) < 256 + n_merges:
        pairs: Counter[tuple[int, int]] = Counter()
        for piece, count in counts.items():
            for pair in pairwise(textbook.merge_piece(piece, ranks)):
                pairs[pair] += count
        tokens = list(ranks)
        allowed = [
            (-count, (left, right))
            for (left, right), count in pairs.items()
            if count >= min_frequency
            and len(token := tokens[left] + tokens[right]) <= max_length
            and token not in {special.encode() for special in specials}
        ]
        if not allowed:
            break
        _, (left, right) = min(allowed)
        ranks[tokens[left] + tokens[right]] = len(ranks)
    found = ranks_of(
        counts,
        256 + n_merges + len(specials),
        byte_order="raw",
        min_frequency=min_frequency,
        max_token_length=max_length,
        special_tokens=sorted(specials),
    )
    assert found == ranks


@settings(max_examples=100)
@given(piece_counts, st.integers(0, 15), st.integers(0, 15))
def test_an_extended_encoding_has_the_merges_of_one_training(
    counts: dict[bytes, int], n_first: int, n_more: int
) -> None:
    first = Encoding(
        "first",
        pat_str=".+",
        mergeable_ranks=textbook.train(counts, 256 + n_first, BYTE_ORDER),
        special_tokens={},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        both = train(counts=[PieceCounts(".+", counts)], vocab_size=first.n_vocab + n_more, extend=first)
    assert both.ranks == textbook.train(counts, first.n_vocab + n_more, BYTE_ORDER)


# ---- worked examples ----


def test_a_special_token_that_merges_could_make_costs_no_merge_and_can_be_saved(tmp_path: Path) -> None:
    texts = ["the cat, the then bathe the"]
    encoding = train(texts, vocab_size=256 + 4 + 1, special_tokens=["the"])
    assert encoding.decode_tokens_bytes(range(256, 260)) == [b"he", b" t", b" the", b"at"]
    assert encoding.encode("the then", allowed_special="all") == [260, 220, 260, 77]
    assert encoding.decode(encoding.encode_ordinary("the")) == "the"
    assert 260 not in encoding.encode_ordinary(texts[0])
    save_encoding(tmp_path / "the.json", encoding)
    loaded = load_encoding(tmp_path / "the.json")
    assert loaded.ranks == encoding.ranks
    assert loaded.special_tokens == encoding.special_tokens


def test_ties_go_to_the_smallest_pair_of_ids() -> None:
    texts = ["zz", "ab", "ba"]
    assert list(ranks_of(Counter(text.encode() for text in texts), 259, byte_order="raw"))[256:] == [
        b"ab",
        b"ba",
        b"zz",
    ]


def test_the_byte_order_decides_ties() -> None:
    counts = {b"a!": 1, b"\na": 1}
    assert list(ranks_of(counts, 257, byte_order="raw"))[256:] == [b"\na"]
    assert list(ranks_of(counts, 257, byte_order="gpt2"))[256:] == [b"a!"]  # newline is id 198 there


@pytest.mark.parametrize(
    ("n", "tokens"),
    [
        (2, [b"aa"]),
        (3, [b"aa", b"aaa"]),
        (4, [b"aa", b"aaaa"]),
        (5, [b"aa", b"aaa", b"aaaaa"]),  # of aa aa a, (aa, a) is the smaller pair of ids
        (8, [b"aa", b"aaaa", b"aaaaaaaa"]),
    ],
)
def test_runs_merge_from_the_left(n: int, tokens: list[bytes]) -> None:
    assert list(ranks_of({b"a" * n: 1}, 300, byte_order="raw"))[256:] == tokens


def test_a_long_run_is_learned_in_a_few_merges() -> None:
    ranks = ranks_of({b"a" * 2**18: 1}, 300, byte_order="raw")
    assert [len(token) for token in list(ranks)[256:]] == [2**i for i in range(1, 19)]


def test_counts_beyond_32_bits_are_exact() -> None:
    counts = {b"ab": 2**40, b"cd": 2**40 + 1, b"xy": 2**61}
    assert list(ranks_of(counts, 259, byte_order="raw"))[256:] == [b"xy", b"cd", b"ab"]


def test_counts_beyond_64_bits_are_refused() -> None:
    with pytest.raises(OverflowError, match="the corpus has 18,446,744,073,709,551,616 bytes"):
        ranks_of({b"ab": 2**63}, 257)


def test_stopping_early_says_so_and_no_merge_has_a_count_of_zero() -> None:
    with pytest.warns(UserWarning, match=r"stopped at 258 of 1,000 tokens: no pair is left$"):
        encoding = train(["ab ab"], vocab_size=1000)
    assert encoding.decode_tokens_bytes(range(256, 258)) == [b"ab", b" ab"]
    assert encoding.n_vocab == 258
    with pytest.warns(UserWarning, match="no pair is left that occurs 2 times and makes at most 1 byte$"):
        train(["ab ab"], vocab_size=1000, min_frequency=2, max_token_length=1)
