"""What does an encoding look like? Traces and vocabularies drawn for a notebook, a terminal, a page."""

from bpelab.bpe.study.trace import trace_encode
from bpelab.bpe.study.train_trace import trace_train

__all__ = ["trace_encode", "trace_train"]
