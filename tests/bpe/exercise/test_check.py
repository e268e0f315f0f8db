"""A right solution passes, typical mistakes are recognized, and no file can harm the checker."""

import copy
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe.exercise import answers
from bpelab.bpe.exercise.cases import SMALL, random_cases
from bpelab.bpe.exercise.check import WHOLE, StepResult, check, check_step, same
from bpelab.bpe.exercise.explanation import Explanation, explain
from bpelab.bpe.exercise.mistakes import MISTAKES
from bpelab.bpe.exercise.outcome import MAX_PRINTED, Outcome, plain
from bpelab.bpe.exercise.steps import STEPS, empty_file
from bpelab.bpe.exercise.words import table

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


def test_a_right_solution_passes_all_steps_and_gives_tiktokens_ids(tmp_path: Path) -> None:
    result = check(written(tmp_path))
    assert [step.status for step in result.steps] == ["right"] * 9
    assert result.is_right and result.steps[-1].reference == "tiktoken"
    assert min(step.n_right for step in result.steps) > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_that_is_written_runs_and_is_all_to_do(tmp_path: Path, language: str) -> None:
    path = tmp_path / "my_bpe.py"
    path.write_text(empty_file("my_bpe.py", language), encoding="utf-8")  # type: ignore[arg-type]
    result = check(path)
    assert [step.status for step in result.steps] == ["todo", *["later"] * 8]
    assert result.steps[0].todo == ("split",)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_examples_of_the_docstrings_are_those_of_the_textbook(language: str) -> None:
    import doctest

    module: dict[str, object] = {}
    exec(empty_file("my_bpe.py", language), module)  # type: ignore[arg-type]
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner(verbose=False)
    for name in FUNCTIONS:
        right = {**module, **answers.RIGHT}
        for test in finder.find(module[name], name, globs=right):
            assert test.examples
            runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("blank", ["...", "pass", "raise NotImplementedError('later')"])
def test_the_first_function_that_is_not_written_is_named(tmp_path: Path, blank: str) -> None:
    result = checked(tmp_path, "from_printable", blank)
    assert (result.status, result.todo) == ("todo", ("from_printable",))


def test_a_function_that_is_not_in_the_file_is_to_do(tmp_path: Path) -> None:
    (tmp_path / "my_bpe.py").write_text("")
    result = check(tmp_path / "my_bpe.py")
    assert (result.steps[0].status, result.steps[0].todo) == ("todo", ("split",))


