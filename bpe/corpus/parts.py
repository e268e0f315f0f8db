"""How is a corpus cut into parts that can be read apart? At places that depend on the corpus alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from bpelab.bpe.corpus.reading import Reading
from bpelab.bpe.corpus.sources import Corpus, Source, list_sources
from bpelab.bpe.splitting.cuts import CUTTABLE_PATTERNS, last_cut

PART_BYTES = 4 << 20
# Text has a place to cut in every few characters, and lines end in every few thousand.
_WINDOW_BYTES = 1 << 16


@dataclass(frozen=True)
class Part:
    """A stretch of a file that is read at a time, with everything that a process elsewhere needs for it."""

    source: Source
    format: Literal["text", "jsonl", "parquet"]
    start: int  # in bytes
    end: int
    ends_document: bool  # whether a document that is the whole file ends here
    cuttable: bool  # whether the text may be cut in two where `last_cut` says so
    n_bytes: int  # how large it is, for progress

    @property
    def name(self) -> str:
        """What messages call it: "a.txt", or "a.txt, bytes 0-4,194,303" for a part of it."""
        if (self.start, self.end) == (0, self.source.size):
            return self.source.name
        return f"{self.source.name}, bytes {self.start:,}-{self.end - 1:,}"


def list_parts(corpus: Corpus, reading: Reading, pattern: str) -> list[Part]:
    """Return the parts of a corpus, of about 4 MB, which depend on nothing but its files and their contents.

    A text that is one document is cut where the pattern surely ends a piece (`last_cut`), for OpenAI's
    patterns; for any other pattern it is one part. Lines are kept whole. Only where a cut is looked for are
    files read. Empty files have no parts.

    Raises what `list_sources` raises.
    """
    return [part for source in list_sources(corpus) for part in _parts_of(source, reading, pattern)]


def _parts_of(source: Source, reading: Reading, pattern: str) -> Iterator[Part]:
    format: Literal["text", "jsonl"] = "jsonl" if reading.format == "jsonl" else "text"
    is_document = format == "text" and reading.documents == "file"
    cuttable = is_document and pattern in CUTTABLE_PATTERNS
    cut = cut_in_text if cuttable else None if is_document else partial(_cut_after, b"\n")
    start = 0
    for end in _ends(source, cut):
        yield Part(
            source, format, start, end, is_document and end == source.size, cuttable, n_bytes=end - start
        )
        start = end


def _ends(source: Source, cut: Callable[[bytes], int] | None) -> Iterator[int]:
    """Yield where the parts of a file end: near multiples of `PART_BYTES`, and at its end."""
    if cut is not None and source.size > PART_BYTES:
        end = 0
        with open(source.path, "rb") as file:
            for wanted in range(PART_BYTES, source.size, PART_BYTES):
                if wanted <= end:
                    continue  # the last part had no place to cut for so long
                # The last place before `wanted`, or else the first ones after it.
                for window_end in range(wanted, source.size, _WINDOW_BYTES // 2):  # windows overlap
                    file.seek(max(end, window_end - _WINDOW_BYTES))
                    start = file.tell()
                    if found := cut(file.read(window_end - start)):
                        end = start + found
                        yield end
                        break
                else:
                    break
    if source.size:
        yield source.size


def _cut_after(separator: bytes, window: bytes) -> int:
    return window.rfind(separator) + 1


def cut_in_text(window: bytes) -> int:
    """Find the last byte of UTF-8 text, which may begin or end within a character, where to cut, or 0.

    >>> cut_in_text("é one two".encode()[1:])
    5
    """
    # Halves of characters become surrogates, which neither end a word nor begin what follows.
    text = window.decode("utf-8", "surrogateescape")
    return len(text[: last_cut(text)].encode("utf-8", "surrogateescape"))
