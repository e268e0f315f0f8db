"""Attacks on the command line: hostile arguments for every verb, kills of bench and report, Ctrl-C at start-up."""

import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import product
from pathlib import Path

from bpelab.benchmarks.harness.record import RECORDS, load

PROGRAM = Path(sys.executable).parent / "bpelab"
VALUES = (
    "EMPTY", "BIN", "DIR", "TXT", "EMPTY.json", "BIN.json", "NUL.json", "N.json", "BIN.tiktoken", "EMPTY.tiktoken", "D.json",
    "D.tiktoken", "loop", "dangling", "SURR.json", "BIG.json", "null.json", "object.json", "\udcff.txt", "", ".", "x" * 5000,
    "x" * 5000 + ".json", "no/such", "TXT/x", "a\0b.json", "-1", "9" * 23, "\ud800", "nan", "/dev/null", "a\nb\x1b[2J",
)  # fmt: skip
VERBS = tuple(
    line.split()
    for line in """
encode @
encode --file @
encode --encoding @ text
encode --encoding cl100k_base --path @ text
encode text --path @
encode text --model @
encode text --engine @
decode @
decode --file @
decode --json @
decode 5 --encoding @
count @ TXT
count --json @
train @ --vocab-size 300 -o o.json --quiet
train TXT --vocab-size @ -o o.json
train TXT --vocab-size 300 -o @
train TXT --vocab-size 300 -o o.json --pattern @
train TXT --vocab-size 300 -o o.json --special @
train TXT --vocab-size 300 -o o.json --min-frequency @
train TXT --vocab-size 300 -o o.json --max-token-length @
train TXT --vocab-size 300 -o o.json --extend @
train TXT --vocab-size 300 -o o.json --checkpoint @
train TXT --vocab-size 300 -o o.json --jobs @
explain @
explain --train @
explain --train TXT --vocab-size @
explain hi --html @
explain hi --html p.html --beside @
explain --file @
explain hi --html p.html --encoding @
explain hi --encoding @
vocab --find @
vocab --encoding @
vocab --path @
vocab --beside @
vocab --beside gpt2 --text @
vocab --model @
convert @ o.json
convert gpt2 @
convert BIN.tiktoken o.json --pattern @
convert gpt2 o.json --special @
convert gpt2 o.json --special x=@
convert @ vocab.bpe --pattern gpt2
tokenize @ -o out --quiet
tokenize TXT -o @ --quiet
tokenize TXT -o out --encoding @ --quiet
tokenize TXT -o out --shard-bytes @
tokenize TXT -o out --jobs @
tokenize @ -o out --format jsonl
tokenize @ -o out --documents line
parity @
parity --encoding @
parity --encoding cl100k_base --path @
parity --fuzz 1 --seed @
report @
report R.json -o @
report R.json -o r.html --markdown @
report --compare @ R.json
report --compare R.json R.json --threshold @
bench -o @ --only nothing
bench -o b.json --preset @
bench -o b.json --only @
bench -o b.json --passes @
bench --resume -o @ --only encode_warm --passes 1
fetch @
fetch the-verdict --source @
compile @
tiktoken-cache @
""".strip().splitlines()
)


def hostile_arguments(n: int = 2000, seed: int = 0, seconds: int = 60) -> str:
    """Whatever its arguments, a verb works or ends with one line and exit code 2, never with a traceback."""
    from bpelab.benchmarks.harness import environment, suite
    from bpelab.cli.mistakes import told
    from bpelab.cli.verbs import run

    suite._ask, suite._parity, environment.limits = (lambda *_: ([], [])), (lambda _: []), dict
    os.environ |= {"BPELAB_DATA": "none", "BPELAB_CACHE_DIR": "cache"}
    cases = list(product(VERBS, VALUES))
    random.Random(seed).shuffle(cases)
    refused = 0
    for verb, value in cases[:n]:
        arguments = [part.replace("@", value) for part in verb]
        with _hostile_folder(), _no_longer_than(seconds):
            sys.stdin = io.TextIOWrapper(io.BytesIO())
            said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
            try:
                with redirect_stdout(said), redirect_stderr(io.StringIO()):
                    run(arguments)
            except Exception as error:
                message = told(error)
                assert message is not None, f"{arguments!r:.200}: {type(error).__name__}: {error}"
                assert len(message.splitlines()) == 1, f"{arguments!r:.200}: {message!r}"
                refused += 1
    return f"{min(n, len(cases)):,} commands with hostile arguments: {refused:,} refused in one line, no traceback"


