"""Every example in a docstring runs."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import bpelab.bpe
import bpelab.cli
import bpelab.dataset
import bpelab.tiktoken
import bpelab.tokenizers
import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (bpelab.bpe, bpelab.tiktoken, bpelab.tokenizers, bpelab.dataset, bpelab.cli)
REPORT = tuple(
    f"bpelab.benchmarks.report.{module.name}"
    for module in pkgutil.iter_modules([str(ROOT / "benchmarks" / "report")])
)
# Found by their names, because to look into a package imports it.
NEED_TORCH = (
    "bpelab.dataset.gpt_dataset",
    "bpelab.dataset.loader",
    "bpelab.dataset.tensors",
    "bpelab.embeddings",
    *(f"bpelab.embeddings.{module.name}" for module in pkgutil.iter_modules([str(ROOT / "embeddings")])),
)
NEED_NUMBA = tuple(
    f"bpelab.bpe.encoders.compiled.{module.name}"
    for module in pkgutil.iter_modules([str(ROOT / "bpe" / "encoders" / "compiled")])
    if module.name not in ("code_files", "loading", "when_it_pays")
)
MODULES = [
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]
MODULES += [f"bpelab.benchmarks.harness.{name}" for name in ("questions", "ratios", "suite")]


@pytest.mark.parametrize(
    "name", sorted({*(package.__name__ for package in PACKAGES), *MODULES, *NEED_TORCH, *REPORT})
)
def test_examples_run(name: str) -> None:
    if name in NEED_TORCH:
        pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")
    if name in NEED_NUMBA:
        pytest.importorskip("numba", reason="pip install 'bpelab[compiled]'")
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_examples_were_found() -> None:
    tests = doctest.DocTestFinder().find(importlib.import_module("bpelab.bpe.encoding"))
    assert sum(len(test.examples) for test in tests) > 10
