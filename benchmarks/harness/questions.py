"""Which questions are there? One file each; its docstring asks it and explains the answer."""

import ast
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parents[1]
QUESTIONS = (
    "encode_ladder",
    "encode_warm",
    "first_use",
    "encode_short",
    "encode_growth",
    "encode_long_piece",
    "encode_threads",
    "encode_memory",
    "decode_and_count",
    "train",
    "train_memory",
    "loader",
    "loader_resume",
    "embedding",
    "embedding_training",
)
# Questions that take longer than the quick preset has time for.
FULL_ONLY = ("loader_resume", "embedding_training")
# Questions that share a process in each pass, since they load the same encoders, or PyTorch: that takes
# longer than most rounds.
TOGETHER = (
    ("encode_ladder", "encode_warm", "decode_and_count"),
    ("encode_short", "encode_growth", "encode_long_piece"),
    ("loader", "loader_resume", "embedding", "embedding_training"),
)
# The most passes of questions that get fewer than the others: memory hardly differs from one process to the
# next, training differs less than most, and to import PyTorch takes a second.
MOST_PASSES = {"encode_memory": 3, "train_memory": 3, "train": 5, "loader": 6, "embedding": 6}


def processes(questions: Sequence[str]) -> list[list[str]]:
    """Return the questions of each process of a pass.

    >>> processes(["encode_ladder", "train", "encode_warm"])
    [['encode_ladder', 'encode_warm'], ['train']]
    """
    together = {question: group for group in TOGETHER for question in group}
    found: dict[Sequence[str], list[str]] = {}
    for question in questions:
        found.setdefault(together.get(question, (question,)), []).append(question)
    return list(found.values())


def question_text(question: str) -> tuple[str, str]:
    """Return what a question's file asks, and how it says to read the answers; for an unknown one, its name.

    >>> question_text("encode_warm")[0]
    'How fast is natural text encoded that has been met before?'
    >>> question_text("../setup")
    ('../setup', '')
    """
    path = FOLDER / f"{question}.py"
    # A record's text must not choose a file.
    if question not in QUESTIONS or not path.is_file():
        return question, ""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or question
    title, _, reading = docstring.partition("\n\n")
    return " ".join(title.split()), reading
