"""Ranks are loaded from files and addresses as tiktoken loads them, and they are checked."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe.data.gpt2 import gpt2_ranks
from bpelab.bpe.files.download import sha256
from bpelab.bpe.files.tiktoken_cache import cache_name
from bpelab.tiktoken import load
from hypothesis import given
from hypothesis import strategies as st

theirs = pytest.importorskip("tiktoken.load", reason="pip install 'bpelab[peers]'")
RANKS = {b"a": 0, b"b": 1, b"": 2, b"ab": 7}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@given(
    ranks=st.dictionaries(st.binary(max_size=9), st.integers(0, 10**6), min_size=1),
    end=st.sampled_from("\n\r"),
)
def test_ranks_are_read_as_tiktoken_reads_them(
    tmp_path_factory: pytest.TempPathFactory, ranks: dict[bytes, int], end: str
) -> None:
    ranks = {token: rank for rank, token in {rank: token for token, rank in ranks.items()}.items()}
    path = tmp_path_factory.mktemp("ranks") / "x.tiktoken"
    load.dump_tiktoken_bpe(ranks, str(path))
    if end == "\r":  # as after a check-out on Windows, with blank lines at the end
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n\r\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", "")
        assert theirs.load_tiktoken_bpe(str(path)) == ranks
    assert load.load_tiktoken_bpe(str(path)) == ranks


def test_official_files_load_with_their_hashes(data: Path) -> None:
    for name in ("p50k_base", "cl100k_base"):
        path = str(data / "encodings" / f"{name}.tiktoken")
        assert load.load_tiktoken_bpe(path, sha256(Path(path))) == theirs.load_tiktoken_bpe(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"YQ==", r"line 2: b'YQ==' is not a token in base64, a space and a rank"),
        (b"a*b= 3", r"line 2: b'a\*b=' is not base64"),
        (b"YWI= -3", r"line 2: b'YWI= -3' is not a token"),
        (b"IQ== 3", r"line 2: the token b'!' is on line 1 already"),
        (b"YWI= 0", r"line 2: the rank 0 is on line 1 already"),
    ],
)
def test_a_bad_line_is_refused_by_its_number(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "x.tiktoken"
    path.write_bytes(b"IQ== 0\n" + line + b"\n")
    with pytest.raises(ValueError, match=message):
        load.load_tiktoken_bpe(str(path))


def test_another_hash_is_refused_and_the_right_one_accepted(tmp_path: Path) -> None:
    path = tmp_path / "x.tiktoken"
    load.dump_tiktoken_bpe(RANKS, path)
    assert load.load_tiktoken_bpe(str(path), sha256(path)) == RANKS
    assert load.check_hash(path.read_bytes(), sha256(path))
    with pytest.raises(ValueError, match=rf"x\.tiktoken: its SHA-256 is {sha256(path)}, not {'0' * 64}"):
        load.load_tiktoken_bpe(str(path), "0" * 64)


def test_a_changed_file_is_read_as_it_is_now(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "x.tiktoken"
    for ranks in (RANKS, {b"c": 0}):
        load.dump_tiktoken_bpe(ranks, path)
        assert load.load_tiktoken_bpe(str(path)) == ranks
    assert not cache.exists()


def test_an_address_is_asked_once_and_kept_where_tiktoken_looks(
    cache: Path, local_server: Callable[[Any], tuple[str, list[str]]]
) -> None:
    content = b"YQ== 0\nYg== 1\n"
    server, asked = local_server(lambda _: (200, content, len(content)))
    address = f"{server}/x.tiktoken"
    for expected_hash in (None, hashlib.sha256(content).hexdigest()):
        assert load.load_tiktoken_bpe(address, expected_hash) == {b"a": 0, b"b": 1}
    assert len(asked) == 1
    assert theirs.load_tiktoken_bpe(address) == {b"a": 0, b"b": 1}
    assert len(asked) == 1
    # What is in the cache and has another hash is replaced.
    (cache / cache_name(address)).write_bytes(b"damaged")
    assert load.load_tiktoken_bpe(address, hashlib.sha256(content).hexdigest()) == {b"a": 0, b"b": 1}
    assert (cache / cache_name(address)).read_bytes() == content
    with pytest.raises(ValueError, match="its SHA-256 is"):
        load.load_tiktoken_bpe(address, "0" * 64)


def test_the_default_cache_is_not_trusted_without_a_hash(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    local_server: Callable[[Any], tuple[str, list[str]]],
) -> None:
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    monkeypatch.delenv("DATA_GYM_CACHE_DIR", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    server, _ = local_server(lambda _: (200, b"YQ== 0\n", 7))
    planted = tmp_path / "data-gym-cache" / cache_name(f"{server}/x.tiktoken")
    planted.parent.mkdir()
    planted.write_bytes(b"Yg== 0\n")
    assert load.load_tiktoken_bpe(f"{server}/x.tiktoken") == {b"a": 0}
    assert planted.read_bytes() == b"Yg== 0\n"


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"az://x/y: expected a path or an http\(s\) address"):
        load.read_file("az://x/y")


def test_a_gpt2_pair_gives_the_ranks_of_the_package(data: Path) -> None:
    merges, vocab = (data / "gpt2" / name for name in ("vocab.bpe", "encoder.json"))
    ranks = load.data_gym_to_mergeable_bpe_ranks(str(merges), str(vocab), sha256(merges), sha256(vocab))
    assert ranks == gpt2_ranks()
    with pytest.raises(ValueError, match="its SHA-256 is"):
        load.data_gym_to_mergeable_bpe_ranks(str(merges), str(vocab), "0" * 64)


def test_single_bytes_with_other_ids_are_accepted_only_if_asked(tmp_path: Path) -> None:
    from bpelab.bpe.data.gpt2 import printable
    from bpelab.bpe.files.gpt2_pair import dump_encoder_json

    ranks = {bytes([byte]): byte for byte in range(256)} | {b" t": 256}
    merges, vocab = tmp_path / "vocab.bpe", tmp_path / "encoder.json"
    merges.write_text(f"#version: 0.2\n{printable(b' ')} t\n", encoding="utf-8")
    vocab.write_bytes(dump_encoder_json(ranks, {"<|endoftext|>": 257}))
    files = (str(merges), str(vocab))
    assert load.data_gym_to_mergeable_bpe_ranks(*files, clobber_one_byte_tokens=True) == ranks
    assert theirs.data_gym_to_mergeable_bpe_ranks(*files, clobber_one_byte_tokens=True) == ranks
    with pytest.raises(ValueError, match=r"encoder\.json: the byte 0x21 has the id 33, in GPT-2 0"):
        load.data_gym_to_mergeable_bpe_ranks(*files)
    vocab.write_bytes(dump_encoder_json(ranks, {"<other>": 257}))
    with pytest.raises(ValueError, match=r"encoder\.json: '<other>' is neither made by a merge nor"):
        load.data_gym_to_mergeable_bpe_ranks(*files, clobber_one_byte_tokens=True)
