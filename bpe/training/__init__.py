"""From a corpus to an encoding: counting pieces, learning merges."""

from bpelab.bpe.foundation.progress import Progress
from bpelab.bpe.training.counts import PieceCounts, count_pieces
from bpelab.bpe.training.settings import TrainSettings
from bpelab.bpe.training.trainer import train

__all__ = ["PieceCounts", "Progress", "TrainSettings", "count_pieces", "train"]
