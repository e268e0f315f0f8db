"""Machine code on disk: read by the next process, never trusted, and never needed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")

from bpelab.bpe.encoders.compiled import code_files, split
from bpelab.bpe.encoders.compiled.kept_code import checked, unchecked
from bpelab.bpe.splitting.patterns import GPT2_PATTERN

# Needs only the smallest loops, compiled in a second, and tells which of them were not found on disk.
PROGRAM = """
from bpelab.bpe.encoders.compiled import decode, tables
ids = tables.np.array([1, 0], tables.np.uint32)
assert decode.join_tokens(ids, decode.build_token_bytes({0: b"a", 1: b"bc"})) == b"bca"
loops = (decode.total_bytes, decode.copy_tokens)
compiled = [int("dispatcher" in vars(loop)) for loop in loops]
print(*compiled)
import sys
assert any(compiled) == ("numba" in sys.modules)
"""


def command(folder: Path, program: str = PROGRAM, **variables: str) -> tuple[list[str], dict[str, str]]:
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    if folder != Path():
        environment["NUMBA_CACHE_DIR"] = str(folder)
    return [sys.executable, "-c", program], environment | variables


def run(folder: Path, program: str = PROGRAM, **variables: str) -> str:
    arguments, environment = command(folder, program, **variables)
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def files(folder: Path) -> list[Path]:
    return sorted((folder / f"compiled-{code_files.stamp()}").iterdir())


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files that a first process writes, and the next one finds."""
    folder = tmp_path_factory.mktemp("code")
    assert run(folder) == "1 1"
    assert run(folder) == "0 0"
    return {path.name: path.read_bytes() for path in files(folder)}


@pytest.fixture
def folder(code: dict[str, bytes], tmp_path: Path) -> Path:
    """A folder with these files."""
    own = tmp_path / f"compiled-{code_files.stamp()}"
    own.mkdir()
    for name, content in code.items():
        (own / name).write_bytes(content)
    return tmp_path


def test_every_loop_is_one_file_named_after_it(code: dict[str, bytes]) -> None:
    assert [name.rpartition(".")[0].rpartition(".")[0] for name in code] == [
        "decode.copy_tokens",
        "decode.total_bytes",
    ]


def test_a_process_that_finds_its_code_encodes_trains_and_decodes_without_numba() -> None:
    """In the usual folder, which the other tests need full anyway."""
    program = """
import sys
from bpelab.bpe import get_encoding, train
encoding = get_encoding("gpt2", engine="compiled")
assert encoding.decode(encoding.encode("low lower lowest")) == "low lower lowest"
train(["low lower lowest"], vocab_size=258, engine="compiled")
print("numba" in sys.modules)
"""
    run(Path(), program)
    assert run(Path(), program) == "False"


@pytest.mark.parametrize("damage", ["cut off", "one bit", "another loop's", "text"])
def test_a_damaged_file_is_compiled_once_more_and_replaced(
    folder: Path, code: dict[str, bytes], damage: str
) -> None:
    first, second = files(folder)
    whole = first.read_bytes()
    content = {
        "cut off": whole[: len(whole) // 2],
        "one bit": whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:],
        "another loop's": second.read_bytes(),
        "text": checked(b"no code"),
    }[damage]
    first.write_bytes(content)
    assert run(folder) == "0 1"
    assert [path.name for path in files(folder)] == list(code)
    assert all(unchecked(path.read_bytes()) for path in files(folder))


def test_code_that_another_version_of_numba_made_is_not_used(folder: Path) -> None:
    program = f"""
from bpelab.bpe.encoders.compiled import code_files
code_files._version_file = lambda package: b"0.1"
{PROGRAM}"""
    assert run(folder, program) == "1 1"
    assert len(list(folder.iterdir())) == 2  # the other version has its own folder, and both may stay
    assert run(folder) == "0 0"


def test_code_for_a_processor_that_was_named_is_found_on_every_processor(tmp_path: Path) -> None:
    program = f"""
from bpelab.bpe.encoders.compiled import code_files, kept_code
code_files.re.findall = lambda *_: ["model name: another"]
{PROGRAM}"""
    assert run(tmp_path, NUMBA_CPU_NAME="generic") == "1 1"
    assert run(tmp_path, program, NUMBA_CPU_NAME="generic") == "0 0"
    assert run(tmp_path, program) == "1 1"


