"""`bpelab vocab`: what is in an encoding's vocabulary, and how two of them compare."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from bpelab.cli.encodings import chosen_encoding
from bpelab.cli.options import EncodingOption, ModelOption, PathOption
from bpelab.cli.text import counted

if TYPE_CHECKING:
    from bpelab.bpe import Encoding
    from bpelab.bpe.study.tree import Node
    from rich.tree import Tree

N_LONGEST = 12
N_SCRIPTS = 15
BAR_WIDTH = 24


def vocab(
    encoding: EncodingOption = None,
    path: PathOption = None,
    model: ModelOption = None,
    find: Annotated[
        str | None,
        typer.Option("--find", metavar="TEXT|ID", help="Show how this token was built, down to its bytes."),
    ] = None,
    unreachable: Annotated[
        bool, typer.Option("--unreachable", help="List the tokens that no text can produce.")
    ] = False,
    beside: Annotated[
        str | None,
        typer.Option(
            "--beside",
            metavar="NAME|FILE",
            help="Compare how well two encodings compress: 34 languages, or --text.",
        ),
    ] = None,
    text: Annotated[
        list[Path] | None,
        typer.Option("--text", metavar="FILE", help="With --beside: a file to compare on; may be repeated."),
    ] = None,
) -> None:
    """Show the tokens of an encoding: the longest, by script, by length.

    Example: bpelab vocab --find ' token'

    Example: bpelab vocab --beside cl100k_base --text README.md
    """
    enc = chosen_encoding(encoding, path=path, model=model)
    if sum([find is not None, unreachable, beside is not None]) > 1:
        raise ValueError("--find, --unreachable and --beside exclude each other: leave all but one out")
    if find is not None:
        _print_token(enc, find)
    elif unreachable:
        _print_unreachable(enc)
    elif beside is not None:
        _print_comparison(enc, chosen_encoding(beside), text or [])
    else:
        _print_overview(enc)


def _print_overview(encoding: "Encoding") -> None:
    from bpelab.bpe.study import inventory
    from bpelab.bpe.study.visible import visible
    from bpelab.cli.drawing import console, table

    out = console()
    n_ids, n_special = counted(encoding.n_vocab, "id"), len(encoding.special_tokens)
    out.print(f"{encoding.name}: {n_ids}, {n_special} of them special\n")
    longest = table(("bytes", "right"), ("id", "right"), ("longest tokens", "left"))
    for token in inventory.longest_tokens(encoding, N_LONGEST):
        longest.add_row(str(len(token)), str(encoding.encode_single_token(token)), visible(token))
    out.print(longest)
    out.print(_counts("script", inventory.count_scripts(encoding).most_common(N_SCRIPTS)))
    out.print(_counts("bytes", sorted(inventory.count_lengths(encoding).items())))


def _counts(name: str, counts: "list[tuple[str, int]] | list[tuple[int, int]]") -> "object":
    from bpelab.cli.drawing import table

    shown = table((name, "left"), ("tokens", "right"), ("", "left"))
    most = max(count for _, count in counts)
    for key, count in counts:
        shown.add_row(str(key), f"{count:,}", "█" * round(BAR_WIDTH * count / most))
    return shown


def _print_token(encoding: "Encoding", wanted: str) -> None:
    from bpelab.bpe.study.inventory import built_from, find_token, script
    from bpelab.bpe.study.visible import spaced_hex, visible
    from bpelab.cli.drawing import console

    token = find_token(encoding, wanted)
    out = console()
    token_id = encoding.encode_single_token(token)
    out.print(f"{visible(token)}  id {token_id}, bytes {spaced_hex(token)}, {script(token)}")
    if token in encoding.ranks:
        out.print(_branch(built_from(token, encoding)))


def _branch(node: "Node") -> "Tree":
    from bpelab.bpe.study.visible import spaced_hex, visible
    from rich.tree import Tree

    label = f"{visible(node.token)} {'' if node.rank is None else node.rank}".rstrip()
    tree = Tree(label if node.children else f"{visible(node.token)}  byte {spaced_hex(node.token)}")
    for child in node.children:
        tree.add(_branch(child))
    return tree


def _print_unreachable(encoding: "Encoding") -> None:
    from bpelab.bpe.study.reach import unreachable_tokens
    from bpelab.bpe.study.visible import visible
    from bpelab.cli.drawing import console, table

    found = unreachable_tokens(encoding)
    shown = table(("id", "right"), ("token", "left"), ("why", "left"))
    for item in found:
        shown.add_row(str(item.id), visible(item.token), item.reason)
    out = console()
    n_proved = sum(item.is_proved for item in found)
    out.print(f"{encoding.name}: {counted(n_proved, 'token')} that no text can produce", end="")
    out.print(f", {len(found) - n_proved} undecided" if n_proved < len(found) else "")
    out.print(shown)


def _print_comparison(ours: "Encoding", other: "Encoding", paths: list[Path]) -> None:
    from bpelab.bpe.parity.sample import multilingual_sample
    from bpelab.bpe.study.inventory import compare_compression
    from bpelab.cli.drawing import console, table
    from bpelab.cli.text import read_text

    texts = [(str(path), read_text(str(path))) for path in paths] or list(multilingual_sample())
    shown = table(
        ("text", "left"), ("bytes", "right"),
        (f"{ours.name} tokens", "right"), (f"{other.name} tokens", "right"),
        ("bytes a token", "right"), ("", "right"), (f"{ours.name} ▒ and {other.name} █", "left"),
    )  # fmt: skip
    if empty := [name for name, text in texts if not text]:
        raise ValueError(f"{empty[0]} is empty: there is nothing to compare in it")
    rows = compare_compression([ours, other], texts)
    most = max(result.bytes_per_token for row in rows for result in row)
    for one, two in rows:
        bars = "\n".join(
            sign * max(1, round(BAR_WIDTH * result.bytes_per_token / most))
            for sign, result in (("▒", one), ("█", two))
        )
        shown.add_row(
            one.text_name, f"{one.n_bytes:,}", f"{one.n_tokens:,}", f"{two.n_tokens:,}",
            f"{one.bytes_per_token:.2f}", f"{two.bytes_per_token:.2f}", bars,
        )  # fmt: skip
    console().print(shown)
