"""A program is asked over a pipe, and what it says instead of ids is shown."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bpelab.bpe import Encoding, compare
from bpelab.bpe.parity.command import Command

HEAD = """import json, sys
from bpelab.bpe import get_encoding
encode = get_encoding('gpt2').encode_ordinary
"""
LOOP = "for line in sys.stdin:\n    text = json.loads(line)\n"


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    def command(body: str) -> str:
        path = tmp_path / "tokenizer.py"
        path.write_text(body, encoding="utf-8")
        if sys.platform == "win32":
            return f'"{sys.executable}" "{path}"'
        return shlex.join([sys.executable, str(path)])

    return command


def test_a_program_that_is_right_is_equal(gpt2: Encoding, program: Callable[[str], str]) -> None:
    body = HEAD + LOOP + "    print(json.dumps(encode(text)), flush=True)\n"
    texts = ["Hello", "", "a\nb\r\n\x00\u2028", "한국어 🙂", "\ud800", '"\\', "x" * 300_000]
    with Command(program(body), 60) as running:
        assert compare(running.encode, gpt2, texts).difference is None


def test_a_text_that_a_program_cannot_encode_is_a_difference(
    gpt2: Encoding, program: Callable[[str], str]
) -> None:
    body = "import json, sys\n" + LOOP + "    print(json.dumps({'error': 'too hard'}), flush=True)\n"
    with Command(program(body), 60) as running:
        difference = compare(running.encode, gpt2, ["a"]).difference
    assert difference is not None
    assert difference.our_error == "ValueError: too hard"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import sys\nsys.exit('no vocabulary')", "it ended with exit code 1 .*ends with: no vocabulary"),
        ("import sys\nsys.stdin.readline()\nprint('[1', end='')", "it answered '\\[1', where a JSON list"),
        ("import time\ntime.sleep(30)", "it answered nothing within 0.5 seconds: does it flush"),
        ("import sys\nprint('loading', flush=True)\nsys.stdin.read()", "'loading'"),
        (LOOP, "NameError: name 'sys' is not defined"),
        (
            "import json, sys\n" + LOOP + "    print('{}', flush=True)",
            "it answered '{}', where a JSON list of ids",
        ),
        ("import json, sys\n" + LOOP + "    print('[1.5]', flush=True)", "it answered '\\[1.5\\]'"),
        ("import json, sys\n" + LOOP + "    print('[true]', flush=True)", "it answered '\\[true\\]'"),
        ("import json, sys\n" + LOOP + "    print('[' * 99999, flush=True)", "where a JSON list of ids"),
        (
            "import json, sys, time\n" + LOOP + "    print('[39]\\nnoise', flush=True)",
            "it (printed a line that nobody asked for: 'noise'|answered 'noise')",
        ),
    ],
)
def test_what_a_program_says_instead_of_ids_is_shown(
    gpt2: Encoding, program: Callable[[str], str], body: str, message: str
) -> None:
    limit = 0.5 if "sleep" in body else 60
    with (
        pytest.raises(ChildProcessError, match=f"(?s)tokenizer.py.*: .*{message}"),
        Command(program(body), limit) as running,
    ):
        compare(running.encode, gpt2, ["H", "H", "H"])


def test_a_program_that_does_not_exist_is_named() -> None:
    with pytest.raises(OSError, match="no-such-program"):
        Command("no-such-program --fast")
    with pytest.raises(ValueError, match="the command is empty"):
        Command("")


def test_a_program_that_does_not_end_is_ended(program: Callable[[str], str]) -> None:
    body = "import time\nwhile True: time.sleep(1)"
    with Command(program(body)) as running:
        process = running._process
    assert process.returncode is not None
