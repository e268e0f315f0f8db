"""An encoding comes back from a file as it was, or an error says which file is wrong and why."""

import json
import os
import shutil
import string
from collections.abc import Callable
from contextlib import suppress
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import pytest
from bpelab.bpe import Encoding, train
from bpelab.bpe.files.save_load import load_encoding, save_encoding
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.filterwarnings("ignore:training stopped")
BYTES = {bytes([byte]): byte for byte in range(256)}
FORMS = ("x.json", "x.tiktoken", "vocab.bpe", "merges.txt")
PAIRS = {"vocab.bpe": "encoder.json", "merges.txt": "vocab.json"}


def small(
    specials: tuple[str, ...] = ("<|end|>",), text: str = "the cat sat on the mat, the hat"
) -> Encoding:
    return train([text], vocab_size=256 + 12 + len(specials), special_tokens=list(specials), name="small")


def load(path: Path, encoding: Encoding) -> Encoding:
    """Load a file, with the pattern and special tokens that a .tiktoken file does not contain."""
    if path.suffix != ".tiktoken":
        return load_encoding(path)
    return load_encoding(path, pattern=encoding.pattern, special_tokens=encoding.special_tokens)


def parts(encoding: Encoding) -> tuple[str, dict[bytes, int], dict[str, int]]:
    return encoding.pattern, encoding.ranks, encoding.special_tokens


@settings(max_examples=40)
@given(
    name=st.sampled_from(FORMS),
    text=st.text("ab <E", max_size=30),
    specials=st.lists(
        st.text(min_size=1, max_size=6) | st.text("ab <E", min_size=1), max_size=3, unique=True
    ),
)
def test_a_saved_encoding_comes_back_or_nothing_is_written(
    tmp_path_factory: pytest.TempPathFactory, name: str, text: str, specials: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    encoding = train([text], vocab_size=270, special_tokens=specials)
    try:
        save_encoding(folder / name, encoding)
    except ValueError as error:
        assert f"cannot be saved as {name}: " in str(error)
        assert not list(folder.iterdir())
    else:
        assert parts(load(folder / name, encoding)) == parts(encoding)


def encoding(**changes: Any) -> Encoding:
    given = {"pat_str": GPT2_PATTERN, "mergeable_ranks": BYTES, "special_tokens": {}} | changes
    return Encoding("mine", **given)


@pytest.mark.parametrize(
    ("name", "kept", "message"),
    [
        ("x.tiktoken", encoding(mergeable_ranks=BYTES | {b"ab": 300}), "there is a gap in the ranks"),
        ("x.tiktoken", encoding(mergeable_ranks={b"a": 0}), r"the single byte 0x00 \('Ā'\) is missing"),
        ("x.json", encoding(mergeable_ranks={b"a": 0}), r"the single byte 0x00 \('Ā'\) is missing"),
        ("x.json", encoding(special_tokens={"a": 256}), "'a' is the name of a special token and of an"),
        ("x.json", encoding(special_tokens={"<a>": 256, "<b>": 256}), "'<a>' and '<b>' both have the id 256"),
        (
            "x.json",
            encoding(mergeable_ranks=BYTES | {b"abc": 256}, special_tokens={"Ġa": 257}),
            r"'Ġa' is also how model.vocab writes the token b' a'",
        ),
        ("vocab.bpe", encoding(), "a GPT-2 pair numbers the single bytes in GPT-2's order"),
        ("vocab.bpe", encoding(pat_str=CL100K_PATTERN), "a GPT-2 pair contains no pattern"),
        ("vocab.bpe", small(specials=("<a>", "ma")), r"do not make 1 of the tokens .* first 'ma' \(id 269\)"),
    ],
)
def test_an_encoding_that_a_form_cannot_hold_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, kept: Encoding, message: str
) -> None:
    with pytest.raises(
        ValueError, match=rf"^\w+ cannot be saved as {name}: .*{message}.*; save it in another"
    ):
        save_encoding(tmp_path / name, kept)
    assert not list(tmp_path.iterdir())


