"""Every example in a docstring runs."""

import doctest
import importlib
import pkgutil

import bpelab.bpe
import bpelab.cli
import pytest

MODULES = [
    module.name
    for package in (bpelab.bpe, bpelab.cli)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


@pytest.mark.parametrize("name", ["bpelab.bpe", "bpelab.cli", *MODULES])
def test_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_examples_were_found() -> None:
    tests = doctest.DocTestFinder().find(importlib.import_module("bpelab.bpe.encoding"))
    assert sum(len(test.examples) for test in tests) > 10
