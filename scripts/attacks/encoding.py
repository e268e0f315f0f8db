"""Attacks on the encoder: forks, threads, ids of any kind, and inputs that demand time or memory."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable

import numpy as np
from bpelab.bpe import Encoding, get_encoding


def _new_words(n_words: int, generator: random.Random) -> str:
    return " ".join("".join(generator.choices("bcdfghjklmnpqrstvwxz", k=9)) for _ in range(n_words))


def _fresh(name: str = "attacked", **changes: object) -> Encoding:
    gpt2 = get_encoding("gpt2")
    parts = {
        "pat_str": gpt2.pattern,
        "mergeable_ranks": gpt2.ranks,
        "special_tokens": gpt2.special_tokens,
    }
    return Encoding(name, **(parts | changes))  # type: ignore[arg-type]


def _in_child(call: Callable[[], bool], limit_s: int = 600) -> tuple[float, float]:
    """Run a check in a forked process; return its seconds and its peak of memory in GB."""
    start = time.perf_counter()
    child = os.fork()
    if not child:
        try:
            signal.alarm(limit_s)
            os._exit(not call())
        finally:
            os._exit(2)
    _, status, usage = os.wait4(child, 0)
    assert status == 0, f"the process ended with status {status} ({os.waitstatus_to_exitcode(status)})"
    return time.perf_counter() - start, usage.ru_maxrss / 1e6


def fork_storm(n_forks: int = 200, n_threads: int = 4, limit_s: int = 30) -> str:
    """A process forked while other threads encode text that is new to them encodes, and never hangs."""
    enc, gpt2 = _fresh(), get_encoding("gpt2")
    text = _new_words(3000, random.Random(0))
    expected = gpt2.encode_to_numpy(text).tolist()
    may_end = threading.Event()

    def encode_new(seed: int) -> None:
        generator = random.Random(seed)
        while not may_end.is_set():
            enc.encode_to_numpy(_new_words(2000, generator))
            enc.encode(_new_words(50, generator))
            enc.decode([31373] * 600)

    def check() -> bool:
        return enc.encode_to_numpy(text).tolist() == expected and enc.encode("hello world") == [31373, 995]

    threads = [threading.Thread(target=encode_new, args=(seed,)) for seed in range(n_threads)]
    for thread in threads:
        thread.start()
    hung = wrong = 0
    generator = random.Random(1)
    for _ in range(n_forks):
        time.sleep(generator.random() / 100)
        child = os.fork()
        if not child:
            try:
                signal.alarm(limit_s)
                os._exit(not check())
            finally:
                os._exit(2)
        status = os.waitpid(child, 0)[1]
        hung += os.WIFSIGNALED(status)
        wrong += os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0
    may_end.set()
    for thread in threads:
        thread.join()
    assert not hung and not wrong, f"of {n_forks} forked processes {hung} hung, {wrong} gave other ids"
    return f"{n_forks} processes forked while {n_threads} threads encoded: none hung, all had the right ids"


def first_use_storm(n_forks: int = 50) -> str:
    """A process forked while another thread builds an encoding's tables for the first time does not hang."""
    text, ids = "Hello, world. " * 2000, get_encoding("gpt2").encode("Hello, world. " * 2000)
    hung = 0
    for turn in range(n_forks):
        enc = _fresh()
        thread = threading.Thread(target=lambda enc=enc: (enc.encode(text), enc.decode(ids)))
        thread.start()
        time.sleep(0.1 * turn / n_forks)
        child = os.fork()
        if not child:
            try:
                signal.alarm(30)
                os._exit(not (enc.encode(text) == ids and enc.decode(ids) == text))
            finally:
                os._exit(2)
        hung += os.waitpid(child, 0)[1] != 0
        thread.join()
    assert not hung, f"{hung} of {n_forks} processes forked during the first use did not answer"
    return f"{n_forks} processes forked during an encoding's first use: all answered"


def interrupts(n_interrupts: int = 200) -> str:
    """Whatever Ctrl-C interrupts, the next call's ids are right."""
    enc, gpt2 = _fresh(), get_encoding("gpt2")
    generator, n_hit = random.Random(2), 0
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for _ in range(n_interrupts):
            text = _new_words(2000, generator)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.001 + generator.random() / 50)
                enc.encode_to_numpy(text)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                n_hit += 1
            assert enc.encode(text) == gpt2.encode(text), "an interrupted call left wrong ids behind"
    finally:
        signal.signal(signal.SIGALRM, old)
    return f"{n_interrupts} calls, {n_hit} of them interrupted: the ids afterwards were right"


def narrow_ids(n_arrays: int = 300) -> str:
    """Ids in any integer dtype, of any byte order, decode to the same bytes."""
    gpt2, generator = get_encoding("gpt2"), np.random.default_rng(3)
    dtypes = [order + kind + size for order in "<>" for kind in "iu" for size in "1248"]
    for number in range(n_arrays):
        dtype = np.dtype(dtypes[number % len(dtypes)])
        highest = min(int(np.iinfo(dtype).max), gpt2.max_token_value)
        ids = generator.integers(0, highest + 1, int(generator.integers(1, 3000)), dtype=np.int64)
        ids[-1] = highest
        expected = b"".join(map(gpt2.decode_single_token_bytes, ids.tolist()))
        assert gpt2.decode_bytes(ids.astype(dtype)) == expected, f"{dtype} decodes to something else"
        assert gpt2.decode_bytes_batch([ids.astype(dtype)] * 2) == [expected] * 2
    return f"{n_arrays} arrays of {len(dtypes)} integer dtypes: all decoded to the same bytes"


