"""Chunks and files give exactly the ids of the whole, wherever they are cut."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.encoders import stream
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from hypothesis import given, settings
from hypothesis import strategies as st

SPECIALS = {"<|endoftext|>": 50256, "<|end|>": 60000, "<|": 60001}
FRAGMENTS = [
    "hello",
    " world",
    "'l",
    "l",
    "'",
    "  ",
    "\n",
    " \n",
    "\t",
    "12",
    "345",
    "ABc",
    "あB",
    "!",
    "/",
    "é",
]
FRAGMENTS += ["\ud83d", "\ude42", "🙂", "<|endoftext|>", "<|end", "|>", "<", "|", "\u0301", "\x1c"]
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=30).map("".join)


@pytest.fixture(
    scope="module",
    params=[GPT2_PATTERN, CL100K_PATTERN, O200K_PATTERN, r"\S+|\s+"],
    ids=["gpt2", "cl100k", "o200k", "other"],
)
def encoding(request: pytest.FixtureRequest, gpt2: Encoding) -> Encoding:
    """GPT-2's tokens with each pattern, and special tokens of which one begins another."""
    return Encoding("x", pat_str=request.param, mergeable_ranks=gpt2.ranks, special_tokens=SPECIALS)


@settings(max_examples=300)
@given(text=TEXTS, cuts=st.lists(st.integers(0, 120), max_size=8), block=st.integers(1, 40), data=st.data())
def test_any_chunks_give_the_ids_of_the_whole(
    encoding: Encoding, text: str, cuts: list[int], block: int, data: Any
) -> None:
    allowed = data.draw(st.sets(st.sampled_from(sorted(SPECIALS))))
    ends = [*sorted(cuts), len(text)]
    chunks = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "BLOCK_CHARS", block)
        parts = list(encoding.encode_iter(chunks, allowed_special=allowed, disallowed_special=()))
    ids = list(chain.from_iterable(part.tolist() for part in parts))
    assert ids == encoding.encode(text, allowed_special=allowed, disallowed_special=())


@given(text=TEXTS, block=st.integers(1, 40))
def test_a_disallowed_special_token_is_met_in_chunks_as_in_the_whole(
    encoding: Encoding, text: str, block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "BLOCK_CHARS", block)
        try:
            encoding.encode(text, allowed_special={"<|end|>"})
        except ValueError:
            with pytest.raises(ValueError, match="special token"):
                list(encoding.encode_iter(text, allowed_special={"<|end|>"}))
        else:
            list(encoding.encode_iter(text, allowed_special={"<|end|>"}))


def test_a_long_text_is_held_a_block_at_a_time(gpt2: Encoding) -> None:
    n_given = 0

    def chunks() -> Iterator[str]:
        nonlocal n_given
        for _ in range(100):
            n_given += 1
            yield "hello world " * 10_000

    ids = gpt2.encode_iter(chunks())
    next(ids)
    assert n_given < 10


def test_a_file_gives_the_ids_of_its_text(gpt2: Encoding, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    text = "\ufeffone\r\ntwo 🙂 안녕하세요\n" * 30_000
    path.write_bytes(text.encode("utf-8"))
    ids = list(chain.from_iterable(part.tolist() for part in gpt2.encode_file(path)))
    assert ids == gpt2.encode_ordinary(text)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        pytest.param(b"abc\xff", "byte 3", id="a byte that UTF-8 never has"),
        pytest.param(
            b"a" * (stream.BLOCK_CHARS - 1) + b"\xe2\x82", f"byte {stream.BLOCK_CHARS - 1:,}", id="cut short"
        ),
        pytest.param(
            b"a" * (stream.BLOCK_CHARS - 1) + b"\xe2\xff",
            f"byte {stream.BLOCK_CHARS - 1:,}",
            id="across two reads",
        ),
    ],
)
def test_a_file_that_is_not_utf8_is_refused_by_its_byte(
    gpt2: Encoding, tmp_path: Path, content: bytes, place: str
) -> None:
    path = tmp_path / "broken.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"broken\.txt: not UTF-8 at {place} .*errors='replace'"):
        list(gpt2.encode_file(path))
    ids = list(chain.from_iterable(part.tolist() for part in gpt2.encode_file(path, errors="replace")))
    assert ids == gpt2.encode_ordinary(content.decode("utf-8", "replace"))


@given(text=st.text(max_size=40), errors=st.sampled_from(["replace", "ignore"]), data=st.data())
def test_a_decoded_stream_is_the_text_in_whole_characters(
    gpt2: Encoding, text: str, errors: str, data: Any
) -> None:
    ids = gpt2.encode(text, disallowed_special=())
    parts = list(gpt2.decode_stream(ids))
    assert "".join(parts) == gpt2.decode(ids)
    assert all(parts)
    some = data.draw(st.lists(st.sampled_from(ids), max_size=20)) if ids else []
    assert "".join(gpt2.decode_stream(some, errors)) == gpt2.decode(some, errors)


def test_a_stream_waits_for_a_whole_character(gpt2: Encoding) -> None:
    assert list(gpt2.decode_stream(gpt2.encode("𝄞한"))) == ["𝄞", "한"]
