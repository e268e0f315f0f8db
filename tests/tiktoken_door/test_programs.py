"""A program written for tiktoken prints the same with this package in its place."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

# Nothing in it knows of this package but its first line. It needs no download: gpt2 is in the package.
PROGRAM = """
import IMPORT as tiktoken
from IMPORT.load import dump_tiktoken_bpe, load_tiktoken_bpe
import pickle, sys

assert tuple(map(int, tiktoken.__version__.split("."))) >= (0, 9)
enc = tiktoken.encoding_for_model("gpt2")

def count_message_tokens(messages, tokens_per_message=3, tokens_per_name=1):
    total = 3  # every reply is primed
    for message in messages:
        total += tokens_per_message
        for key, value in message.items():
            total += len(enc.encode(value)) + (tokens_per_name if key == "name" else 0)
    return total

print(count_message_tokens([
    {"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
    {"role": "user", "content": "이 문장을 요약해 줘. 🙂"},
]))

def truncate(text, max_tokens):
    return enc.decode(enc.encode(text, disallowed_special=())[:max_tokens])

print(truncate("The quick brown fox <|endoftext|> jumps over 한국", 9))
print(enc.encode_ordinary_batch(["hello world", "", "goodbye"], num_threads=2))
print(enc.decode_batch(enc.encode_batch(["hello", "world <|endoftext|>"], allowed_special="all")))
try:
    enc.encode("a <|endoftext|> b")
except ValueError as error:
    print("refused", "<|endoftext|>" in str(error))
try:
    tiktoken.get_encoding("nothing")
except ValueError:
    print("unknown")

# The extension of the README of tiktoken: special tokens for a chat.
chat = tiktoken.Encoding(
    name="gpt2_im",
    pat_str=enc._pat_str,
    mergeable_ranks=enc._mergeable_ranks,
    special_tokens={**enc._special_tokens, "<|im_start|>": 50264, "<|im_end|>": 50265},
)
ids = chat.encode("<|im_start|>user\\nhi<|im_end|>", allowed_special={"<|im_start|>", "<|im_end|>"})
print(ids, [chat.decode_single_token_bytes(token) for token in ids], chat.n_vocab, chat.eot_token)
print(chat.decode_with_offsets(ids), sorted(chat.special_tokens_set), chat.is_special_token(50264))
print(pickle.loads(pickle.dumps(chat)).encode_to_numpy("hello world").tolist(), chat)
print([enc.encode_single_token(token) for token in (b" the", "the")], enc._encode_bytes(b"caf\\xc3"))
print(enc._encode_only_native_bpe("it's"), enc._encode_single_piece("helloqqqq"))
dump_tiktoken_bpe(dict(enc._mergeable_ranks), sys.argv[1])
print(load_tiktoken_bpe(sys.argv[1]) == enc._mergeable_ranks)
"""
# tiktoken's `dump_tiktoken_bpe` needs a package that it does not bring.
BLOBFILE = "import sys, types; sys.modules['blobfile'] = types.SimpleNamespace(BlobFile=open)\n"


def printed(program: str, *arguments: str, cache: Path) -> str:
    environment = {**os.environ, "TIKTOKEN_CACHE_DIR": str(cache), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, encoding="utf-8",
        env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_program_prints_what_it_prints_with_tiktoken(tmp_path: Path) -> None:
    pytest.importorskip("tiktoken", reason="pip install 'bpelab[peers]'")
    from bpelab.bpe.files.tiktoken_cache import write_tiktoken_cache

    write_tiktoken_cache(tmp_path / "cache")
    theirs = printed(
        BLOBFILE + PROGRAM.replace("IMPORT", "tiktoken"),
        str(tmp_path / "a.tiktoken"),
        cache=tmp_path / "cache",
    )
    ours = printed(
        PROGRAM.replace("IMPORT", "bpelab.tiktoken"), str(tmp_path / "b.tiktoken"), cache=tmp_path / "none"
    )
    assert ours == theirs
    assert len(ours.splitlines()) > 10
    assert (tmp_path / "a.tiktoken").read_bytes() == (tmp_path / "b.tiktoken").read_bytes()
    assert not (tmp_path / "none").exists()


def test_a_program_runs_where_tiktoken_is_not_installed(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['tiktoken'] = sys.modules['tiktoken_ext'] = None\n"
    program = hidden + PROGRAM.replace("IMPORT", "bpelab.tiktoken")
    assert printed(program, str(tmp_path / "x.tiktoken"), cache=tmp_path / "none").endswith("True\n")


def test_libraries_that_import_tiktoken_get_this_package_in_its_place(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "tiktoken.md").read_text(encoding="utf-8")
    first, in_place = re.findall(r"```py(?:thon)?\n(.*?)```", page, re.DOTALL)
    program = first + in_place + (
        "import tiktoken; from tiktoken import registry; from tiktoken.load import load_tiktoken_bpe\n"
        "registry.ENCODING_CONSTRUCTORS['own'] = registry.ENCODING_CONSTRUCTORS['gpt2']\n"
        "print(bpelab.tiktoken.get_encoding('own').encode('hello'), load_tiktoken_bpe.__module__)\n"
    )  # fmt: skip
    assert printed(program, cache=tmp_path) == "[31373] bpelab.tiktoken.load\n"
