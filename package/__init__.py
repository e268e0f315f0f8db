"""Byte-level BPE from scratch in Python, token for token equal to tiktoken."""

import os.path

# In a checkout the parts lie beside this folder instead of below it. An editable install finds those with an
# `__init__.py` by itself; `tokenizers/`, which has none on purpose, is found through the path alone.
_folder, _name = os.path.split(os.path.dirname(os.path.abspath(__file__)))
if _name == "package":
    __path__.append(_folder)


def __getattr__(name: str) -> str:
    """Look up the installed version when it is asked for: importing the package does not pay for it."""
    if name == "__version__":
        from importlib.metadata import version

        return version("bpelab")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
