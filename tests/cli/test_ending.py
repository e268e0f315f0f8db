"""However a command ends, it says so in one line, with its exit code, and on any console."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from bpelab.cli import main, mistakes, options, signals, verbs
from bpelab.cli.mistakes import in_options, told

PROGRAM = Path(sys.executable).parent / "bpelab"


def started(program: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Run a program and wait for its first line."""
    child = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    assert child.stdout
    child.stdout.readline()
    return child


# A verb that waits, as one that works does, and has something to clean up.
WAITING = """
import sys, time
from bpelab.cli import main, verbs, signals
def waits():
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("cleaned up")
verbs.app.command("waits")(verbs.as_command(waits))
sys.argv = ["bpelab", "waits"]
main()
"""


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGTERM, 143, "terminated"),
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGHUP, 129, "hung up"),
    ],
)
def test_a_signal_ends_a_command_as_ctrl_c_does(number: int, code: int, word: str) -> None:
    child = started(WAITING)
    child.send_signal(number)
    said = child.communicate(timeout=20)
    assert (child.returncode, *said) == (code, "cleaned up\n", f"bpelab: {word}\n")


def test_ctrl_c_while_the_program_is_loaded_ends_in_one_line() -> None:
    program = """
import sys
class Slow:
    def find_spec(self, name, *_):
        if name == "bpelab.cli.verbs":
            print("ready", flush=True)
            import time
            time.sleep(60)
sys.meta_path.insert(0, Slow())
from bpelab.cli import main
main()
"""
    child = started(program)
    child.send_signal(signal.SIGINT)
    said = child.communicate(timeout=20)
    assert (child.returncode, *said) == (130, "", "bpelab: interrupted\n")


def test_the_entrance_of_the_program_loads_nothing_that_takes_long() -> None:
    """Before it is loaded, Ctrl-C shows a traceback."""
    program = "import sys; import bpelab.cli; print({'typer', 'numpy', 'rich', 'click'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As nohup and a shell's background jobs ask for it."""
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    child = started(ignoring + WAITING)
    child.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert child.poll() is None
    child.send_signal(signal.SIGTERM)
    assert child.communicate(timeout=20)[1] == "bpelab: terminated\n"


def test_a_forked_process_ends_without_a_message() -> None:
    program = """
import os, time
from bpelab.cli.signals import end_on_signals
end_on_signals()
if child := os.fork():
    print(os.waitpid(child, 0)[1], flush=True)
else:
    try:
        os.kill(os.getpid(), 15)
        time.sleep(60)
    finally:
        print("went on")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)
    assert (done.stdout, done.stderr) == (f"{signal.SIGTERM}\n", "")


def test_the_library_leaves_signals_alone() -> None:
    program = (
        "import signal, bpelab.bpe, bpelab.cli, bpelab.cli.verbs;"
        "assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict", "cp949:strict"])
def test_letters_that_a_console_does_not_have_are_shown_escaped(tmp_path: Path, encoding: str) -> None:
    name = os.fsdecode(b"\xff\xed\x95\x9c.txt")
    (tmp_path / name).write_text("low")
    (tmp_path / "b").write_text("low lower \N{OLD ITALIC LETTER A}")
    environment = os.environ | {"PYTHONIOENCODING": encoding}

    def bpelab(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([PROGRAM, *arguments], cwd=tmp_path, capture_output=True, env=environment)

    done = bpelab("count", name, "b")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\udcff" in done.stdout
    done = bpelab("count", "no" + name)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"bpelab: no\\udcff")
    done = bpelab("explain", "안 \N{OLD ITALIC LETTER A}\n")
    assert (done.returncode, done.stderr) == (0, b"")
    done = bpelab("tiktoken-cache", name + "d")
    assert done.stderr == b""
    assert all(Path(os.fsdecode(path)).parent.name for path in done.stdout.splitlines())
    assert all((tmp_path / os.fsdecode(path)).is_file() for path in done.stdout.splitlines())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", ["count", "--help", "vocab", "fetch", "explain low", "decode"])
def test_a_full_disk_behind_standard_output_is_one_line(command: str) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [PROGRAM, *command.split()], input=b"5", stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (2, b"bpelab: No space left on device\n")


def test_a_message_stays_on_its_line_and_sends_no_control_characters() -> None:
    error = FileNotFoundError(2, "No such file or directory", "a\nb\x1b[2J\udcff")
    assert told(error) == r"a\nb\x1b[2J\udcff: No such file or directory"
    assert told(MemoryError()) == "there is not enough memory"
    assert told(ZeroDivisionError()) is None


def test_an_output_that_is_a_closed_pipe_is_a_mistake_unlike_a_reader_that_has_read_enough(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: object) -> int:
        raise BrokenPipeError(32, "Broken pipe", "page.html")

    monkeypatch.setattr(verbs, "run", run)
    monkeypatch.setattr(signals, "end_on_signals", lambda: None)
    monkeypatch.setattr("bpelab.cli.end_on_signals", lambda: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "bpelab: page.html: Broken pipe\n"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("jobs is 0 and shard_bytes 5", "--jobs is 0 and --shard-bytes 5"),
        ("special_tokens must be new", "--special must be new"),
        ("leave out pattern= or extend=", "leave out --pattern or --extend"),
        ("no encoding is named 'x'", "no encoding is named 'x'"),
        ("--vocab-size: 5", "--vocab-size: 5"),
        ("vocab_sizes is 5", "vocab_sizes is 5"),
    ],
)
def test_messages_name_options(message: str, said: str) -> None:
    names = ["jobs", "shard_bytes", "special", "pattern", "extend", "encoding", "vocab_size"]
    assert str(in_options(ValueError(message), names)) == said


def test_errors_of_a_verb_name_its_options(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"a\xff")
    with pytest.raises(ValueError, match="--errors replace"):
        verbs.run(["train", str(tmp_path / "bad"), "--vocab-size", "300", "-o", str(tmp_path / "x.json")])
    with pytest.raises(ValueError, match=r"^--vocab-size is 5: "):
        verbs.run(["train", str(tmp_path / "bad"), "--vocab-size", "5", "-o", str(tmp_path / "x.json")])


@pytest.mark.parametrize("jobs", ["0", "-1", "5000", "99999999999999999999"])
@pytest.mark.parametrize("verb", [["train", "--vocab-size", "300"], ["tokenize"]])
def test_a_useless_number_of_processes_is_refused(
    monkeypatch: pytest.MonkeyPatch, verb: list[str], jobs: str
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with pytest.raises(
        Exception, match="it must be from 1 to 16 on this machine, which has 2 cores"
    ) as caught:
        verbs.run([*verb, "a", "-o", "b.json", "--jobs", jobs])
    assert mistakes.told(caught.value)
    assert options.check_jobs(16) == 16
