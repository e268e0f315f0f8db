"""What is said to the student, in English and in Korean? All of it stands in one table, words.toml."""

import functools
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Literal

Language = Literal["en", "ko"]


@functools.cache
def table() -> dict[str, dict[str, str]]:
    """Return the words as {key: {language: text}}; do not change what is returned.

    >>> table()["status.right"]["en"]
    'right'
    """
    content = files("bpelab.bpe.exercise").joinpath("words.toml").read_text(encoding="utf-8")
    return dict(_entries("", tomllib.loads(content)))


def _entries(name: str, value: Mapping[str, Any]) -> list[tuple[str, dict[str, str]]]:
    if all(isinstance(text, str) for text in value.values()):
        return [(name, dict(value))]
    return [entry for key, part in value.items() for entry in _entries(f"{name}.{key}".lstrip("."), part)]


def is_known(key: str) -> bool:
    """Tell whether there are words for a key."""
    return key in table()


def say(key: str, language: Language, **values: object) -> str:
    """Return the words for a key, with values in their places.

    >>> say("called.next", "en", names="split")
    'next: write split'
    """
    text = table()[key][language].strip("\n")
    return text.format_map(values) if values else text