def test_any_two_halves_of_different_pairs_are_one_of_the_two_or_are_refused(tmp_path: Path) -> None:
    texts = ["the cat sat on the mat", "the cat sat on the cat", "mat cat tac tam the", "on no on no on the"]
    kept = [small(specials, text) for text in texts for specials in ((), ("<|end|>",), ("<|x|>", "<|y|>"))]
    kept += [train([texts[0]], vocab_size=size, name="small") for size in (257, 260, 268)]
    for i, one in enumerate(kept):
        (tmp_path / str(i)).mkdir()
        save_encoding(tmp_path / str(i) / "vocab.bpe", one)
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    n_refused = 0
    for i, j in permutations(range(len(kept)), 2):
        shutil.copy(tmp_path / str(i) / "vocab.bpe", mixed)
        shutil.copy(tmp_path / str(j) / "encoder.json", mixed)
        try:
            found = parts(load_encoding(mixed / "vocab.bpe"))
        except ValueError:
            n_refused += 1
        else:
            assert found in (parts(kept[i]), parts(kept[j]))
    assert n_refused > 100


@pytest.mark.parametrize("n_written", [0, 1])
def test_a_save_that_is_killed_leaves_the_old_pair_or_one_that_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_written: int
) -> None:
    old, new = small(), small(text="a dog and a log and a fog")
    path = tmp_path / "vocab.bpe"
    save_encoding(path, old)
    replace, done = os.replace, []

    def killed(source: Any, target: Any) -> None:
        if len(done) == n_written:
            raise KeyboardInterrupt
        done.append(target)
        replace(source, target)

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        save_encoding(path, new)
    if n_written == 0:
        assert parts(load_encoding(path)) == parts(old)
    else:
        with pytest.raises(ValueError, match=r"encoder\.json"):
            load_encoding(path)


def test_another_id_for_a_special_token_of_the_pair_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vocab.bpe"
    save_encoding(path, small())
    assert load_encoding(path, special_tokens={"<|end|>": 268, "<|more|>": 300}).n_vocab == 301
    with pytest.raises(
        ValueError, match=r"encoder\.json: the special token '<\|end\|>' has the id 268, not 300"
    ):
        load_encoding(path, special_tokens={"<|end|>": 300})


def test_an_empty_pattern_is_not_gpt2_s(tmp_path: Path) -> None:
    save_encoding(tmp_path / "vocab.bpe", small())
    with suppress(ValueError):  # a pattern that finds nothing may be refused
        assert load_encoding(tmp_path / "vocab.bpe", pattern="").pattern == ""


# ---- damaged files ----

