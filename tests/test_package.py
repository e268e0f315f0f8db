"""The package works from a wheel, beside Hugging Face's `tokenizers`, and loads only what it needs."""

import ast
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from bpelab.bpe.parity.peers import PEERS
from bpelab.bpe.study.page import PARTS

ROOT = Path(__file__).parents[1]


def python(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # A copy, because a build leaves its own files beside the sources.
    python("-c", f"import shutil; shutil.copytree('.', {str(folder / 'src')!r},"
           " ignore=shutil.ignore_patterns('.*', 'build', '*.egg-info'))")  # fmt: skip
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check"]
    python("-m", "pip", "wheel", *options, "-w", str(folder), str(folder / "src"))
    return next(folder.glob("*.whl"))


def test_the_wheel_is_pure_python_and_holds_the_merges(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"bpelab/bpe/data/gpt2.merges", "bpelab/py.typed", "bpelab/__main__.py"} <= names
    assert {f"bpelab/bpe/study/{part}" for parts in PARTS.values() for part in parts} <= names
    assert "bpelab/bpe/study/page.html" in names
    assert {f"bpelab/benchmarks/report/page.{kind}" for kind in ("css", "js")} <= names
    assert "bpelab/tokenizers/__init__.py" not in names


def test_the_wheel_works_beside_hugging_face_from_the_repository_root(wheel: Path, tmp_path: Path) -> None:
    options = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    python("-m", "pip", "install", *options, "--target", str(tmp_path), str(wheel))
    # Without `site` (-S) no editable install is in the way; '' is the repository root.
    program = (
        f"import sys; sys.path[:0] = ['', {str(tmp_path)!r}, {sysconfig.get_path('purelib')!r}];"
        "import tokenizers; import bpelab.bpe, bpelab.cli, bpelab.tokenizers.simple;"
        "print(tokenizers.Tokenizer.__name__, bpelab.bpe.get_encoding('gpt2').encode('hello'));"
        "print(bpelab.bpe.__file__)"
    )
    printed, path = python("-S", "-c", program).splitlines()
    assert printed == "Tokenizer [31373]"
    assert Path(path).is_relative_to(tmp_path)


UNNEEDED = {
    "torch",
    "tiktoken",
    "typer",
    "numba",
    "platformdirs",
    "pooch",
    "dataclasses",
    "concurrent.futures",
}
UNNEEDED |= {"bpelab.bpe.training", "bpelab.bpe.study", "bpelab.bpe.parity", "bpelab.bpe.encoders.arrays"}


@pytest.mark.parametrize(
    ("program", "unneeded"),
    [
        pytest.param("import bpelab.bpe", {*UNNEEDED, "numpy", "regex"}, id="the package"),
        pytest.param(
            "from bpelab.bpe import get_encoding; get_encoding('gpt2').encode('hello')",
            UNNEEDED - {"concurrent.futures", "dataclasses"},
            id="a short text",
        ),
    ],
)
def test_no_more_is_loaded_than_is_needed(program: str, unneeded: set[str]) -> None:
    printed = python("-c", f"import sys; {program}; print(sorted({unneeded} & set(sys.modules)))")
    assert printed == "[]\n"


def test_every_public_name_is_there_when_it_is_asked_for() -> None:
    program = "import bpelab.bpe as b; print(all(getattr(b, name) and name in dir(b) for name in b.__all__))"
    assert python("-c", program) == "True\n"
    assert (
        python("-c", "from bpelab.bpe import *; print(trace_encode('a', get_encoding('gpt2')).ids)")
        == "[64]\n"
    )


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.match(r"[\w-]+", line)[0] for line in project["dependencies"]]  # type: ignore[index]
    of_extras = {"numba", "llvmlite", "tiktoken", "torch", "tokenizers"}
    of_extras |= {"backports", "compression", "distributed", "fsspec", "pyarrow"}
    of_extras |= {peer.package for peer in PEERS.values()}
    imported = set()
    for folder in ("bpe", "cli", "dataset", "embeddings", "tokenizers", "package"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                imported |= {module.partition(".")[0] for module in modules}
    known = sys.stdlib_module_names | of_extras | {"bpelab", "_typeshed"}
    assert imported - known == set(names)


@pytest.mark.parametrize(
    ("missing", "command", "message"),
    [
        (
            "pytest_benchmark",
            "bench -o new.json",
            "needs pytest-benchmark and tiktoken: pip install 'bpelab[bench]'",
        ),
        (
            "distributed",
            "tokenize record.json -o new.json --scheduler tcp://127.0.0.1:9",
            "a scheduler needs Dask: pip install 'bpelab[dask]'",
        ),
    ],
)
def test_a_command_without_its_extra_says_what_to_install(
    tmp_path: Path, missing: str, command: str, message: str
) -> None:
    record = (ROOT / "benchmarks" / "records" / "quick.json").read_bytes()
    (tmp_path / "record.json").write_bytes(record)
    program = (
        "import sys, importlib.util as util; find = util.find_spec;"
        f"util.find_spec = lambda name, *rest: None if name == {missing!r} else find(name, *rest);"
        f"sys.modules[{missing!r}] = None; sys.argv = ['bpelab', *{command.split()!r}];"
        "from bpelab.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "new.json").exists()
