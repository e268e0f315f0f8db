"""A public file is downloaded once and checked always; without a network the error says what to type."""

import hashlib
import threading
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe.files import download, public_files
from bpelab.bpe.files.public_files import FILES, fetch_file, is_here

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
    digest = hashlib.sha256(CONTENT).hexdigest()
    story = public_files.PublicFile("A story", address, digest, len(CONTENT), "story.txt")
    monkeypatch.setattr(public_files, "FILES", {"story": story})


def test_a_text_is_downloaded_once(site: tuple[str, list[str]], tmp_path: Path) -> None:
    assert fetch_file("story") == fetch_file("story") == tmp_path / "cache" / "story.txt"
    assert fetch_file("story").read_bytes() == CONTENT
    assert site[1] == ["/right/story.txt"]


def test_an_altered_copy_in_the_cache_is_downloaded_again(site: tuple[str, list[str]]) -> None:
    fetch_file("story").write_bytes(b"altered")
    assert fetch_file("story").read_bytes() == CONTENT


@pytest.mark.parametrize("folder", ["wrong", "short"])
def test_a_bad_download_leaves_nothing_and_says_what_to_type(
    site: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str
) -> None:
    publish(monkeypatch, f"{site[0]}/{folder}/story.txt")
    with pytest.raises(OSError, match=r"as fetch_file\('story', source=PATH\)"):
        fetch_file("story")
    assert not list(tmp_path.glob("cache/*"))


def test_a_download_that_is_too_large_is_ended(
    site: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    story = public_files.FILES["story"]._replace(n_bytes=len(CONTENT) - 1)
    monkeypatch.setattr(public_files, "FILES", {"story": story})
    with pytest.raises(OSError, match="more than 20 bytes arrived"):
        fetch_file("story")
    assert not list(tmp_path.glob("cache/*"))


def test_a_server_that_never_ends_is_given_up(
    local_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BPELAB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(download, "MAX_SECONDS", 0.3)
    end = threading.Event()

    def answer(_: str) -> tuple[int, bytes, int]:
        end.wait(30)
        return 200, CONTENT, len(CONTENT)

    address, _ = local_server(answer)
    publish(monkeypatch, f"{address}/story.txt")
    try:
        with pytest.raises(OSError, match=r"has not sent the whole file after 0\.3 s"):
            fetch_file("story")
    finally:
        end.set()
    assert not list(tmp_path.glob("cache/*"))


def test_the_next_download_removes_what_a_killed_one_left(
    site: tuple[str, list[str]], tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / ".story.txt.0123456789abcdef").write_bytes(CONTENT[:3])
    fetch_file("story")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["story.txt"]


def test_a_source_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="its SHA-256 is"):
        fetch_file("the-verdict", Path("/dev/zero"))


def test_a_file_is_taken_instead_of_a_download(site: tuple[str, list[str]], tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_bytes(CONTENT)
    assert fetch_file("story", mine).read_bytes() == CONTENT
    mine.write_bytes(b"another")
    with pytest.raises(ValueError, match=r"mine\.txt: its SHA-256 is .*, that of story is"):
        fetch_file("story", mine)
    assert fetch_file("story").read_bytes() == CONTENT
    assert site[1] == []


def test_a_folder_that_has_the_file_at_any_depth_is_taken_instead_of_a_download(
    site: tuple[str, list[str]], tmp_path: Path
) -> None:
    assert not is_here("story")
    with pytest.raises(FileNotFoundError, match=r"no story\.txt is in it"):
        fetch_file("story", tmp_path)
    (tmp_path / "texts" / "english").mkdir(parents=True)
    (tmp_path / "texts" / "english" / "story.txt").write_bytes(CONTENT)
    assert fetch_file("story", tmp_path / "texts").read_bytes() == CONTENT
    assert is_here("story")
    assert site[1] == []


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(KeyError, match="no file is called 'moby-dick'; there are the-verdict"):
        fetch_file("moby-dick")


def test_the_verdict_here_is_the_published_one(verdict: str) -> None:
    assert hashlib.sha256(verdict.encode()).hexdigest() == FILES["the-verdict"].sha256
