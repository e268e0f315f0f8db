"""How does a program that was written for tiktoken run here? With `import bpelab.tiktoken as tiktoken`.

The modules have tiktoken's names and contents, made of this package's own parts; tiktoken is not needed:
https://github.com/openai/tiktoken/tree/0.14.0/tiktoken

>>> import bpelab.tiktoken as tiktoken
>>> tiktoken.encoding_for_model("gpt2").encode("hello world")
[31373, 995]
"""

from bpelab.tiktoken import load as load
from bpelab.tiktoken.core import Encoding
from bpelab.tiktoken.model import encoding_for_model, encoding_name_for_model
from bpelab.tiktoken.registry import get_encoding, list_encoding_names

__all__ = [
    "Encoding",
    "encoding_for_model",
    "encoding_name_for_model",
    "get_encoding",
    "list_encoding_names",
]

# The version of tiktoken that these modules follow: programs compare it to know what they may call.
__version__ = "0.14.0"
