"""What did the benchmarks find? A page, tables and a picture, made from records alone."""
