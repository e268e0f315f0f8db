"""What does a student write? A right solution, any function of which can be written in another way."""

import copy
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bpelab.bpe.exercise.check import StepResult, check
from bpelab.bpe.exercise.explanation import Explanation, explain
from bpelab.bpe.exercise.outcome import Outcome, plain
from bpelab.bpe.exercise.steps import STEPS, empty_file

FUNCTIONS = {function.name: (step, function) for step in STEPS for function in step.functions}
LANGUAGES = ("en", "ko")
# What a student writes: the bodies of the functions.
SOLUTION = {
    "split": "return regex.findall(PATTERN, text)",
    "count_pairs": """
        counts = Counter()
        for piece in pieces:
            counts.update(zip(piece, piece[1:]))
        return counts
    """,
    "merge": """
        merged = []
        while symbols:
            if tuple(symbols[:2]) == pair:
                merged.append(new)
                symbols = symbols[2:]
            else:
                merged.append(symbols[0])
                symbols = symbols[1:]
        return merged
    """,
    "train": """
        tokens = list(BYTES)
        pieces = [list(piece.encode()) for text in texts for piece in split(text)]
        while len(tokens) < n_tokens and (counts := count_pairs(pieces)):
            pair = min(counts, key=lambda pair: (-counts[pair], pair))
            pieces = [merge(piece, pair, len(tokens)) for piece in pieces]
            tokens.append(tokens[pair[0]] + tokens[pair[1]])
        return {token: rank for rank, token in enumerate(tokens)}
    """,
    "encode_piece": """
        parts = [bytes([byte]) for byte in piece]
        while True:
            ranked = [(ranks[a + b], i) for i, (a, b) in enumerate(zip(parts, parts[1:])) if a + b in ranks]
            if not ranked:
                return [ranks[part] for part in parts]
            i = min(ranked)[1]
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
    """,
    "decode": "return b''.join(tokens[i] for i in ids).decode(errors='replace')",
    "printable": "return ''.join(CHARS[byte] for byte in token)",
    "from_printable": "return bytes(CHARS.index(char) for char in text)",
    "encode": """
        ids = []
        for part in regex.split("(" + ("|".join(map(regex.escape, special_tokens)) or "$^") + ")", text):
            if part in special_tokens:
                ids.append(special_tokens[part])
            else:
                for piece in split(part or ""):
                    ids += encode_piece(piece.encode(), ranks)
        return ids
    """,
}
HEADER = """
from collections import Counter

SHOWN = [*range(33, 127), *range(161, 173), *range(174, 256)]
HIDDEN = [byte for byte in range(256) if byte not in SHOWN]
CHARS = [chr(byte) if byte in SHOWN else chr(256 + HIDDEN.index(byte)) for byte in range(256)]
"""


def written(folder: Path, **bodies: str) -> Path:
    """Write the solution to a file, with some of its functions written in another way."""
    source = empty_file("my_bpe.py", "en").replace("import regex\n", f"import regex\n{HEADER}", 1)
    for name, body in (SOLUTION | bodies).items():
        before, _, after = source.partition(f"def {name}(")
        indented = textwrap.indent(textwrap.dedent(body).strip(), "    ")
        source = f"{before}def {name}({after.replace('    raise NotImplementedError', indented, 1)}"
    path = folder / "my_bpe.py"
    path.write_text(source, encoding="utf-8")
    return path


def checked(folder: Path, name: str, body: str, seconds: float = 5.0) -> StepResult:
    """Check one function that is written in another way than in the solution."""
    path = written(folder, **{name: body})
    return check(path, seconds, [FUNCTIONS[name][0]]).steps[0]


class Here:
    """A student's functions in this process: those of the tables below end, and start at once."""

    def __init__(self, path: Path) -> None:
        self.names: dict[str, Any] = {}
        exec(compile(path.read_text(encoding="utf-8"), path, "exec"), self.names)

    def call(self, function: str, arguments: Sequence[Any]) -> Outcome:
        try:
            return Outcome("value", plain(self.names[function](*copy.deepcopy(arguments))))
        except Exception as error:
            return Outcome("raised", error=type(error).__name__, message=str(error))

    def end(self) -> None:
        pass


def explained(result: StepResult, language: str = "en", seconds: float = 5.0) -> Explanation:
    assert result.failure is not None
    return explain(result.failure, seconds, language)  # type: ignore[arg-type]
