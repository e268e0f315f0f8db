"""Text to token ids and back: GPT-2's byte-level BPE from scratch."""

from typing import TYPE_CHECKING

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.models import encoding_name_for_model
from bpelab.bpe.files.names import encoding_for_model, get_encoding, list_encoding_names

if TYPE_CHECKING:
    from bpelab.bpe.files.save_load import load_encoding, save_encoding
    from bpelab.bpe.training import PieceCounts, TrainSettings, count_pieces, train

__all__ = [
    "Encoding",
    "PieceCounts",
    "TrainSettings",
    "count_pieces",
    "encoding_for_model",
    "encoding_name_for_model",
    "get_encoding",
    "list_encoding_names",
    "load_encoding",
    "save_encoding",
    "train",
]


def __getattr__(name: str) -> object:
    """Import what weighs more when it is first asked for: callers that only encode do not pay for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bpelab.bpe import training
    from bpelab.bpe.files import save_load

    globals()[name] = getattr(save_load if name.endswith("_encoding") else training, name)
    return globals()[name]
