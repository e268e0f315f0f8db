"""Which changes of the source does no test notice?

    python scripts/mutants.py --minutes 60

Cosmic Ray lists the one-token changes (mutants) of a file: an operator, a number, a condition, a loop. This
draws some at random, as many in each folder, makes each in a copy of the tree, and runs the tests nearest to
the file until one fails. Results lie in `.build/mutants/session.sqlite`; started again, the run goes on
there, and `cr-report` and `cr-html` read it. `docs/mutants.md` is written at the end.

Cosmic Ray can run commands itself; here each mutant is tried in a fork that has imported PyTorch, Numba and
Hypothesis already, which would take longer than most tests. So it needs Linux or macOS. The compiled loops
run interpreted.
"""

import argparse
import ast
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cosmic_ray.ast
import mutants_page
import mutants_tests
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult

ROOT = Path(__file__).parents[1]
BUILD = ROOT / ".build" / "mutants"
SOURCE = BUILD / "source"  # the tree as it was at the draw: work may go on in the other one meanwhile
PACKAGES = ("bpe", "dataset", "tokenizers", "embeddings")
STATISTICS = ("harness/ratios", "harness/turns", "report/scales", "report/units", "report/verdict")
MOST_MEMORY = 12 << 30  # a mutant that grows without end stops here


def sources() -> dict[str, list[Path]]:
    """Return the files to be changed, by folder."""
    folders: dict[str, list[Path]] = {}
    files = [path for package in PACKAGES for path in sorted((SOURCE / package).rglob("*.py"))]
    files += [SOURCE / "benchmarks" / f"{name}.py" for name in STATISTICS]
    for path in (file.relative_to(SOURCE) for file in files if file.name != "__init__.py"):
        folder = "benchmarks" if path.parts[0] == "benchmarks" else str(path.parent)
        folders.setdefault(folder, []).append(path)
    return folders


def mutations_by_place(path: Path) -> list[list[MutationSpec]]:
    """Return every mutation of a file, those of one place together: some operators have ten."""
    nodes = list(cosmic_ray.ast.ast_nodes(cosmic_ray.ast.get_ast_from_path(SOURCE / path)))
    places: dict[object, list[MutationSpec]] = {}
    for name in operator_names():
        operator_class = get_operator(name)
        if operator_class.arguments():
            continue
        operator = operator_class()
        positions = (place for node in nodes for place in operator.mutation_positions(node))
        for occurrence, (start, end) in enumerate(positions):
            mutation = MutationSpec(path, name, occurrence, start, end)
            places.setdefault((start, end), []).append(mutation)
    return list(places.values())


