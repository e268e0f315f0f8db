"""The same few things can be done in a directory and below a URL, and an error names the file."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bpelab.bpe.corpus.places import Place, require_apart
from bpelab.bpe.corpus.remote import store_errors

fsspec = pytest.importorskip("fsspec", reason="pip install 'bpelab[corpora]'")


@pytest.fixture(params=["directory", "url"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "directory":
        yield Place.of(tmp_path)
        return
    store = fsspec.filesystem("memory")
    yield Place.of("memory://places/tokens/")
    store.rm("/places", recursive=True) if store.exists("/places") else None


def test_what_is_written_is_there_until_it_is_removed(place: Place) -> None:
    assert place.names() == set()
    place.write("a.bin", b"one")
    place.write("a.bin", b"two")
    with place.new_file("b.bin") as file:
        file.write(b"   ")
        file.seek(0)
        file.write(b"be")
    assert place.names() == {"a.bin", "b.bin"}
    assert (place.read("a.bin"), place.read("b.bin")) == (b"two", b"be ")
    place.remove("a.bin")
    assert place.names() == {"b.bin"}
    with pytest.raises(FileNotFoundError) as caught:
        place.read("a.bin")
    assert caught.value.filename in (place.name_of("a.bin"), Path(place.name_of("a.bin")))


def test_a_file_whose_writing_was_given_up_is_not_there(place: Place) -> None:
    with pytest.raises(KeyboardInterrupt), place.new_file("a.bin") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert place.names() == set()


def test_a_place_has_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Place.of(f"file://{tmp_path}") == Place.of(tmp_path) == Place(str(tmp_path))
    assert Place.of("x").absolute() == Place(str(tmp_path / "x"))
    url = Place.of("s3://bucket/tokens//")
    assert url.absolute() is Place.of(url) is url
    assert (str(url), url.folder) == ("s3://bucket/tokens", None)


@pytest.mark.parametrize(
    ("error", "number", "said"),
    [
        (FileNotFoundError("bucket/a"), errno.ENOENT, os.strerror(errno.ENOENT)),
        (PermissionError("Access Denied"), errno.EACCES, os.strerror(errno.EACCES)),
        (OSError(errno.ENOSPC, "the quota is used up"), errno.ENOSPC, "the quota is used up"),
        (OSError("it broke"), errno.EIO, "it broke"),
        (ConnectionResetError(), errno.EIO, "ConnectionResetError()"),
        (KeyError("x"), errno.EIO, "'x' (KeyError)"),
    ],
    ids=repr,
)
def test_whatever_a_store_raises_says_what_happened_and_to_which_url(
    error: Exception, number: int, said: str
) -> None:
    with pytest.raises(OSError) as caught, store_errors("s3://b/a"):
        raise error
    assert (caught.value.errno, caught.value.strerror, caught.value.filename) == (number, said, "s3://b/a")
    with pytest.raises(OSError) as again, store_errors("s3://b/a"):
        raise caught.value
    assert again.value is caught.value


def test_the_output_lies_apart_from_the_corpus(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "shard.bin").touch()

    def require(source: str, output: str, patterns: tuple[str, ...] = ("*.bin",)) -> None:
        require_apart([str(tmp_path / source)], Place.of(tmp_path / output), patterns)

    for source, output in (("texts", "tokens"), ("texts", "texts/.tokens"), ("shard.bin", "tokens")):
        require(source, output)
    require("shard.bin", "", ("*.txt",))
    for source, output in (("texts", "texts"), ("texts", "texts/tokens"), ("", "texts/../tokens")):
        with pytest.raises(ValueError, match="would become part of the corpus; name another directory"):
            require(source, output)
    with pytest.raises(ValueError, match=r"shard\.bin has the name of a file that is written to"):
        require("shard.bin", "")


def test_urls_lie_apart_too() -> None:
    for source, output in (("s3://b/texts", "s3://b/tokens"), ("s3://b/a", "s3://b/ab"), ("/b", "s3://b")):
        require_apart([source], Place.of(output), ["*.bin"])
    for source, output in (("s3://b/a", "s3://b/a/"), ("s3://b/", "s3://b/tokens")):
        with pytest.raises(ValueError, match=f"lies in {source}, and would become part of the corpus"):
            require_apart(["x", source], Place.of(output), ["*.bin"])
