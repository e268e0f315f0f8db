"""How do the committed records get into README.md and docs/? Between markers, and as a picture.

python -m bpelab.benchmarks.report.splice
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from bpelab.benchmarks.report import tables
from bpelab.benchmarks.report.ladder import ladder_svg

ROOT = Path(__file__).parents[2]


def readme(text: str) -> str:
    """Return README.md with the headline figures of the committed record."""
    return spliced(text, {"headline": tables.headline()})


def korean_readme(text: str) -> str:
    """Return README.ko.md with the same figures."""
    return spliced(text, {"headline": tables.headline_in_korean()})


def benchmarks_page(text: str) -> str:
    """Return docs/benchmarks.md with all tables of the committed records."""
    return spliced(
        text,
        {name: tables.comparison(name) for name in tables.COMPARISONS}
        | {name: tables.rates(name) for name in tables.RATES},
    )


def ladder_picture(_: str) -> str:
    """Return docs/ladder.svg, whatever it was before."""
    return ladder_svg(tables.record_of(tables.LADDER_RECORD))


PAGES = {
    "README.md": readme,
    "README.ko.md": korean_readme,
    "docs/benchmarks.md": benchmarks_page,
    "docs/ladder.svg": ladder_picture,
}


def spliced(page: str, texts: Mapping[str, str]) -> str:
    r"""Return a page with each text between its two markers.

    >>> spliced("<!-- a: begin -->\nold\n<!-- a: end -->\n", {"a": "new\n"})
    '<!-- a: begin -->\nnew\n<!-- a: end -->\n'

    Raises `ValueError` for a page that does not have each marker exactly once.
    """
    for name, text in texts.items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
        if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
            raise ValueError(f"the page must have the lines {begin.strip()} and {end.strip()}, once each")
        before, _, rest = page.partition(begin)
        page = before + begin + text + end + rest.partition(end)[2]
    return page


def main() -> int:
    """Write the pages that are out of date, or only name them with --check."""
    stale = False
    for name, make in PAGES.items():
        path = ROOT / name
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        after = make(before)
        if after != before:
            stale = True
            print(name)
            if "--check" not in sys.argv[1:]:
                path.write_text(after, encoding="utf-8", newline="\n")
    return 1 if stale and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
