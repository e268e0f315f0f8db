"""Every verb, and every command that a page or a help text shows, runs on any console."""

import gzip
import io
import json
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bpelab.benchmarks.harness import suite
from bpelab.benchmarks.harness.record import RECORDS
from bpelab.benchmarks.report import page
from bpelab.bpe import get_encoding, save_encoding, train
from bpelab.bpe.files import public_files
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.cli.verbs import app, run
from rich.cells import cell_len

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONSOLES = ["utf-8", "cp949", "cp1252", "ascii"]
VERBS = [command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands]
# Typed in the folder that `folder` makes. 안녕 is no letter of cp1252 or ASCII, é none of cp949.
MAIN_USES = {
    "encode": "encode 'Hello, 안녕 né'",
    "decode": "decode 15496 11 995",
    "count": "count 안녕.txt corpus",
    "truncate": "truncate --max-tokens 2 'Hello, 안녕'",
    "train": "train 안녕.txt corpus --vocab-size 300 -o 녕.json",
    "explain": "explain 'Hello, 안녕 né 👩‍🔬 ก็'",
    "vocab": "vocab",
    "convert": "convert my.tiktoken 안.json --pattern gpt2 --special '<|안녕|>=8191'",
    "tokenize": "tokenize 안녕.txt corpus -o 안",
    "parity": "parity 안녕.txt corpus",
    "bench": "bench --only train -o 안녕.json",
    "report": "report mine.json -o 안.html",
    "check": "check --new 안.py",
    "fetch": "fetch",
    "compile": "compile gpt2",
    "tiktoken-cache": "tiktoken-cache 안녕",
}
ALSO = [
    "count --json 안녕.txt corpus",
    "explain --train 안녕.txt",
    "explain --file 안녕.txt --pieces 3",
    "explain --file 안녕.txt --engine arrays",
    "explain --html 안녕.html",
    "vocab --find ' the'",
    "vocab --find é",
    "vocab --beside r50k_base",
    "vocab --beside my.json --text 안녕.txt",
    "report --compare old.json new.json",
    "parity --fuzz 50",
]
# What a user of `parity` may have: functions of a module, and a program that answers lines of JSON.
MODULE = """
from bpelab.bpe import get_encoding, train as learn

encode = my_encode = get_encoding("gpt2").encode_ordinary


def train(texts, vocab_size):
    return list(learn(texts, vocab_size=vocab_size).ranks)
"""
PROGRAM = """
import json, sys
from bpelab.bpe import get_encoding

for line in sys.stdin:
    print(json.dumps(get_encoding("gpt2").encode_ordinary(json.loads(line))), flush=True)
"""
# Commands that find something: an exercise that is not done, a peer with another Unicode.
FINDING = ("check my_bpe.py", "parity --peer gigatoken")
RAW = ("decode", "truncate", "fetch", "tiktoken-cache")  # bytes, and paths as they are


def shown_commands() -> Iterator[tuple[str, str]]:
    """Yield (name of the page, line) of each command in a block, or with options in a sentence, once."""
    seen = set()
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        lines = re.findall(r"^(?:  Example: )?(bpelab .+?)(?:  +#.*)?$", text, re.MULTILINE)
        for line in [*lines, *re.findall(r"`(bpelab [^`\n]* -[^`]*)`", text)]:
            if not re.match(r"bpelab (is|needs) ", line) and line not in seen:
                seen.add(line)
                yield path.name, line


