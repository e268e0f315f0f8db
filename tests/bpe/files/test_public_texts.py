"""A text is downloaded once and checked always; without a network the error says what to type."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe.files import public_texts as texts
from bpelab.bpe.files.public_texts import TEXTS, fetch_text

CONTENT = b"I HAD always thought\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local_server: Any) -> tuple[str, list[str]]:
    """A server that has the story, an empty cache, and the story under its name."""
    monkeypatch.setenv("BPELAB_CACHE_DIR", str(tmp_path / "cache"))
    bodies = {"right": CONTENT, "wrong": CONTENT.upper(), "short": CONTENT[:9]}
    address, asked = local_server(lambda path: (200, bodies[path.split("/")[1]], len(CONTENT)))
    publish(monkeypatch, f"{address}/right/story.txt")
    return address, asked


def publish(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    story = texts.PublicText("A story", address, hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(texts, "TEXTS", {"story": story})


def test_a_text_is_downloaded_once(site: tuple[str, list[str]], tmp_path: Path) -> None:
    assert fetch_text("story") == fetch_text("story") == tmp_path / "cache" / "story.txt"
    assert fetch_text("story").read_bytes() == CONTENT
    assert site[1] == ["/right/story.txt"]


def test_an_altered_copy_in_the_cache_is_downloaded_again(site: tuple[str, list[str]]) -> None:
    fetch_text("story").write_bytes(b"altered")
    assert fetch_text("story").read_bytes() == CONTENT


@pytest.mark.parametrize("folder", ["wrong", "short"])
def test_a_bad_download_leaves_nothing_and_says_what_to_type(
    site: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str
) -> None:
    publish(monkeypatch, f"{site[0]}/{folder}/story.txt")
    with pytest.raises(OSError, match="type bpelab fetch story --source PATH"):
        fetch_text("story")
    assert not list(tmp_path.glob("cache/*"))


def test_a_file_is_taken_instead_of_a_download(site: tuple[str, list[str]], tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_bytes(CONTENT)
    assert fetch_text("story", mine).read_bytes() == CONTENT
    mine.write_bytes(b"another")
    with pytest.raises(ValueError, match=r"mine\.txt: its SHA-256 is .*, that of story is"):
        fetch_text("story", mine)
    assert fetch_text("story").read_bytes() == CONTENT
    assert site[1] == []


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(KeyError, match="no text is called 'moby-dick'; there are the-verdict"):
        fetch_text("moby-dick")


def test_the_verdict_here_is_the_published_one(verdict: str) -> None:
    assert hashlib.sha256(verdict.encode()).hexdigest() == TEXTS["the-verdict"].sha256
