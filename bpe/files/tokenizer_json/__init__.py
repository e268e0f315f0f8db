"""How does Hugging Face's `tokenizer.json` say what an encoding says, and when does it say more?

The file names a normalizer, a pre-tokenizer, a model, added tokens and a decoder. Only some of them are
byte-level BPE by tiktoken's rule; the others are refused with the reason, never read almost right.
The fields: https://github.com/huggingface/tokenizers/tree/v0.23.3/tokenizers/src
"""

from bpelab.bpe.files.tokenizer_json.reading import load_tokenizer_json, parse_tokenizer_json
from bpelab.bpe.files.tokenizer_json.writing import dump_tokenizer_config, dump_tokenizer_json

__all__ = ["dump_tokenizer_config", "dump_tokenizer_json", "load_tokenizer_json", "parse_tokenizer_json"]