SHOWN = list(shown_commands())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands name; to write all of it takes two seconds."""
    folder = tmp_path_factory.mktemp("made")
    for name in ["README.md", "prompt.txt", "corpus/a.txt", "docs/a.md", "안녕.txt"]:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("Hello, 안녕 né. The cat sat on the mat.\n" * 3, encoding="utf-8")
    (folder / "corpus" / "binary").write_bytes(b"\0")
    (folder / "data").mkdir()
    (folder / "data" / "a.jsonl.gz").write_bytes(gzip.compress(b'{"content": "Hello, hello"}\n'))
    shutil.copy(ROOT / "CHANGELOG.md", folder)
    for name in ["my.tiktoken", "my.json"]:
        save_encoding(folder / name, train(folder / "prompt.txt", vocab_size=280))
    (folder / "records").mkdir()
    for name in ["mine.json", "old.json", "new.json", "records/new.json"]:
        shutil.copy(RECORDS / "quick.json", folder / name)
    earlier = json.loads((RECORDS / "quick.json").read_text(encoding="utf-8"))
    earlier["started"] = "2026-01-01T00:00:00Z"
    (folder / "records" / "old.json").write_text(json.dumps(earlier), encoding="utf-8")
    save_encoding(folder / "tokenizer.json", get_encoding("gpt2"))
    (folder / "my_module.py").write_text(MODULE, encoding="utf-8")
    (folder / "my-tokenizer").write_text(f"#!{sys.executable}\n{PROGRAM}", encoding="utf-8")
    (folder / "my-tokenizer").chmod(0o755)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the commands name, in which nothing is measured, compiled or downloaded."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("BPELAB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "cache"))

    def measure(output: Path, **_: object) -> Any:
        shutil.copy(RECORDS / "quick.json", output)
        return json.loads(output.read_text(encoding="utf-8")) | {"missing": []}

    def download(_: str, __: str, name: str, *___: object) -> Path:
        text = ROOT.parent / "shared" / "data" / "text" / name
        if not text.is_file():
            pytest.skip(f"{text} is not here")
        (tmp_path / "cache").mkdir(exist_ok=True)
        return Path(shutil.copy(text, tmp_path / "cache" / name))

    monkeypatch.setattr(suite, "run", measure)
    monkeypatch.setattr(page, "page_html", lambda _: "<page>")
    monkeypatch.setattr(public_files, "download", download)
    return tmp_path


def require_what_it_needs(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip a command for which something is not installed or not here, and let none compile."""
    verb = command.split()[0]
    if verb == "parity":
        pytest.importorskip("tiktoken", reason="pip install 'bpelab[peers]'")
    if "--scheduler" in command:
        pytest.skip("it needs a cluster: tests/dataset/test_clusters.py has one")
    if re.search("(hf|s3)://", command):
        pytest.skip("it needs a network: tests/dataset/test_urls.py has a store in memory")
    if verb == "compile":
        pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")
        from bpelab.bpe.encoders.compiled import compile_ahead
        from bpelab.bpe.training.compiled import compile_ahead as of_training

        done = compile_ahead.CompiledAhead("gpt2", 0.1, Path("안녕"), True)
        monkeypatch.setattr(compile_ahead, "compile_ahead", lambda *_: [done])
        monkeypatch.setattr(of_training, "compile_training_ahead", lambda *_: [done])
    if "cl100k_base" in command or "gpt-4o" in command:
        published = ROOT.parent / "shared" / "data" / "encodings"
        if not published.is_dir():
            pytest.skip(f"{published} is not here")
        monkeypatch.setenv("BPELAB_CACHE_DIR", str(published))


def on_console(
    encoding: str, command: str, monkeypatch: pytest.MonkeyPatch, stdin: bytes = b""
) -> tuple[bytes, str]:
    """Run a command as on a console of that encoding; return standard output and standard error."""
    out, error = io.BytesIO(), io.BytesIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        patch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding))
        patch.setattr(sys, "stderr", io.TextIOWrapper(error, encoding, errors="backslashreplace"))
        assert run(shlex.split(command)) in ((0, 1) if command.startswith(FINDING) else (0,))
        sys.stdout.flush()
        sys.stderr.flush()
        return out.getvalue(), error.getvalue().decode(encoding)


def test_every_verb_has_a_main_use() -> None:
    assert sorted(MAIN_USES) == sorted(VERBS)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", [*MAIN_USES.values(), *ALSO])
