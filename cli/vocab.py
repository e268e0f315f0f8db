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
    from bpelab.cli.drawing import console, legible, table

    out = console()
    n_ids, n_special = counted(encoding.n_vocab, "id"), len(encoding.special_tokens)
    out.print(legible(f"{encoding.name}: {n_ids}, {n_special} of them special\n"))
    rows = (
        (str(len(token)), str(encoding.encode_single_token(token)), visible(token))
        for token in inventory.longest_tokens(encoding, N_LONGEST)
    )
    out.print(table((("bytes", "right"), ("id", "right"), ("longest tokens", "left")), rows))
    out.print(_counts("script", inventory.count_scripts(encoding).most_common(N_SCRIPTS)))
    out.print(_counts("bytes", sorted(inventory.count_lengths(encoding).items())))


def _counts(name: str, counts: "list[tuple[str, int]] | list[tuple[int, int]]") -> "object":
    from bpelab.cli.drawing import table

    most = max(count for _, count in counts)
    rows = ((str(key), f"{count:,}", "█" * round(BAR_WIDTH * count / most)) for key, count in counts)
    return table(((name, "left"), ("tokens", "right"), ("", "left")), rows)


def _print_token(encoding: "Encoding", wanted: str) -> None:
    from bpelab.bpe.study.inventory import built_from, find_token, script
    from bpelab.bpe.study.visible import spaced_hex
    from bpelab.cli.drawing import console, token_text

    token = find_token(encoding, wanted)
    out = console()
    token_id = encoding.encode_single_token(token)
    out.print(f"{token_text(token)}  id {token_id}, bytes {spaced_hex(token)}, {script(token)}")
    if token in encoding.ranks:
        out.print(_branch(built_from(token, encoding)))


def _branch(node: "Node") -> "Tree":
    from bpelab.bpe.study.visible import spaced_hex
    from bpelab.cli.drawing import token_text
    from rich.tree import Tree

    label = f"{token_text(node.token)} {'' if node.rank is None else node.rank}".rstrip()
    tree = Tree(label if node.children else f"{token_text(node.token)}  byte {spaced_hex(node.token)}")
    for child in node.children:
        tree.add(_branch(child))
    return tree


def _print_unreachable(encoding: "Encoding") -> None:
    from bpelab.bpe.study.reach import unreachable_tokens
    from bpelab.bpe.study.visible import visible
    from bpelab.cli.drawing import console, legible, table

    found = unreachable_tokens(encoding)
    rows = ((str(item.id), visible(item.token), item.reason) for item in found)
    shown = table((("id", "right"), ("token", "left"), ("why", "left")), rows)
    out = console()
    n_proved = sum(item.is_proved for item in found)
    out.print(legible(f"{encoding.name}: {counted(n_proved, 'token')} that no text can produce"), end="")
    out.print(f", {len(found) - n_proved} undecided" if n_proved < len(found) else "")
    out.print(shown)


def _print_comparison(ours: "Encoding", other: "Encoding", paths: list[Path]) -> None:
    from bpelab.bpe.parity.sample import multilingual_sample
    from bpelab.bpe.study.inventory import compare_compression
    from bpelab.cli.drawing import console, legible, table
    from bpelab.cli.text import read_text
    from rich.measure import Measurement

    texts = [(str(path), read_text(str(path))) for path in paths] or list(multilingual_sample())
    if empty := [name for name, text in texts if not text]:
        raise ValueError(f"{empty[0]} is empty: there is nothing to compare in it")
    found = compare_compression([ours, other], texts)
    columns = [
        ("text", "left"), ("bytes", "right"),
        (f"{ours.name}\ntokens", "right"), (f"{other.name}\ntokens", "right"),
        ("bytes a\ntoken", "right"), ("", "right"),
    ]  # fmt: skip
    rows = [
        [one.text_name, f"{one.n_bytes:,}", f"{one.n_tokens:,}", f"{two.n_tokens:,}",
         f"{one.bytes_per_token:.2f}", f"{two.bytes_per_token:.2f}"]
        for one, two in found
    ]  # fmt: skip
    out = console()
    n_left = out.width - Measurement.get(out, out.options, table(columns, rows)).maximum - 4
    if (width := min(BAR_WIDTH, n_left)) >= 4:
        most = max(result.bytes_per_token for row in found for result in row)
        columns.append(("", "left"))
        for row, results in zip(rows, found, strict=True):
            lengths = (max(1, round(width * result.bytes_per_token / most)) for result in results)
            row.append("\n".join(sign * length for sign, length in zip("▒█", lengths, strict=True)))
        out.print(legible(f"▒ {ours.name}, █ {other.name}: bytes a token"))
    out.print(table(columns, rows))
