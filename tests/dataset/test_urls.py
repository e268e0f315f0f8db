"""Token files may lie below a URL: written and loaded as in a directory, by one run at a time."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.corpus.places import Place
from bpelab.dataset import lease
from bpelab.dataset.lease import leased
from bpelab.dataset.shards import open_tokens, open_windows
from bpelab.dataset.tokenize_corpus import tokenize_corpus

fsspec = pytest.importorskip("fsspec", reason="pip install 'bpelab[corpora]'")
OUT = "memory://bucket/out"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(lease, "SECONDS_BETWEEN", 0.02)
    monkeypatch.setattr(lease, "SECONDS_TO_WAIT", 0.3)
    monkeypatch.setattr(lease, "SECONDS_TO_SETTLE", 0.05)
    monkeypatch.setenv("BPELAB_CACHE_DIR", str(tmp_path / "cache"))
    store = fsspec.filesystem("memory")
    yield
    store.store.clear()
    store.pseudo_dirs[:] = [""]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    for number in range(4):
        (tmp_path / "corpus" / f"{number}.txt").write_text(f"text {number} " * 50)
    return tmp_path / "corpus"


def stored() -> dict[str, bytes]:
    store = fsspec.filesystem("memory")
    return {path.rpartition("/")[2]: store.cat_file(path) for path in store.find("/bucket/out")}


def test_the_files_are_those_of_a_directory(corpus: Path, tmp_path: Path, gpt2: Encoding) -> None:
    tokenize_corpus([corpus], OUT, gpt2, shard_bytes=1)
    tokenize_corpus([corpus], tmp_path / "out", gpt2, shard_bytes=1)
    expected = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.name != ".lock"}
    assert stored() == expected
    assert (
        open_windows(OUT, 8, 8).gather([3])[0].tolist()
        == open_windows(tmp_path / "out", 8, 8).gather([3])[0].tolist()
    )
    assert tokenize_corpus([corpus], OUT, gpt2).finished
    assert stored() == expected


def test_shards_that_lack_are_made_again(corpus: Path, gpt2: Encoding) -> None:
    tokenize_corpus([corpus], OUT, gpt2, shard_bytes=1)
    before = stored()
    place = Place.of(OUT)
    manifest = json.loads(place.read("manifest.json"))
    for name in ("tokens-000001.bin", "sources-000002.jsonl"):
        place.remove(name)
    assert manifest["finished"]
    tokenize_corpus_unfinished(place)
    tokenize_corpus([corpus], OUT, gpt2)
    assert stored() == before


def tokenize_corpus_unfinished(place: Place) -> None:
    """Let the manifest be that of a run which was killed."""
    from bpelab.dataset.manifest import Manifest

    manifest = Manifest.read(place)
    manifest.finished, manifest.shards = False, []
    manifest.write(place)


def test_shards_are_copied_once_and_checked(
    corpus: Path, tmp_path: Path, gpt2: Encoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenize_corpus([corpus], OUT, gpt2, shard_bytes=1)
    store = fsspec.filesystem("memory")
    damaged = bytearray(store.cat_file("/bucket/out/tokens-000001.bin"))
    good = bytes(damaged)
    damaged[-20] ^= 1
    store.pipe_file("/bucket/out/tokens-000001.bin", bytes(damaged))
    with pytest.raises(ValueError, match=r"^memory://bucket/out/tokens-000001\.bin: its tokens are altered"):
        open_tokens(OUT)
    store.pipe_file("/bucket/out/tokens-000001.bin", good)
    ids = [file.ids.tolist() for file in open_tokens(OUT)]
    monkeypatch.setattr("bpelab.dataset.local_copy.open_url", None)  # nothing is fetched a second time
    assert [file.ids.tolist() for file in open_tokens(OUT)] == ids
    assert not list((tmp_path / "cache").rglob("*.part"))


def watch(require_held: Callable[[], None]) -> None:
    """Ask for a minute whether a place is still held."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        require_held()
        time.sleep(0.001)


def test_the_second_run_is_refused_and_a_killed_one_blocks_nobody(corpus: Path, gpt2: Encoding) -> None:
    with leased(Place.of(OUT)) as require_held:
        with pytest.raises(BlockingIOError, match=r"another run is writing here \(.*, process \d+\)"):
            tokenize_corpus([corpus], OUT, gpt2)
        require_held()
    Place.of(OUT).write(".lock", b"of a run that was killed")
    assert tokenize_corpus([corpus], OUT, gpt2).finished
    assert ".lock" not in stored()


def test_a_run_that_was_taken_over_ends(corpus: Path) -> None:
    place = Place.of(OUT)
    with pytest.raises(BlockingIOError, match="the other"), leased(place) as require_held:
        place.write(".lock", b"the other")
        watch(require_held)
    assert place.read(".lock") == b"the other"


class Store:
    """Stands for the store of the lease: its next answers are those that a test chooses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[bytes | Exception] = []
        self._asked = Event()
        kind = type(fsspec.filesystem("memory"))
        self._read = kind.cat_file
        monkeypatch.setattr(kind, "cat_file", lambda *args, **options: self._answer(*args, **options))

    def _answer(self, *args: Any, **options: Any) -> Any:
        if not self.answers:
            self._asked.set()
            return self._read(*args, **options)
        if isinstance(answer := self.answers.pop(0), Exception):
            raise answer
        return answer

    def wait(self) -> None:
        """Wait until all answers were given, and one more after them."""
        while self.answers:
            time.sleep(0.001)
        self._asked.clear()
        assert self._asked.wait(60)


@pytest.mark.parametrize(
    "answer", [ValueError("not an answer"), OSError("no connection"), FileNotFoundError(), b""]
)
def test_a_run_keeps_its_place_when_the_store_answers_badly(
    monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception
) -> None:
    place, store = Place.of(OUT), Store(monkeypatch)
    with leased(place) as require_held:
        store.answers = [answer] * 3
        store.wait()
        require_held()
        place.write(".lock", b"the other")  # and is still watched
        with pytest.raises(BlockingIOError, match="the other"):
            watch(require_held)


def test_a_run_takes_what_is_left_of_its_own_file_for_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    place, store = Place.of(OUT), Store(monkeypatch)
    with leased(place) as require_held:
        store.answers = [place.read(".lock")[:9]] * 3
        store.wait()
        require_held()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * 10_000_000, b"{}", b"\n"])
def test_a_foreign_file_ends_a_run_in_a_few_words(content: bytes) -> None:
    place = Place.of(OUT)
    with pytest.raises(BlockingIOError) as caught, leased(place) as require_held:
        place.write(".lock", content)
        watch(require_held)
    assert len(str(caught.value)) < 300
    assert place.read(".lock") == content


@pytest.mark.parametrize("name", ["memory://bucket", "memory://bucket/out"])
def test_the_corpus_may_not_hold_what_is_written(gpt2: Encoding, name: Any) -> None:
    with pytest.raises(ValueError, match="would become part of the corpus"):
        tokenize_corpus([name], OUT, gpt2)


def test_what_is_written_to_a_url_names_the_extra_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ["fsspec", *(module for module in sys.modules if module.startswith("fsspec."))]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"pip install 'bpelab\[corpora\]'$"):
        Place.of("memory://out").names()
