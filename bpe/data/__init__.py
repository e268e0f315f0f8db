"""Which data does the package contain? GPT-2's merges, Unicode 16's classes, a sample of many languages."""
