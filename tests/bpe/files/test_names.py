"""Named encodings: tiktoken's tables, found in a path, a cache, or by a checked download."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import (
    Encoding,
    encoding_for_model,
    encoding_name_for_model,
    get_encoding,
    list_encoding_names,
)
from bpelab.bpe.data.gpt2 import gpt2_ranks
from bpelab.bpe.files import definitions, names
from bpelab.bpe.files.models import MODEL_PREFIX_TO_ENCODING, MODEL_TO_ENCODING
from bpelab.bpe.files.tiktoken_file import dump_tiktoken
from bpelab.bpe.splitting.patterns import GPT2_PATTERN

FROM_FILES = ["p50k_base", "p50k_edit", "cl100k_base", "o200k_base", "o200k_harmony"]
TEXT = "Hello, world's END!!\n\n  I'LL pay 12345½ for naïve Straße 안녕하세요 日本語 مرحبا 🙂‍↔️\r\n\t x\u3000 "


def test_the_names_are_tiktoken_s() -> None:
    import tiktoken

    assert sorted(list_encoding_names()) == sorted(tiktoken.list_encoding_names())


def test_models_have_tiktoken_s_encodings() -> None:
    from tiktoken import model

    assert MODEL_TO_ENCODING == model.MODEL_TO_ENCODING
    assert list(MODEL_PREFIX_TO_ENCODING.items()) == list(model.MODEL_PREFIX_TO_ENCODING.items())


def test_an_unknown_model_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(KeyError, match=r"'gpt-none'.*; pass the encoding's own name to get_encoding"):
        encoding_name_for_model("gpt-none")
    assert encoding_for_model("gpt2") is get_encoding("gpt2")


@pytest.fixture(scope="module")
def tiktoken_cache(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published files under the names that tiktoken gives them."""
    folder = tmp_path_factory.mktemp("tiktoken")
    for definition in definitions.DEFINITIONS.values():
        if definition.file:
            name = hashlib.sha1(definition.file.address.encode()).hexdigest()
            shutil.copy(data / "encodings" / definition.file.name, folder / name)
    return folder


@pytest.fixture
def no_cached_encodings() -> Iterator[None]:
    names._get_known.cache_clear()
    yield
    names._get_known.cache_clear()


@pytest.mark.parametrize("name", FROM_FILES)
def test_an_encoding_from_tiktoken_s_cache_is_tiktoken_s(
    name: str, tiktoken_cache: Path, monkeypatch: pytest.MonkeyPatch, no_cached_encodings: None
) -> None:
    import tiktoken

    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tiktoken_cache))
    ours, theirs = get_encoding(name), tiktoken.get_encoding(name)
    assert ours.pattern == theirs._pat_str
    assert ours.special_tokens == theirs._special_tokens
    assert ours.ranks == theirs._mergeable_ranks
    assert (ours.n_vocab, ours.eot_token) == (theirs.n_vocab, theirs.eot_token)
    specials = list(theirs._special_tokens.values())
    assert ours.decode_tokens_bytes(specials) == theirs.decode_tokens_bytes(specials)
    text = TEXT + "<|endoftext|>" + "<|fim_prefix|>" + "<|start|>"
    ids = theirs.encode(text, allowed_special="all")
    assert ours.encode(text, allowed_special="all") == ids
    assert ours.decode(ids) == text
    assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)


@pytest.mark.parametrize("name", ["cl100k_base", "o200k_base"])
def test_texts_in_46_languages_have_tiktoken_s_ids(
    name: str, data: Path, tiktoken_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tiktoken

    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tiktoken_cache))
    ours = get_encoding(name, path=data / "encodings" / f"{name}.tiktoken")
    text = (data / "text" / "udhr-multilingual.txt").read_text(encoding="utf-8")
    assert ours.encode_ordinary(text) == tiktoken.get_encoding(name).encode_ordinary(text)


def test_r50k_base_is_gpt2_s_table_by_another_name() -> None:
    assert get_encoding("r50k_base").encode(TEXT) == get_encoding("gpt2").encode(TEXT)


def test_a_file_that_is_not_the_published_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.tiktoken"
    path.write_bytes(b"IQ== 0\n")
    with pytest.raises(
        ValueError, match=r"mine\.tiktoken: its SHA-256 is .* that of cl100k_base\.tiktoken is 2239"
    ):
        get_encoding("cl100k_base", path=path)
    with pytest.raises(ValueError, match="gpt2 is in the package and takes no file"):
        get_encoding("gpt2", path=path)
    with pytest.raises(FileNotFoundError):
        get_encoding("cl100k_base", path=tmp_path / "none")


# A small published file of our own, and a server that gives it out in several ways.
CONTENT = dump_tiktoken(dict(list(gpt2_ranks().items())[:300]))
ANSWERS = {
    "right": (200, CONTENT, len(CONTENT)),
    "wrong": (200, CONTENT.replace(b"IQ== 0", b"IQ== 9"), len(CONTENT)),
    "truncated": (200, CONTENT[:1000], len(CONTENT)),
    "missing": (404, b"", 0),
}