def high_ranks(highest: int = 2**31 - 2, most_gb: float = 0.5) -> str:
    """Memory follows the number of tokens and not the highest rank."""
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": highest}

    def check() -> bool:
        enc = Encoding("high", pat_str=r"\w+|\W", mergeable_ranks=ranks, special_tokens={"<end>": 2**32 - 1})
        ids = enc.encode("ab c " * 5000 + "<end>", allowed_special="all")
        return ids[0] == highest and enc.decode(ids) == "ab c " * 5000 + "<end>"

    seconds, peak = _in_child(check)
    assert peak < most_gb, f"a rank of {highest:,} took {peak:.1f} GB"
    return f"a vocabulary of 257 tokens with the rank {highest:,}: {seconds:.1f} s, {peak:.2f} GB"


def truncate_long(n_bytes: int = 200_000_000, n_tokens: int = 1000) -> str:
    """Truncating reads no further than it must."""
    text = "Hello, world. How are you today? " * (n_bytes // 33)
    gpt2 = get_encoding("gpt2")
    gpt2.truncate(text[:100_000], 10)
    start = time.perf_counter()
    beginning = gpt2.truncate(text, n_tokens)
    seconds = time.perf_counter() - start
    assert gpt2.count(beginning) == n_tokens and seconds < 5, f"truncating took {seconds:.1f} s"
    return f"{n_bytes / 1e6:,.0f} MB truncated to {n_tokens:,} tokens in {1000 * seconds:.0f} ms"


def no_space(n_bytes: int = 100_000_000, bytes_a_byte: float = 20) -> str:
    """A piece of any length takes the memory of its ids, its bytes and one block."""
    text = np.random.default_rng(1).integers(97, 123, n_bytes, dtype=np.uint8).tobytes().decode()

    def check() -> bool:
        gpt2 = get_encoding("gpt2")
        return gpt2.decode(gpt2.encode_to_numpy(text)) == text

    seconds, peak = _in_child(check, 3600)
    assert peak < 0.5 + bytes_a_byte * n_bytes / 1e9, f"{n_bytes / 1e6:,.0f} MB took {peak:.1f} GB"
    return f"{n_bytes / 1e6:,.0f} MB of letters without a space: {seconds:.0f} s, {peak:.1f} GB"


def distinct_pieces(n_pieces: int = 10_000_000, pattern: str = r"\S+|\s+", bytes_a_piece: float = 400) -> str:
    """Text in which no piece occurs twice fills no cache beyond its bound, whatever the pattern."""
    letters = np.random.default_rng(1).integers(97, 123, (n_pieces, 10), dtype=np.uint8)
    letters[:, -1] = ord(" ")
    text = letters.tobytes().decode()
    del letters

    def check() -> bool:
        enc = _fresh(pat_str=pattern)
        return enc.decode(enc.encode_to_numpy(text)) == text

    seconds, peak = _in_child(check, 3600)
    assert peak < 0.7 + bytes_a_piece * n_pieces / 1e9, f"{n_pieces:,} pieces took {peak:.1f} GB"
    return f"{n_pieces:,} pieces of 9 letters, all different: {seconds:.0f} s, {peak:.1f} GB"


def long_special(n_chars: int = 5000, n_text: int = 20_000_000) -> str:
    """A special token of thousands of characters costs no more than a short one, even in text that nearly matches."""
    enc = _fresh(special_tokens={"x" * (n_chars - 1) + "y": 60_000, "<|end|>": 60_001})
    text = ("x" * (n_chars - 2) + " ") * (n_text // n_chars)
    start = time.perf_counter()
    for allowed in (frozenset[str](), enc.special_tokens_set):
        try:
            enc.encode_to_numpy(text + "x" * (n_chars - 1) + "y", allowed_special=allowed)
        except ValueError as error:
            assert not allowed, error
    seconds = time.perf_counter() - start
    assert seconds < 60 * n_text / 1e7, f"{seconds:.1f} s"
    return f"a special token of {n_chars:,} characters in {n_text / 1e6:,.0f} MB that nearly has it: {seconds:.1f} s"


def unstable_spaces(n_spaces: int = 100_000) -> str:
    """More completions of a text's end than memory can hold are refused."""

    def check() -> bool:
        try:
            get_encoding("gpt2").encode_with_unstable(" " * n_spaces)
        except ValueError as error:
            return "ids together" in str(error)
        return False

    seconds, peak = _in_child(check)
    assert peak < 3, f"{peak:.1f} GB"
    return f"the completions of {n_spaces:,} spaces were refused after {seconds:.0f} s and {peak:.1f} GB"


if __name__ == "__main__":
    import sys

    names = sys.argv[1:] or [
        "fork_storm",
        "first_use_storm",
        "interrupts",
        "narrow_ids",
        "high_ranks",
        "truncate_long",
        "long_special",
        "unstable_spaces",
    ]
    for name in names:
        print(name, "|", globals()[name](), flush=True)