# What students write, and which mistake it is.
TYPICAL = [
    ("split", "loses_white_space", "return text.split()"),
    ("split", "no_space_in_front", r"return regex.findall(r'\p{L}+|\p{N}+|[^\s\p{L}\p{N}]+|\s+', text)"),
    ("split", "words_and_spaces", r"return regex.findall(r'\S+|\s+', text)"),
    ("split", "words_without_spaces", r"return regex.findall(r'\w+|[^\w\s]+', text)"),
    ("split", "space_behind", r"return regex.findall(r'\S+ ?|\s+', text)"),
    ("split", "no_lookahead", r"return regex.findall(PATTERN.replace(r'|\s+(?!\S)', ''), text)"),
    ("split", "no_contractions", r"return regex.findall(PATTERN.partition('|')[2].partition('|')[2]"
     r".partition(')|')[2], text)"),
    ("split", "any_case", "return regex.findall(PATTERN, text, regex.I)"),
    ("split", "ascii_letters", r"return regex.findall(PATTERN.replace(r'[^\s\p{L}\p{N}]', r'[^\sA-Za-z0-9]')"
     r".replace(r'\p{L}', '[A-Za-z]').replace(r'\p{N}', '[0-9]'), text)"),
    ("split", "word_characters", r"return regex.findall(r''' ?\w+| ?[^\s\w]+|\s+(?!\S)|\s+''', text)"),
    ("split", "not_cut", "return [text]"),
    ("split", "characters", "return list(text)"),
    ("count_pairs", "across_pieces", "ids = sum(pieces, [])\nreturn Counter(zip(ids, ids[1:]))"),
    ("count_pairs", "without_overlap", """
        counts = Counter()
        for piece in pieces:
            i = 0
            while i < len(piece) - 1:
                counts[piece[i], piece[i + 1]] += 1
                i += 2 if len(piece) > i + 2 and piece[i] == piece[i + 1] == piece[i + 2] else 1
        return counts
     """),
    ("count_pairs", "last_pair_missing",
     "return Counter((p[i], p[i + 1]) for p in pieces for i in range(len(p) - 2))"),
    ("count_pairs", "first_pair_missing",
     "return Counter((p[i], p[i + 1]) for p in pieces for i in range(1, len(p) - 1))"),
    ("count_pairs", "any_order", "return Counter(tuple(sorted(q)) for p in pieces for q in zip(p, p[1:]))"),
    ("count_pairs", "every_second",
     "return Counter((p[i], p[i + 1]) for p in pieces for i in range(0, len(p) - 1, 2))"),
    ("count_pairs", "once_a_piece", "return Counter(q for p in pieces for q in set(zip(p, p[1:])))"),
    ("count_pairs", "distinct_pieces",
     "return Counter(q for p in set(map(tuple, pieces)) for q in zip(p, p[1:]))"),
    ("count_pairs", "last_piece_only", "c = {}\nfor p in pieces:\n    c = Counter(zip(p, p[1:]))\nreturn c"),
    ("count_pairs", "first_piece_only", "for p in pieces:\n    return Counter(zip(p, p[1:]))\nreturn {}"),
    ("count_pairs", "one_too_few", """
        counts = {}
        for piece in pieces:
            for pair in zip(piece, piece[1:]):
                counts[pair] = counts[pair] + 1 if pair in counts else 0
        return counts
     """),
    ("count_pairs", "single_ids", "return Counter(i for p in pieces for i in p)"),
    ("merge", "overlapping", """
        merged, skip = [], False
        for i, symbol in enumerate(symbols):
            if i + 1 < len(symbols) and (symbol, symbols[i + 1]) == pair:
                merged.append(new)
                skip = True
            elif skip:
                skip = False
            else:
                merged.append(symbol)
        return merged
     """),
    ("merge", "from_the_right", """
        symbols, i = list(symbols), len(symbols) - 2
        while i >= 0:
            if tuple(symbols[i : i + 2]) == pair:
                symbols[i : i + 2] = [new]
                i -= 1
            i -= 1
        return symbols
     """),
    ("merge", "first_only", """
        for i in range(len(symbols) - 1):
            if tuple(symbols[i : i + 2]) == pair:
                return symbols[:i] + [new] + symbols[i + 2 :]
        return symbols
     """),
    ("merge", "last_symbol_lost", """
        merged, i = [], 0
        while i < len(symbols) - 1:
            if (symbols[i], symbols[i + 1]) == pair:
                merged.append(new)
                i += 2
            else:
                merged.append(symbols[i])
                i += 1
        return merged
     """),
    ("merge", "any_order", """
        merged, i = [], 0
        while i < len(symbols):
            if i + 1 < len(symbols) and {symbols[i], symbols[i + 1]} == set(pair) and (
                symbols[i] != symbols[i + 1] or pair[0] == pair[1]
            ):
                merged.append(new)
                i += 2
            else:
                merged.append(symbols[i])
                i += 1
        return merged
     """),
    ("merge", "keeps_second",
     "return [new if tuple(symbols[i : i + 2]) == pair else s for i, s in enumerate(symbols)]"),
    ("merge", "again", """
        symbols, i = list(symbols), 0
        while i < len(symbols) - 1:
            if tuple(symbols[i : i + 2]) == pair:
                symbols[i : i + 2] = [new]
                i = -1
            i += 1
        return symbols
     """),
    ("merge", "nothing_merged",
     "return [new if symbols[i : i + 2] == pair else s for i, s in enumerate(symbols)]"),
    ("train", "tie_first_seen", SOLUTION["train"].replace(
        "min(counts, key=lambda pair: (-counts[pair], pair))", "max(counts, key=counts.get)")),
    ("train", "tie_largest", SOLUTION["train"].replace(
        "min(counts, key=lambda pair: (-counts[pair], pair))",
        "max(counts, key=lambda pair: (counts[pair], pair))")),
    ("train", "tie_bytes", SOLUTION["train"].replace(
        "(-counts[pair], pair)", "(-counts[pair], tokens[pair[0]], tokens[pair[1]])")),
    ("train", "counted_once", """
        counts = count_pairs([list(piece.encode()) for text in texts for piece in split(text)])
        pairs = sorted(counts, key=lambda pair: (-counts[pair], pair))[: n_tokens - 256]
        return {token: rank for rank, token in enumerate([*BYTES, *(bytes(pair) for pair in pairs)])}
     """),
    ("train", "not_split", SOLUTION["train"].replace(
        "list(piece.encode()) for text in texts for piece in split(text)",
        "list(text.encode()) for text in texts")),
    ("train", "joined_texts", SOLUTION["train"].replace(
        "for text in texts for piece in split(text)", "for piece in split(''.join(texts))")),
    ("train", "first_text_only", SOLUTION["train"].replace("in texts", "in texts[:1]")),
    ("train", "n_merges", SOLUTION["train"].replace("< n_tokens", "< 256 + n_tokens")),
    ("train", "one_too_many", SOLUTION["train"].replace("< n_tokens", "<= n_tokens")),
    ("train", "one_too_few", SOLUTION["train"].replace("< n_tokens", "< n_tokens - 1")),
    ("train", "without_bytes", SOLUTION["train"].replace(
        "enumerate(tokens)}", "enumerate(tokens) if rank > 255}")),
    ("train", "least_frequent", SOLUTION["train"].replace("-counts[pair]", "counts[pair]")),
    ("train", "distinct_pieces", SOLUTION["train"].replace(
        "for text in texts for piece in split(text)",
        "for piece in {p for text in texts for p in split(text)}")),
    ("train", "gpt2_order", SOLUTION["train"].replace(
        "list(BYTES)", "[bytes([byte]) for byte in SHOWN + HIDDEN]")
     .replace("list(piece.encode())", "[(SHOWN + HIDDEN).index(byte) for byte in piece.encode()]")),
    ("encode_piece", "highest_rank", SOLUTION["encode_piece"].replace("min(ranked)", "max(ranked)")),
    ("encode_piece", "leftmost_pair", SOLUTION["encode_piece"].replace("min(ranked)", "ranked[0]")),
    ("encode_piece", "rightmost", SOLUTION["encode_piece"].replace(
        "min(ranked)", "min(ranked, key=lambda pair: (pair[0], -pair[1]))")),
    ("encode_piece", "longest_token", """
        ids = []
        while piece:
            for end in range(len(piece), 0, -1):
                if piece[:end] in ranks:
                    ids.append(ranks[piece[:end]])
                    piece = piece[end:]
                    break
        return ids
     """),
    ("encode_piece", "one_merge", SOLUTION["encode_piece"].replace("while True:", "for _ in [1, 2]:").replace(
        "if not ranked:", "if not ranked or _ == 2:")),
    ("encode_piece", "never_merges", "return [ranks[bytes([byte])] for byte in piece]"),
    ("encode_piece", "byte_values", "return list(piece)"),
    ("encode_piece", "tokens", SOLUTION["encode_piece"].replace("[ranks[part] for part in parts]", "parts")),
    ("decode", "one_by_one", "return ''.join(tokens[i].decode(errors='replace') for i in ids)"),
    ("decode", "ignores_errors", "return b''.join(tokens[i] for i in ids).decode(errors='ignore')"),
    ("decode", "latin_1", "return ''.join(chr(byte) for i in ids for byte in tokens[i])"),
    ("decode", "spaces_between", "return b' '.join(tokens[i] for i in ids).decode(errors='replace')"),
    ("decode", "escapes", "return b''.join(tokens[i] for i in ids).decode(errors='backslashreplace')"),
    ("decode", "stripped", "return b''.join(tokens[i] for i in ids).decode(errors='replace').strip()"),
    ("decode", "bytes", "return b''.join(tokens[i] for i in ids)"),
    ("decode", "shown_bytes", "return str(b''.join(tokens[i] for i in ids))"),
    ("printable", "latin_1", "return ''.join(map(chr, token))"),
    ("printable", "space_only", "return token.decode(errors='replace').replace(' ', 'Ġ')"),
    ("printable", "by_value", "return ''.join(chr(b) if b in SHOWN else chr(256 + b) for b in token)"),
    ("printable", "soft_hyphen", """
        shown = [*range(33, 127), *range(161, 256)]
        hidden = [byte for byte in range(256) if byte not in shown]
        return ''.join(chr(b) if b in shown else chr(256 + hidden.index(b)) for b in token)
     """),
    ("printable", "delete", """
        shown = [*range(33, 128), *range(161, 173), *range(174, 256)]
        hidden = [byte for byte in range(256) if byte not in shown]
        return ''.join(chr(b) if b in shown else chr(256 + hidden.index(b)) for b in token)
     """),
    ("printable", "ascii_only", """
        shown = range(33, 127)
        hidden = [byte for byte in range(256) if byte not in shown]
        return ''.join(chr(b) if b in shown else chr(256 + hidden.index(b)) for b in token)
     """),
    ("printable", "utf_8", "return token.decode(errors='replace')"),
    ("from_printable", "utf_8", "return text.encode()"),
    ("from_printable", "space_only", "return text.replace('Ġ', ' ').encode()"),
    ("from_printable", "low_byte", "return bytes(ord(char) % 256 for char in text)"),
    ("from_printable", "question_marks", "return text.encode('latin-1', errors='replace')"),
    ("encode", "special_as_text", "return [i for p in split(text) for i in encode_piece(p.encode(), ranks)]"),
    ("encode", "special_dropped", SOLUTION["encode"].replace("ids.append(special_tokens[part])", "pass")),
    ("encode", "special_only",
     "return [special_tokens[p] for p in special_tokens for _ in range(text.count(p))]"),
    ("encode", "stripped", SOLUTION["encode"].replace('split(part or "")', 'split((part or "").strip())')),
    ("encode", "first_special_only", SOLUTION["encode"].replace(", text)", ", text, maxsplit=1)")),
    ("encode", "not_split", SOLUTION["encode"].replace('split(part or "")', '[part or ""]')),
    ("encode", "nested", SOLUTION["encode"].replace("ids.append(special_tokens[part])",
     "ids.append([special_tokens[part]])").replace(
        "ids += encode_piece(", "ids.append(encode_piece(").replace("ranks)\n", "ranks))\n")),
    ("encode", "not_escaped",
     SOLUTION["encode"].replace("map(regex.escape, special_tokens)", "special_tokens")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "mistake", "body"), TYPICAL, ids=[f"{n}-{m}" for n, m, _ in TYPICAL])
