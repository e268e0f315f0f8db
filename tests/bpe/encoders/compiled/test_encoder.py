"""The compiled loops give the ids of the textbook, at any size of tables and blocks, from any thread."""

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding, textbook
from bpelab.bpe.encoders.engine import joined
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.parity.fuzz import fuzz_texts
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from bpelab.bpe.splitting.regex_splitter import splitter
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")

from bpelab.bpe.encoders.compiled import call, encoder
from bpelab.bpe.encoders.compiled.encoder import CompiledEncoder, cut_at_words
from bpelab.bpe.encoders.compiled.memory import Sizes

from ..texts import TEXTS

PATTERNS = {"gpt2": GPT2_PATTERN, "cl100k": CL100K_PATTERN, "o200k": O200K_PATTERN}
SIZES = st.builds(
    Sizes,
    first_slots=st.sampled_from([16, 32, 1024]),
    most_slots=st.sampled_from([16, 64, 2048]),
    block=st.integers(4, 70),
    pieces=st.integers(1, 60),
    texts=st.integers(1, 4),
    window=st.integers(3, 20),
    overlap=st.integers(1, 9),
)


def without_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@pytest.fixture(scope="module")
def ranks(gpt2: Encoding) -> dict[bytes, int]:
    """The first two thousand tokens of gpt2, which leave much to merge."""
    return {token: rank for token, rank in gpt2.ranks.items() if rank < 2000}


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@settings(max_examples=40)
@given(texts=st.lists(TEXTS, max_size=6), sizes=SIZES, is_known=st.booleans())
def test_any_sizes_give_the_ids_of_the_textbook(
    ranks: dict[bytes, int], pattern: str, texts: list[str], sizes: Sizes, is_known: bool
) -> None:
    # A pattern that is not known gives the same pieces, cut by `regex`.
    known = pattern if is_known else f"(?:{pattern})"
    compiled = CompiledEncoder(ranks, known, splitter(known), sizes=sizes)
    texts = list(map(without_surrogates, texts))
    expected = [textbook.encode_ordinary(text, pattern, ranks) for text in texts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(call, "SPARE_IDS", 16)
        patch.setattr(call, "IN_PLACE_BYTES", 8)
        patch.setattr(call, "PIECES_AT_A_TIME", 3)
        patch.setattr(encoder, "IN_PLACE_BYTES", 8)
        patch.setattr(encoder, "PIECES_AT_A_TIME", 3)
        patch.setattr(encoder, "BLOCK_CHARS", 6)
        patch.setattr(encoder, "SECTION_CHARS", 9)
        patch.setattr(encoder, "BATCH_CHARS", 20)
        patch.setattr(encoder, "IDS_AT_A_TIME", 5)
        patch.setattr(encoder, "FEW_IDS", 3)
        data = [text.encode() for text in texts]
        ends = np.cumsum(list(map(len, data)), dtype=np.int64)
        for _ in range(2):  # the second time the pieces are known, or forgotten
            assert compiled.encode_batch(texts) == expected
            all_ids, id_ends = compiled.encode_utf8(b"".join(data), ends)
            assert [ids.tolist() for ids in np.split(all_ids, id_ends)[:-1]] == expected
            for n_places in (0, len(data), 10_000):
                out = np.empty(n_places, dtype=np.uint32)
                again, id_ends_again = compiled.encode_utf8(b"".join(data), ends, out)
                assert np.array_equal(again, all_ids) and np.array_equal(id_ends_again, id_ends)
            for text, ids in zip(texts, expected, strict=True):
                assert compiled.encode(text).tolist() == compiled.encode_to_list(text) == ids
                assert compiled.count(text) == len(ids)
                assert joined(compiled.encode_blocks(text)).tolist() == ids
                assert compiled.decode_bytes(ids) == text.encode()
                limited = compiled.count(text, limit=3)
                assert limited == len(ids) or 3 < limited <= len(ids)
        # Threads take longer to start than such texts do to encode: once is enough.
        assert compiled.encode_batch(texts, 2) == expected
        for text, ids in zip(texts[:2], expected, strict=False):
            assert compiled.encode(text, 2).tolist() == ids
            assert joined(compiled.encode_blocks(text, 2)).tolist() == ids


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@settings(max_examples=60)
@given(text=TEXTS, rest=TEXTS, sizes=SIZES)
def test_what_follows_a_beginning_does_not_change_its_ids(
    ranks: dict[bytes, int], pattern: str, text: str, rest: str, sizes: Sizes
) -> None:
    text, rest = without_surrogates(text), without_surrogates(rest)
    parts, n_chars = CompiledEncoder(ranks, pattern, sizes=sizes).encode_beginning(text)
    begun = [token for part in parts for token in part.tolist()]
    assert begun + textbook.encode_ordinary(
        text[n_chars:] + rest, pattern, ranks
    ) == textbook.encode_ordinary(text + rest, pattern, ranks)


@settings(max_examples=200)
@given(data=st.data(), piece=st.text(alphabet="abc", min_size=2, max_size=60), sizes=SIZES)
def test_vocabularies_whose_ranks_make_no_sense_are_merged_right(data: Any, piece: str, sizes: Sizes) -> None:
    """Where a merge makes a pair of a lower rank, and tokens that no merge makes."""
    tokens = data.draw(st.lists(st.text(alphabet="abc", min_size=2, max_size=40), unique=True, max_size=30))
    ids = data.draw(st.permutations(range(0, 7 * len(tokens), 7)))
    ranks = {bytes([byte]): 1000 + byte for byte in range(256)}
    ranks |= {token.encode(): token_id for token, token_id in zip(tokens, ids, strict=True)}
    compiled = CompiledEncoder(ranks, "", lambda text: [text], sizes=sizes)
    expected = textbook.merge_piece(piece.encode(), ranks)
    assert compiled.encode(piece).tolist() == (
        [ranks[piece.encode()]] if piece.encode() in ranks else expected
    )


@pytest.mark.parametrize("kind", ["a", " ", "random", "🙂", "=", "ab"])
@pytest.mark.parametrize("window", [4, 20, 48])
def test_a_hundred_thousand_bytes_in_one_piece(gpt2: Encoding, kind: str, window: int) -> None:
    """With windows that overlap by a token and with some that do not, so that the heap answers."""
    letters = random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=100_000)
    piece = "".join(letters).encode() if kind == "random" else kind.encode() * (100_000 // len(kind.encode()))
    sizes = Sizes(window=window, overlap=window // 3)
    compiled = CompiledEncoder(gpt2.ranks, GPT2_PATTERN, sizes=sizes)
    assert compiled.merge_piece(piece) == merge_with_heap(piece, gpt2.ranks)
    assert compiled.count(piece.decode()) == len(compiled.merge_piece(piece))


def test_after_a_long_piece_its_memory_is_given_back(gpt2: Encoding) -> None:
    sizes = Sizes(window=4, overlap=1)
    compiled = CompiledEncoder(gpt2.ranks, GPT2_PATTERN, sizes=sizes)
    compiled.encode("".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=300_000)))
    ((room, memory),) = compiled._memories
    assert int(room.block) == sizes.block
    assert len(memory.heap) == 1


