"""Where is what a user need not compute or download twice?"""

import os
from pathlib import Path


def cache_directory() -> Path:
    """Return this user's cache: `BPELAB_CACHE_DIR`, or a directory by the system's rules."""
    if given := os.environ.get("BPELAB_CACHE_DIR"):
        return Path(given)
    from platformdirs import user_cache_path  # only here, because most callers never need it

    return Path(user_cache_path("bpelab"))
