"""What does every page of ours have? A policy, one style, one script, a contents list, and its records."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from bpelab.benchmarks.harness.record import Record
from bpelab.benchmarks.report.marks import sprite

FOLDER = Path(__file__).parent


def document(
    title: str, contents: Sequence[tuple[str, str]], body: Iterable[str], records: Sequence[Record]
) -> str:
    """Return a page of sections, with a list of (id, name) of them that stays in sight."""
    style, script = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    links = "".join(f"<li><a href='#{name}'>{escape(text)}</a></li>" for name, text in contents)
    return "\n".join(
        [
            "<!doctype html>\n<html lang='en'>\n<meta charset='utf-8'>",
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            "<meta name='viewport' content='width=device-width, initial-scale=1'>",
            f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n<body>\n{sprite()}",
            f"<header><h1>{escape(title)}</h1></header>",
            f"<div class='page'>\n<nav aria-label='Contents'><ul>{links}</ul></nav>\n<main>",
            *body,
            "</main>\n</div>\n<div id='tip' role='status' hidden></div>",
            f"<script type='application/json' id='records'>{embedded(records)}</script>",
            f"<script>{script}</script>\n</body>\n</html>\n",
        ]
    )


def embedded(records: Sequence[Record]) -> str:
    """Return the records as JSON that no HTML parser takes for markup."""
    text = json.dumps(records, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def anchor(question: str) -> str:
    """Return the id of a question's section.

    >>> anchor("encode_warm")
    'q-encode-warm'
    """
    return "q-" + "".join(letter if letter.isalnum() else "-" for letter in question)


def with_code(text: str) -> str:
    """Escape a text of our own files, and show what stands in backticks as code.

    >>> with_code("`a<b` & c")
    '<code>a&lt;b</code> &amp; c'
    """
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def header(names: Iterable[str]) -> str:
    """Return the header row of a table.

    >>> header(["a", "b"])
    "<thead><tr><th scope='col'>a</th><th scope='col'>b</th></tr></thead>"
    """
    cells = "".join(f"<th scope='col'>{escape(name)}</th>" for name in names)
    return f"<thead><tr>{cells}</tr></thead>"


def details(summary: str, inner: str) -> str:
    """Return something that folds away."""
    return f"<details><summary>{escape(summary)}</summary>{inner}</details>"


def scrolled(label: str, table: str) -> str:
    """Return a table in a box of its own that scrolls."""
    return f"<div class='scroll' tabindex='0' role='region' aria-label='{escape(label)}'>{table}</div>"