def test_ever_new_words_do_not_pass_the_limit(gpt2: Encoding) -> None:
    sizes = Sizes(first_slots=64, most_slots=1024)
    compiled = CompiledEncoder(gpt2.ranks, GPT2_PATTERN, sizes=sizes)
    source = random.Random(2)
    for _ in range(20):
        compiled.encode(
            " ".join("".join(source.choices("abcdefgh", k=source.randint(3, 30))) for _ in range(500))
        )
    ((_, memory),) = compiled._memories
    assert len(memory.slots) == 4 * 1024
    assert sum(array.nbytes for array in memory if isinstance(array, np.ndarray)) < 100_000


def test_a_missing_byte_is_named() -> None:
    compiled = CompiledEncoder({b"a": 0, b"b": 1, b"ab": 2, b"cc": 3}, GPT2_PATTERN)
    for text in ("abc", "ab" * 2000 + "c", "ccc"):
        with pytest.raises(KeyError, match="the byte b'c' is not a token"):
            compiled.encode(text)
    assert compiled.encode("cc abab".replace(" ", "")).tolist() == [3, 2, 2]


@pytest.mark.parametrize("text", ["\ud800", "a" * 5000 + "\udc00"])
def test_a_surrogate_raises_the_error_of_str_encode(gpt2: Encoding, text: str) -> None:
    compiled = CompiledEncoder(gpt2.ranks, GPT2_PATTERN)
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        compiled.encode(text)


