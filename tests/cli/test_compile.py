"""`bpelab compile` leaves machine code on disk, and says where or why not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")

PROGRAM = Path(sys.executable).parent / "bpelab"


def bpelab(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | variables
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, env=environment)


def test_what_compile_compiled_the_next_one_reads() -> None:
    """In the usual folder, which the other tests need full anyway: compiling takes ten seconds."""
    first, second = bpelab("compile", "gpt2"), bpelab("compile", "gpt2")
    assert first.returncode == second.returncode == 0
    assert second.stdout.startswith("gpt2: read, as it was on disk, in ")
    encoding, training = second.stdout.splitlines()
    assert training.startswith("training by the pattern of gpt2: read, as it was on disk, in ")
    for line, loop in ((encoding, "split.split_gpt2."), (training, "merge.merge_some.")):
        folder = Path(line.partition(" s: ")[2])
        assert str(folder) in first.stdout
        assert any(path.name.startswith(loop) for path in folder.iterdir())


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["cl50k"], {}, "'cl50k' names no pattern that is compiled ahead: choose from gpt2, cl100k_base"),
        ([], {"NUMBA_DISABLE_JIT": "1"}, "NUMBA_DISABLE_JIT is set, so that nothing is compiled: unset it"),
    ],
)
def test_a_mistake_ends_in_one_line(arguments: list[str], variables: dict[str, str], message: str) -> None:
    done = bpelab("compile", *arguments, **variables)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert message in line


def test_without_numba_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['numba'] = None; sys.argv = ['bpelab', 'compile'];"
        "from bpelab.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'bpelab[compiled]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