Damage = Callable[[bytes], bytes]
DAMAGES: dict[str, Damage] = {
    "empty": lambda data: b"",
    "a byte": lambda data: data[:1],
    "cut in the middle": lambda data: data[: len(data) // 2],
    "without its last byte": lambda data: data[:-1],
    "CRLF": lambda data: data.replace(b"\n", b"\r\n") if b"\n" in data else data + b"\r\x00",
    "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode("utf-8").encode("utf-16"),
    "not UTF-8": lambda data: data[:9] + b"\xff" + data[9:],
    "zeros": lambda data: bytes(len(data)),
    "a zero byte at the end": lambda data: data + b"\0",
    "twice": lambda data: data + data,
    "nested": lambda data: b"[" * 100_000 + b"\n",
    "a number of 5,000 digits": lambda data: (
        data.replace(b"255", b"9" * 5000, 1) if b"255" in data else b"9" * 5000
    ),
    "another format": lambda data: b"PK\x03\x04" + data,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    "name", ["x.json", "x.tiktoken", "vocab.bpe", "encoder.json", "merges.txt", "vocab.json"]
)
def test_every_damage_to_every_format_is_refused_by_the_name_of_the_file(
    tmp_path: Path, name: str, damage: str
) -> None:
    opened = {ids: merges for merges, ids in PAIRS.items()}.get(name, name)
    save_encoding(tmp_path / opened, small())
    path = tmp_path / name
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(ValueError) as caught:
        load(tmp_path / opened, small())
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("opened", FORMS)
def test_a_file_cut_anywhere_or_with_any_byte_changed_gives_an_encoding_or_an_error_that_names_it(
    tmp_path: Path, opened: str
) -> None:
    whole, draw = small(), Random(0)
    for path in save_encoding(tmp_path / opened, whole):
        data = path.read_bytes()
        damaged = [data[:n] for n in draw.sample(range(len(data)), 60)]
        for _ in range(150):
            at, byte = draw.randrange(len(data)), draw.choice([draw.randrange(256), *b'0189"\\{[,: \n'])
            damaged.append(data[:at] + bytes([byte]) + data[at + 1 :])
        for content in damaged:
            path.write_bytes(content)
            try:
                found = load(tmp_path / opened, whole)
            except ValueError as error:
                assert str(tmp_path / opened) in str(error) or str(path) in str(error)
            else:
                assert found.decode(found.encode_ordinary(string.printable)) == string.printable
        path.write_bytes(data)


@pytest.mark.parametrize("name", ["merges.txt", "x.tiktoken", "x.json"])
def test_a_file_that_cannot_be_read_is_an_os_error_with_its_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        load_encoding(tmp_path / name, **({"pattern": "gpt2"} if name == "x.tiktoken" else {}))
    assert caught.value.filename == str(tmp_path / name)


@pytest.mark.parametrize("special", [{"<a>": 5}, {"": 300}, {"\ud800": 300}, {"<a>": -1}, {"<a>": 2**32}])
def test_special_tokens_that_do_not_fit_a_file_are_refused_by_its_name(
    tmp_path: Path, special: dict[str, int]
) -> None:
    for name in ("x.tiktoken", "vocab.bpe"):
        save_encoding(tmp_path / name, small(specials=()))
        with pytest.raises(ValueError) as caught:
            load_encoding(tmp_path / name, pattern="gpt2", special_tokens=special)
        assert str(tmp_path / name) in str(caught.value)


def test_json_that_is_not_a_tokenizer_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for content in (None, [], {}, {"model": 5}, {"model": {}}, json.loads('{"a": ' * 900 + "1" + "}" * 900)):
        path.write_text(json.dumps(content))
        with pytest.raises(ValueError, match=r"^.*x\.json: "):
            load_encoding(path)


def test_a_file_like_whisper_s_gives_tiktoken_s_ids_and_texts(tmp_path: Path, gpt2: Encoding) -> None:
    """Its last token has no bytes, and its special tokens begin after that."""
    tiktoken = pytest.importorskip("tiktoken", reason="pip install 'bpelab[peers]'")
    path = tmp_path / "multilingual.tiktoken"
    specials = {f"<|{name}|>": 50257 + i for i, name in enumerate(["endoftext", "startoftranscript", "0.00"])}
    ranks = gpt2.ranks | {b"": 50256}
    built = Encoding("multilingual", pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens=specials)
    save_encoding(path, built)
    assert path.read_bytes().endswith(b"\n= 50256\n")
    ours = load_encoding(path, pattern="gpt2", special_tokens=specials)
    theirs = tiktoken.Encoding(
        "multilingual", pat_str=GPT2_PATTERN, mergeable_ranks=dict(ranks), special_tokens=specials
    )
    text = "<|startoftranscript|><|0.00|> Hello, world.\n\n  né 안녕<|endoftext|>"
    ids = theirs.encode(text, allowed_special="all")
    for engine in ("textbook", "cached", "arrays"):
        chosen = ours.with_engine(engine)
        assert chosen.encode(text, allowed_special="all") == ids
        assert chosen.encode_ordinary(text * 300) == theirs.encode_ordinary(text * 300)
    assert ours.decode([50256, *ids, 50256]) == theirs.decode([50256, *ids, 50256]) == text
    assert ours.encode_single_token(b"") == theirs.encode_single_token(b"") == 50256
    assert ours.encode_with_offsets(text, allowed_special="all").ids.tolist() == ids
    with pytest.raises(ValueError, match=r"cannot be saved as x\.json: .* is neither bytes in GPT-2's"):
        save_encoding(tmp_path / "x.json", ours)


@pytest.mark.parametrize("name", FORMS)
def test_an_id_that_an_ordinary_and_a_special_token_share_is_not_saved(tmp_path: Path, name: str) -> None:
    ranks = small(specials=()).ranks
    shared = Encoding("x", pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens={"<|end|>": 65})
    with pytest.raises(ValueError, match=r"x cannot be saved as .*\b65\b"):
        save_encoding(tmp_path / name, shared)
    assert not list(tmp_path.iterdir())
