"""How is a corpus read? One value that the command line builds once, and manifests and checkpoints keep."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from bpelab.bpe.corpus.remote import links_of

Format = Literal["auto", "text", "jsonl", "parquet"]
Documents = Literal["file", "line"]
Errors = Literal["strict", "replace", "skip"]
Compression = Literal["", "gzip", "zstd"]

# JSON that is not in lines is text: of `.json`, nobody can tell by the name.
_FORMATS: dict[str, Literal["jsonl", "parquet"]] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_COMPRESSIONS: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}


class Kind(NamedTuple):
    """What a file holds, and how it is compressed."""

    format: Literal["text", "jsonl", "parquet"]
    compression: Compression


TEXT = Kind("text", "")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the files of a corpus hold, what a document is, and what becomes of what cannot be read.

    Raises `ValueError` for a value that is not one of those listed.

    >>> Reading(column="content")
    Reading(format='auto', documents='file', column='content', errors='strict')
    >>> Reading(errors="ignore")
    Traceback (most recent call last):
    ValueError: errors is 'ignore': it must be one of strict, replace, skip
    """

    format: Format = "auto"  # "auto": told by each file's name
    documents: Documents = "file"  # of text; a record of JSON lines and a row of Parquet are always documents
    column: str = "text"  # of a record or a row; "meta.text" is a field within another
    errors: Errors = "strict"

    def __post_init__(self) -> None:
        for name, choices in (("format", Format), ("documents", Documents), ("errors", Errors)):
            value = getattr(self, name)
            if value not in get_args(choices):
                raise ValueError(f"{name} is {value!r:.40}: it must be one of {', '.join(get_args(choices))}")
        if not isinstance(self.column, str) or not self.column:
            raise ValueError(f"column is {self.column!r:.40}: it must be the name of a column or field")

    def kind_of(self, name: str) -> Kind:
        """Tell what a file holds by its name, or by `format`; how it is compressed is told by the name.

        >>> Reading().kind_of("c4.jsonl.gz")
        Kind(format='jsonl', compression='gzip')
        >>> Reading(format="jsonl").kind_of("https://example.com/c4.json.zst?download=true")
        Kind(format='jsonl', compression='zstd')
        >>> Reading().kind_of("zip://a.jsonl::s3://bucket/archive.zip").format
        'jsonl'
        """
        name = links_of(name)[1]
        if name.startswith(("http://", "https://")):
            name = name.partition("?")[0]
        stem, dot, last = name.lower().rpartition(".")
        compression = _COMPRESSIONS.get(dot + last, "")
        if compression:
            _, dot, last = stem.rpartition(".")
        told: Literal["text", "jsonl", "parquet"] = _FORMATS.get(dot + last, "text")
        return Kind(told if self.format == "auto" else self.format, compression)


DEFAULT = Reading()
