"""What is a corpus? Documents in texts, files and directories, read in bounded memory."""
