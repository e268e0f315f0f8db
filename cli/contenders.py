"""Who is compared with whom by `bpelab parity`? What its options name, and tiktoken or the textbook."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bpelab.cli.encodings import DEFAULT, chosen_encoding

if TYPE_CHECKING:
    from bpelab.bpe import Encoding
    from bpelab.bpe.parity.contender import Contender


@dataclass(frozen=True)
class Candidate:
    """What the options name: at most one of them, and none for an encoding of bpelab."""

    function: str | None = None
    tokenizer_json: Path | None = None
    command: str | None = None
    peer: str | None = None


@dataclass(frozen=True)
class Contenders:
    """Both sides of a comparison."""

    ours: "Contender"
    theirs: "Contender"
    what: str  # what is compared with, in words
    name: str  # of the encoding
    tables: "Encoding"  # those of `theirs`
    timed: tuple[Any, Any] | None = None  # both, where both have all methods of an encoding


def contenders(
    candidate: Candidate,
    *,
    encoding: str | None,
    against: str | None,
    path: Path | None,
    model: str | None,
    engine: str | None,
    time_limit: float,
    quiet: bool,
    stack: ExitStack,
) -> Contenders:
    """Load both sides. A program that is started ends with the `stack`.

    Raises `ValueError` where options contradict each other, and what loading raises.
    """
    from bpelab.bpe.parity.command import Command
    from bpelab.bpe.parity.contender import Contender, as_contender, load_function
    from bpelab.bpe.parity.peers import load_peer, tokenizers_file

    if candidate == Candidate():
        mine = chosen_encoding(encoding, path=path, model=model, engine=engine, quiet=quiet)
        if against is None:
            tables, (theirs, name, what) = mine, _reference(mine, encoding, path, model)
        else:
            tables = chosen_encoding(against, quiet=quiet)
            theirs, name, what = _reference(tables, against, None, None)
        return Contenders(
            as_contender(mine), as_contender(theirs, name), what, mine.name, tables, (mine, theirs)
        )
    if engine is not None:
        raise ValueError("--engine chooses how bpelab encodes, which is not compared here: leave it out")
    if candidate.tokenizer_json is not None:
        ours = Contender("tokenizers", tokenizers_file(candidate.tokenizer_json))
        if against is None and model is None:
            against = str(candidate.tokenizer_json)
    tables = chosen_encoding(against, path=path, model=model, quiet=quiet)
    theirs, name, what = _reference(tables, against, path, model)
    if candidate.function is not None:
        ours = as_contender(load_function(candidate.function), candidate.function)
    elif candidate.command is not None:
        program = stack.enter_context(Command(candidate.command, time_limit))
        ours = Contender(candidate.command, program.encode)
    elif candidate.peer is not None:
        ours = Contender(candidate.peer, load_peer(candidate.peer, tables))
    return Contenders(ours, as_contender(theirs, name), what, tables.name, tables)


def _reference(
    tables: "Encoding", encoding: str | None, path: Path | None, model: str | None
) -> tuple[Any, str, str]:
    """Return tiktoken with a name or a file's tables, or our textbook where it is not installed.

    With it come its name and, in words, what it is.
    """
    from bpelab.bpe.files.definitions import DEFINITIONS
    from bpelab.bpe.parity.reference import as_tiktoken, load_tiktoken

    is_named = model is not None or path is not None or (encoding or DEFAULT) in DEFINITIONS
    try:
        if is_named:
            return load_tiktoken(tables.name, path), "tiktoken", f"tiktoken's {tables.name}"
        return as_tiktoken(tables), "tiktoken", f"tiktoken with the tables of {encoding}"
    except ImportError:
        what = f"bpelab's textbook with the tables of {tables.name if is_named else encoding}"
        return tables.with_engine("textbook"), "textbook", f"{what} (tiktoken is not installed)"
