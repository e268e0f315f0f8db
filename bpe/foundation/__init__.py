"""What do several rooms need? Checks of arguments, safe reading and writing, runs, processes, progress."""
