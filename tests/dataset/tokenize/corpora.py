"""Which corpus is tokenized in the tests, and what must come of it?"""

from pathlib import Path

import numpy as np
from bpelab.bpe import Encoding
from bpelab.dataset.shards import document_ends, open_tokens

END = 50256
WORDS = "The naïve café, 42 日本語。 in's it\n\n  of 🙂 déjà-vu<|endoftext|> a"


def write_corpus(folder: Path, n_files: int = 4) -> list[str]:
    """Write files and return their texts in the order in which they are read."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [f"{number}: " + f" {WORDS} {number}" * (300 * number) for number in range(n_files)]
    for number, text in enumerate(texts):
        (folder / f"{number}.txt").write_text(text, encoding="utf-8", newline="")
    return texts


def expected_ids(texts: list[str], encoding: Encoding) -> list[int]:
    return [i for text in texts for i in [*encoding.encode_ordinary(text), END]]


def written(folder: Path) -> tuple[list[int], list[int]]:
    files = open_tokens(folder)
    return np.concatenate([file.ids for file in files]).tolist(), document_ends(files).tolist()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class KilledError(Exception):
    pass
