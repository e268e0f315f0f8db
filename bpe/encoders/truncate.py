"""How much of a text has at most so many tokens?"""

from collections.abc import Callable, Iterator

from bpelab.bpe.encoders.engine import Engine, Ids, joined
from bpelab.bpe.encoders.offsets import LEFT_OUT


def beginning_within(text: str, max_tokens: int, *, engine: Engine, decode: Callable[[Ids], str]) -> str:
    """Return a beginning of the text that has at most so many tokens and ends with a whole character.

    `decode` must leave out bytes at the end that are only part of a character. Raises `ValueError` where the
    pattern leaves out some of the text.
    """
    ids = joined(_blocks_of_first_ids(engine.encode_blocks(text), max_tokens + 1))[: max_tokens + 1]
    # By itself a beginning may be cut into other pieces than it was within the text, and more of them. Then
    # it must end earlier.
    for n_tokens in range(min(max_tokens, len(ids)), 0, -1):
        beginning = decode(ids[:n_tokens])
        is_all = n_tokens == len(ids)
        if beginning != text if is_all else not text.startswith(beginning):
            raise ValueError(f"the first {n_tokens:,} tokens do not make the text's beginning: {LEFT_OUT}")
        if engine.count(beginning, max_tokens) <= max_tokens:
            return beginning
    return ""


def _blocks_of_first_ids(blocks: Iterator[Ids], n_ids: int) -> Iterator[Ids]:
    """Yield blocks until they hold so many ids."""
    for block in blocks:
        yield block
        n_ids -= len(block)
        if n_ids <= 0:
            return
