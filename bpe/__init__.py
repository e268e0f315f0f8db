"""Text to token ids and back: GPT-2's byte-level BPE from scratch."""

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.registry import get_encoding, list_encoding_names

__all__ = ["Encoding", "get_encoding", "list_encoding_names"]
