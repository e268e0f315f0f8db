"""Which characters can the patterns tell apart? One of each class, and those of contractions."""

from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN

PATTERNS = {"gpt2": GPT2_PATTERN, "cl100k_base": CL100K_PATTERN, "o200k_base": O200K_PATTERN}
REPRESENTATIVES = {
    "gpt2": ["a", "s", "l", "'", "1", " ", "\n", "!"],
    "cl100k_base": ["a", "S", "l", "'", "1", " ", "\n", "\t", "!"],
    "o200k_base": ["A", "s", "あ", "\u0301", "'", "1", " ", "\n", "!", "/"],
}
# All of a kind that some pattern treats in its own way, the frequent ones several times.
ALPHABET = "aAsSlLvVeErRtTdDmMſ''  \n\n\r\t\x0b\x1c\u00a0\u200b11½!!/.é안あʰ\u0301𐐀🙂\U00032c82"
