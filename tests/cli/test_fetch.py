"""`bpelab fetch` gets what it can, once, says where it is, and ends with 1 where something is missing."""

import hashlib
from pathlib import Path

import pytest
from bpelab.bpe.files import public_files
from bpelab.cli.verbs import run

CONTENTS = {"story": b"I HAD always thought\n", "verse": b"Before we proceed\n", "ranks": b"IQ== 0\n"}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three public files of which a folder has two; nothing is downloaded."""
    monkeypatch.setenv("BPELAB_CACHE_DIR", str(tmp_path / "cache"))
    files = {
        name: public_files.PublicFile(name, f"http://127.0.0.1:9/{name}", _digest(content), 99, f"{name}.txt")
        for name, content in CONTENTS.items()
    }
    monkeypatch.setattr(public_files, "FILES", files)
    (tmp_path / "kept" / "texts").mkdir(parents=True)
    for name in ("story", "verse"):
        (tmp_path / "kept" / "texts" / f"{name}.txt").write_bytes(CONTENTS[name])
    return tmp_path / "kept"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_all_that_can_be_had_is_fetched_and_the_rest_named(
    kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fetch", "--all", "--source", str(kept)]) == 1
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [str(tmp_path / "cache" / name) for name in ("story.txt", "verse.txt")]
    assert "no ranks.txt is in it" in shown.err
    run(["fetch"])
    listed = [line.split("\t")[::2] for line in capsys.readouterr().out.splitlines()]
    assert listed == [["story", "in the cache"], ["verse", "in the cache"], ["ranks", "not here yet"]]


def test_what_is_in_the_cache_is_not_looked_for_again(
    kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fetch", "story", "verse", "--source", str(kept)]) == 0
    capsys.readouterr()
    assert run(["fetch", "verse", "story"]) == 0  # where nothing could be downloaded
    names = ("verse.txt", "story.txt")
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / "cache" / name) for name in names]


def test_a_download_that_fails_is_told_in_the_words_of_the_command_line(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fetch", "--all"]) == 1
    said = capsys.readouterr().err
    assert said.count("could not be downloaded") == 3
    assert "name it by --source FILE" in said


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--all", "story"], "--all fetches story, verse, ranks: leave out story"),
        (["story", "verse", "--source", "FILE"], "is a file, and for one NAME"),
        (["--all", "--source", "FILE"], "is a file, and for one NAME"),
    ],
)
def test_what_makes_no_sense_is_said(kept: Path, arguments: list[str], error: str) -> None:
    file = str(kept / "texts" / "story.txt")
    with pytest.raises(ValueError, match=error):
        run(["fetch", *(file if argument == "FILE" else argument for argument in arguments)])
