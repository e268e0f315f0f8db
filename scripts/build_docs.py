"""Write the pages of docs/ that are made from the source: the command line, and the map of files.

python scripts/build_docs.py          # write them
python scripts/build_docs.py --check  # exit code 1 where one of them is out of date
"""

import ast
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# In the order of the pipeline.
FOLDERS = ("bpe", "tiktoken_door", "tokenizers", "dataset", "embeddings", "benchmarks", "cli", "package")
ROOMS = (
    "foundation",
    "data",
    "splitting",
    "corpus",
    "encoders",
    "files",
    "training",
    "parity",
    "study",
    "exercise",
)
HELP_COLUMNS = 100


def command_line() -> str:
    """Return the help of every verb as one page."""
    os.environ.update(COLUMNS=str(HELP_COLUMNS), TERM="dumb", NO_COLOR="1")
    from bpelab.cli.verbs import app
    from typer.main import get_command

    group = get_command(app)
    page = [
        "# Command line",
        "",
        "<!-- Made by scripts/build_docs.py from the help texts of the verbs. -->",
        "",
        "Results go to standard output, progress and messages to standard error; `-` is standard input.",
        "The exit code is 0, 1 where a comparison found a difference or a text is over its limit, 2 for a",
        "mistake in the input, 130 after Ctrl-C and 143 after SIGTERM. Progress is a bar on a terminal, a",
        "line every ten seconds in a log, and nothing with `--quiet`.",
        "",
        "`python -m bpelab` is the same program. After `bpelab --install-completion`, the shell completes",
        "verbs, options and choices. In directories, hidden and binary files are left out, and counted at",
        "the end; a file that is named itself is always read. A console that lacks a letter shows it",
        "escaped, and a space in a token, which is `␣` elsewhere, as `\\s`.",
        "",
    ]
    page += _help_of(group, "bpelab")
    for name, verb in sorted(group.commands.items()):  # type: ignore[attr-defined]  # typer's group has commands
        page += [f"## {name}", "", *_help_of(verb, f"bpelab {name}")]
    return "\n".join(page)


def _help_of(command: Any, name: str) -> list[str]:
    """Return the help of a command (of Typer, whose classes have other names in other versions) as lines."""
    settings = {**command.context_settings, "max_content_width": HELP_COLUMNS}
    context = type(command).context_class(command, info_name=name, **settings)
    context.terminal_width = HELP_COLUMNS
    lines = [line.rstrip() for line in command.get_help(context).splitlines()]
    return ["```text", *lines, "```", ""]


def file_map() -> str:
    """Return the map of files: each file with the question that the first line of its docstring asks."""
    page = [
        "# The map of files",
        "",
        "<!-- Made by scripts/build_docs.py from the first lines of the files. -->",
        "",
        "Every file answers one question. Folders stand in the order of the pipeline: one may import those",
        "before it, never those after it, and `make lint` holds the files directly in bpe/ to it, too.",
        "",
    ]
    for folder in FOLDERS:
        page += [f"## {folder}/", "", "| file | the question it answers |", "|---|---|"]
        for path in sorted((ROOT / folder).rglob("*.py"), key=_pipeline_order):
            docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
            if docstring:
                shown = path.relative_to(ROOT).as_posix().removesuffix("__init__.py")
                question = " ".join(docstring.split("\n\n")[0].split()).replace("|", "\\|")
                page.append(f"| [`{shown}`](../{shown}) | {question} |")
        page.append("")
    return "\n".join(page)


def _pipeline_order(path: Path) -> tuple[object, ...]:
    """Sort a folder's own files before its folders, these by the pipeline, and `__init__.py` first of all."""
    *folders, name = path.relative_to(ROOT).parts
    places = [(1, ROOMS.index(part) if part in ROOMS else len(ROOMS), part) for part in folders]
    return (*places, (0, 0, "" if name == "__init__.py" else name))


PAGES = {"docs/command-line.md": command_line, "docs/files.md": file_map}


def main() -> int:
    """Write the pages, or compare them."""
    stale = [name for name, make in PAGES.items() if not _is_current(ROOT / name, make())]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"{name} is out of date: python scripts/build_docs.py writes it", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (ROOT / name).write_text(PAGES[name](), encoding="utf-8")
        print(name)
    return 0


def _is_current(path: Path, content: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == content


if __name__ == "__main__":
    sys.exit(main())