def kills_of_bench(n: int = 20, seed: int = 0) -> str:
    """A bench that is killed, by whatever signal, leaves no process, no folder, and a record or none."""
    draw = random.Random(seed)
    kept = 0
    with tempfile.TemporaryDirectory() as folder:
        temporary, record = Path(folder, "tmp"), Path(folder, "record.json")
        temporary.mkdir()
        environment = os.environ | {"TMPDIR": str(temporary)}
        for number in range(n):
            options = ["--resume"] if record.exists() else []
            command = [PROGRAM, "bench", "--only", "encode_short", "--only", "first_use", "--passes", "2"]
            bench = subprocess.Popen(
                [*command, "-o", record, *options],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            time.sleep(draw.uniform(0.1, 12))
            signal_ = draw.choice([signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
            bench.send_signal(signal_)
            _, said = bench.communicate()
            _wait_until(
                lambda: not _processes_with(folder) and not list(temporary.iterdir()), 20, f"kill {number}"
            )
            if bench.returncode != 0:  # it was not finished before
                assert bench.returncode == {15: 143, 2: 130, 9: -9}[signal_], (
                    signal_,
                    bench.returncode,
                    said,
                )
                assert len(said.splitlines()) == (signal_ != signal.SIGKILL), said
            if record.exists():
                load(record)
                kept += 1
        left = [path.name for path in Path(folder).iterdir() if path not in (temporary, record)]
        assert len(left) <= 1, left  # half a record, which the next run removes
    return f"{n} kills of bench: no process and no folder left; {kept} times a record, always whole"


def kills_of_report(n: int = 100, seed: int = 0) -> str:
    """A report that is killed leaves the old page or the new one, whole, and nothing after the next run."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(RECORDS / "quick.json", Path(folder, "quick.json"))
        command = [PROGRAM, "report", "quick.json", "-o", "page.html"]
        start = time.monotonic()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        whole = time.monotonic() - start
        pages = {name: Path(folder, name).read_bytes() for name in ("page.html", "page.md")}
        for _ in range(n):
            report = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(draw.uniform(0, whole * 1.1))
            report.send_signal(draw.choice([signal.SIGTERM, signal.SIGINT, signal.SIGKILL]))
            report.communicate()
            assert all(Path(folder, name).read_bytes() == page for name, page in pages.items())
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        left = sorted(path.name for path in Path(folder).iterdir())
        assert left == ["page.html", "page.md", "quick.json"], left
    return f"{n} kills of report: always both pages whole, and nothing left after the next run"


def signals_at_start(n: int = 100, seed: int = 0, first: float = 0.05) -> str:
    """Ctrl-C and SIGTERM end a command with one line and their exit code, whenever they come."""
    draw = random.Random(seed)
    early = 0
    for _ in range(n):
        command = subprocess.Popen(
            [PROGRAM, "count"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(draw.uniform(first, 1))
        signal_, code, word = draw.choice(
            [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
        )
        command.send_signal(signal_)
        assert command.stderr
        assert command.stdin
        said = command.stderr.read()
        command.wait()
        command.stdin.close()
        if "bpelab/cli" not in said and "bpelab: " not in said:
            early += 1  # Python itself was not up yet
            continue
        assert (command.returncode, said) == (code, f"bpelab: {word}\n"), (command.returncode, said)
    return f"{n} signals in the first second: one line and the exit code, but for {early} before Python had started"


@contextmanager
def _hostile_folder() -> Iterator[None]:
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for name, content in {
                "EMPTY": b"", "BIN": bytes(range(256)) * 20, "TXT": b"low lower lowest\n" * 20, "EMPTY.json": b"",
                "BIN.json": bytes(range(256)), "NUL.json": bytes(100), "N.json": b"[" * 10_000, "BIN.tiktoken": bytes(range(256)),
                "EMPTY.tiktoken": b"", "SURR.json": b'"\\ud800"', "BIG.json": b"9" * 5000, "null.json": b"null",
                "object.json": b"{}", "\udcff.txt": b"x",
            }.items():  # fmt: skip
                Path(name).write_bytes(content)
            for name in ("DIR", "D.json", "D.tiktoken"):
                Path(name).mkdir()
            Path("loop").symlink_to("loop")
            Path("dangling").symlink_to("nowhere")
            shutil.copy(RECORDS / "quick.json", "R.json")
            yield
        finally:
            os.chdir(before)


@contextmanager
def _no_longer_than(seconds: int) -> Iterator[None]:
    def too_long(*_: object) -> None:
        raise AssertionError(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _processes_with(text: str) -> list[str]:
    """List the processes whose command or environment contains a text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in words and int(folder.name) != os.getpid():
            found.append(words.decode(errors="replace")[:80])
    return found


def _wait_until(condition, seconds: float, what: str) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: something is left after {seconds} s"
        time.sleep(0.1)


def main(names: Sequence[str]) -> None:
    """Run the attacks of these names, with their usual amounts."""
    for name in names or ("hostile_arguments", "kills_of_bench", "kills_of_report", "signals_at_start"):
        print(json.dumps({name: globals()[name]()}))


if __name__ == "__main__":
    main(sys.argv[1:])
