"""Which steps has a student's file right, and what is wrong with the first that is not?"""

import ast
import os
import random
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal, Protocol

import regex
from bpelab.bpe.exercise.answers import RIGHT, split
from bpelab.bpe.exercise.cases import SMALL, Case, random_cases, random_text
from bpelab.bpe.exercise.mistakes import MISTAKES
from bpelab.bpe.exercise.outcome import Outcome
from bpelab.bpe.exercise.steps import PATTERN, STEPS, Step
from bpelab.bpe.exercise.student import Student
from bpelab.bpe.exercise.student_process import GPT2_RANKS

Status = Literal["right", "wrong", "todo", "later"]
SECONDS = 5.0
N_TEXTS = 200
SPECIAL_TOKENS = {"<|endoftext|>": 50256}
# The whole of `encode`, which is compared with tiktoken when all the steps are right.
WHOLE = Step("whole", ())
# More letters than that are not tried to make the first text that differs shorter.
_MAX_SHRUNK = 20_000


class Caller(Protocol):
    """Whoever calls a student's functions."""

    def call(self, function: str, arguments: Sequence[Any]) -> Outcome:
        """Call a function and return what came of it."""
        ...

    def end(self) -> None:
        """Forget what earlier calls have left."""
        ...


@dataclass(frozen=True)
class Failure:
    """The first call that went wrong."""

    function: str
    case: Case
    expected: Any
    outcome: Outcome
    mistake: str | None = None  # which of the typical ones, if it is one
    right_alone: bool = False  # in a fresh process the same call is right


@dataclass(frozen=True)
class StepResult:
    """How one step went."""

    step: Step
    status: Status
    n_right: int = 0  # calls with the right answer
    failure: Failure | None = None
    todo: tuple[str, ...] = ()  # the functions of this step that are not written
    reference: str = ""  # what the whole was compared with


@dataclass(frozen=True)
class Result:
    """How all steps went, and the whole."""

    steps: tuple[StepResult, ...]

    @property
    def is_right(self) -> bool:
        """Whether everything is right."""
        return all(result.status == "right" for result in self.steps)


def check(
    path: str | os.PathLike[str], seconds: float = SECONDS, steps: Sequence[Step] = (*STEPS, WHOLE)
) -> Result:
    """Check the steps of a student's file in order, up to the first that is not right.

    Every call has `seconds`. Raises `OSError` where the file cannot be read.
    """
    blank = _blank_functions(Path(path).read_bytes())
    results: list[StepResult] = []
    with Student(path, seconds) as student:
        for step in steps:
            if results and results[-1].status != "right":
                results.append(StepResult(step, "later"))
            elif step == WHOLE:
                results.append(_check_whole(student))
            else:
                results.append(check_step(student, step, blank))
    return Result(tuple(results))


def reference_encode() -> tuple[Callable[[str], list[int]], str]:
    """Return what GPT-2's ids are compared with, tiktoken or else our own encoder, and its name."""
    try:
        from bpelab.bpe.parity.reference import load_tiktoken

        reference, name = load_tiktoken("gpt2"), "tiktoken"
    except ImportError:
        from bpelab.bpe.files.names import get_encoding

        reference, name = get_encoding("gpt2"), "bpelab"
    return lambda text: list(reference.encode(text, allowed_special="all")), name


