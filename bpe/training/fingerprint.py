"""Is this the corpus that was read before? Its contents decide, not the names or dates of files."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

DIGEST_BYTES = 32
WHAT_TO_DO = "give what was given then, or remove the checkpoint to begin anew"


@dataclass
class Fingerprint:
    """The SHA-256 of each block of a corpus that was read, in order, and the bytes of text in all of them.

    >>> first, other = Fingerprint(), Fingerprint()
    >>> first.add(["ab", "c"])
    >>> other.add(["a", "bc"])
    >>> first == other  # where a document ends is part of it
    False
    """

    n_bytes: int = 0
    digests: list[bytes] = field(default_factory=list)

    def add(self, block: list[str | bytes]) -> None:
        """Add the next block; the length of each text is digested too, so that no boundary can move."""
        digest = hashlib.sha256()
        n_bytes = 0
        for text in block:
            data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "little"))
            digest.update(data)
            n_bytes += len(data)
        self.digests.append(digest.digest())
        self.n_bytes += n_bytes

    def extend(self, others: "Fingerprint") -> None:
        """Add blocks that follow those of this one."""
        self.digests += others.digests
        self.n_bytes += others.n_bytes

    def reread(self, blocks: Iterator[list[str | bytes]], source: object) -> Iterator[int]:
        """Take the blocks of this fingerprint from `blocks`, yielding the bytes of text so far.

        At the first block that differs, a `ValueError` names `source`, the file of the fingerprint.
        """
        seen = Fingerprint()
        for digest in self.digests:
            n_same = seen.n_bytes
            block = next(blocks, None)
            if block is not None:
                seen.add(block)
            if block is None or seen.digests[-1] != digest:
                end = "end there" if block is None else "differ soon after that"
                raise ValueError(
                    f"{source}: this checkpoint was made with other texts: those given now are the same for"
                    f" {n_same:,} of {self.n_bytes:,} bytes and {end}; {WHAT_TO_DO}"
                )
            yield seen.n_bytes
        if seen != self:
            raise ValueError(f"{source}: its texts have {seen.n_bytes:,} bytes, not {self.n_bytes:,}")
