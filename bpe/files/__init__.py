"""How are encodings read from files and written to them, and where do the files come from?"""
