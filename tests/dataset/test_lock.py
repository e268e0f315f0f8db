"""One run at a time writes into a directory, whatever ended the run before."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bpelab.bpe import Encoding
from bpelab.dataset import lock
from bpelab.dataset.lock import only_writer
from bpelab.dataset.tokenize_corpus import tokenize_corpus

HOLDER = """
import sys
from pathlib import Path
from bpelab.dataset.lock import only_writer
with only_writer(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_the_second_is_refused_with_the_process_id_of_the_first(tmp_path: Path) -> None:
    with only_writer(tmp_path / "out") as locked:
        assert locked
        message = rf"another run is writing here \(process {os.getpid()}\)"
        with pytest.raises(BlockingIOError, match=message), only_writer(tmp_path / "out"):
            pass
    with only_writer(tmp_path / "out"):
        pass


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_a_kill_releases_the_lock(tmp_path: Path, gpt2: Encoding) -> None:
    (tmp_path / "text").write_text("text")
    out = tmp_path / "out"
    command = [sys.executable, "-c", HOLDER, out]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        (out / ".tokens-000000.bin.0123abcd").write_bytes(b"being written by the first")
        with pytest.raises(BlockingIOError, match=rf"\(process {holder.pid}\)"):
            tokenize_corpus([tmp_path / "text"], out, gpt2)
        assert (out / ".tokens-000000.bin.0123abcd").exists()
        holder.send_signal(signal.SIGKILL)
    assert tokenize_corpus([tmp_path / "text"], out, gpt2).finished
    assert sorted(path.name for path in out.glob(".*")) == [".lock"]


def test_without_locks_a_warning_is_given_and_nothing_is_cleaned_up(
    tmp_path: Path, gpt2: Encoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(lock, "_lock", no_locks)
    (tmp_path / "text").write_text("text")
    left = tmp_path / "out" / ".tokens-000000.bin.0123abcd"
    left.parent.mkdir()
    left.write_bytes(b"of another run, perhaps")
    with pytest.warns(UserWarning, match="out: its file system has no locks"):
        assert tokenize_corpus([tmp_path / "text"], tmp_path / "out", gpt2).finished
    assert left.exists()


@pytest.mark.parametrize("name", ["file", "file/below", "taken"])
def test_a_directory_that_cannot_be_written_is_refused_before_any_work(
    tmp_path: Path, gpt2: Encoding, name: str
) -> None:
    (tmp_path / "bad").write_bytes(b"\xff")
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / ".lock").mkdir(parents=True)
    with pytest.raises(OSError, match=rf"(Not a|not a|Is a) directory: .*{name}"):
        tokenize_corpus([tmp_path / "bad"], tmp_path / name, gpt2)
