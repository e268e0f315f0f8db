"""The picture of an engine shows what the engine does, fits a terminal, and is the one in the docs."""

import re
import shlex
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, O200K_PATTERN
from bpelab.bpe.study.columns import N_COLUMNS, in_bands, name
from bpelab.bpe.study.engines import MAX_CHARS, PicturedEngine, engine_picture
from bpelab.bpe.study.visible import width

DOCS = (Path(__file__).parents[3] / "docs" / "engines.md").read_text(encoding="utf-8")
# (command, what it printed)
BLOCKS = re.findall(r"^```console\n\$ (bpelab explain --engine .*)\n((?:.*\n)*?)```$", DOCS, re.MULTILINE)
ENGINES: list[PicturedEngine] = ["cached", "arrays", "compiled"]
TEXTS = {
    "words met": "so it's newish, it's newish",
    "one character": "a",
    "a key of four words": " internationalization",
    "longer than any key": "x" * 40 + " " + "ab" * 20,
    "not remembered": "안" * 400,
    "white space": "a \t\n\n  b  ",
    "surrogate": "a\udc80",
} | dict(islice(multilingual_sample(), 6))


def require(engine: str) -> None:
    if engine == "compiled" and find_spec("numba") is None:
        pytest.skip("pip install 'bpelab[compiled]'")


@pytest.mark.parametrize(("command", "printed"), BLOCKS, ids=[command for command, _ in BLOCKS])
def test_the_pictures_in_the_docs_are_what_the_engines_show(
    gpt2: Encoding, command: str, printed: str
) -> None:
    *_, engine, text = shlex.split(command)
    require(engine)
    assert f"{engine_picture(text, gpt2, engine)}\n" == printed, f"run {command}, and put it there"  # type: ignore[arg-type]


def test_the_docs_have_a_picture_of_each_engine_and_one_in_korean() -> None:
    engines = [shlex.split(command)[-2] for command, _ in BLOCKS]
    assert set(engines) == set(ENGINES)
    assert any("가" <= char <= "힣" for command, _ in BLOCKS for char in command)


def ids_in(picture: str, engine: str) -> list[int]:
    """Return the ids of a picture: in its last column, or at its end."""
    if engine == "cached":
        first, *rows = picture.splitlines()[2:]
        start = width(first[: first.index("ids")])
        return [int(token) for row in rows for token in from_column(row, start).split()]
    return [int(token) for token in picture.split("ids, (")[1].split("uint32")[1].split()]


def from_column(row: str, start: int) -> str:
    """Return what stands in a row from a column of the terminal on."""
    return next((row[i:] for i in range(len(row)) if width(row[:i]) >= start), "")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_picture_fits_the_terminal_and_ends_in_the_ids(
    gpt2: Encoding, text: str, engine: PicturedEngine
) -> None:
    require(engine)
    picture = engine_picture(text, gpt2, engine)
    assert ids_in(picture, engine) == gpt2.encode_ordinary(text)
    assert max(map(width, picture.splitlines())) <= N_COLUMNS


@pytest.mark.parametrize("engine", ["arrays", "compiled"])
@pytest.mark.parametrize("pattern", [CL100K_PATTERN, O200K_PATTERN], ids=["cl100k", "o200k"])
def test_other_patterns_have_their_own_classes(gpt2: Encoding, pattern: str, engine: PicturedEngine) -> None:
    require(engine)
    other = Encoding("other", pat_str=pattern, mergeable_ranks=gpt2.ranks, special_tokens={})
    text = "I'LL see 12345\n\n Ünï 안"
    picture = engine_picture(text, other, engine)
    assert ids_in(picture, engine) == other.encode_ordinary(text)
    if engine == "arrays":
        letters = "2 upper, 3 lower, 4 both" if pattern == O200K_PATTERN else "1 letter"
        assert letters in picture
        assert "line break" in picture


def test_what_was_met_is_only_looked_up(gpt2: Encoding) -> None:
    lines = engine_picture("low low, low", gpt2, "cached").splitlines()
    assert [line.split() for line in lines[3:]] == [
        ["low", "new", "low", "new", "9319"],
        ["␣low,", "new", "␣low", "new", "1877"],
        [",", "new", "11"],
        ["␣low", "new", "␣low", "met", "1877"],
    ]


def test_a_merged_piece_lies_behind_the_ids_of_the_vocabulary(gpt2: Encoding) -> None:
    picture = engine_picture(" newish newish", gpt2, "arrays")
    assert picture.count("merged  50256, 2") == 2
    assert "runs[50256:50258]  649 680" in picture


def test_a_pattern_without_rules_has_no_arrays_to_show(gpt2: Encoding) -> None:
    own = Encoding("own", pat_str=r"\w+|\W+", mergeable_ranks=gpt2.ranks, special_tokens={})
    assert "met" in engine_picture("a b a", own, "cached")
    with pytest.raises(ValueError, match=r"the pattern of own is not one of OpenAI's.*the cached engine"):
        engine_picture("a", own, "arrays")


def test_a_long_text_is_refused(gpt2: Encoding) -> None:
    with pytest.raises(ValueError, match="the text has 1,001 characters: a picture is drawn of up to 1,000"):
        engine_picture("a" * (MAX_CHARS + 1), gpt2, "cached")


def test_a_long_name_is_cut_and_long_rows_go_on_below() -> None:
    assert name("안녕하세요 여러분".encode()) == "안녕하세요␣…"
    assert width(name("안녕하세요 여러분".encode())) == 12
    assert list(in_bands({"a": ["12"] * 4}, 12)) == ["  a  12 12", "", "  a  12 12"]
