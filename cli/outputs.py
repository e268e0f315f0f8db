"""What may a verb write? Nothing that it reads. What cannot be written is refused before any work."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bpelab.bpe.corpus.documents import find_files
from bpelab.bpe.files.save_load import files_of_encoding, files_written, load_encoding, require_own_config
from bpelab.bpe.foundation.writing import check_writable, is_stream

Inputs = Iterable[str | os.PathLike[str] | None]


def check_outputs(outputs: Sequence[Path], inputs: Inputs = (), *, make_folders: bool = False) -> None:
    """Check the files that a verb will write against those that it reads, by whatever names and links.

    With `make_folders` the directories of the outputs are made. Raises `ValueError` for an output that is an
    input, that lies in a directory that is read, or that is named twice, and `OSError` for one that
    cannot be written. Inputs that do not exist, standard input and None are ignored.
    """
    sources = [Path(source) for source in inputs if source is not None]
    named: dict[object, Path] = {}
    for output in outputs:
        if make_folders and not is_stream(output):
            output.parent.mkdir(parents=True, exist_ok=True)
        for source in sources:
            check_not_read(output, source)
        if (other := named.setdefault(_identity(output), output)) is not output:
            raise ValueError(f"{output} is the same file as {other}: give them different names")
        check_writable(output)


def check_encoding_output(output: Path, inputs: Inputs = ()) -> None:
    """Check the one or two files of an encoding that a verb will write, as `check_outputs` does.

    The second file of a pair is replaced if it is there together with the first, and belongs to it, and so is
    a `tokenizer_config.json` that `save_encoding` wrote: `ValueError` where it is anything else.
    """
    check_outputs(files_written(output), inputs)
    require_own_config(output)
    for second in files_of_encoding(output)[1:]:
        if os.path.lexists(second):
            try:
                load_encoding(output)
            except (OSError, ValueError) as error:
                raise ValueError(
                    f"{second} would be replaced, but does not belong to {output} ({error}):"
                    " remove it, or write to another directory"
                ) from None


def check_not_read(output: Path, source: Path) -> None:
    """Raise `ValueError` where a file or a directory that will be written is read from a source."""
    if is_inside(output, source):
        raise ValueError(f"{output} is in {source}, where it would be read as well: write it somewhere else")
    # What is not a regular file is written to, and loses nothing.
    if output.is_file() and (found := next(_same(output, source), None)) is not None:
        read = "it is read" if found == output else f"it is the same file as {found}, which is read"
        raise ValueError(f"{output} would be replaced, but {read}: write to another file")


def check_folder(folder: Path, names: Sequence[str], inputs: Inputs = ()) -> None:
    """Check a directory that a verb fills with files of such names (patterns) against what it reads.

    Raises `ValueError` where it lies in a directory of inputs, and where an input in it has such a name.
    """
    for source in (Path(source) for source in inputs if source is not None):
        check_not_read(folder, source)
        if is_inside(source, folder) and any(Path(os.path.realpath(source)).match(name) for name in names):
            raise ValueError(f"{source} would be replaced, but it is read: write to another directory")


def is_inside(path: Path, folder: Path) -> bool:
    """Tell whether a path lies in a directory whose files are read; hidden ones are not."""
    if not folder.is_dir():
        return False
    try:
        inside = Path(os.path.realpath(path)).relative_to(os.path.realpath(folder))
    except ValueError:
        return False
    return not any(part.startswith(".") for part in inside.parts)


def _same(output: Path, source: Path) -> Iterator[Path]:
    wanted = _identity(output)
    try:
        files = [file for file in find_files(source).files if isinstance(file, Path)]
    except (OSError, ValueError):
        return  # the verb itself says what it cannot read
    yield from (file for file in files if isinstance(file, Path) and _identity(file) == wanted)


def _identity(path: Path) -> object:
    """Return something that all names of one file have in common."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return os.path.realpath(path)
    return found.st_dev, found.st_ino
