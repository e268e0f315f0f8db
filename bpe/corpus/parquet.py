"""How is a column of a Parquet file read? By row groups, through PyArrow."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from bpelab.bpe.corpus.compressed import DamagedError

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_BYTES = 4 << 20
_BATCH_ROWS = 4096  # where rows repeat, their bytes in the file say little
_N_NAMED = 8


class RowGroup(NamedTuple):
    """How much of a column a row group has."""

    n_rows: int
    n_bytes: int  # not compressed


def row_groups(file: BinaryIO, name: str, column: str) -> list[RowGroup]:
    """Return the sizes of the row groups of a file, of which only the footer is read.

    Raises `DamagedError` for a file that is not Parquet, `ValueError` where there is no such column of text,
    and `ImportError` where PyArrow is not installed.
    """
    with _opened(file, name) as opened:
        require_column(opened.schema_arrow, column, name)
        return [_size(opened.metadata.row_group(i), column) for i in range(opened.metadata.num_row_groups)]


def rows(file: BinaryIO, name: str, column: str, groups: range | None) -> Iterator[bytes | None]:
    """Yield the bytes of a column's rows in some row groups, or in all; None for null.

    Raises what `row_groups` raises.
    """
    with _opened(file, name) as opened:
        path = require_column(opened.schema_arrow, column, name)
        for i in range(opened.metadata.num_row_groups) if groups is None else groups:
            n_rows, n_bytes = _size(opened.metadata.row_group(i), column)
            rows_at_once = max(1, min(_BATCH_ROWS, n_rows * _BATCH_BYTES // max(1, n_bytes)))
            for batch in opened.iter_batches(
                rows_at_once, row_groups=[i], columns=[column], use_threads=False
            ):
                yield from _bytes_of(batch.column(path[0]), path).to_pylist()


def require_column(schema: "pa.Schema", column: str, name: str) -> list[str]:
    """Return the names of the fields within each other that lead to a column of text.

    Raises `ValueError`, which names the columns of text, where there is none.
    """
    path = [column] if column in schema.names else column.split(".")
    if schema.names.count(path[0]) > 1:
        raise ValueError(f"{name}: {schema.names.count(path[0])} columns are called {path[0]!r}; rename one")
    fields: Any = schema
    found: Any = None
    for field in path:
        found = fields.field(field) if field in _names(fields) else None
        if found is None:
            break
        fields = found.type
    if found is not None and _is_text(found.type):
        return path
    wrong = f"there is no column {column!r}" if found is None else f"the column {column!r} is {found.type}"
    texts = list(_texts(schema))
    others = ", ".join(map(repr, texts[:_N_NAMED])) + (", ..." if len(texts) > _N_NAMED else "")
    raise ValueError(
        f"{name}: {wrong}; " + (f"pass column= for one of text: {others}" if texts else "no column is text")
    )


def _names(fields: Any) -> list[str]:
    import pyarrow as pa

    if isinstance(fields, pa.Schema):
        return list(fields.names)
    return [fields.field(i).name for i in range(fields.num_fields)] if pa.types.is_struct(fields) else []


def _texts(fields: Any, before: str = "") -> Iterator[str]:
    for name in _names(fields):
        kind = fields.field(name).type
        if _is_text(kind):
            yield before + name
        yield from _texts(kind, f"{before}{name}.")


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    # What older programs write has no note that binary is text, which decoding finds out.
    return any(
        test(kind)
        for test in (
            pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view,
            pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view,
        )
    )  # fmt: skip


def _bytes_of(array: Any, path: list[str]) -> Any:
    """Return an array of bytes of a column, or of the field within it; not checked to be UTF-8."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for field in path[1:]:
        array = pc.struct_field(array, field)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return array.cast(pa.large_binary())


def _size(group: Any, column: str) -> RowGroup:
    chunks = (group.column(i) for i in range(group.num_columns))
    n_bytes = sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema == column)
    return RowGroup(group.num_rows, n_bytes)


@contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator[Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ImportError(f"{name}: reading Parquet needs pip install 'bpelab[corpora]'") from None
    try:
        # Without `pre_buffer`, pages are read as they are needed, and not whole row groups.
        yield pq.ParquetFile(file, pre_buffer=False, buffer_size=_BATCH_BYTES)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # of the disk or the network
            raise
        raise DamagedError(f"{name}: not Parquet, or damaged or cut short: {error}") from None
