"""Which model uses which encoding? tiktoken's two tables, which a program may add to, and its look-ups."""

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.models import MODEL_PREFIX_TO_ENCODING, MODEL_TO_ENCODING, encoding_name_for_model
from bpelab.tiktoken.registry import get_encoding

__all__ = ["MODEL_PREFIX_TO_ENCODING", "MODEL_TO_ENCODING", "encoding_for_model", "encoding_name_for_model"]


def encoding_for_model(model_name: str) -> Encoding:
    """Return the encoding that a model uses; `KeyError` for a model that is not known.

    >>> encoding_for_model("text-davinci-001").name
    'r50k_base'
    """
    return get_encoding(encoding_name_for_model(model_name))
