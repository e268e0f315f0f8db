"""What does the last run of mutants say?"""

import difflib
import re
from collections import Counter
from pathlib import Path

from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import TestOutcome

HEAD = """# Changes that no test noticed

Written by `make mutants`, except the reasons after the dashes and the last section, which the next run
keeps, as it keeps what it says of a folder that it did not try.
[Contributing](contributing.md#mutants) says how to read this. Of each folder a random sample was
tried, and a handful says little; a folder or file that is not here has not been tried.

"""
NO_REASON = "not looked at yet"
NEVER_RUN = "\n## Never run"


def difference(before: str, after: str) -> str:
    """Return the lines that differ, the old one and the new one."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    changed = [line for line in lines if line[0] in "+-"]
    return "\n".join(" ".join(line.split()) for line in changed)


class _Last:
    """The page of the last run."""

    def __init__(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        text, heading, never_run = text.partition(NEVER_RUN)
        self.never_run = heading + never_run
        rows = re.findall(r"^\| (\S+) \| (\d+) \| (\d+) \|", text, re.MULTILINE)
        self.rows = {key: (int(tried), int(noticed)) for key, tried, noticed in rows}
        self.reasons = dict(re.findall(r"^- (.+?)\n\s+— (.+)$", text, re.MULTILINE))


def _folder(key: str) -> str:
    return str(Path(key).parent) if key.endswith(".py") else key


def page(db: WorkDB, last_path: Path) -> str:
    """Return the page of a session: counts by folder and file, and every survivor with its reason."""
    last = _Last(last_path)
    tried, noticed = Counter[str](), Counter[str]()
    survivors = set()
    for item, result in db.completed_work_items:
        if result.test_outcome is None:
            continue
        path = item.mutations[0].module_path
        for key in (str(path.parent), str(path)):
            tried[key] += 1
            noticed[key] += result.test_outcome is not TestOutcome.SURVIVED
        if result.test_outcome is TestOutcome.SURVIVED:
            changed = [line for line in result.diff.splitlines() if line[1:].strip()]
            before, after = [*changed, ""][:2]  # a line that was only taken out has none after it
            survivors.add(f"{path}: `{before[2:]}` became `{after[2:]}`")
    in_session = set(map(_folder, tried))
    for key, counts in last.rows.items():
        if _folder(key) not in in_session:
            tried[key], noticed[key] = counts
    survivors |= {change for change in last.reasons if _folder(change.partition(":")[0]) not in in_session}
    lines = [
        "| folder or file | tried | noticed | not noticed |",
        "|---|---:|---:|---:|",
        *(
            f"| {key} | {tried[key]} | {noticed[key]} | {tried[key] - noticed[key]} |"
            for key in sorted(tried)
        ),
        "",
        "## Not noticed",
        "",
        *(f"- {change}\n  — {last.reasons.get(change, NO_REASON)}" for change in sorted(survivors)),
        "",
    ]
    return HEAD + "\n".join(lines) + last.never_run
