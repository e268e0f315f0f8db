"""Without PyTorch the error says what to install."""

import subprocess
import sys


def test_a_missing_extra_is_named() -> None:
    program = "import sys; sys.modules['torch'] = None; import bpelab.embeddings"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.endswith("ImportError: bpelab.embeddings needs PyTorch: pip install 'bpelab[torch]'\n")
