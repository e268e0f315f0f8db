"""Which texts are hard to encode? Words of all lengths, scripts and kinds of white space."""

from hypothesis import strategies as st

WORDS = ["hello", " world", " antidisestablishmentarianism", "a" * 21, "안녕하세요", " é", "'ll", "\n", "  "]
WORDS += ["xqzjk" * 9, "=" * 40, "🙂" * 20, "\x00", "\x00\x00", "a\x00", "12345", "\t", "!?", "\U00032c82"]
WORDS += [" " * 17, "\u3000", "\xa0 ", "ſ", "'ſ", "/\n/", "é\u0301", "あB", "aあAA", "\r\n \n"]
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=12), max_size=25).map("".join)
