"""Bytes are texts exactly where Python decodes them, in blocks of any size."""

import pytest
from bpelab.bpe.corpus import texts
from bpelab.bpe.corpus.texts import UnreadableError, as_utf8
from hypothesis import example, given
from hypothesis import strategies as st

PARTS = st.sampled_from(["a", "é", "日", "🙂", "abcdefgh"]).map(str.encode)
BROKEN = st.sampled_from([b"\xff", b"\xc3", b"\xe6\x97", b"\xf0\x9f\x99", b"\xed\xa0\x80", b"\xc0\x80"])


@given(data=st.lists(PARTS | BROKEN, max_size=12).map(b"".join), block=st.integers(4, 9))
@example(b"abc\xc3", 4)
@example("abc🙂".encode(), 4)
def test_bytes_are_utf8_where_python_decodes_them(data: bytes, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "_BLOCK_BYTES", block)
        assert as_utf8(data, "replace") == data.decode("utf-8", "replace").encode()
        try:
            data.decode()
        except UnicodeDecodeError as error:
            with pytest.raises(UnreadableError, match="not UTF-8") as caught:
                as_utf8(data, "strict")
            assert caught.value.at == error.start
        else:
            assert as_utf8(data, "strict") is data
