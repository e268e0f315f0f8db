"""Who gives tiktoken's ids: every difference, error and crash of an encoder is an answer of its own."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tiktoken", reason="pip install 'bpelab[bench]'")
from bpelab.benchmarks.harness import conformance, peers
from bpelab.benchmarks.harness.conformance import KINDS, ask

FEW = [
    "contractions",
    "white space",
    "digits",
    "marks",
    "surrogates",
    "new Unicode",
    "special tokens",
]


def differences(encoder: str, kinds: list[str]) -> dict[str, Any]:
    return {answer["kind"]: answer["difference"] for answer in ask(encoder, kinds) if "difference" in answer}


def test_bpelab_gives_tiktokens_ids_on_every_kind_of_text() -> None:
    assert differences("bpelab", [*KINDS]) == dict.fromkeys(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_texts_and_always_the_same(kind: str) -> None:
    texts = KINDS[kind]()
    assert texts == KINDS[kind]()
    assert len(texts) > 0
    assert all(texts)


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], Any]], dict[str, Any]]:
    """Ask about an encoder that is made of tiktoken's and a change."""

    def ask_(encode: Callable[[str], Any]) -> dict[str, Any]:
        monkeypatch.setattr(peers, "to_list", lambda name, encoding: encode)
        return differences("theirs", FEW)

    return ask_


def test_the_first_difference_is_shown_where_it_is(theirs: Any) -> None:
    encode = peers.tiktoken_encoding("gpt2").encode_ordinary
    found = theirs(lambda text: [*encode(text.replace("'sys", "'s ys"))])
    assert {kind for kind, difference in found.items() if difference} == {"contractions"}
    text, told = found["contractions"].values()
    assert "'sys" in text
    assert "where tiktoken gives" in told
    assert theirs(lambda text: encode(text)[:-1])["digits"]["told"].startswith("[] at token ")


def test_an_exception_is_the_answer_to_its_kind_alone(theirs: Any) -> None:
    encode = peers.tiktoken_encoding("gpt2").encode_ordinary
    found = theirs(lambda text: encode(text.encode("utf-8").decode()))
    assert {kind for kind, difference in found.items() if difference} == {"surrogates"}
    assert found["surrogates"]["told"].startswith("UnicodeEncodeError: ")
    assert found["surrogates"]["text"] == "'\\ud800'"


def test_an_encoder_that_is_not_installed_or_has_no_encoding_has_no_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def skipped(*_: str) -> Any:
        pytest.skip("not installed")

    monkeypatch.setattr(peers, "to_list", skipped)
    assert list(ask("theirs", FEW)) == []


def test_a_process_that_dies_is_an_answer_and_the_next_kind_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "dies.py"
    program.write_text(
        "import json, os, sys\n"
        "for kind in sys.argv[2:]:\n"
        "    print(json.dumps({'encoder': 'theirs', 'kind': kind}), flush=True)\n"
        "    if kind == 'digits': print('panicked at 1.rs', file=sys.stderr, flush=True); os.abort()\n"
        "    print(json.dumps({'encoder': 'theirs', 'kind': kind, 'difference': None}), flush=True)\n"
    )
    monkeypatch.setattr(conformance, "PROGRAM", [sys.executable, str(program)])
    monkeypatch.setattr(conformance, "ENCODERS", ("theirs",))
    monkeypatch.setattr(conformance, "KINDS", {kind: KINDS[kind] for kind in FEW})
    found = {answer["kind"]: answer["difference"] for answer in conformance.conformance()}
    assert found.pop("digits") == {"text": "", "told": "crashed: panicked at 1.rs"}
    assert found == {kind: None for kind in FEW if kind != "digits"}
