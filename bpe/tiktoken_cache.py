"""How can tiktoken load gpt2 without a network? From files we write under the names it expects.

tiktoken looks for a download in `TIKTOKEN_CACHE_DIR`, in a file named by the SHA-1 of its address:
https://github.com/openai/tiktoken/blob/0.14.0/tiktoken/load.py
"""

import hashlib
import os
import tempfile
from pathlib import Path

from bpelab.bpe.formats import dump_encoder_json, dump_vocab_bpe
from bpelab.bpe.gpt2 import gpt2_merges, gpt2_ranks

GPT2_ADDRESS = "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/"


def write_tiktoken_cache(directory: str | os.PathLike[str]) -> list[Path]:
    """Write GPT-2's `vocab.bpe` and `encoder.json` where tiktoken looks, and return their paths.

    With `TIKTOKEN_CACHE_DIR` set to the directory, `tiktoken.get_encoding("gpt2")` works offline.
    Raises `OSError` where the directory cannot be written; a file is there whole or not at all.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "vocab.bpe": dump_vocab_bpe(gpt2_merges()),
        "encoder.json": dump_encoder_json(gpt2_ranks(), {"<|endoftext|>": 50256}),
    }
    paths = []
    for name, content in contents.items():
        path = folder / hashlib.sha1((GPT2_ADDRESS + name).encode()).hexdigest()
        write_atomically(path, content)
        paths.append(path)
    return paths


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a temporary file beside it, fsync, then a rename."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
