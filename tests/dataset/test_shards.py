"""A directory of token files is what its manifest says, or refused by name."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpelab.bpe import Encoding
from bpelab.dataset import manifest
from bpelab.dataset.shards import open_tokens
from bpelab.dataset.tokenize_corpus import tokenize_corpus
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory, gpt2: Encoding) -> Path:
    """Three shards."""
    folder = tmp_path_factory.mktemp("tokens")
    for number in range(3):
        (folder / f"{number}.txt").write_text(f"text {number}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bpelab.bpe.corpus.parts.PART_BYTES", 2)
        tokenize_corpus([folder / f"{n}.txt" for n in range(3)], folder / "out", gpt2, shard_bytes=1)
    assert len(open_tokens(folder / "out")) == 3
    return folder / "out"


def ids_of(folder: Path) -> list[int]:
    return np.concatenate([file.ids for file in open_tokens(folder)]).tolist()


def edited(folder: Path, edit: Callable[[Any], object], copy: Path, *, seal: bool) -> Path:
    """Copy a directory, edit its manifest's content, and make its checksum right again on request."""
    copy.mkdir(exist_ok=True)
    for path in folder.glob("[!.]*"):
        (copy / path.name).write_bytes(path.read_bytes())
    content = json.loads((folder / "manifest.json").read_text())
    edit(content)
    if seal:
        content["sha256"] = manifest._digest(
            {name: value for name, value in content.items() if name not in ("format", "sha256")}
        )
    (copy / "manifest.json").write_text(json.dumps(content))
    return copy


def renumbered(content: Any) -> None:
    content["shards"].reverse()
    for number, shard in enumerate(content["shards"]):
        shard["name"] = f"tokens-{number:06}.bin"


EDITS: dict[str, Callable[[Any], object]] = {
    "reversed": lambda content: content["shards"].reverse(),
    "reversed and renumbered": renumbered,
    "doubled": lambda content: content["shards"].append(content["shards"][0]),
    "one missing": lambda content: content["shards"].pop(0),
    "a name with a slash": lambda content: content["shards"][0].update(name="/etc/tokens-000000.bin"),
    "a name above": lambda content: content["shards"][0].update(name="../tokens-000000.bin"),
    "negative": lambda content: content["shards"][0].update(n_tokens=-1),
    "another number": lambda content: content["shards"][0].update(n_tokens=1),
    "a number as text": lambda content: content["shards"][0].update(n_documents="1"),
    "true as a number": lambda content: content["shards"][0].update(n_documents=True),
    "an unknown entry": lambda content: content["shards"][0].update(next_byte=5),
    "a list as name": lambda content: content["shards"][0].update(name=["tokens-000000.bin"]),
    "shards as object": lambda content: content.update(shards={}),
    "a shard as list": lambda content: content.update(shards=[[]]),
    "no settings": lambda content: content.pop("settings"),
    "settings as list": lambda content: content.update(settings=[]),
    "other settings": lambda content: content["settings"].update(n_vocab=300),
    "finished as text": lambda content: content.update(finished="no"),
    "more": lambda content: content.update(more=1),
}


@pytest.mark.parametrize("seal", [False, True])
@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_manifest_is_refused_by_name(tokens: Path, tmp_path: Path, edit: str, seal: bool) -> None:
    folder = edited(tokens, EDITS[edit], tmp_path / "copy", seal=seal)
    with pytest.raises(
        ValueError, match=r"copy/(manifest\.json: not a manifest|tokens-00000\d\.bin: this is)"
    ):
        open_tokens(folder)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_manifest_with_any_byte_altered_is_refused_or_means_the_same(
    tokens: Path, tmp_path: Path, seed: int
) -> None:
    folder = edited(tokens, lambda _: None, tmp_path / "copy", seal=False)
    data = bytearray((folder / "manifest.json").read_bytes())
    choose = random.Random(seed)
    data[choose.randrange(len(data))] = choose.randrange(256)
    (folder / "manifest.json").write_bytes(data)
    try:
        assert ids_of(folder) == ids_of(tokens)
    except ValueError as error:
        assert str(error).startswith(f"{folder / 'manifest.json'}: not a manifest of token files: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"format": "bpelab token manifest 1"}', "format is 'bpelab token manifest 1', not .* 3'"),
        ("[" * 100_000, "nested too deeply"),
        ('{"format": ' + "[" * 100_000, "nested too deeply"),
        ("[]", "its format is"),
        ("null", "its format is None"),
        ("9" * 5000, "not a manifest of token files"),
        ("", "not a manifest of token files"),
        ('{"format": "bpelab token manifest 3"}', "it was altered"),
    ],
)
def test_a_file_that_is_not_a_manifest_is_refused_by_name(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(
        ValueError, match=rf"manifest\.json: not a manifest of token files.*{message}|{message}"
    ):
        open_tokens(tmp_path)


def test_an_edited_record_of_what_was_read_is_refused(
    tokens: Path, tmp_path: Path, gpt2: Encoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bpelab.bpe.corpus.parts.PART_BYTES", 2)
    folder = edited(tokens, lambda _: None, tmp_path / "copy", seal=False)
    path = folder / "sources-000001.jsonl"
    before = path.read_text()
    path.write_text(before.replace('"end": 6', '"end": 5'))
    assert path.read_text() != before
    with pytest.raises(ValueError, match=r"sources-000001\.jsonl: .*it was altered"):
        tokenize_corpus([tokens.parent / f"{n}.txt" for n in range(3)], folder, gpt2, shard_bytes=1)


def test_a_directory_of_the_format_before_is_loaded_but_no_run_goes_on_with_it(
    tokens: Path, tmp_path: Path, gpt2: Encoding
) -> None:
    def before(content: Any) -> None:
        for name in ("n_shards", "n_bytes", "plan_sha256"):
            del content[name]
        for name in ("format", "column", "shard_bytes"):
            del content["settings"][name]
        content["settings"]["shard_tokens"] = 1
        for shard in content["shards"]:
            del shard["n_skipped"], shard["first_skipped"]

    folder = edited(tokens, before, tmp_path / "copy", seal=True)
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace("token manifest 3", "token manifest 2"))
    assert ids_of(folder) == ids_of(tokens)
    with pytest.raises(ValueError, match="made by an earlier version of bpelab; they can be read, but"):
        tokenize_corpus([tokens.parent / f"{n}.txt" for n in range(3)], folder, gpt2)
