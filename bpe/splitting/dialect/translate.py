r"""How is a pattern translated? Read as tiktoken reads it, and written so that `regex` does the same."""

from dataclasses import dataclass

from bpelab.bpe.splitting.dialect.measures import MAX_OPEN_ENDS, least_chars, n_open_ends, n_parts
from bpelab.bpe.splitting.dialect.parser import MAX_PARTS, parse
from bpelab.bpe.splitting.dialect.rewriting import simplified
from bpelab.bpe.splitting.dialect.source import excerpt
from bpelab.bpe.splitting.dialect.tree import Char, Node, Reference, walk
from bpelab.bpe.splitting.dialect.writing import written_tree
from bpelab.bpe.splitting.dialect.written_sets import has_stand_ins

MAX_CHARS = 20_000


@dataclass(frozen=True)
class Translated:
    """A pattern that can be written for `regex`, version 1."""

    tree: Node
    may_be_empty: bool
    may_run_away: bool  # its time may grow faster than the square of the text's length

    @property
    def has_groups(self) -> bool:
        """Tell whether the pattern for `regex` captures groups."""
        return bool(self._asked())

    def _asked(self) -> frozenset[int]:
        return frozenset(node.number for node in walk(self.tree) if isinstance(node, Reference))

    def written(self, *, exact: bool) -> str:
        """Return the pattern: exact for all texts, or the faster one for texts that `is_plain`."""
        return written_tree(self.tree, self._asked(), exact=exact)

    def has_stand_ins(self) -> bool:
        """Tell whether the plain pattern is right for any text that went through `as_unicode16`."""
        held = [node.held for node in walk(self.tree) if isinstance(node, Char)]
        return not self.has_groups and all(map(has_stand_ins, held))


def translate(pattern: str) -> Translated:
    r"""Translate a pattern for `regex`; `ValueError` with the place for one that cannot be translated.

    >>> translate(r"(?i)a$|\p{Nd}").written(exact=False)
    '[Aa]\\Z|\\p{gc=Nd}'
    >>> translate(r"\Ga")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: the pattern '\\Ga': \G at character 0 cannot be matched as tiktoken does: ...
    """
    if len(pattern) > MAX_CHARS:
        raise ValueError(
            f"the pattern {excerpt(pattern, 0)} has {len(pattern):,} characters: it may have {MAX_CHARS:,}"
        )
    tree = simplified(parse(pattern))
    if n_parts(tree) > MAX_PARTS:
        raise ValueError(
            f"the pattern {excerpt(pattern, 0)} has more than {MAX_PARTS:,} parts where each repeat is"
            " written out; write + for a repeat of very many"
        )
    return Translated(tree, least_chars(tree) == 0, n_open_ends(tree) > MAX_OPEN_ENDS)
