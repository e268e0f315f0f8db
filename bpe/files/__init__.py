"""How do vocabularies lie in files, and where do files come from?"""
