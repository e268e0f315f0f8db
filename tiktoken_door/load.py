"""How does a program load ranks? From a path or an address, checked by SHA-256, in tiktoken's two formats."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from bpelab.bpe.data.gpt2 import BYTE_ORDER
from bpelab.bpe.files.download import receive
from bpelab.bpe.files.gpt2_pair import parse_gpt2_pair
from bpelab.bpe.files.tiktoken_cache import has_chosen_cache, tiktoken_cache_path
from bpelab.bpe.files.tiktoken_file import dump_tiktoken, parse_tiktoken_lines
from bpelab.bpe.foundation.reading import refuse
from bpelab.bpe.foundation.writing import write_atomically

# What `encoder.json` has beside the tokens that bytes and merges make.
_SPECIALS = ("<|endoftext|>", "<|startoftext|>")


def read_file(blobpath: str) -> bytes:
    """Return the content of a file, or what an http(s) address sends.

    Raises `OSError` where it cannot be read, and `ValueError` for an address of another kind.
    """
    if "://" not in blobpath:
        return Path(blobpath).read_bytes()
    if blobpath.startswith(("http://", "https://")):
        return receive(blobpath, blobpath.rpartition("/")[2])
    raise ValueError(
        f"{blobpath}: expected a path or an http(s) address; copy the file here and pass its path"
    )


def check_hash(data: bytes, expected_hash: str) -> bool:
    """Tell whether bytes have this SHA-256, in hexadecimal.

    >>> check_hash(b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    True
    """
    return hashlib.sha256(data).hexdigest() == expected_hash


def read_file_cached(blobpath: str, expected_hash: str | None = None) -> bytes:
    """Return what `read_file` returns; what comes from an address is kept in tiktoken's cache.

    A file on the disk is read as it is now, where tiktoken would keep a copy of it and go on reading that.
    Without a hash, nothing is read from or kept in the default cache, a directory that all users share.

    Raises `ValueError` for another SHA-256 than the expected one, and `OSError` where a cache that
    `TIKTOKEN_CACHE_DIR` names cannot be written.
    """
    is_chosen = has_chosen_cache()
    keeps = "://" in blobpath and (is_chosen or expected_hash)
    cached = tiktoken_cache_path(blobpath) if keeps else None
    if cached is not None and cached.is_file():
        data = cached.read_bytes()
        if not expected_hash or check_hash(data, expected_hash):
            return data
    data = read_file(blobpath)
    if expected_hash and not check_hash(data, expected_hash):
        raise ValueError(
            f"{blobpath}: its SHA-256 is {hashlib.sha256(data).hexdigest()}, not {expected_hash}"
        )
    if cached is not None:
        try:
            cached.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(cached, data)
        except OSError:
            if is_chosen:
                raise
    return data


def load_tiktoken_bpe(tiktoken_bpe_file: str, expected_hash: str | None = None) -> dict[bytes, int]:
    """Return the tokens and ranks of a `.tiktoken` file, which may have gaps, blank lines and any line ends.

    Raises `ValueError` for a line that is not a token in base64 and a rank, and for a token or a rank that
    appears twice; and what `read_file_cached` raises.
    """
    content = read_file_cached(tiktoken_bpe_file, expected_hash)
    lines = [b" ".join(line.split()) for line in content.splitlines() if line]
    return parse_tiktoken_lines(lines, tiktoken_bpe_file)


def dump_tiktoken_bpe(bpe_ranks: Mapping[bytes, int], tiktoken_bpe_file: str | os.PathLike[str]) -> None:
    """Write a `.tiktoken` file, whole or not at all; `OSError` where it cannot be written."""
    write_atomically(Path(tiktoken_bpe_file), dump_tiktoken(bpe_ranks))


def data_gym_to_mergeable_bpe_ranks(
    vocab_bpe_file: str,
    encoder_json_file: str,
    vocab_bpe_hash: str | None = None,
    encoder_json_hash: str | None = None,
    clobber_one_byte_tokens: bool = False,
) -> dict[bytes, int]:
    """Return the ranks of a `vocab.bpe` and an `encoder.json`, which must agree.

    `clobber_one_byte_tokens` accepts single bytes with other ids than GPT-2's, which are 0 to 255.

    Raises `ValueError`, with the file and the line, for what is not a GPT-2 pair or has other special tokens
    than `<|endoftext|>` and `<|startoftext|>`; and what `read_file_cached` raises.
    """
    ranks, specials = parse_gpt2_pair(
        read_file_cached(vocab_bpe_file, vocab_bpe_hash),
        read_file_cached(encoder_json_file, encoder_json_hash),
        vocab_bpe_file,
        encoder_json_file,
        _SPECIALS,
    )
    if unknown := specials.keys() - set(_SPECIALS):
        refuse(encoder_json_file, None, f"{min(unknown)!r} is neither made by a merge nor one of {_SPECIALS}")
    if not clobber_one_byte_tokens:
        for rank, byte in enumerate(BYTE_ORDER):
            if (found := ranks[bytes([byte])]) != rank:
                refuse(
                    encoder_json_file,
                    None,
                    f"the byte 0x{byte:02x} has the id {found}, in GPT-2 {rank}; if that is meant, pass"
                    " clobber_one_byte_tokens=True",
                )
    return ranks
