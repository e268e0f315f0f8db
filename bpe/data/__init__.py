"""What does the package carry? GPT-2's merges, the classes of Unicode 16, a sample of many languages."""
