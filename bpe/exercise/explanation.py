"""How is a wrong answer explained? What was called, what came, what was expected, and why, in plain text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bpelab.bpe.data.gpt2 import gpt2_ranks
from bpelab.bpe.exercise.check import Failure
from bpelab.bpe.exercise.outcome import Unknown
from bpelab.bpe.exercise.steps import STEPS
from bpelab.bpe.exercise.student_process import GPT2_RANKS
from bpelab.bpe.exercise.walk import walk
from bpelab.bpe.exercise.words import Language, is_known, say

_BYTES = {bytes([byte]): byte for byte in range(256)}
# Longer values are cut.
_N_CHARS = 400
# From that many characters on, the first difference is named: two values are hard to compare by eye.
_N_COMPARED = 40
_MISSING = Unknown("", "")


@dataclass(frozen=True)
class Explanation:
    """The parts of an explanation, in the order in which they are read."""

    heading: str
    rows: tuple[tuple[str, str], ...]  # (label, text)
    notes: tuple[str, ...]  # paragraphs
    trace: tuple[str, ...]  # lines
    printed: tuple[str, ...]  # lines


def explain(failure: Failure, seconds: float, language: Language) -> Explanation:
    """Explain the first call that went wrong; `seconds` is the time limit that it had."""
    if failure.outcome.while_loading:
        rows = tuple(_what_came(failure, seconds, language))
        return Explanation(say("failed.loading", language), rows, tuple(_hints(failure, language)), (), ())
    heading = say("failed.heading", language, function=failure.function, case=_case(failure, language))
    rows = (
        (say("failed.called", language), _call(failure)),
        *_what_came(failure, seconds, language),
        *_what_was_expected(failure, language),
    )
    arguments = [gpt2_ranks() if one == GPT2_RANKS else one for one in failure.case.arguments]
    trace = walk(failure.function, arguments, failure.outcome.value, language)
    notes = (*_reasons(failure, language), *_hints(failure, language))
    return Explanation(heading, rows, notes, tuple(trace), _printed(failure.outcome.printed))


def _case(failure: Failure, language: Language) -> str:
    label = failure.case.label
    own = f"case.{failure.function}.{label}"
    return say(own if is_known(own) else f"case.{label}", language)


def _call(failure: Failure) -> str:
    return f"{failure.function}({', '.join(map(shown, failure.case.arguments))})"


def shown(value: Any) -> str:
    """Write a value as Python, in terms of the constants of the student's file, and cut where it is too long.

    >>> shown([1, b"a"]), shown({**_BYTES, b"ab": 256})
    ("[1, b'a']", "BYTES | {b'ab': 256}")
    """
    if value == GPT2_RANKS:
        return GPT2_RANKS
    if isinstance(value, dict) and _BYTES.items() <= value.items():
        others = {key: part for key, part in value.items() if key not in _BYTES}
        return f"BYTES | {shown(others)}" if others else "BYTES"
    text = repr(value)
    return text if len(text) <= _N_CHARS else f"{text[:_N_CHARS]} …"


def _what_came(failure: Failure, seconds: float, language: Language) -> Iterator[tuple[str, str]]:
    outcome = failure.outcome
    if outcome.kind == "value":
        yield say("failed.returned", language), shown(outcome.value)
    elif outcome.kind == "slow":
        yield say("failed.stopped", language), say("failed.after", language, seconds=seconds)
    elif outcome.kind == "ended":
        yield say("failed.ended", language), say("failed.how", language, how=outcome.error)
    else:
        message = f": {outcome.message}" if outcome.message else ""
        yield say("failed.raised", language), _on_one_line(f"{outcome.error}{message}")[:_N_CHARS]
    if outcome.line is not None:
        yield say("failed.line", language), f"{outcome.line}: {_on_one_line(outcome.source)}"


def _what_was_expected(failure: Failure, language: Language) -> Iterator[tuple[str, str]]:
    value, expected = failure.outcome.value, failure.expected
    yield say("failed.expected", language), shown(expected)
    if len(repr(expected)) > _N_COMPARED and type(value) is type(expected):
        for place, came, wanted in _differences(value, expected):
            nothing = say("failed.nothing", language)
            told = [nothing if part is _MISSING else shown(part) for part in (came, wanted)]
            yield (
                say("failed.difference", language),
                say("failed.at", language, place=place, value=told[0], expected=told[1]),
            )
            return


def _differences(value: Any, expected: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield (place, what came, what was expected) where two values of the same type differ."""
    keys: Sequence[Any]
    if isinstance(expected, dict):
        keys = [*expected, *(key for key in value if key not in expected)]
    elif isinstance(expected, list | str | bytes):
        keys = range(max(len(value), len(expected)))
    else:
        return
    for key in keys:
        came, wanted = _item(value, key), _item(expected, key)
        if came != wanted:
            yield f"[{key!r}]", came, wanted


def _item(value: Any, key: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get(key, _MISSING)
    return value[key] if key < len(value) else _MISSING


def _reasons(failure: Failure, language: Language) -> Iterator[str]:
    """Yield why the value is wrong: a typical mistake, or else what its type says."""
    outcome, expected = failure.outcome, failure.expected
    if failure.right_alone:
        yield say("value.right_alone", language)
    elif failure.mistake is not None:
        yield say(f"mistake.{failure.function}.{failure.mistake}", language)
    elif outcome.kind == "value":
        yield from _about_types(outcome.value, expected, language)


def _about_types(value: Any, expected: Any, language: Language) -> Iterator[str]:
    wanted = type(expected).__name__
    if value is None:
        yield say("value.none", language)
    elif isinstance(value, Unknown):
        yield say("value.unknown", language, got=value.type_name, wanted=wanted)
    elif type(value) is not type(expected):
        yield say("value.type", language, got=type(value).__name__, wanted=wanted)
    elif (inner := _inner_types(value, expected)) == ("str", "bytes"):
        yield say("value.str_not_bytes", language)
    elif inner is not None:
        yield say("value.inner", language, got=inner[0], wanted=inner[1])


def _inner_types(value: Any, expected: Any) -> tuple[str, str] | None:
    """Return a type that occurs in a list or a dict, and the one that should; None if all types are right."""
    if isinstance(expected, str | bytes) or not expected or not isinstance(expected, dict | list):
        return None
    wanted = {type(part).__name__ for part in expected}
    for part in value:
        got = part.type_name if isinstance(part, Unknown) else type(part).__name__
        if got not in wanted:
            return got, min(wanted)
    return None


def _hints(failure: Failure, language: Language) -> Iterator[str]:
    outcome = failure.outcome
    if outcome.kind != "raised":
        return
    if outcome.error == "TypeError" and outcome.line is None:
        signatures = {one.name: one.signature for step in STEPS for one in step.functions}
        yield say("hint.arguments", language, signature=signatures[failure.function])
    elif (
        failure.function == "train" and outcome.error == "ValueError" and failure.case.label == "no_pair_left"
    ):
        yield say("hint.no_pair", language)
    elif is_known(f"hint.{outcome.error}"):
        yield say(f"hint.{outcome.error}", language)


def _printed(text: str) -> tuple[str, ...]:
    lines = [_on_one_line(line)[:_N_CHARS] for line in text.splitlines()]
    return (*lines[:10], "…") if len(lines) > 10 else tuple(lines)


def _on_one_line(text: str) -> str:
    r"""Escape what a terminal would not show as it is.

    >>> _on_one_line("a\x1b[2J 안\n")
    'a\\x1b[2J 안\\n'
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
