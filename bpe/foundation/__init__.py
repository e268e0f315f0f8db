"""What do several rooms need? Checks of arguments, files read and written safely, processes, progress."""
