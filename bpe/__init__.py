"""Text to token ids and back: GPT-2's byte-level BPE from scratch."""

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.models import encoding_name_for_model
from bpelab.bpe.registry import encoding_for_model, get_encoding, list_encoding_names
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
