"""What makes each named encoding? Patterns, special tokens, files and hashes, as tiktoken has them.

https://github.com/openai/tiktoken/blob/0.14.0/tiktoken_ext/openai_public.py
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from bpelab.bpe.splitting.specials import END_OF_TEXT

ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/"

_FIM = ("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>")
_O200K_SPECIALS = {END_OF_TEXT: 199999, "<|endofprompt|>": 200018}
_HARMONY_NAMES = {
    199998: "startoftext",
    199999: "endoftext",
    200002: "return",
    200003: "constrain",
    200005: "channel",
    200006: "start",
    200007: "end",
    200008: "message",
    200012: "call",
}
# As in tiktoken, o200k_harmony has two names for the id 200018: <|reserved_200018|> and <|endofprompt|>. The
# second comes last here because an id is decoded to the last of its names.
_HARMONY_SPECIALS = {
    f"<|{_HARMONY_NAMES.get(token, f'reserved_{token}')}|>": token for token in range(199998, 201088)
} | _O200K_SPECIALS


class VocabularyFile(NamedTuple):
    """A published `.tiktoken` file."""

    name: str
    sha256: str

    @property
    def address(self) -> str:
        """The address from which the file can be downloaded."""
        return ADDRESS + self.name


class Definition(NamedTuple):
    """What makes up a named encoding; without a file, its tokens are GPT-2's, which are in the package."""

    pattern: str
    special_tokens: Mapping[str, int]
    file: VocabularyFile | None = None
    n_vocab: int | None = None


_P50K_FILE = VocabularyFile(
    "p50k_base.tiktoken", "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069"
)
_CL100K_FILE = VocabularyFile(
    "cl100k_base.tiktoken", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
)
_O200K_FILE = VocabularyFile(
    "o200k_base.tiktoken", "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
)
_P50K_EDIT_SPECIALS = {END_OF_TEXT: 50256} | {name: 50281 + i for i, name in enumerate(_FIM)}
_CL100K_SPECIALS = {name: 100257 + i for i, name in enumerate([END_OF_TEXT, *_FIM])} | {
    "<|endofprompt|>": 100276
}

DEFINITIONS: Mapping[str, Definition] = MappingProxyType(
    {
        "gpt2": Definition(GPT2_PATTERN, {END_OF_TEXT: 50256}, None, 50257),
        "r50k_base": Definition(GPT2_PATTERN, {END_OF_TEXT: 50256}, None, 50257),
        "p50k_base": Definition(GPT2_PATTERN, {END_OF_TEXT: 50256}, _P50K_FILE, 50281),
        "p50k_edit": Definition(GPT2_PATTERN, _P50K_EDIT_SPECIALS, _P50K_FILE),
        "cl100k_base": Definition(CL100K_PATTERN, _CL100K_SPECIALS, _CL100K_FILE),
        "o200k_base": Definition(O200K_PATTERN, _O200K_SPECIALS, _O200K_FILE),
        "o200k_harmony": Definition(O200K_PATTERN, _HARMONY_SPECIALS, _O200K_FILE),
    }
)