class Site:
    """A local server, an empty cache, and an encoding that is published there."""

    def __init__(self, address: str, asked: list[str], cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.address, self.asked, self.cache, self._monkeypatch = address, asked, cache, monkeypatch

    def get(self, folder: str) -> Encoding:
        file = definitions.VocabularyFile("small.tiktoken", hashlib.sha256(CONTENT).hexdigest())
        definition = definitions.Definition(GPT2_PATTERN, {"<|endoftext|>": 300}, file)
        self._monkeypatch.setattr(names, "DEFINITIONS", {"small": definition})
        self._monkeypatch.setattr(definitions, "ADDRESS", f"{self.address}/{folder}/")
        names._get_known.cache_clear()
        return get_encoding("small")


@pytest.fixture
def site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_cached_encodings: None, local_server: Any
) -> Site:
    monkeypatch.setenv("BPELAB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "tiktoken"))
    address, asked = local_server(lambda path: ANSWERS[path.split("/")[1]])
    return Site(address, asked, tmp_path / "cache", monkeypatch)


def test_a_file_is_downloaded_once(site: Site) -> None:
    assert site.get("right").n_vocab == 301
    assert site.get("right").n_vocab == 301
    assert site.asked == ["/right/small.tiktoken"]
    assert [path.name for path in site.cache.iterdir()] == ["small.tiktoken"]


@pytest.mark.parametrize("folder", ["wrong", "truncated", "missing"])
def test_a_bad_download_leaves_nothing_and_says_all_three_ways(site: Site, folder: str) -> None:
    with pytest.raises(FileNotFoundError) as error:
        site.get(folder)
    message = str(error.value)
    assert "small needs small.tiktoken" in message
    for way in (
        "path=",
        "TIKTOKEN_CACHE_DIR",
        f"download {site.address}/{folder}/small.tiktoken to {site.cache}",
    ):
        assert way in message
    assert not site.cache.exists() or not list(site.cache.iterdir())
    assert "\n" not in message


def test_no_network_says_all_three_ways(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.address = "http://127.0.0.1:9"  # the discard port, on which nothing listens
    with pytest.raises(FileNotFoundError, match=r"path=.*TIKTOKEN_CACHE_DIR.*download"):
        site.get("right")


def test_a_damaged_file_in_the_cache_is_downloaded_again(site: Site) -> None:
    site.cache.mkdir()
    (site.cache / "small.tiktoken").write_bytes(CONTENT[:50])
    assert site.get("right").n_vocab == 301
    assert (site.cache / "small.tiktoken").read_bytes() == CONTENT


def test_a_damaged_file_in_tiktoken_s_cache_is_not_used(site: Site, tmp_path: Path) -> None:
    (tmp_path / "tiktoken").mkdir()
    name = hashlib.sha1(f"{site.address}/right/small.tiktoken".encode()).hexdigest()
    (tmp_path / "tiktoken" / name).write_bytes(CONTENT[:50])
    assert site.get("right").n_vocab == 301
    assert len(site.asked) == 1


def test_a_file_in_tiktoken_s_cache_is_used(site: Site, tmp_path: Path) -> None:
    (tmp_path / "tiktoken").mkdir()
    name = hashlib.sha1(f"{site.address}/right/small.tiktoken".encode()).hexdigest()
    (tmp_path / "tiktoken" / name).write_bytes(CONTENT)
    assert site.get("right").n_vocab == 301
    assert not site.asked


def test_an_unusable_file_in_a_cache_is_named_where_there_is_no_other(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiktoken").mkdir()
    name = hashlib.sha1(f"{site.address}/missing/small.tiktoken".encode()).hexdigest()
    (tmp_path / "tiktoken" / name).write_bytes(CONTENT[:50])
    site.cache.mkdir()
    (site.cache / "small.tiktoken").mkdir()
    with pytest.raises(FileNotFoundError) as caught:
        site.get("missing")
    assert f"what was found cannot be used: {tmp_path / 'tiktoken' / name}: its SHA-256 is" in str(
        caught.value
    )
    assert f"Is a directory: '{site.cache / 'small.tiktoken'}'" in str(caught.value)


def test_a_cache_that_is_a_file_is_an_error_that_names_it(site: Site, tmp_path: Path) -> None:
    (tmp_path / "tiktoken").write_bytes(b"")
    site.cache.write_bytes(b"")
    with pytest.raises(
        FileNotFoundError, match=r"small needs small\.tiktoken, which is in no cache"
    ) as caught:
        site.get("right")
    assert str(site.cache) in str(caught.value)


def test_a_file_in_a_cache_that_may_not_be_read_is_passed_over(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiktoken").mkdir()
    name = hashlib.sha1(f"{site.address}/right/small.tiktoken".encode()).hexdigest()
    path = tmp_path / "tiktoken" / name
    path.write_bytes(CONTENT)
    read_bytes = Path.read_bytes

    def refused(self: Path) -> bytes:
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return read_bytes(self)

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert site.get("right").n_vocab == 301
    assert len(site.asked) == 1


def test_the_bytes_whose_hash_was_checked_are_those_that_are_used(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.get("right")
    n_read = 0
    read_bytes = Path.read_bytes

    def counting(self: Path) -> bytes:
        nonlocal n_read
        n_read += self.name == "small.tiktoken"
        return read_bytes(self)

    monkeypatch.setattr(Path, "read_bytes", counting)
    assert site.get("right").n_vocab == 301
    assert n_read == 1