def test_every_verb_runs_on_any_console(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require_what_it_needs(command, monkeypatch)
    has_columns = command.startswith(("explain", "vocab", "count"))
    for encoding in CONSOLES if has_columns else CONSOLES[1:]:
        shown, said = on_console(encoding, command, monkeypatch)
        assert shown or said
        if not command.startswith(RAW):
            shown.decode(encoding)
        if has_columns:
            lines = [*shown.decode(encoding).splitlines(), *said.splitlines()]
            assert [line for line in lines if cell_len(line) > 80] == []
        for path in Path.cwd().glob("안*"):  # what the verb has made
            if path.name != "안녕.txt":
                shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("encoding", CONSOLES)
def test_every_help_text_is_shown_on_any_console(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for verb in ["", *VERBS]:
        monkeypatch.setenv("COLUMNS", "80")
        shown, said = on_console(encoding, f"{verb} --help", monkeypatch)
        lines = shown.decode("ascii").splitlines()
        assert lines[0].startswith(f"Usage: bpelab {verb}".rstrip())
        assert said == ""
        assert [line for line in lines if cell_len(line) > 80] == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("name", "line"), SHOWN, ids=[line for _, line in SHOWN])
def test_every_command_that_a_page_shows_runs_on_any_console(
    name: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = re.sub(r"--fuzz \d+", "--fuzz 100", line).replace(
        "--unreachable", "--unreachable --encoding my.json"
    )
    if line.startswith("bpelab parity") and not re.search("--(kind|fuzz|trainer)|README", line):
        few += " --kind contractions"  # of its 30,000 texts
    for encoding in ("cp949", "ascii"):  # README's run in UTF-8, as processes, in tests/test_readme.py
        Path("my_bpe.py").unlink(missing_ok=True)
        if line == "bpelab check my_bpe.py":
            on_console(encoding, "check --new my_bpe.py", monkeypatch)
        for commands in few.split(" && "):
            shown = b""
            for command in commands.split(" | "):
                command = command.removeprefix("bpelab ")
                require_what_it_needs(command, monkeypatch)
                shown, said = on_console(encoding, command, monkeypatch, stdin=shown)
                assert not re.search(r"(?i)warning|error", said), (name, said)


def test_the_pages_show_commands_of_every_verb() -> None:
    assert {line.split()[1] for _, line in SHOWN} >= set(VERBS)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", [name for name, _ in multilingual_sample()])
def test_explain_keeps_to_80_columns_in_any_script(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = dict(multilingual_sample())[name]
    for encoding in ("utf-8", "cp949"):
        shown, _ = on_console(encoding, "explain - --pieces 8", monkeypatch, stdin=text.encode())
        lines = shown.decode(encoding).splitlines()
        assert [line for line in lines if cell_len(line) > 80] == []
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e]", "".join(lines))


@pytest.mark.usefixtures("folder")
def test_no_colour_is_shown_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert b"\x1b[" in on_console("utf-8", "explain Hello", monkeypatch)[0]
    monkeypatch.setenv("NO_COLOR", "1")
    assert b"\x1b[4" not in on_console("utf-8", "explain Hello", monkeypatch)[0]
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    for command in ("explain Hello", "vocab", "--help"):
        assert b"\x1b" not in on_console("utf-8", command, monkeypatch)[0]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("columns", ["0", "1", "many"])
def test_a_console_of_no_width_still_shows_something(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert "ello" in on_console("utf-8", "explain Hello", monkeypatch)[0].decode()
    assert "Usage" in on_console("utf-8", "explain --help", monkeypatch)[0].decode()


@pytest.mark.usefixtures("folder")
def test_explain_of_a_long_text_shows_its_beginning_and_how_to_see_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("long").write_text("".join(f"word{number}, " for number in range(400)))
    shown, _ = on_console("utf-8", "explain --file long", monkeypatch)
    lines = shown.decode().splitlines()
    assert lines[0].startswith("gpt2: 3,490 characters, 3,490 bytes, ")
    assert len(lines) < 120
    n_pieces = int(re.search(r"([\d,]+) pieces", lines[0])[1].replace(",", ""))  # type: ignore[index]
    assert lines[-1] == f"… and {n_pieces - 20:,} more pieces: --pieces {n_pieces} shows all"
    more, _ = on_console("utf-8", "explain --file long --pieces 21", monkeypatch)
    assert more.decode().splitlines()[-1].startswith(f"… and {n_pieces - 21:,} more pieces")
    everything, _ = on_console("utf-8", f"explain --file long --pieces {n_pieces}", monkeypatch)
    assert "more pieces" not in everything.decode()
    assert "399" in everything.decode()
