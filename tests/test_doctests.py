"""Every example in a docstring runs."""

import doctest
import importlib
import importlib.util
import pkgutil

import bpelab.bpe
import bpelab.cli
import bpelab.tokenizers
import pytest

PACKAGES = [bpelab.bpe, bpelab.tokenizers, bpelab.cli]
NEED_TORCH = ["bpelab.embeddings"]
if importlib.util.find_spec("torch"):
    PACKAGES += map(importlib.import_module, NEED_TORCH)
MODULES = [
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


@pytest.mark.parametrize("name", sorted({*(package.__name__ for package in PACKAGES), *MODULES, *NEED_TORCH}))
def test_examples_run(name: str) -> None:
    if name in NEED_TORCH:
        pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_examples_were_found() -> None:
    tests = doctest.DocTestFinder().find(importlib.import_module("bpelab.bpe.encoding"))
    assert sum(len(test.examples) for test in tests) > 10
