"""How are token files opened? All of a directory or below a URL, mapped into memory and checked."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from bpelab.bpe.corpus.places import Place
from bpelab.dataset.local_copy import copies_of, copy_of_file
from bpelab.dataset.manifest import NAME, Manifest, Shard, record_name, shard_name
from bpelab.dataset.token_files import TokenFile, read_token_file
from bpelab.dataset.windows import TokenWindows


def open_tokens(path: str | os.PathLike[str], *, verify: bool = True) -> list[TokenFile]:
    """Open a token file, or all of a directory in their order, mapped into memory.

    Those at a URL are first copied into the user's cache, all of them, and found there the next time.

    Raises `ValueError` that names a file that is cut off, altered or of another directory, or a directory
    whose writing was not finished; `OSError` for a path that does not exist. `verify` is
    that of `read_token_file`.
    """
    place = Place.of(path)
    folder = place.folder
    if folder is None and place.root.endswith(".bin"):
        return [read_token_file(copy_of_file(place.root), verify=verify)]
    if folder is not None and not folder.is_dir():
        return [read_token_file(folder, verify=verify)]
    if NAME not in place.names():
        raise ValueError(
            f"{place}: there is no {NAME} in it; tokenize_corpus, or the command bpelab tokenize, writes one"
        )
    manifest = Manifest.read(place)
    require_finished(place, manifest)
    if folder is None:
        paths = copies_of(place, manifest.shards)
    else:
        paths = [folder / shard.name for shard in manifest.shards]
    return [
        read_shard(path, manifest, shard, verify=verify)
        for path, shard in zip(paths, manifest.shards, strict=True)
    ]


def require_finished(place: Place, manifest: Manifest) -> None:
    """Raise `ValueError` where shards are still to be made."""
    if not manifest.finished:
        n_done = len(place.names() & {record_name(shard_name(n)) for n in range(manifest.n_shards)})
        raise ValueError(
            f"{place}: its writing was not finished (only {n_done:,} of {manifest.n_shards:,} shards are);"
            " tokenize the same corpus again, which goes on from there"
        )


def read_shard(path: Path, manifest: Manifest, shard: Shard, *, verify: bool = True) -> TokenFile:
    """Open one file of a directory; `ValueError` where it is not the one that the manifest lists."""
    file = read_token_file(path, verify=verify)
    header, settings = file.header, manifest.settings
    for name, found, expected in (
        ("tokenizer", header.tokenizer, settings.tokenizer),
        ("vocabulary's size", header.n_vocab, settings.n_vocab),
        ("end of text", header.end_of_text, settings.end_of_text),
        ("SHA-256", header.sha256, shard.sha256),
        ("number of tokens", header.n_tokens, shard.n_tokens),
        ("number of documents", header.n_documents, shard.n_documents),
    ):
        if found != expected:
            raise ValueError(
                f"{file.path}: this is the shard of another directory: its {name} is {found},"
                f" not {expected} as {NAME} says"
            )
    return file


def open_windows(
    path: str | os.PathLike[str], length: int, stride: int, *, verify: bool = True
) -> TokenWindows:
    """Return the windows over a token file or a directory of them; none crosses from file to file."""
    files = open_tokens(path, verify=verify)
    fingerprint = " ".join(file.header.sha256 for file in files)
    reopen = partial(open_windows, path, length, stride, verify=False)
    return TokenWindows([file.ids for file in files], length, stride, fingerprint=fingerprint, reopen=reopen)


def document_ends(files: Sequence[TokenFile]) -> npt.NDArray[np.int64]:
    """Return where documents end (n_documents,), counted through all files: `document_parts` takes them."""
    n_before = np.cumsum([0, *(len(file.ids) for file in files)], dtype=np.int64)
    ends = [file.document_ends + before for file, before in zip(files, n_before, strict=False)]
    return np.concatenate([np.empty(0, dtype=np.int64), *ends])
