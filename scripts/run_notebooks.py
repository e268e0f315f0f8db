"""Do the notebooks run from top to bottom? Run them, and write what they show into them.

    python scripts/run_notebooks.py [notebooks/ONE.ipynb ...]

Each runs in a namespace of its own, cell by cell: what is printed, and the value of the last line, as text
and by its `_repr_html_`. That is all these notebooks use, so that no Jupyter is needed to check them.
"""

import ast
import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "notebooks"


def outputs_of(cell: str, namespace: dict[str, Any], name: str, number: int) -> list[dict[str, Any]]:
    """Run one cell and give its outputs in the notebook format; raises what the cell raises."""
    tree = ast.parse(cell, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    value = None
    with redirect_stdout(printed):
        exec(compile(tree, name, "exec"), namespace)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), name, "eval"), namespace)  # type: ignore[attr-defined]
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": lines(printed.getvalue())})
    if value is not None:
        data = {"text/plain": lines(repr(value))}
        if hasattr(value, "_repr_html_"):
            data = {"text/html": lines(value._repr_html_()), "text/plain": [f"<{type(value).__name__}>"]}
        outputs.append(
            {"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": data}
        )
    return outputs


def lines(text: str) -> list[str]:
    """Return the lines of a text with their ends, as notebooks store them."""
    return text.splitlines(keepends=True)


def run(path: Path) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield each code cell of a notebook as it stands in the file, and the outputs that it has now."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    number = 0
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            number += 1
            name = f"{path.name}, cell {number}"
            yield cell, outputs_of("".join(cell["source"]), namespace, name, number)


def main() -> None:
    """Run the notebooks named, or all, and write their outputs."""
    for path in map(Path, sys.argv[1:] or sorted(FOLDER.glob("*.ipynb"))):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        code_cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        for number, (cell, (_, outputs)) in enumerate(zip(code_cells, run(path), strict=True), 1):
            cell.update(execution_count=number, outputs=outputs)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{path}: {len(code_cells)} cells")


if __name__ == "__main__":
    main()
