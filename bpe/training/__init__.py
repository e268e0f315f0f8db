"""From a corpus to an encoding: counting pieces, learning merges."""

from bpelab.bpe.foundation.progress import Progress
from bpelab.bpe.training.counts import PieceCounts, count_pieces
from bpelab.bpe.training.trainer import train

__all__ = ["PieceCounts", "Progress", "count_pieces", "train"]
