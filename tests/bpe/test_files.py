"""A file is written whole or not at all, and a failure names the file that was asked for."""

from pathlib import Path

import pytest
from bpelab.bpe.files import write_atomically


def test_what_cannot_be_written_is_named_as_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").write_bytes(b"before")
    for target, kind in (
        (tmp_path / "nowhere" / "x", FileNotFoundError),
        (tmp_path / "directory", IsADirectoryError),
        (tmp_path / "file" / "x", NotADirectoryError),
    ):
        with pytest.raises(kind) as caught:
            write_atomically(target, b"after")
        assert caught.value.filename == str(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["directory", "file"]
