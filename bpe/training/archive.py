"""How are named arrays kept in a file, and read again from a file that may be damaged or hostile?"""

import io
import os
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
# What an array must be: its dtype and its number of axes. A text is an array without axes.
Form = tuple[str, int]
TEXT: Form = ("U", 0)
# The arrays of a file may take so many times its own size, and a little more. Pieces and counts of real text
# compress about five times, consecutive numbers eleven times. Arrays that would compress further than this
# are written uncompressed, so that every file of ours can be read.
MAX_RATIO = 64
SMALL_BYTES = 1 << 20


def packed(**arrays: Any) -> bytes:
    """Return the bytes of an `.npz` file; equal arrays make equal bytes. Raises what `stored` raises."""
    file = io.BytesIO()
    np.savez_compressed(file, **_checked(arrays))
    if sum(np.asarray(value).nbytes for value in arrays.values()) > len(file.getvalue()) * MAX_RATIO:
        return stored(**arrays)
    return file.getvalue()


def stored(**arrays: Any) -> bytes:
    """Return the bytes of an `.npz` file that is not compressed, which takes a hundredth of the time.

    Raises `ValueError` for a text that ends in NUL characters, which NumPy would drop.
    """
    file = io.BytesIO()
    np.savez(file, **_checked(arrays))
    return file.getvalue()


def _checked(arrays: dict[str, Any]) -> dict[str, Any]:
    for name, value in arrays.items():
        if isinstance(value, str) and value.endswith("\0"):
            raise ValueError(
                f"{name} is {value!r:.60}: a file cannot keep a NUL at its end; write it as \\x00"
            )
    return arrays


def unpacked(
    path: str | os.PathLike[str], format_: str, what: str, forms: Mapping[str, Form]
) -> dict[str, Array]:
    """Read the arrays that `packed` wrote to a file; each must be one of `forms`, and `format` be `format_`.

    Before anything is allocated, the sizes that the file claims are checked against each other and against
    its own size: they may be 64 times that and 1 MB.

    Raises `ValueError` with the file's name if it is damaged, has another format or claims impossible
    sizes, and `OSError` if it cannot be read.
    """
    path = Path(path)
    if not path.is_dir() and not stat.S_ISREG(path.stat().st_mode):
        raise ValueError(f"{path}: not {what}: it is a pipe or a device, and must be a regular file")
    return unpacked_bytes(path.read_bytes(), path, format_, what, forms)


def unpacked_bytes(
    content: bytes, called: object, format_: str, what: str, forms: Mapping[str, Form]
) -> dict[str, Array]:
    """Return the arrays in the bytes of a file, as `unpacked` does; errors name what it is `called`."""
    try:
        if not content.startswith(b"PK\x03\x04"):
            raise ValueError("it is not a zip of arrays")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_total_size(archive, len(content))
            entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            _check_format(
                archive, entries.get("format"), format_
            )  # before what another format would not have
            if len(entries) < len(archive.infolist()):
                raise ValueError("an array appears twice")
            for name, entry in entries.items():
                if name not in forms:
                    raise ValueError(f"it holds {name!r:.60}, which does not belong there")
                _check_entry(archive, entry, name, forms[name])
            arrays = {name: _read(archive, entry) for name, entry in entries.items()}
    except Exception as error:  # for a damaged zip `zipfile` raises errors of a dozen types
        raise ValueError(f"{called}: not {what}: {error}") from None
    return arrays


def _check_total_size(archive: zipfile.ZipFile, n_bytes: int) -> None:
    """Raise `ValueError` where the entries would take more bytes than a file of `n_bytes` plausibly holds."""
    claimed = sum(entry.file_size for entry in archive.infolist())
    if claimed > n_bytes * MAX_RATIO + SMALL_BYTES:
        raise ValueError(
            f"its arrays would take {claimed:,} bytes, and its {n_bytes:,} bytes can hold"
            f" {MAX_RATIO} times as much at most"
        )


def _check_format(archive: zipfile.ZipFile, entry: zipfile.ZipInfo | None, format_: str) -> None:
    """Raise `ValueError` unless the entry says the format, which ends in the number of its version."""
    if entry is not None:
        _check_entry(archive, entry, "format", TEXT)
    found = None if entry is None else str(_read(archive, entry))
    if found != format_:
        is_version = found is not None and found.rpartition(" ")[0] == format_.rpartition(" ")[0]
        advice = "another version of bpelab wrote it; use that version, or begin anew without the file"
        raise ValueError(
            f"its format is {str(found)!r:.60}, not {format_!r}{f': {advice}' if is_version else ''}"
        )


def _check_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, form: Form) -> None:
    """Raise `ValueError` unless an array has its form, and its entry the size that its shape needs."""
    with archive.open(entry) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{name} has an unknown version")
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
        header_bytes = stream.tell()
    kind, n_axes = form
    is_right = dtype.kind == "U" if kind == "U" else dtype == np.dtype(kind)
    if not is_right or len(shape) != n_axes or fortran_order:
        raise ValueError(
            f"{name} is an array of {dtype} with the shape {shape}: it must be {kind} with {n_axes} axes"
        )
    n_items = 1
    for n in shape:
        n_items *= n
    if min(shape, default=0) < 0 or entry.file_size != header_bytes + n_items * dtype.itemsize:
        raise ValueError(f"{name} has the shape {shape}, and {entry.file_size:,} bytes do not hold that")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Array:
    with archive.open(entry) as stream:
        array: Array = np.lib.format.read_array(stream, allow_pickle=False)
    return array
