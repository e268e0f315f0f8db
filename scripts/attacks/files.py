"""Attacks on the files of encodings, against the public API only."""

import json
import os
import random
import resource
import signal
import string
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from bpelab.bpe import Encoding, get_encoding, train
from bpelab.bpe.files.save_load import load_encoding, save_encoding

FORMS = ("x.json", "x.tiktoken", "vocab.bpe", "merges.txt")
_TEXT = string.printable + "é한🙂 the cat sat"
# What a careless or hostile editor types where a byte was.
_EDITS = b'0189"\\{}[],: \n\r\t-+.eE<>|\x00\xff'


def _small(size: int = 270, text: str = "the cat sat on the mat, the hat and the dog") -> Encoding:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return train([text], vocab_size=size, special_tokens=["<|end|>", "<|é|>"], name="small")


def _load(path: Path, encoding: Encoding) -> Encoding:
    if path.suffix != ".tiktoken":
        return load_encoding(path)
    return load_encoding(path, pattern=encoding.pattern, special_tokens=encoding.special_tokens)


def _parts(encoding: Encoding) -> tuple[object, ...]:
    return encoding.pattern, encoding.ranks, encoding.special_tokens


def damaged_files(n_changes: int = 20_000, seed: int = 0) -> str:
    """A file with any bytes cut off, changed, lost, doubled or inserted is an error that names it, or an encoding that works."""
    draw, whole = random.Random(seed), _small()
    n_refused = n_same = n_other = 0
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:
            opened = Path(folder) / form
            for path in save_encoding(opened, whole):
                data = path.read_bytes()
                n_here = n_changes // 6
                contents = [data[:n] for n in range(len(data))]
                for _ in range(n_here):
                    at, end = draw.randrange(len(data)), 0
                    end = min(len(data), at + draw.choice([1, 1, 1, 2, 8, 100]))
                    byte = bytes([draw.choice([draw.randrange(256), draw.choice(_EDITS)])])
                    kind = draw.randrange(6)
                    if kind < 3:
                        changed = data[:at] + byte + data[at + 1 :]
                    elif kind == 3:
                        changed = data[:at] + data[end:]
                    elif kind == 4:
                        changed = data[:end] + data[at:]
                    else:
                        changed = data[:at] + byte + data[at:]
                    contents.append(changed)
                for content in contents:
                    path.write_bytes(content)
                    try:
                        found = _load(opened, whole)
                    except ValueError as error:
                        assert folder in str(error), f"{form}: the error names no file: {error}"
                        assert len(str(error)) < 3000, f"{form}: an error of {len(str(error))} characters"
                        n_refused += 1
                        continue
                    if _parts(found) == _parts(whole):
                        n_same += 1
                    else:
                        n_other += 1
                    ids = found.encode(_TEXT, disallowed_special=())
                    skips = form == "x.json" and found.pattern != whole.pattern
                    assert skips or found.decode(ids) == _TEXT, f"{form}: the text does not come back"
                path.write_bytes(data)
    return (
        f"{n_refused + n_same + n_other:,} damaged files: {n_refused:,} refused by name, {n_same:,} the same encoding,"
        f" {n_other:,} another sound one"
    )


def merges_cut_at_every_line(step: int = 5000) -> str:
    """GPT-2's own vocab.bpe, cut after any line but the last, is refused with both counts."""
    whole = get_encoding("gpt2")
    n_refused = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocab.bpe"
        save_encoding(path, whole)
        lines = path.read_bytes().splitlines(keepends=True)
        cuts = sorted({*range(1, len(lines), step), len(lines) - 1})
        for n_lines in cuts:
            path.write_bytes(b"".join(lines[:n_lines]))
            try:
                load_encoding(path)
            except ValueError as error:
                assert f"{n_lines - 1:,} merges" in str(error), error
                assert f"{len(lines) - n_lines:,} of the tokens" in str(error), error
                n_refused += 1
            else:
                raise AssertionError(f"cut after line {n_lines}: accepted")
    return f"{n_refused:,} cuts of vocab.bpe at a line end, all refused with both counts"


