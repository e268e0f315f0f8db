"""How does a process get the compiled engine? By reading or compiling its loops, which forks wait for."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bpelab.bpe.encoders.compiled.when_it_pays import pays
from bpelab.bpe.foundation.forks import forks_wait

if TYPE_CHECKING:
    from bpelab.bpe.encoders.compiled.encoder import CompiledEncoder

# Whether the engine did not start in this process: another try would take as long and fail as well.
_failed = False


def load(
    ranks: Mapping[bytes, int],
    pattern: str,
    split: Callable[[str], list[str]] | None = None,
    bytes_of_id: Mapping[int, bytes] | None = None,
) -> "CompiledEncoder":
    """Return a compiled encoder whose loops are ready; `CompiledEncoder` explains the arguments.

    Raises `ImportError` where Numba is not installed or does not work with this NumPy, and `RuntimeError`
    where it cannot compile the loops. The message says what to do.
    """
    with forks_wait():
        from bpelab.bpe.encoders.compiled.compile_ahead import make_ready
        from bpelab.bpe.encoders.compiled.encoder import CompiledEncoder

        make_ready(pattern)
    return CompiledEncoder(ranks, pattern, split, bytes_of_id=bytes_of_id)


def load_if_it_pays(
    n_chars: int,
    n_before: int,
    ranks: Mapping[bytes, int],
    pattern: str,
    split: Callable[[str], list[str]] | None = None,
    bytes_of_id: Mapping[int, bytes] | None = None,
) -> "CompiledEncoder | None":
    """Return a compiled encoder where it pays (see `when_it_pays`) and works; None where it does not."""
    global _failed
    if _failed or not pays(n_chars, n_before, pattern):
        return None
    try:
        return load(ranks, pattern, split, bytes_of_id)
    except (ImportError, RuntimeError):
        _failed = True
        return None
