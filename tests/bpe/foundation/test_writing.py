"""A file is written whole or not at all, nothing else is lost, and an error names the file asked for."""

import fcntl
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from bpelab.bpe.foundation.writing import check_writable, is_stream, write_atomically

Act = Callable[[Path], None]


def written(path: Path) -> None:
    write_atomically(path, b"after")


@pytest.mark.parametrize("act", [written, check_writable])
def test_a_file_that_cannot_be_written_is_named_as_it_was_given(tmp_path: Path, act: Act) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").write_bytes(b"before")
    (tmp_path / "circle").symlink_to("circle")
    for target, kind in (
        (tmp_path / "nowhere" / "x", FileNotFoundError),
        (tmp_path / "directory", IsADirectoryError),
        (tmp_path / "file" / "x", NotADirectoryError),
        (tmp_path / "circle", OSError),
        (tmp_path / ("x" * 5000), OSError),
    ):
        with pytest.raises(kind) as caught:
            act(target)
        assert caught.value.filename == str(target)
    with pytest.raises(ValueError, match=r"a\\x00b.*null"):
        act(tmp_path / "a\0b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["circle", "directory", "file"]
    assert (tmp_path / "file").read_bytes() == b"before"


@pytest.mark.parametrize("act", [written, check_writable])
def test_an_empty_name_is_not_a_file(act: Callable[[str], None]) -> None:
    with pytest.raises(FileNotFoundError):
        act("")


@pytest.mark.skipif(os.getuid() == 0, reason="the superuser may write everything")
@pytest.mark.parametrize("act", [written, check_writable])
def test_a_read_only_file_and_a_read_only_directory_are_left_alone(tmp_path: Path, act: Act) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"before")
    file.chmod(0o444)
    with pytest.raises(PermissionError):
        act(file)
    tmp_path.chmod(0o555)
    with pytest.raises(PermissionError):
        act(tmp_path / "new")
    tmp_path.chmod(0o755)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


def test_a_check_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"before")
    check_writable(tmp_path / "file")
    check_writable(tmp_path / "new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


def test_a_name_as_long_as_the_file_system_takes_can_be_written(tmp_path: Path) -> None:
    for name in ("x" * 255, "한" * 85):
        check_writable(tmp_path / name)
        written(tmp_path / name)
        assert (tmp_path / name).read_bytes() == b"after"


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / "target"
    target.write_bytes(b"before")
    (tmp_path / "link").symlink_to(Path("folder") / "second")
    (tmp_path / "folder" / "second").symlink_to("target")
    (tmp_path / "dangling").symlink_to(Path("folder") / "new")
    for name in ("link", "dangling"):
        check_writable(tmp_path / name)
        written(tmp_path / name)
        assert (tmp_path / name).is_symlink()
    assert (tmp_path / "folder" / "second").is_symlink()
    assert target.read_bytes() == (tmp_path / "folder" / "new").read_bytes() == b"after"
    assert len([*tmp_path.rglob("*")]) == 6


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_permissions_are_kept_and_new_files_obey_the_umask(tmp_path: Path, mode: int) -> None:
    (tmp_path / "old").write_bytes(b"before")
    (tmp_path / "old").chmod(mode)
    before = os.umask(0o027)
    try:
        written(tmp_path / "old")
        written(tmp_path / "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == mode
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@pytest.mark.skipif(os.getuid() != 0, reason="only the superuser may give files away")
def test_the_superuser_leaves_a_file_to_its_owner(tmp_path: Path) -> None:
    written(tmp_path / "file")
    os.chown(tmp_path / "file", 65534, 65534)
    written(tmp_path / "file")
    assert (tmp_path / "file").stat().st_uid == 65534


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()), daemon=True)
    reader.start()
    check_writable(pipe)
    written(pipe)
    reader.join(10)
    assert found == [b"after"]
    assert is_stream(pipe)
    assert pipe.is_fifo()


def test_a_device_is_written_to() -> None:
    reader, writer = os.openpty()
    device = Path(os.ttyname(writer))
    check_writable(device)
    written(device)
    assert os.read(reader, 100) == b"after"
    assert device.is_char_device()
    os.close(reader)
    os.close(writer)


def test_standard_output_is_written_to_where_it_is_a_file(tmp_path: Path) -> None:
    """To replace the file would lose what is printed afterwards."""
    program = (
        "import sys; from bpelab.bpe.foundation.writing import *; check_writable(sys.argv[1]);"
        "write_atomically(sys.argv[1], b'after'); print(' and more')"
    )
    (tmp_path / "link").symlink_to("/dev/stdout")
    for name in ("/dev/stdout", "/dev/fd/1", tmp_path / "link"):
        with open(tmp_path / "out", "wb") as out:
            subprocess.run([sys.executable, "-c", program, name], stdout=out, check=True)
        assert (tmp_path / "out").read_bytes() == b"after and more\n"


def test_what_a_killed_run_left_is_removed_and_a_living_one_s_is_not(tmp_path: Path) -> None:
    for name in (".x.0123456789abcdef", ".x.fedcba9876543210"):
        (tmp_path / name).write_bytes(b"half")
    kept = {".x.fedcba9876543210", ".x.txt", ".y.0123456789abcdef", ".x.0123456789abcdef0"}
    for name in kept:
        (tmp_path / name).write_bytes(b"mine")
    with open(tmp_path / ".x.fedcba9876543210", "rb") as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        check_writable(tmp_path / "x")
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    write_atomically(path, b"old")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]
