"""Text to token ids and back: GPT-2's byte-level BPE from scratch."""

from typing import TYPE_CHECKING

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.models import encoding_name_for_model
from bpelab.bpe.files.names import encoding_for_model, get_encoding, list_encoding_names

if TYPE_CHECKING:
    from bpelab.bpe.training import PieceCounts, count_pieces, train

__all__ = [
    "Encoding",
    "PieceCounts",
    "count_pieces",
    "encoding_for_model",
    "encoding_name_for_model",
    "get_encoding",
    "list_encoding_names",
    "train",
]


def __getattr__(name: str) -> object:
    """Import the trainer when it is first asked for: who only encodes does not wait for it."""
    if name in __all__:
        from bpelab.bpe import training

        globals()[name] = getattr(training, name)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
