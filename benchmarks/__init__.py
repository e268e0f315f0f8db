"""Is it fast, against whom, on what? One question per file, a suite that asks them all, and a report."""
