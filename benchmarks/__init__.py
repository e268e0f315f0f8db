"""Measurements against tiktoken: one file a question."""
