"""A token file whose checksums are right and whose contents are impossible is refused by name."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpelab.dataset.token_files import MAGIC, read_token_file
from bpelab.dataset.token_writer import TokenWriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

IDS, ENDS = np.array([5, 6, 7, 8], dtype=np.uint16), np.array([2, 4], dtype=np.int64)


def packed() -> bytes:
    file = io.BytesIO()
    writer = TokenWriter(file, n_vocab=300, encoding="e", tokenizer="t", end_of_text=None)
    writer.add(IDS[:3], ENDS[:1])
    writer.add(IDS[3:], ENDS[1:] - 3)
    writer.finish()
    return file.getvalue()


def test_ids_may_come_in_any_number_of_pieces(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(packed())
    file = read_token_file(tmp_path / "x.bin")
    assert (file.ids.tolist(), file.document_ends.tolist()) == (IDS.tolist(), ENDS.tolist())


def test_an_id_that_is_not_in_the_vocabulary_is_not_wrapped() -> None:
    writer = TokenWriter(io.BytesIO(), n_vocab=300, encoding="e", tokenizer="t", end_of_text=None)
    with pytest.raises(OverflowError, match="id 70,000 is not below the vocabulary's size, 300"):
        writer.add(np.array([70_000]), ENDS[:0])


def with_header(edit: Any) -> bytes:
    """Edit the header of a file, and make its checksum right again."""
    content = packed()
    n_header = int.from_bytes(content[16:24], "little")
    text = edit(json.loads(content[56 : 56 + n_header]))
    start = MAGIC + len(text).to_bytes(8, "little") + hashlib.sha256(text).digest() + text
    return start + bytes(-len(start) % 64) + content[(56 + n_header + 63) // 64 * 64 :]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dtype": "float64"}, "its ids are 'float64', not uint16"),
        ({"dtype": "O"}, "its ids are 'O'"),
        ({"dtype": "uint32"}, "its ids are 'uint32', not uint16"),
        ({"n_vocab": 2**40}, r"a vocabulary has from 0 to 2\*\*31 ids"),
        ({"n_vocab": 8}, "it has the id 8 in a vocabulary of 8"),
        ({"n_tokens": -4}, "n_tokens is -4"),
        ({"n_tokens": 4.0}, "n_tokens is 4.0"),
        ({"n_tokens": 2**62}, "bytes where its header says"),
        ({"n_documents": 3}, "bytes where its header says"),
        ({"sha256": "0"}, "its tokens are altered"),
        ({"n_tokens": 3}, "its documents do not end one after the other"),
        ({"more": 1}, "it has unknown entries: more"),
    ],
)
def test_an_impossible_header_is_refused(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(with_header(lambda header: json.dumps(header | values).encode()))
    with pytest.raises(ValueError, match=rf"x\.bin: .*{message}"):
        read_token_file(path)


@pytest.mark.parametrize("text", [b"[" * 100_000, b"[]", b"5", b"\xff", b"", b'{"n_tokens": 4}'])
def test_a_malformed_header_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x.bin").write_bytes(with_header(lambda _: text))
    with pytest.raises(ValueError, match=r"x\.bin: its header is"):
        read_token_file(tmp_path / "x.bin")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n_bytes=st.integers(0, len(packed()) - 1), verify=st.booleans())
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, n_bytes: int, verify: bool) -> None:
    (tmp_path / "x.bin").write_bytes(packed()[:n_bytes])
    with pytest.raises(ValueError, match=r"x\.bin: "):
        read_token_file(tmp_path / "x.bin", verify=verify)
