"""Text to token ids and back: GPT-2's byte-level BPE from scratch."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bpelab.bpe.corpus.blocks import Corpus
    from bpelab.bpe.corpus.reading import Reading
    from bpelab.bpe.encoding import Encoding
    from bpelab.bpe.files.models import encoding_name_for_model
    from bpelab.bpe.files.names import encoding_for_model, get_encoding, list_encoding_names
    from bpelab.bpe.files.save_load import load_encoding, save_encoding
    from bpelab.bpe.parity.compare import compare
    from bpelab.bpe.study.trace import trace_encode
    from bpelab.bpe.study.train_trace import trace_train
    from bpelab.bpe.training import PieceCounts, TrainSettings, count_pieces, train

__all__ = [
    "Corpus",
    "Encoding",
    "PieceCounts",
    "Reading",
    "TrainSettings",
    "compare",
    "count_pieces",
    "encoding_for_model",
    "encoding_name_for_model",
    "get_encoding",
    "list_encoding_names",
    "load_encoding",
    "save_encoding",
    "trace_encode",
    "trace_train",
    "train",
]

_MODULES = {
    "Corpus": "corpus.blocks",
    "Encoding": "encoding",
    "PieceCounts": "training",
    "Reading": "corpus.reading",
    "TrainSettings": "training",
    "compare": "parity.compare",
    "count_pieces": "training",
    "encoding_for_model": "files.names",
    "encoding_name_for_model": "files.models",
    "get_encoding": "files.names",
    "list_encoding_names": "files.names",
    "load_encoding": "files.save_load",
    "save_encoding": "files.save_load",
    "trace_encode": "study.trace",
    "trace_train": "study.train_trace",
    "train": "training",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for: callers that only encode do not pay for training."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
