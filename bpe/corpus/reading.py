"""How is a corpus read? One value that the command line builds once, and manifests and checkpoints keep."""

from dataclasses import dataclass
from typing import Literal, get_args

Format = Literal["auto", "text", "jsonl", "parquet"]
Documents = Literal["file", "line"]
Errors = Literal["strict", "replace", "skip"]


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
