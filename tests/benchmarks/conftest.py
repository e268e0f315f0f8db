"""Made-up records, in which anything can be put."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

Record = dict[str, Any]


def cell(question: str, group: str, contender: str, baseline: str, *passes: float, **more: Any) -> Record:
    about = {"question": question, "group": group, "contender": contender, "baseline": baseline}
    return about | {"unit": "s", "axis": {}, "passes": [[value] for value in passes]} | more


RECORD: Record = {
    "schema": "bpelab benchmarks 2",
    "started": "2026-11-23T10:00:00+00:00",
    "finished": "2026-11-23T10:04:00+00:00",
    "preset": "quick",
    "seed": 1,
    "n_passes": 3,
    "seconds": 240.0,
    "commit": "0123456789abcdef",
    "modified": False,
    "machine": {"name": "Testing 1, 2 cores", "n_cores": 2, "caches": {"L2": 1 << 20}, "gpu": None},
    "versions": {"python": "3.11.7", "tiktoken": "0.14.0"},
    "parity": [{"encoding": "gpt2", "n_texts": 10, "n_bytes": 1000, "n_tokens": 300, "difference": None}],
    "conformance": [
        {"encoder": who, "encoding": "gpt2", "kind": kind, "n_texts": 3, "difference": difference}
        for who, kind, difference in (
            ("bpelab", "prose", None),
            ("tokie", "contractions", {"text": "'s", "told": "<b> & [1], where tiktoken gives [2]"}),
            ("tokie", "prose", None),
        )
    ],
    "limits": {
        "copy_bytes_per_second": 1e10,
        "flops_per_second": {"float32": 1e11, "bfloat16": None},
        "cuda": None,
    },
    "cells": [
        cell("encode_warm", "verse to an array", "bpelab", "tiktoken", 0.1, 0.11, 0.1,
             axis={"form": "array"}, amount=1_000_000, amount_of="bytes"),
        cell("encode_warm", "verse to an array", "tiktoken", "tiktoken", 0.5, 0.51, 0.5,
             axis={"form": "array"}, amount=1_000_000, amount_of="bytes"),
        *(
            cell("encode_growth", f"{n:,} bytes", who, "tiktoken", seconds * n, seconds * n,
                 axis={"n_bytes": n}, amount=n, amount_of="bytes")
            for n in (100, 1_000, 10_000)
            for who, seconds in (("bpelab", 2e-8), ("tiktoken", 1e-7))
        ),
        cell("encode_long_piece", "one piece of a", "bpelab", "tiktoken", 2.0, 2.1),
        cell("encode_long_piece", "one piece of a", "tiktoken", "tiktoken", 1.0, 1.2),
        cell("loader", "512 samples", "bpelab", "bpelab", 1e-4, 1e-4),
        *(
            cell("embedding", f"cpu, {vocabulary} x {dim}", who, "one-hot @ Linear", value, value,
                 axis={"vocab_size": vocabulary, "dim": dim, "n_tokens": 256, "device": "cpu",
                       "dtype": "float32", "direction": "forward"},
                 bytes_moved=1e6, operations=operations)
            for vocabulary in (64, 1024)
            for dim in (64, 256)
            for who, value, operations in (
                ("look-up", 2e-3 if vocabulary == 64 else 1e-4, 0), ("one-hot @ Linear", 1e-3, 1e7),
            )
        ),
    ],
    "missing": [
        {"question": "encode_warm", "group": "list", "contender": "gigatoken", "reason": "not installed"},
        {"question": "train", "group": "any", "contender": "rustbpe", "reason": "not installed"},
    ],
    "done": [[0, "encode_warm"]],
}  # fmt: skip


@pytest.fixture
def made_up() -> Callable[..., Record]:
    """Return what makes a record of its own, with some fields set."""
    return lambda **fields: copy.deepcopy(RECORD) | fields
