"""A history shows how the numbers moved over a folder of records."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bpelab.benchmarks.report.history import history_html, load_history
from bpelab.cli.verbs import app
from typer.testing import CliRunner

Made = Callable[..., dict[str, Any]]


def test_a_history_has_a_curve_of_each_group_and_names_the_commits(made_up: Made, tmp_path: Path) -> None:
    for number, hour in enumerate(("12", "11")):
        record = made_up(started=f"2026-11-23T{hour}:00:00", commit=f"{hour}<b>", seed=number)
        (tmp_path / f"{number}.json").write_text(json.dumps(record))
    records = load_history(tmp_path)
    assert [record["commit"] for record in records] == ["11<b>", "12<b>"]
    page = history_html(records)
    assert page == history_html(records)
    assert page.index("11&lt;b&gt;") < page.index("12&lt;b&gt;")
    assert "<b>" not in page
    groups = {(cell["question"], cell["group"]) for cell in records[0]["cells"]}
    assert page.count("<figure>") == len(groups)
    done = CliRunner().invoke(app, ["report", "--history", str(tmp_path), "-o", str(tmp_path / "h.html")])
    assert done.exit_code == 0
    assert (tmp_path / "h.html").read_text(encoding="utf-8") == page
    (tmp_path / "1.json").unlink()
    with pytest.raises(ValueError, match=r"needs two records \(\*\.json\) or more, not 1"):
        load_history(tmp_path)


def test_a_history_and_a_page_are_not_written_at_once(made_up: Made, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(made_up()))
    for more in ([str(tmp_path / "a.json")], ["--markdown", "a.md"], ["--compare", "a.json", "b.json"]):
        done = CliRunner().invoke(app, ["report", "--history", str(tmp_path), *more])
        assert "leave the rest out" in str(done.exception)
    (tmp_path / "b.json").write_text("{}")
    done = CliRunner().invoke(app, ["report", "--history", str(tmp_path)])
    assert "b.json: its schema is None" in str(done.exception)