def every_truncation_of_the_official_pair(n: int = 40, seed: int = 0) -> str:
    """Both files of GPT-2, cut anywhere, are refused."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocab.bpe"
        for file in save_encoding(path, get_encoding("gpt2")):
            data = file.read_bytes()
            for length in draw.sample(range(len(data)), n // 2):
                file.write_bytes(data[:length])
                try:
                    load_encoding(path)
                except ValueError as error:
                    assert folder in str(error)
                else:
                    raise AssertionError(f"{file.name} cut to {length} bytes: accepted")
            file.write_bytes(data)
    return f"{n} truncations of vocab.bpe and encoder.json, all refused"


def killed_saves(n_kills: int = 30, seed: int = 0) -> str:
    """After a kill of a process that saves two encodings in turn, the files hold one of them whole, or are refused."""
    draw, one, other = random.Random(seed), _small(), _small(text="a dog and a log and a fog and a frog")
    program = (
        "import sys; from bpelab.bpe.files.save_load import *\n"
        "encodings = [load_encoding(name) for name in sys.argv[2:]]\n"
        "print('ready', flush=True)\n"
        "while True:\n    for encoding in encodings: save_encoding(sys.argv[1], encoding)\n"
    )
    n_whole = n_refused = 0
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "pair" / "vocab.bpe"
        target.parent.mkdir()
        names = [
            str(save_encoding(Path(folder) / f"{i}.json", kept)[0]) for i, kept in enumerate((one, other))
        ]
        for _ in range(n_kills):
            process = subprocess.Popen(
                [sys.executable, "-c", program, str(target), *names], stdout=subprocess.PIPE
            )
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            time.sleep(0.02 + draw.random() * 0.1)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
            try:
                found = _parts(load_encoding(target))
            except (ValueError, FileNotFoundError) as error:
                assert folder in str(error)
                n_refused += 1
            else:
                assert found in (_parts(one), _parts(other)), "a mix of two encodings was accepted"
                n_whole += 1
    return f"{n_kills} kills while pairs were saved: {n_whole} whole, {n_refused} refused, no mix"


def far_ids(limit_mb: int = 200) -> str:
    """With ranks of 2**26 and near 2**31, and numbers of any length, memory follows the number of tokens."""
    program = (
        "import resource, sys; from bpelab.bpe.files.save_load import *\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    encoding = load_encoding(sys.argv[1], **({'pattern': 'gpt2'} if sys.argv[1].endswith('.tiktoken') else {}))\n"
        "    ids = encoding.encode('ab' * 9000)\n"
        "    assert encoding.decode(ids) == 'ab' * 9000\n"
        "    kind = 'loaded'\n"
        "except ValueError as error:\n"
        "    assert sys.argv[1] in str(error), error\n"
        "    kind = 'refused'\n"
        "print(kind, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    said, base = [], _small()
    with tempfile.TemporaryDirectory() as folder:
        for rank in (2**26, 2**31 - 2, 2**31 + 5, 2**32 - 1, 10**30, 10**5000):
            if rank < 10**4000:
                number = str(rank)
            else:
                number = "1" + "0" * 5000
            (path,) = save_encoding(Path(folder) / "x.json", base)
            content = json.loads(path.read_bytes())
            content["model"]["vocab"]["ab"] = "RANK"
            content["model"]["merges"].append("a b")
            path.write_text(json.dumps(content).replace('"RANK"', number))
            (lines,) = save_encoding(Path(folder) / "x.tiktoken", base)
            lines.write_bytes(lines.read_bytes() + f"YWI= {number}\n".encode())
            for file in (path, lines):
                done = subprocess.run(
                    [sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, done.stderr[-500:]
                kind, grown = done.stdout.split()
                assert int(grown) < limit_mb, f"{file.name} with a rank of {number[:12]}: {grown} MB"
                said.append(f"{number[:10]} {file.suffix} {kind} {grown} MB")
    return "; ".join(said)


def traces_of_a_megabyte(limit_mb: int = 700, limit_seconds: float = 60.0) -> str:
    """A trace of 1 MB of any text, and its drawing, stay within bounds."""
    gpt2 = get_encoding("gpt2")
    from bpelab.bpe.study.trace import trace_encode

    texts = {
        "one piece": "\0" * 1_000_000,
        "distinct long pieces": "".join(f" {'xyzq' * 56}{i:x}" for i in range(4_300)),
        "surrogates": "\ud800<b>" * 250_000,
        "characters across tokens": "한é🙂" * 120_000,
        "words": "".join(f" word{i}" for i in range(100_000)),
    }
    said = []
    for name, text in texts.items():
        start = time.perf_counter()
        trace = trace_encode(text, gpt2)
        html = trace._repr_html_()
        took = time.perf_counter() - start
        assert trace.ids == gpt2.encode_ordinary(text)
        assert len(html) < 10_000_000, f"{name}: a page of {len(html):,} characters"
        assert "<b>" not in html.replace("<b>gpt2</b>", ""), f"{name}: markup of the text"
        assert took < limit_seconds, f"{name}: {took:.0f} s"
        said.append(f"{name} {took:.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    assert peak < limit_mb, f"{peak} MB"
    return f"{', '.join(said)}; at most {peak} MB"


if __name__ == "__main__":
    for attack in (
        damaged_files,
        merges_cut_at_every_line,
        every_truncation_of_the_official_pair,
        killed_saves,
        traces_of_a_megabyte,
        far_ids,
    ):
        began = time.perf_counter()
        try:
            result = attack()
        except AssertionError as error:
            result = f"FAILED: {error}"
        print(f"{attack.__name__}: {result} ({time.perf_counter() - began:.0f} s)", flush=True)