def test_where_nothing_can_be_written_every_process_compiles(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert run(tmp_path / "file" / "folder") == "1 1"


def test_a_read_only_installation_keeps_its_code_in_the_user_s_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    readonly = f"""
from pathlib import Path
from bpelab.bpe.encoders.compiled import code_files
stamp = code_files.stamp()
code_files.HERE = Path({str(tmp_path / "file")!r})
{PROGRAM}"""
    cache = tmp_path / "cache"
    assert run(Path(), readonly, BPELAB_CACHE_DIR=str(cache)) == "1 1"
    assert run(Path(), readonly, BPELAB_CACHE_DIR=str(cache)) == "0 0"
    assert len(files(cache)) == 2


def test_two_processes_that_compile_at_once_leave_code_for_a_third(tmp_path: Path) -> None:
    arguments, environment = command(tmp_path)
    both = [subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE) for _ in range(2)]
    for process in both:
        process.communicate(timeout=300)
        assert process.returncode == 0
    assert run(tmp_path) == "0 0"
    assert len(files(tmp_path)) == 2  # and nothing temporary


def test_a_numba_that_makes_no_entry_compiles_in_its_own_way(tmp_path: Path) -> None:
    program = f"""
from bpelab.bpe.encoders.compiled import entry
del entry._cgutils
{PROGRAM}"""
    assert run(tmp_path, program) == "1 1"
    assert not any(path.name.startswith("compiled-") for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "days", "stays"),
    [
        ("compiled-of-another-source-{machine}", 31, False),
        ("compiled-of-another-source-{machine}", 29, True),  # it may be of another installation
        ("compiled-0123456789abcdef", 31, False),  # as they were named before
        ("compiled-{source}-another-machine", 31, True),
        ("another", 31, True),
    ],
)
def test_code_of_a_former_source_is_removed_when_new_code_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, days: int, stays: bool
) -> None:
    source, machine = code_files.stamp().split("-")
    other = tmp_path / name.format(source=source, machine=machine)
    other.mkdir()
    os.utime(other, (time.time() - days * 24 * 3600,) * 2)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert code_files.write_code("tables.fill.0123", b"code") is not None
    assert other.exists() == stays
    assert code_files.read_code("tables.fill.0123") == b"code"


def test_beside_the_source_only_its_own_code_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    code_files.stamp()  # of the real source
    monkeypatch.setattr(code_files, "HERE", tmp_path)
    machine = code_files.stamp().split("-")[1]
    other = tmp_path / "__pycache__" / f"compiled-former-{machine}"
    other.mkdir(parents=True)
    assert code_files.write_code("tables.fill.0123", b"code") is not None
    assert [path.name for path in other.parent.iterdir()] == [f"compiled-{code_files.stamp()}"]


def test_only_what_was_written_has_its_own_hash() -> None:
    content = checked(b"code")
    assert unchecked(content) == b"code"
    for place in range(len(content)):
        assert unchecked(content[:place]) is None
        assert unchecked(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]) is None


def test_the_files_whose_changes_do_not_count_have_no_loops() -> None:
    have_loops = {path.stem for path in code_files.HERE.glob("*.py") if "\n@compiled" in path.read_text()}
    assert {"encode", "merge", "split_gpt2", "characters"} <= have_loops
    assert not have_loops & code_files.WITHOUT_LOOPS
    assert all((code_files.HERE / f"{name}.py").is_file() for name in code_files.WITHOUT_LOOPS)


def test_the_names_on_disk_are_those_of_the_loops() -> None:
    from bpelab.bpe.encoders.compiled import decode, encode, encode_texts, tables

    modules = {"tables": tables, "encode": encode, "decode": decode, "encode_texts": encode_texts}
    for pattern, encode_all in encode_texts.ENCODERS.items():
        *loops, own = code_files.loops_of(pattern)
        assert own == f"encode_texts.{encode_all.__name__}"
        assert code_files.loop_that_cuts(pattern) == [f"split.{split.CUTS[pattern].__name__}"]
        for loop in loops:
            module, _, function = loop.partition(".")
            assert callable(getattr(modules[module], function))
    assert code_files.loops_of("another") == code_files.loops_of(GPT2_PATTERN)[:-1]
