"""The loops cut where the patterns cut, for everything the patterns can tell apart."""

import os
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from bpelab.bpe.splitting.regex_splitter import splitter
from bpelab.bpe.splitting.rules_gpt2 import gpt2_classes, starts_gpt2
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")

from bpelab.bpe.encoders.compiled import split, split_gpt2
from bpelab.bpe.encoders.compiled.memory import Sizes, new_room
from bpelab.bpe.encoders.compiled.tables import as_bytes

from ...splitting.representatives import ALPHABET, PATTERNS, REPRESENTATIVES

LOOPS = {"gpt2": split.split_gpt2, "cl100k_base": split.split_cl100k, "o200k_base": split.split_o200k}
# Longer strings than the default's may be tried by setting BPELAB_SPLIT_LENGTH; 6 were, when the loops were
# written.
LENGTH = int(os.environ.get("BPELAB_SPLIT_LENGTH", "5"))
TEXTS = st.text(alphabet=ALPHABET, max_size=200) | st.text(max_size=40)


def pieces_of(name: str, texts: list[str]) -> list[list[str]]:
    """Cut all texts by one call of the loops."""
    encoded = [text.encode("utf-8", "replace") for text in texts]
    data = as_bytes(b"".join(encoded))
    ends = np.cumsum([len(content) for content in encoded])
    room = new_room(Sizes(pieces=int(ends[-1]) + (1 << 15), texts=len(texts) + 1))
    cut = np.zeros(6, dtype=np.int64)
    assert LOOPS[name](data, ends, True, split.class_bytes(PATTERNS[name]), room, cut) == split.DONE
    starts = room.piece_starts[: cut[split.N_PIECES] + 1].tolist()
    assert starts[-1] == ends[-1]
    content = data.tobytes()
    pieces = [content[start:end].decode() for start, end in pairwise(starts)]
    bounds = [0, *room.text_pieces[: len(texts)].tolist()]
    return [pieces[first:end] for first, end in pairwise(bounds)]


@pytest.mark.parametrize("name", PATTERNS)
def test_every_short_string_is_cut_as_the_pattern_cuts_it(name: str) -> None:
    split_text = splitter(PATTERNS[name])
    texts = ["".join(chars) for n in range(LENGTH + 1) for chars in product(REPRESENTATIVES[name], repeat=n)]
    for text, pieces in zip(texts, pieces_of(name, texts), strict=True):
        assert pieces == split_text(text), ascii(text)


@pytest.mark.parametrize("name", PATTERNS)
def test_runs_about_as_long_as_what_is_read_at_once_are_cut_alike(name: str) -> None:
    split_text = splitter(PATTERNS[name])
    lengths = [*range(60, 70), *range(126, 131), 200]
    texts = [f"{before}{char * n}{after}" for char in " 1a\n" for n in lengths
             for before in ("a\n", "é\n", ",") for after in ("", "b", "\n b", "é")]  # fmt: skip
    for text, pieces in zip(texts, pieces_of(name, texts), strict=True):
        assert pieces == split_text(text), ascii(text)


@pytest.mark.parametrize("name", PATTERNS)
@settings(max_examples=1000)
@given(text=TEXTS)
def test_any_string_is_cut_as_the_pattern_cuts_it(name: str, text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    assert pieces_of(name, [text]) == [splitter(PATTERNS[name])(text)]


@given(text=TEXTS.filter(lambda text: text and "'" not in text))
def test_the_rule_of_gpt2_means_the_same_for_an_array_as_for_a_character(text: str) -> None:
    """And the same as the rule of the arrays, but for contractions."""
    points = np.array(list(map(ord, text)), dtype=np.uint32)
    classes = gpt2_classes()[points]
    before, after = np.append(classes[:1], classes[:-1]), np.append(classes[1:], split_gpt2.WHITE)
    rule = getattr(split_gpt2.starts_piece, "py_func", split_gpt2.starts_piece)
    starts = rule(before, classes, after)
    assert starts[1:].tolist() == starts_gpt2(classes, points)[1:-1].tolist()
    one_by_one = [bool(rule(*three)) for three in zip(before, classes, after, strict=True)]
    assert one_by_one == starts.tolist()


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("corpus", ["the-verdict", "tinyshakespeare", "udhr-multilingual"])
def test_corpora_are_cut_as_the_pattern_cuts_them(data: Path, name: str, corpus: str) -> None:
    text = (data / "text" / f"{corpus}.txt").read_text(encoding="utf-8")
    blocks = [text[start : start + 10_000] for start in range(0, len(text), 10_000)]
    assert pieces_of(name, blocks) == [splitter(PATTERNS[name])(block) for block in blocks]
