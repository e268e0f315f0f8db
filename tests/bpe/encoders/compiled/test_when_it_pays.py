"""`auto` never makes anybody wait: arithmetic, told without Numba."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bpelab.bpe.encoders.compiled import code_files, loading, when_it_pays
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN

PER_CHAR = when_it_pays.ARRAYS_SECONDS_A_CHAR
BEGIN = when_it_pays.SECONDS_TO_BEGIN


@pytest.fixture
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without Numba, which is installed."""
    monkeypatch.setattr(when_it_pays, "is_ready", lambda _: False)
    monkeypatch.setattr(when_it_pays, "is_available", lambda: True)
    monkeypatch.delitem(sys.modules, "numba", raising=False)


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch, nothing_loaded: None) -> None:
    monkeypatch.setattr(when_it_pays, "folder_of_code", lambda _: Path())


@pytest.fixture
def not_on_disk(monkeypatch: pytest.MonkeyPatch, nothing_loaded: None) -> None:
    monkeypatch.setattr(when_it_pays, "folder_of_code", lambda _: None)


@pytest.mark.parametrize("n_before", [0, 10**6, 10**8, 10**9])
@pytest.mark.parametrize("n_chars", [1, 10**5, 10**6, 3 * 10**6, 5 * 10**6, 10**7, 10**8, 10**9])
def test_no_process_takes_a_tenth_longer_than_with_arrays_alone(
    on_disk: None, n_chars: int, n_before: int
) -> None:
    if when_it_pays.pays(n_chars, n_before, GPT2_PATTERN):
        alone = when_it_pays.ARRAYS_SECONDS_TO_BEGIN + PER_CHAR * (n_before + n_chars)
        with_loops = BEGIN + PER_CHAR * (n_before + n_chars) - when_it_pays.SAVED_SECONDS_A_CHAR * n_chars
        if n_before:  # then both begin
            with_loops += when_it_pays.ARRAYS_SECONDS_TO_BEGIN
        assert with_loops <= 1.1 * alone


def test_with_code_on_disk_it_pays_from_some_million_characters_on(on_disk: None) -> None:
    assert not when_it_pays.pays(2 * 10**6, 0, GPT2_PATTERN)
    assert when_it_pays.pays(4 * 10**6, 0, GPT2_PATTERN)


def test_where_the_arrays_have_begun_it_pays_later(on_disk: None) -> None:
    assert not when_it_pays.pays(4 * 10**6, 1000, GPT2_PATTERN)
    assert when_it_pays.pays(8 * 10**6, 1000, GPT2_PATTERN)


def test_many_short_texts_pay_for_it_in_the_end(on_disk: None) -> None:
    assert not when_it_pays.pays(10_000, 10**7, GPT2_PATTERN)
    assert when_it_pays.pays(10_000, 10**9, GPT2_PATTERN)


def test_only_a_giant_text_waits_for_a_compilation(not_on_disk: None) -> None:
    assert not when_it_pays.pays(5 * 10**8, 10**12, GPT2_PATTERN)
    assert when_it_pays.pays(2 * 10**9, 0, GPT2_PATTERN)


def test_it_never_pays_without_numba(on_disk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(when_it_pays, "is_available", lambda: False)
    assert not when_it_pays.pays(10**10, 10**10, GPT2_PATTERN)


@pytest.mark.parametrize(
    ("setting", "is_disabled"),
    [({}, False), ({"NUMBA_DISABLE_JIT": "0"}, False), ({"NUMBA_DISABLE_JIT": "1"}, True)],
)
def test_numba_is_found_without_importing_it(setting: dict[str, str], is_disabled: bool) -> None:
    pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")
    program = (
        "import sys; from bpelab.bpe.encoders.compiled import when_it_pays as it;"
        f"print(it.is_available(), it.pays(10**6, 0, {GPT2_PATTERN!r}), 'numba' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"} | setting
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.stdout == f"{not is_disabled} False False\n", done.stderr


def test_code_is_on_disk_where_every_loop_s_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert code_files.folder_of_code(GPT2_PATTERN) is None
    for loop in code_files.loops_of(GPT2_PATTERN):
        assert code_files.folder_of_code(GPT2_PATTERN) is None
        assert code_files.write_code(f"{loop}.0123", b"code") is not None
    assert code_files.folder_of_code(GPT2_PATTERN) == tmp_path / f"compiled-{code_files.stamp()}"
    assert code_files.folder_of_code(CL100K_PATTERN) is None
    assert code_files.read_code("tables.fill.0123") == b"code"


@pytest.mark.parametrize("error", [ImportError("Numba needs another NumPy"), RuntimeError("cannot compile")])
def test_what_does_not_start_is_not_tried_again(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    tried = []

    def load(*_: object) -> None:
        tried.append(error)
        raise error

    monkeypatch.setattr(loading, "_failed", False)
    monkeypatch.setattr(loading, "pays", lambda *_: True)
    monkeypatch.setattr(loading, "load", load)
    for _ in range(3):
        assert loading.load_if_it_pays(10**9, 0, {b"a": 0}, GPT2_PATTERN) is None
    assert len(tried) == 1
