"""Patterns and texts by the hundred thousand: are the pieces tiktoken's?"""

import os
import random
import sys
import time

# Run as a script this file would be found for `import regex`.
sys.path[:] = [
    folder
    for folder in sys.path
    if os.path.abspath(folder or ".") != os.path.dirname(os.path.abspath(__file__))
]

import tiktoken
from bpelab.bpe.splitting import regex_splitter as splitting
from bpelab.bpe.splitting.regex_splitter import Splitter

LETTERS = "aabbcKksS \n\r1_-'.é漢\u017f\u212a\u0295\U00032c82\u0301İiß"
SETS = [
    r"\d",
    r"\w",
    r"\s",
    r"\D",
    r"\W",
    r"\S",
    r"\h",
    r"\H",
    r"\pL",
    r"\p{L}",
    r"\P{L}",
    r"\p{Lu}",
    r"\p{Ll}",
    r"\p{^N}",
    r"\p{Han}",
    r"\p{Greek}",
    r"\p{M}",
    r"\p{alnum}",
    r"\P{word}",
    r"\p{upper}",
    r"\p{sc=Latin}",
    r"\p{gc!=L}",
    r"\p{Cn}",
]
ATOMS = [
    ".",
    r"\N",
    r"\O",
    r"\R",
    "^",
    "$",
    r"\A",
    r"\z",
    r"\Z",
    r"\b",
    r"\B",
    r"\<",
    r"\>",
    r"\b{start}",
    r"\b{end-half}",
    r"\x61",
    r"\x{e9}",
    r"\u0301",
    r"\n",
    r"\e",
    r"\-",
    r"\.",
    "{",
    "}",
    "]",
    "a{,2}",
    "a{",
    "-",
    "&&",
    "(?#x)",
    "(?i)",
    "(?s)",
    "(?m)",
    "(?x)",
    "(?U)",
    "(?R)",
    "(?-i)",
    "(?-x)",
    "(?-U)",
    "(?mR)",
]


def a_class(r, depth=0):
    items = []
    for _ in range(r.randint(1, 4)):
        kind = r.random()
        if kind < 0.4:
            items.append(r.choice(LETTERS.replace("-", "") + "^&~|()]"[:6]))
        elif kind < 0.6:
            first, last = sorted(r.sample("abcdkszAKSZ019é漢", 2))
            items.append(f"{first}-{last}")
        elif kind < 0.8:
            items.append(r.choice(SETS))
        elif kind < 0.87 and depth < 2:
            items.append(a_class(r, depth + 1))
        elif kind < 0.93:
            items.append(r.choice(["[:alpha:]", "[:^lower:]", "[:punct:]", "[:space:]", "[:foo:]"]))
        else:
            items.append(r.choice(["&&", "--", "~~", "-", "]"]))
    return f"[{'^' * (r.random() < 0.25)}{r.choice(['', '', '', '-', ']'])}{''.join(items)}]"


def an_atom(r, depth):
    kind = r.random()
    if kind < 0.4 or depth > 3:
        return r.choice(LETTERS.replace("-", "").replace(".", ""))
    if kind < 0.5:
        return r.choice(SETS)
    if kind < 0.6:
        return r.choice(ATOMS)
    if kind < 0.72:
        return a_class(r)
    if kind < 0.75:
        return r.choice([r"\1", r"\2", r"\k<n>", "(?P=n)"])
    opening = r.choice(
        [
            "(",
            "(",
            "(?:",
            "(?:",
            "(?:",
            "(?i:",
            "(?s:",
            "(?>",
            "(?=",
            "(?!",
            "(?<=",
            "(?<!",
            "(?<n>",
            "(?P<n>",
            "(?-i:",
            "(?m:",
            "(?x: ",
        ]
    )
    return f"{opening}{a_pattern(r, depth + 1)})"


def a_pattern(r, depth=0):
    options = []
    for _ in range(r.choice([1, 1, 1, 2, 2, 3])):
        parts = []
        for _ in range(r.choice([0, 1, 1, 2, 2, 2, 3, 3]) or (depth > 0 and r.random() < 0.3) or 1):
            atom = an_atom(r, depth)
            if r.random() < 0.45:
                atom += r.choice(
                    ["*", "+", "?", "*", "+", "{2}", "{1,2}", "{1,}", "{0,3}", "{,2}"]
                ) + r.choice(["", "", "", "", "?", "+"])
            parts.append(atom)
        if r.random() < 0.1 and len(parts) > 1:  # x*y?x*, which fancy-regex rewrites
            parts = [parts[0], parts[1] + "?", parts[0]]
        if not depth and r.random() < 0.6:  # so that not all too many match nothing, where tiktoken panics
            parts.insert(0, r.choice(["a", "b", "[a-c]", r"\w", "[^a]", "K", "."]))
        options.append("".join(parts))
    return "|".join(options)


