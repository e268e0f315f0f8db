"""Which patterns, texts and fields are the tests' files of?"""

from collections.abc import Callable
from typing import Any

from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
SAMPLE = "Hello world, it's 12345 o'clock\u3000\n  \n\tété 안녕하세요 ÀB <|end|>'LL 💡\r\n\r\n x  \n  "
TEXTS = [SAMPLE, "", " ", "a", SAMPLE * 2, "\n  ", "x\n  ", "…—–", "ſ'ſ 1²³½ ٣٤"]
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# As rustbpe has it, and the files of models that are trained with it.
RUSTBPE = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*"
    r"|\s*[\r\n]|\s+(?!\S)|\s+"
)
PATTERNS = {"gpt2": GPT2_PATTERN, "cl100k": CL100K_PATTERN, "o200k": O200K_PATTERN, "llama3": LLAMA3}
PATTERNS |= {"qwen2": LLAMA3.replace("{1,3}", ""), "rustbpe": RUSTBPE, "words only": r"\p{L}+| \p{N}{1,2}"}


def set_field(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = to

    return change


def added_token(text: str, token: int, normalized: bool = False) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "special": True}
    return {"id": token, "content": text, "normalized": normalized} | flags
