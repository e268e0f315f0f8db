"""Which engine learns the merges? The one that was asked for, or the one that pays.

Both give the same counts and the same merges. The compiled loops (`training.compiled`) need Numba, which is
imported only where they are used.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from bpelab.bpe.foundation.forks import forks_wait
from bpelab.bpe.training.compiled.when_it_pays import pays_to_learn
from bpelab.bpe.training.learner import MergeLearner

if TYPE_CHECKING:
    from bpelab.bpe.training.compiled.learner import CompiledLearner

Engine = Literal["auto", "arrays", "compiled"]
ENGINES = ("auto", "arrays", "compiled")


def check_engine(engine: object) -> None:
    """Raise `ValueError` for an unknown engine, and `ImportError` for one that is not installed."""
    if engine not in ENGINES:
        raise ValueError(f"engine is {engine!r}; it must be one of: {', '.join(ENGINES)}")
    if engine == "compiled" and find_spec("numba") is None:
        raise ImportError("engine is 'compiled', which needs Numba: pip install 'bpelab[compiled]'")


def learner_for(n_slots: int, engine: Engine) -> "type[MergeLearner] | type[CompiledLearner]":
    """Return what learns the merges of pieces that take so many slots."""
    if engine == "arrays" or (engine == "auto" and not pays_to_learn(n_slots)):
        return MergeLearner
    try:
        with forks_wait():
            from bpelab.bpe.training.compiled.compile_ahead import make_learning_ready
            from bpelab.bpe.training.compiled.learner import CompiledLearner

            make_learning_ready()
    except (ImportError, RuntimeError):
        if engine == "compiled":
            raise
        return MergeLearner
    return CompiledLearner
