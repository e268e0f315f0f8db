"""How is a corpus read in bounded memory?"""
