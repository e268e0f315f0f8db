"""What does the same text cost in other languages? Article 1 of the declaration of human rights, in 46."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Version(NamedTuple):
    """The text in one language."""

    language: str  # a BCP 47 tag
    text: str
    n_tokens: dict[str, int]  # by the encodings that this package does not contain


@cache
def article1() -> tuple[Version, ...]:
    """Return Article 1 in each language, in the order of the tags.

    The counts were made by `scripts/build_article1.py` from the published files of these encodings.

    >>> korean = next(version for version in article1() if version.language == "ko")
    >>> korean.text[:14], korean.n_tokens
    ('모든 인간은 태어날 때부터', {'cl100k_base': 85, 'o200k_base': 51})
    """
    table = tomllib.loads(files("bpelab.bpe.data").joinpath("article1.toml").read_text(encoding="utf-8"))
    return tuple(Version(language, entry.pop("text"), entry) for language, entry in table.items())
