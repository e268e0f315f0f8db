"""`bpelab compile`: compile the loops of the compiled engine ahead of any text."""

from typing import Annotated

import typer


def compile(
    patterns: Annotated[
        list[str] | None,
        typer.Argument(help="The encodings whose patterns to compile for: gpt2, cl100k_base, o200k_base."),
    ] = None,
) -> None:
    """Compile the loops that encode and train, for some patterns or all three, so that no text waits for it.

    The machine code is kept beside the package or, where that cannot be written to, in the user's cache. It
    is for this kind of processor; with NUMBA_CPU_NAME=generic in the environment, here and later, for any.

    Example: bpelab compile gpt2
    """
    from bpelab.bpe.encoders.compiled.compile_ahead import compile_ahead
    from bpelab.bpe.training.compiled.compile_ahead import compile_training_ahead

    for compiled in (compile_ahead, compile_training_ahead):
        for done in compiled(patterns) if patterns else compiled():
            how = "read, as it was on disk," if done.was_there else "compiled"
            print(f"{done.name}: {how} in {done.seconds:.1f} s: {done.folder}", flush=True)