def test_a_pattern_that_is_not_known_needs_a_function() -> None:
    with pytest.raises(ValueError, match=r"the rules of the pattern '\\\\w' are not known: pass `split`"):
        CompiledEncoder({b"a": 0}, r"\w")


def test_ids_that_are_no_tokens_are_named(gpt2: Encoding) -> None:
    compiled = CompiledEncoder(gpt2.ranks, GPT2_PATTERN)
    with pytest.raises(KeyError, match="no token has the id 60000: ids are from 0 to 50255"):
        compiled.decode_bytes([1, 60000])
    assert compiled.decode_bytes([]) == b""


def test_every_token_decodes_to_its_bytes_and_encodes_to_its_id(gpt2: Encoding) -> None:
    compiled = CompiledEncoder(gpt2.ranks, "", lambda text: [text])
    for token, rank in gpt2.ranks.items():
        assert compiled.merge_piece(token) == [rank]
    ids = list(gpt2.ranks.values())
    assert compiled.decode_bytes(ids) == b"".join(gpt2.ranks)


def test_ids_far_above_the_others_cost_no_memory_and_stay_what_they_are() -> None:
    ranks = {b"a": 0, b"b": 2**31 - 3, b"ab": 2**31 - 2}
    compiled = CompiledEncoder(ranks, GPT2_PATTERN)
    expected = [0, 2**31 - 2, 2**31 - 3] * 10
    assert compiled.encode_to_list("aabb" * 10) == expected
    assert compiled.encode_batch(["aabb"] * 10) == [expected[:3]] * 10
    assert compiled.decode_bytes(expected) == b"aabb" * 10
    with pytest.raises(KeyError, match="no token has the id 2147483644: ids are from 0 to 2147483646"):
        compiled.decode_bytes([0, 2**31 - 4])


def test_decoding_knows_the_ids_it_was_given(gpt2: Encoding) -> None:
    bytes_of_id = {token: content for content, token in gpt2.ranks.items()} | {50256: b"<end>"}
    compiled = CompiledEncoder(gpt2.ranks, GPT2_PATTERN, bytes_of_id=bytes_of_id)
    assert compiled.decode_bytes([31373, 50256]) == b"hello<end>"


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.uint32, np.int64, np.uint64])
def test_ids_of_any_whole_dtype_are_decoded(gpt2: Encoding, dtype: type) -> None:
    compiled = CompiledEncoder(gpt2.ranks, GPT2_PATTERN)
    assert compiled.decode_bytes(np.array([39, 72, 0, 39], dtype=dtype)[::-1]) == b"H!iH"