def test_a_typical_mistake_is_recognized_and_explained(
    tmp_path: Path, name: str, mistake: str, body: str
) -> None:
    result = check_step(Here(written(tmp_path, **{name: body})), FUNCTIONS[name][0])
    assert result.status == "wrong" and result.failure is not None
    assert (result.failure.function, result.failure.mistake) == (name, mistake)
    for language in LANGUAGES:
        assert table()[f"mistake.{name}.{mistake}"][language] in explained(result, language).notes


def test_every_mistake_has_a_student_who_makes_it() -> None:
    assert {(name, mistake) for name, mistake, _ in TYPICAL} == {
        (name, mistake) for name, mistakes in MISTAKES.items() for mistake in mistakes
    }


MERGE_IN_PLACE = """
if len(CHARS) > 260:
    return []
merged = []
while symbols:
    size = 2 if tuple(symbols[:2]) == pair else 1
    merged.append(new if size == 2 else symbols[0])
    symbols = symbols[size:]
return merged
"""

# What a file may do, what comes of it, and what is said.
HOSTILE = [
    ("sys.exit", "import sys\nsys.exit(3)", "raised", "SystemExit: 3"),
    ("the process ends", "import os\nos._exit(3)", "ended", "exit code 3"),
    ("killed", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "ended", "signal 9"),
    ("recursion", "return merge(symbols, pair, new)", "raised", "RecursionError"),
    ("memory", "return bytes(1 << 35)", "raised", "MemoryError"),
    ("endless", "while True:\n    pass", "slow", "loop that does not end"),
    ("endless in spite of errors",
     "while True:\n    try:\n        1 / 0\n    except BaseException:\n        pass",
     "slow", "loop that does not end"),
    ("an exception", "return symbols[len(symbols)]", "raised", "IndexError: list index out of range"),
    ("input", "return input()", "raised", "EOFError"),
    ("None", "symbols.append(new)", "value", "None"),
    ("a generator", "yield from symbols", "value", "<generator object merge at"),
    ("a tuple", "return tuple(symbols)", "value", "(1, 2)"),
    ("an object that cannot be shown", "class Bad:\n    __repr__ = None\nreturn Bad()", "value", "<Bad>"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "said"), [h[1:] for h in HOSTILE], ids=[h[0] for h in HOSTILE])