def _blank_functions(source: bytes) -> set[str]:
    """Name the functions of a file that have nothing in them but a docstring, `...`, `pass` or a `raise`."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()  # loading the file says what is wrong with it
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return {name for name, node in functions.items() if all(map(_is_blank, node.body))}


def _is_blank(line: ast.stmt) -> bool:
    if isinstance(line, ast.Raise):
        raised = line.exc.func if isinstance(line.exc, ast.Call) else line.exc
        return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    return isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))


def check_step(student: Caller, step: Step, blank: Container[str] = ()) -> StepResult:
    """Check the functions of one step; `blank` are those that are not written."""
    todo = tuple(function.name for function in step.functions if function.name in blank)
    n_right = 0
    for function in step.functions:
        if function.name in todo:
            break
        tried = list(_tried(student, function.name))
        wrong = [
            place
            for place, (case, outcome) in enumerate(tried)
            if not _is_right(function.name, case, outcome)
        ]
        if not wrong:
            n_right += len(tried)
            continue
        case, outcome = tried[wrong[0]]
        if outcome.kind == "todo":
            todo = (function.name, *todo)
            break
        failure = _failure(student, function.name, case, outcome, tried)
        return StepResult(step, "wrong", n_right + len(tried) - len(wrong), failure)
    return StepResult(step, "todo" if todo else "right", n_right, todo=todo)


def _tried(student: Caller, function: str) -> Iterator[tuple[Case, Outcome]]:
    """Call a function with all small cases, since each tells something, and then with random ones."""
    all_right = True
    for case in chain(SMALL[function], random_cases(function)):
        if case.label == "random" and not all_right:
            return
        outcome = student.call(function, case.arguments)
        yield case, outcome
        all_right = all_right and _is_right(function, case, outcome)
        if outcome.kind not in ("value", "raised") or outcome.while_loading:
            return


def _is_right(function: str, case: Case, outcome: Outcome) -> bool:
    return outcome.kind == "value" and same(outcome.value, RIGHT[function](*case.arguments))


def same(value: Any, expected: Any) -> bool:
    """Tell whether two values are equal and of the same types: True is not 1, and a tuple is not a list.

    >>> same([1, (2, 3)], [1, (2, 3)]), same([True], [1]), same((1,), [1])
    (True, False, False)
    """
    if type(value) is not type(expected) or value != expected:
        return False
    if isinstance(expected, list | tuple):
        return all(map(same, value, expected))
    return not isinstance(expected, dict) or all(same(value[key], part) for key, part in expected.items())


def _failure(
    student: Caller, function: str, case: Case, outcome: Outcome, tried: Sequence[tuple[Case, Outcome]]
) -> Failure:
    expected = RIGHT[function](*case.arguments)
    mistake = recognized(function, case, outcome, tried)
    right_alone = mistake is None and outcome.kind != "slow" and _is_right_alone(student, function, case)
    return Failure(function, case, expected, outcome, mistake, right_alone)


def _is_right_alone(student: Caller, function: str, case: Case) -> bool:
    student.end()
    return _is_right(function, case, student.call(function, case.arguments))


def recognized(
    function: str, case: Case, outcome: Outcome, tried: Sequence[tuple[Case, Outcome]]
) -> str | None:
    """Return the typical mistake that explains this outcome, and most of the others; None if none does."""

    def explains(mistake: Callable[..., Any], tried_case: Case, came: Outcome) -> bool:
        if came.kind != "value":
            return False
        try:
            return same(mistake(*tried_case.arguments), came.value)
        except Exception:  # what is wrong need not work for every argument
            return False

    n_explained = {
        name: sum(explains(mistake, *one) for one in tried)
        for name, mistake in MISTAKES[function].items()
        if explains(mistake, case, outcome)
    }
    return max(n_explained, key=n_explained.__getitem__, default=None)


def whole_texts() -> Iterator[str]:
    """Yield texts to compare the whole of `encode` on, the same ones every time.

    The `regex` package may know other letters than tiktoken does. A student cannot help that, and texts
    on which it matters are left out.
    """
    from bpelab.bpe.parity.sample import multilingual_sample

    source = random.Random(50_256)
    made = (random_text(source, 1 + number // 5) for number in range(N_TEXTS))
    for text in chain(made, (text for _, text in multilingual_sample())):
        if regex.findall(PATTERN, text) == split(text):
            yield text
            yield f"{text[: len(text) // 2]}<|endoftext|>{text[len(text) // 2 :]}"


def _check_whole(student: Caller) -> StepResult:
    encode, reference = reference_encode()
    n_right = 0
    for text in whole_texts():
        outcome = student.call("encode", (text, GPT2_RANKS, SPECIAL_TOKENS))
        if outcome.kind != "value" or not same(outcome.value, encode(text)):
            failure = _whole_failure(student, encode, text, outcome)
            return StepResult(WHOLE, "wrong", n_right, failure, reference=reference)
        n_right += 1
    return StepResult(WHOLE, "right", n_right, reference=reference)


def _whole_failure(
    student: Caller, encode: Callable[[str], list[int]], text: str, outcome: Outcome
) -> Failure:
    from bpelab.bpe.parity.shrink import shrink

    def called(shorter: str) -> Outcome:
        return student.call("encode", (shorter, GPT2_RANKS, SPECIAL_TOKENS))

    def differs(shorter: str) -> bool:
        # The same kind of failure: a text that is too long for the time limit is not made one that is wrong.
        came = called(shorter)
        return came.kind == outcome.kind and not (came.kind == "value" and same(came.value, encode(shorter)))

    if outcome.kind in ("value", "raised") and differs(text):
        text = shrink(text, differs, _MAX_SHRUNK)
        outcome = called(text)
    case = Case("whole", (text, GPT2_RANKS, SPECIAL_TOKENS))
    return Failure("encode", case, encode(text), outcome)
