"""Is it really the same as tiktoken?"""