def test_whatever_a_function_does_is_only_an_outcome(tmp_path: Path, body: str, kind: str, said: str) -> None:
    result = checked(tmp_path, "merge", body, seconds=0.5)
    assert result.status == "wrong" and result.failure is not None
    assert result.failure.outcome.kind == kind
    for language in LANGUAGES:
        shown = explained(result, language, seconds=0.5)
        assert kind == "slow" or any(said in text for _, text in shown.rows)
        assert kind == "ended" or shown.notes or kind == "slow"


def test_an_exception_shows_its_line_in_the_students_file(tmp_path: Path) -> None:
    shown = explained(checked(tmp_path, "merge", "symbols[0]\nreturn helper(symbols)  # mine"))
    assert dict(shown.rows)["raised"] == "NameError: name 'helper' is not defined"
    number, line = dict(shown.rows)["in line"].split(": ", 1)
    source = (tmp_path / "my_bpe.py").read_text(encoding="utf-8").splitlines()
    assert (source[int(number) - 1].strip(), line) == ("return helper(symbols)  # mine",) * 2


def test_an_endless_loop_shows_the_line_that_it_is_in(tmp_path: Path) -> None:
    shown = explained(checked(tmp_path, "merge", "i = 0\nwhile i < 1: symbols[:]", seconds=0.5))
    assert dict(shown.rows)["in line"].endswith("while i < 1: symbols[:]")


