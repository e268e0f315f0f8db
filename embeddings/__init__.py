"""Token ids to vectors: what each token is, and where it stands."""

try:
    import torch  # noqa: F401  (what follows would fail without saying what to install)
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ImportError("bpelab.embeddings needs PyTorch: pip install 'bpelab[torch]'") from None

from bpelab.embeddings.inputs import InputEmbedding
from bpelab.embeddings.positions import Rotary, Sinusoidal, rotate, sinusoidal_positions
from bpelab.embeddings.tokens import OneHotLinear, TokenEmbedding

__all__ = [
    "InputEmbedding",
    "OneHotLinear",
    "Rotary",
    "Sinusoidal",
    "TokenEmbedding",
    "rotate",
    "sinusoidal_positions",
]
