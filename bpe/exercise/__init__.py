"""Can you write BPE yourself? Eight steps to fill in, each checked against the textbook and explained."""
