"""Which functions does a student write, in which order? And how does the empty file look?"""

from typing import NamedTuple

from bpelab.bpe.exercise.words import Language, say


class Function(NamedTuple):
    """A function that the student writes; what it must do is in the words."""

    name: str
    parameters: str
    returns: str

    @property
    def signature(self) -> str:
        """The first line of the function.

        >>> Function("twice", "number: int", "int").signature
        'def twice(number: int) -> int:'
        """
        return f"def {self.name}({self.parameters}) -> {self.returns}:"


class Step(NamedTuple):
    """One step of the way through BPE."""

    name: str
    functions: tuple[Function, ...]


STEPS = (
    Step("split", (Function("split", "text: str", "list[str]"),)),
    Step("count", (Function("count_pairs", "pieces: list[list[int]]", "dict[tuple[int, int], int]"),)),
    Step("merge", (Function("merge", "symbols: list[int], pair: tuple[int, int], new: int", "list[int]"),)),
    Step("train", (Function("train", "texts: list[str], n_tokens: int", "dict[bytes, int]"),)),
    Step("encode", (Function("encode_piece", "piece: bytes, ranks: dict[bytes, int]", "list[int]"),)),
    Step("decode", (Function("decode", "ids: list[int], tokens: dict[int, bytes]", "str"),)),
    Step(
        "bytes",
        (Function("printable", "token: bytes", "str"), Function("from_printable", "text: str", "bytes")),
    ),
    Step(
        "special",
        (
            Function(
                "encode",
                "text: str, ranks: dict[bytes, int], special_tokens: dict[str, int]",
                "list[int]",
            ),
        ),
    ),
)

# OpenAI's own way to write the pattern, which is easier to read than the one that `splitting.patterns` has.
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_CONSTANTS = f'''import regex

PATTERN = r"{PATTERN}"
BYTES = {{bytes([byte]): byte for byte in range(256)}}
'''


def empty_file(name: str, language: Language) -> str:
    """Return the source that a student fills in: every function with its docstring, and nothing done.

    >>> print(empty_file("my_bpe.py", "en").splitlines()[0])
    \"""BPE, written by me. Check it with: bpelab check my_bpe.py
    """
    parts = [
        f'"""{say("file.title", language, name=name)}\n\n{say("file.how", language)}\n"""\n\n{_CONSTANTS}'
    ]
    for number, step in enumerate(STEPS, 1):
        heading = f"# {number}. {say(f'step.{step.name}', language)}\n\n\n"
        for function in step.functions:
            docstring = (
                say(f"do.{function.name}", language).replace("\n", "\n    ").replace("\n    \n", "\n\n")
            )
            raw = "r" if "\\" in docstring else ""
            parts.append(
                f'{heading}{function.signature}\n    {raw}"""{docstring}\n    """\n'
                "    raise NotImplementedError\n"
            )
            heading = ""
    return "\n\n".join(parts)
