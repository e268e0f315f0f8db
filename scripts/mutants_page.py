"""What does the last run of mutants say?"""

import difflib
import re
from collections import Counter
from pathlib import Path

from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import TestOutcome

HEAD = """# Changes that no test noticed

Written by `make mutants`, except the reasons after the dashes, which the next run keeps.
[Contributing](contributing.md#mutants) says how to read this. Of each folder a random sample was
tried; a folder or file that is not here has not been tried.

"""
NO_REASON = "not looked at yet"


def difference(before: str, after: str) -> str:
    """Return the lines that differ, the old one and the new one."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    changed = [line for line in lines if line[0] in "+-"]
    return "\n".join(" ".join(line.split()) for line in changed)


def _reasons(path: Path) -> dict[str, str]:
    """Return the reasons that the page of the last run gives, by the change."""
    if not path.exists():
        return {}
    found = re.findall(r"^- (.+?)\n\s+— (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {change: reason for change, reason in found if reason != NO_REASON}


def page(db: WorkDB, last: Path) -> str:
    """Return the page of a session: counts by folder and file, and every survivor with its reason."""
    tried, noticed = Counter[str](), Counter[str]()
    survivors = []
    for item, result in db.completed_work_items:
        if result.test_outcome is None:
            continue
        path = item.mutations[0].module_path
        for key in (str(path.parent), str(path)):
            tried[key] += 1
            noticed[key] += result.test_outcome is not TestOutcome.SURVIVED
        if result.test_outcome is TestOutcome.SURVIVED:
            before, after = [*result.diff.splitlines(), ""][:2]
            survivors.append(f"{path}: `{before[2:]}` became `{after[2:]}`")
    reasons = _reasons(last)
    return HEAD + "\n".join(
        [
            "| folder or file | tried | noticed | not noticed |",
            "|---|---:|---:|---:|",
            *(
                f"| {key} | {tried[key]} | {noticed[key]} | {tried[key] - noticed[key]} |"
                for key in sorted(tried)
            ),
            "",
            "## Not noticed",
            "",
            *(f"- {change}\n  — {reasons.get(change, NO_REASON)}" for change in sorted(set(survivors))),
            "",
        ]
    )