class _WithoutTypes(ast.NodeTransformer):
    """What a module does: its tree without annotations."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


def _behaviour(code: str) -> str:
    return ast.dump(_WithoutTypes().visit(ast.parse(code)))


def mutated(mutation: MutationSpec) -> str | None:
    """Return the changed source, or None where it is no program or only says other types."""
    code = (SOURCE / mutation.module_path).read_text(encoding="utf-8")
    try:
        changed = mutate_code(code, get_operator(mutation.operator_name)(), mutation.occurrence)
        return None if changed is None or _behaviour(changed) == _behaviour(code) else changed
    except (SyntaxError, AttributeError):  # Cosmic Ray cannot change `except module.Error`
        return None


def draw(db: WorkDB, only: str, seed: int, per_folder: int) -> None:
    """Draw mutations, as many in each folder, one in each place; the number of a draw begins its name."""
    drawn = {item.job_id.partition(" ")[2] for item in db.work_items}
    for folder, files in sources().items():
        if folder in drawn or not any(str(path).startswith(only) for path in files):
            continue
        rng = random.Random(f"{seed} {folder}")
        places = [place for path in files for place in mutations_by_place(path)]
        chosen = enumerate(rng.sample(places, min(per_folder, len(places))))
        db.add_work_items(WorkItem.single(f"{number:04} {folder}", rng.choice(at)) for number, at in chosen)


def copy_tree(tree: Path, folder: Path) -> Path:
    """Copy a tree, with a folder `site` from which `bpelab` is imported."""
    shutil.rmtree(folder, ignore_errors=True)
    if (tree / ".git").exists():
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=tree, capture_output=True, text=True, check=True).stdout
        for name in names.splitlines():
            if (tree / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(tree / name, folder / name)
    else:
        shutil.copytree(tree, folder, ignore=shutil.ignore_patterns("site"))
    package = folder / "site" / "bpelab"
    package.mkdir(parents=True)
    for path in (folder / "package").iterdir():
        (package / path.name).symlink_to(path)
    for name in (*PACKAGES, "benchmarks", "cli"):
        (package / name).symlink_to(folder / name)
    (package / "tiktoken").symlink_to(folder / "tiktoken_door")
    return folder


def fork(folder: Path, name: str, program: Callable[[], int]) -> int:
    """Run a function in a process group of its own, in a copy of the tree; its output goes to a file."""
    process = os.fork()
    if process:
        return process
    status = 70
    try:
        os.setsid()
        os.chdir(folder)
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
        output = os.open(folder / f"{name}.output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(output, stream)
        sys.path.insert(0, str(folder / "site"))
        os.environ["PYTHONPATH"] = str(folder / "site")
        status = program()
    finally:
        os._exit(status)


def end_group(process: int) -> None:
    """End what a test may have left running."""
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


def waiting_items(db: WorkDB, only: str, survivors: bool) -> list[WorkItem]:
    """Return the mutants of a folder or file to be tried, in the order of the draw."""
    items = list(db.pending_work_items)
    if survivors:
        items = [item for item, result in db.completed_work_items if not result.is_killed and result.diff]
    items = [item for item in items if str(item.mutations[0].module_path).startswith(only)]
    return sorted(items, key=lambda item: item.job_id)


def try_out(
    db: WorkDB, items: list[WorkItem], copies: list[Path], seconds: mutants_tests.Seconds, until: float
) -> None:
    """Try some mutants, one at a time in each copy, until the time is over."""
    items = items[::-1]
    running: dict[int, tuple[Path, WorkItem, str]] = {}
    free = list(copies)
    try:
        while True:
            while free and items and time.monotonic() < until:
                item = items.pop()
                if (changed := mutated(item.mutations[0])) is None:
                    db.set_result(item.job_id, WorkResult(WorkerOutcome.NO_TEST))
                else:
                    folder = free.pop()
                    running[_start(folder, item, changed, seconds)] = folder, item, changed
            if not running:
                return
            process, status = os.wait()
            end_group(process)
            folder, item, changed = running.pop(process)
            _keep(db, folder, item, changed, status)
            free.append(folder)
    finally:
        for process in running:
            end_group(process)


def _start(folder: Path, item: WorkItem, changed: str, seconds: mutants_tests.Seconds) -> int:
    """Make a change in a copy of the tree, and start the nearest tests there."""
    path = item.mutations[0].module_path
    (folder / path).write_text(changed, encoding="utf-8")
    tests = mutants_tests.nearest(path, SOURCE, seconds)
    return fork(folder, "mutant", lambda: mutants_tests.run(tests))


def _keep(db: WorkDB, folder: Path, item: WorkItem, changed: str, status: int) -> None:
    """Keep and show what the tests said, and undo the change."""
    path = item.mutations[0].module_path
    shutil.copy2(SOURCE / path, folder / path)
    output = (folder / "mutant.output").read_text(encoding="utf-8", errors="replace")
    outcome = TestOutcome.SURVIVED if status == 0 else TestOutcome.KILLED
    diff = mutants_page.difference((SOURCE / path).read_text(encoding="utf-8"), changed)
    db.set_result(item.job_id, WorkResult(WorkerOutcome.NORMAL, output[-2000:], outcome, diff))
    print(f"{outcome.value:9}{path}:{item.mutations[0].start_pos[0]} {diff!r}", flush=True)


def main() -> None:
    """Read the command line, draw once, and go on from there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60, help="once the tests are timed, try so long")
    parser.add_argument("--per-folder", type=int, default=40, help="draw so many in each folder")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="try what lies in this folder or file")
    parser.add_argument("--survivors", action="store_true", help="try those again that no test noticed")
    parser.add_argument("--again", action="store_true", help="forget the session and draw from today's tree")
    args = parser.parse_args()
    # A shell has what it starts in the background ignore Ctrl-C, and what tests start would do so, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ |= {"NUMBA_DISABLE_JIT": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    os.environ.setdefault("BPELAB_SPLIT_LENGTH", "4")  # every short string, in a tenth of the time
    os.environ.setdefault("BPELAB_DATA", str(ROOT.parent / "shared" / "data"))
    session = BUILD / "session.sqlite"
    if args.again or not session.exists():
        session.unlink(missing_ok=True)
        copy_tree(ROOT, SOURCE)
    else:  # tests that were written since are tried, too
        shutil.copytree(ROOT / "tests", SOURCE / "tests", dirs_exist_ok=True)
    copies = [copy_tree(SOURCE, BUILD / str(number)) for number in range(args.processes)]
    mutants_tests.preload()
    with use_db(session) as db:
        draw(db, args.only, args.seed, args.per_folder)
        items = waiting_items(db, args.only, args.survivors)
        paths = {item.mutations[0].module_path for item in items}
        seconds = mutants_tests.measure(paths, SOURCE, copies, fork, BUILD / "seconds.json")
        try_out(db, items, copies, seconds, time.monotonic() + 60 * args.minutes)
        (ROOT / "docs" / "mutants.md").write_text(mutants_page.page(db, ROOT / "docs" / "mutants.md"))


if __name__ == "__main__":
    main()