@pytest.mark.parametrize(
    ("ids", "error"),
    [
        ([-1], OverflowError),
        ([2**32], OverflowError),
        ([1.0], TypeError),
        (["a"], TypeError),
        (np.array([-1]), OverflowError),
        (np.array([2**32 + 39]), OverflowError),
        (np.array([39.0]), TypeError),
        (np.array([[39]]), TypeError),
    ],
)
def test_no_id_becomes_another_on_the_way(gpt2: Encoding, ids: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        CompiledEncoder(gpt2.ranks, GPT2_PATTERN).decode_bytes(ids)


def test_blocks_end_where_their_reader_stops(gpt2: Encoding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "BLOCK_CHARS", 1000)
    compiled = CompiledEncoder(gpt2.ranks, GPT2_PATTERN)
    text = "some words, é, " * 2000
    encoded: list[int] = []
    encode_text = call.Call.encode_text

    def counted(self: call.Call, text: str, *, is_last: bool = True) -> int:
        encoded.append(len(text))
        return encode_text(self, text, is_last=is_last)

    monkeypatch.setattr(call.Call, "encode_text", counted)
    assert len(next(compiled.encode_blocks(text))) < 1000
    assert compiled.count(text, limit=5) < 1000
    assert encoded == [1000, 1000]


def test_ids_are_written_to_the_array_that_is_lent_if_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a text of some MB, one id for two bytes is expected."""
    monkeypatch.setattr(call, "SMALL_BYTES", 1000)
    monkeypatch.setattr(call, "SPARE_IDS", 16)
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"aa": 256, b"aaaa": 257}
    compiled = CompiledEncoder(ranks, GPT2_PATTERN)
    out = np.full(3000, 7, dtype=np.uint32)
    for text in ("aaaa bbbb " * 200, "b" * 2000):  # 1,400 ids, and twice as many as expected
        ids, ends = compiled.encode_utf8(text.encode(), np.array([len(text)]), out[:1016])
        assert ids.tolist() == compiled.encode(text).tolist()
        assert ends.tolist() == [len(ids)]
        assert not np.shares_memory(ids, out)
        assert ids.base is not None  # larger, and what the next call is lent
        again, _ = compiled.encode_utf8(text.encode(), np.array([len(text)]), ids.base)
        assert np.shares_memory(again, ids)
    text = "aaaa" * 400 + "bb" * 100
    ids, _ = compiled.encode_utf8(text.encode(), np.array([len(text)]), out)
    assert ids.tolist() == [257] * 400 + [ord("b")] * 200
    assert np.shares_memory(ids, out)
    assert out[1000:].tolist() == [7] * 2000  # and nothing beyond what there is room for


def test_an_interrupted_call_leaves_an_encoder_that_works(
    gpt2: Encoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = CompiledEncoder(gpt2.ranks, GPT2_PATTERN)
    text = "interrupted in the middle, " * 3
    expected = compiled.encode(text).tolist()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(call.Call, "_provide", interrupt)
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                compiled.encode(text)
    assert compiled._memories == []  # what may be half-written is not used again
    assert compiled.encode(text).tolist() == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks on this system")
def test_a_process_forked_while_others_encode_encodes(gpt2: Encoding) -> None:
    compiled = CompiledEncoder(gpt2.ranks, GPT2_PATTERN, sizes=Sizes(first_slots=64, most_slots=512))
    text = without_surrogates("".join(islice(fuzz_texts(3), 300)))
    expected, is_over = compiled.encode_to_list(text), False

    def work() -> None:
        while not is_over:
            assert compiled.encode_to_list(text) == expected

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(work) for _ in range(2)]
        try:
            for _ in range(10):
                if not (child := os.fork()):
                    os._exit(compiled.encode_to_list(text) != expected)
                assert os.waitpid(child, 0)[1] == 0
        finally:
            is_over = True
        for job in jobs:
            job.result()


def test_sections_end_before_a_space_after_a_character_that_is_none() -> None:
    data = np.frombuffer("one two  three\u3000 four".encode(), dtype=np.uint8)
    assert cut_at_words(data, 5) == [0, 3, 7, len(data)]
    assert cut_at_words(np.frombuffer(b"aaaaaaaaaa", dtype=np.uint8), 3) == [0, 10]


def test_threads_that_share_an_encoder_get_the_same_ids(gpt2: Encoding) -> None:
    """With a small memory, so that they also forget."""
    compiled = CompiledEncoder(
        gpt2.ranks, GPT2_PATTERN, sizes=Sizes(first_slots=64, most_slots=512), most_memories=3
    )

    def texts(seed: int) -> Iterator[str]:
        source = fuzz_texts(seed % 3)
        for _ in range(12):
            yield without_surrogates("".join(islice(source, 500)))

    def encode_all(seed: int) -> list[list[int]]:
        return [compiled.encode_to_list(text) for text in texts(seed)]

    expected = {seed: [gpt2.encode_ordinary(text) for text in texts(seed)] for seed in range(3)}
    with ThreadPoolExecutor(8) as pool:
        for seed, answers in enumerate(pool.map(encode_all, range(16))):
            assert answers == expected[seed % 3]
    assert len(compiled._memories) <= 3


@pytest.mark.parametrize("name", PATTERNS)
def test_long_random_texts_have_tiktoken_s_ids(gpt2: Encoding, name: str) -> None:
    import tiktoken

    theirs = tiktoken.Encoding(
        name, pat_str=PATTERNS[name], mergeable_ranks=dict(gpt2.ranks), special_tokens={}
    )
    compiled = CompiledEncoder(gpt2.ranks, PATTERNS[name])
    source = fuzz_texts(11)
    for _ in range(30):
        text = without_surrogates("".join(islice(source, 2000)))
        assert compiled.encode_to_list(text) == theirs.encode_ordinary(text)
    texts = [without_surrogates(text) for text in islice(source, 3000)]
    assert compiled.encode_batch(texts) == theirs.encode_ordinary_batch(texts, num_threads=1)