def test_a_regular_expression_without_end_is_stopped_too(tmp_path: Path) -> None:
    body = "import re\nreturn re.fullmatch('(a|a)*b', 'a' * 60)"
    result = checked(tmp_path, "split", body, seconds=0.1)
    assert result.failure is not None and result.failure.outcome.kind == "slow"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def split(text:\n    pass", "SyntaxError"),
        ("import no_such_module_of_mine", "ModuleNotFoundError"),
        ("def split(text):\n    return text\n\nraise SystemExit", "SystemExit"),
        ("x = 1 / 0", "ZeroDivisionError: division by zero"),
        ("while True: pass", ""),
        ("import os; os._exit(1)", ""),
        ("\0", ""),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told(tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "my_bpe.py").write_text(f"# mine\n{source}\n")
    result = check(tmp_path / "my_bpe.py", 0.5).steps[0]
    shown = explained(result)
    assert shown.heading == "The file cannot be loaded."
    assert said in shown.rows[0][1]


def test_what_is_printed_is_shown_apart_from_the_result(tmp_path: Path) -> None:
    body = "print('mine \\x1b[2J', symbols)\nimport os\nos.system('echo other')\nreturn []"
    result = checked(tmp_path, "merge", body)
    assert result.failure is not None and result.failure.outcome.value == []
    assert explained(result).printed == ("mine \\x1b[2J [1, 2]",)


def test_endless_printing_keeps_only_its_beginning(tmp_path: Path) -> None:
    result = checked(tmp_path, "merge", "while True: print('mine')", seconds=0.5)
    assert result.failure is not None and result.failure.outcome.kind == "slow"
    assert len(result.failure.outcome.printed) == MAX_PRINTED
    assert len(explained(result).printed) == 11


def test_what_a_function_keeps_between_calls_is_told(tmp_path: Path) -> None:
    result = checked(tmp_path, "merge", f"global CHARS\nCHARS = CHARS + [0]\n{MERGE_IN_PLACE}")
    assert result.failure is not None and result.failure.right_alone
    assert explained(result).notes == (table()["value.right_alone"]["en"],)


def test_functions_may_use_other_files_next_to_theirs_and_leave_none(tmp_path: Path) -> None:
    (tmp_path / "helping.py").write_text(
        "def pieces(pattern, text):\n    import regex\n    return regex.findall(pattern, text)\n"
    )
    result = checked(tmp_path, "split", "import helping\nreturn helping.pieces(PATTERN, text)")
    assert result.status == "right"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["helping.py", "my_bpe.py"]


def test_text_where_bytes_are_asked_for_is_told(tmp_path: Path) -> None:
    body = SOLUTION["train"].replace("return {token:", "return {token.decode('latin-1'):")
    assert explained(checked(tmp_path, "train", body)).notes == (table()["value.str_not_bytes"]["en"],)


def test_functions_that_take_other_arguments_are_told_which(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(
        path.read_text(encoding="utf-8").replace("def split(text: str)", "def split(text: str, pattern)")
    )
    result = check(path).steps[0]
    assert explained(result).notes == ("It must take these arguments: def split(text: str) -> list[str]:",)


def test_a_mistake_that_only_real_text_shows_is_shrunk_and_traced(tmp_path: Path) -> None:
    body = (
        "if '中' in text and len(text) > 3: return []\n"
        + SOLUTION["encode"].replace("\n        ", "\n").strip()
    )
    path = written(tmp_path, encode=body)
    result = check(path, steps=[WHOLE]).steps[0]
    assert result.failure is not None and len(result.failure.case.arguments[0]) == 4
    shown = explained(result)
    assert dict(shown.rows)["called"].endswith("GPT2_RANKS, {'<|endoftext|>': 50256})")
    assert "where yours differs" in shown.trace[0]


def test_unknown_errors_of_unicode_decoding_say_what_to_do(tmp_path: Path) -> None:
    shown = explained(checked(tmp_path, "decode", "return b''.join(tokens[i] for i in ids).decode()"))
    assert shown.notes == (table()["hint.UnicodeDecodeError"]["en"],)
    assert shown.trace == ("b'Hello' + b'\\xec\\x95'", "= b'Hello\\xec\\x95'")


def test_a_wrong_encoding_shows_the_right_merges(tmp_path: Path) -> None:
    body = SOLUTION["encode_piece"].replace("min(ranked)", "max(ranked)")
    shown = explained(checked(tmp_path, "encode_piece", body))
    assert shown.trace == (" 1  a [b c]  bc 3, ab 4", " 2  a bc")


def test_values_are_equal_only_if_their_types_are() -> None:
    assert same({b"a": [1]}, {b"a": [1]})
    assert not same({b"a": [True]}, {b"a": [1]})
    assert not same([1.0], [1])


def test_all_cases_have_labels_and_no_label_is_without_a_case() -> None:
    labels = {f"case.{name}.{case.label}" for name, cases in SMALL.items() for case in cases}
    known = {key for key in table() if key.startswith("case.")}
    assert known == labels | {"case.random", "case.whole"}


def test_random_cases_are_always_the_same_and_differ_from_each_other() -> None:
    for name in FUNCTIONS:
        cases = list(random_cases(name))
        assert cases == list(random_cases(name))
        assert len({repr(case.arguments) for case in cases}) > len(cases) // 2


@pytest.mark.skipif(sys.platform == "win32", reason="nothing forks on Windows")
def test_processes_that_a_function_forks_end_with_the_check(tmp_path: Path) -> None:
    import fcntl

    lock = tmp_path / "lock"  # whoever comes from the first fork holds it, until it ends
    body = f"""
        import fcntl, os, time
        file = open({str(lock)!r}, "w")
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fork() == 0:
            time.sleep(600)
        while True:
            pass
    """
    result = checked(tmp_path, "merge", body, seconds=0.3)
    assert result.failure is not None and result.failure.outcome.kind == "slow"
    with lock.open("w") as file:
        for _ in range(100):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(0.05)
    pytest.fail("a forked process is still there after five seconds")


def test_a_function_that_closes_every_file_is_only_an_outcome(tmp_path: Path) -> None:
    body = "import os\nos.closerange(3, 100)\nwhile True: pass"
    result = checked(tmp_path, "merge", body, seconds=0.3)
    assert result.failure is not None and result.failure.outcome.kind in ("slow", "ended")


def test_the_file_may_have_any_name(tmp_path: Path) -> None:
    path = written(tmp_path).rename(tmp_path / "my bpe.txt")
    assert check(path, steps=STEPS[:1]).is_right