def a_text(r):
    return "".join(r.choice(LETTERS if r.random() < 0.5 else "aab K\n1") for _ in range(r.randint(0, 14)))


def their_encoding(pattern, texts):
    pieces = {
        text[i:j].encode() for text in texts for i in range(len(text)) for j in range(i + 1, len(text) + 1)
    }
    ranks = {bytes([b]): b for b in range(256)}
    for piece in sorted(pieces - ranks.keys()):
        ranks[piece] = len(ranks)
    return tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})


def attack_patterns(n_pairs=200_000, seed=1, texts_each=20, seconds=300, show=20) -> str:
    """Any pattern that is not refused cuts the same pieces as in tiktoken."""
    r = random.Random(seed)
    counts = dict.fromkeys(
        ["equal", "both refuse", "we refuse", "they refuse", "they panic", "we time out", "DIFFERENT"], 0
    )
    refusals, shown = {}, []
    error_stream = os.dup(2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # where a panic is reported
    start, done = time.monotonic(), 0
    splitting.SECONDS = 0.2
    try:
        while done < n_pairs and time.monotonic() - start < seconds:
            pattern, texts = a_pattern(r), [a_text(r) for _ in range(texts_each)]
            ours = theirs = None
            try:
                ours = Splitter(pattern)
            except ValueError as error:
                why = str(error)
            if ours is None and ("a reference" in why or "a second group" in why):
                counts["we refuse"] += (
                    1  # compiling references into their own group may take tiktoken forever
                )
                continue
            try:
                theirs = their_encoding(pattern, texts)
            except ValueError as error:
                their_why = str(error)
            if ours is None or theirs is None:
                key = "both refuse" if ours is theirs else "we refuse" if ours is None else "they refuse"
                counts[key] += 1
                if key == "we refuse":
                    what = why.split(": ", 1)[-1][:60]
                    refusals[what] = refusals.get(what, 0) + 1
                if key == "they refuse" and "-v" in sys.argv:
                    print(key, repr(pattern), their_why)
                continue
            for text in texts:
                done += 1
                try:
                    expected = [
                        theirs.decode_single_token_bytes(t).decode() for t in theirs.encode_ordinary(text)
                    ]
                except UnicodeDecodeError:
                    raise
                except BaseException as error:
                    if type(error).__name__ != "PanicException":
                        raise
                    counts["they panic"] += 1
                    continue
                try:
                    found = ours.split(text)
                except TimeoutError:
                    counts["we time out"] += 1
                    continue
                if found == expected:
                    counts["equal"] += 1
                else:
                    counts["DIFFERENT"] += 1
                    shown.append((pattern, text, found, expected))
                    break
    finally:
        os.dup2(error_stream, 2)
        splitting.SECONDS = 10.0
    shown.sort(key=lambda case: len(case[0]))
    for case in shown[:show]:
        print(*map(ascii, case), sep="\n   ")
    if "-v" in sys.argv:
        print(sorted(refusals.items(), key=lambda item: -item[1])[:30])
    assert not counts["DIFFERENT"], counts
    return f"seed {seed}, {done:,} pairs in {time.monotonic() - start:.0f} s: {counts}"


def attack_sets(n_sets=300, seed=1) -> str:
    """Any class contains the same of all 1.1 million characters as in tiktoken."""
    r = random.Random(seed)
    single = {bytes([b]): b for b in range(256)}
    everything = "".join(chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000)
    n_equal = n_refused = 0
    for _ in range(n_sets):
        pattern = r.choice(["", "(?i)"]) + (a_class(r) if r.random() < 0.8 else r.choice(SETS))
        try:
            ours = Splitter(pattern)
            theirs = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=single, special_tokens={})
        except ValueError:
            n_refused += 1
            continue
        found = "".join(ours.split(everything)).encode()
        assert found == theirs.decode_bytes(theirs.encode_ordinary(everything)), pattern
        n_equal += 1
    return f"seed {seed}: {n_equal} sets equal for every character, {n_refused} refused by one of the two"


if __name__ == "__main__":
    print(attack_patterns(int(sys.argv[1]), int(sys.argv[2]), seconds=float(sys.argv[3])))
