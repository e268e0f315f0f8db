"""Where does tiktoken keep its downloads? There it finds what this package writes, and the other way round.

It looks for a download in `TIKTOKEN_CACHE_DIR`, in a file named by the SHA-1 of its address:
https://github.com/openai/tiktoken/blob/0.14.0/tiktoken/load.py
"""

import hashlib
import os
import tempfile
from pathlib import Path

from bpelab.bpe.data.gpt2 import gpt2_merges, gpt2_ranks
from bpelab.bpe.files.definitions import ADDRESS
from bpelab.bpe.files.gpt2_pair import dump_encoder_json, dump_vocab_bpe
from bpelab.bpe.files.tiktoken_file import dump_tiktoken
from bpelab.bpe.foundation.writing import check_writable, write_atomically
from bpelab.bpe.splitting.specials import END_OF_TEXT

GPT2_ADDRESS = "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/"
_VARIABLES = ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR")  # the first that is set counts
R50K_ADDRESS = ADDRESS + "r50k_base.tiktoken"


def cache_name(address: str) -> str:
    """Return the name of the file in which tiktoken caches what it downloads from an address.

    >>> cache_name(GPT2_ADDRESS + "vocab.bpe")
    '6d1cbeee0f20b3d9449abfede4726ed8212e3aee'
    """
    return hashlib.sha1(address.encode()).hexdigest()


def tiktoken_cache_path(address: str) -> Path | None:
    """Return the path at which tiktoken caches a download; None where its cache is switched off."""
    default = os.path.join(tempfile.gettempdir(), "data-gym-cache")
    directory = next((os.environ[name] for name in _VARIABLES if name in os.environ), default)
    return Path(directory) / cache_name(address) if directory else None


def has_chosen_cache() -> bool:
    """Tell whether the user chose tiktoken's cache; by default all users share one."""
    return any(name in os.environ for name in _VARIABLES)


def write_tiktoken_cache(directory: str | os.PathLike[str]) -> list[Path]:
    """Write the files of gpt2 and r50k_base where tiktoken looks, and return their paths.

    With `TIKTOKEN_CACHE_DIR` set to the directory, `tiktoken.get_encoding("gpt2")` works offline.
    Raises `OSError` where the directory cannot be written. Each file is written whole or not at all.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    addresses = (GPT2_ADDRESS + "vocab.bpe", GPT2_ADDRESS + "encoder.json", R50K_ADDRESS)
    paths = [folder / cache_name(address) for address in addresses]
    for path in paths:
        check_writable(path)
    ranks = gpt2_ranks()
    contents = (
        dump_vocab_bpe(gpt2_merges()),
        dump_encoder_json(ranks, {END_OF_TEXT: 50256}),
        dump_tiktoken(ranks),
    )
    for path, content in zip(paths, contents, strict=True):
        write_atomically(path, content)
    return paths
