"""Is it fast, against whom, on what? One question a file, a suite that asks them all, and a report."""
