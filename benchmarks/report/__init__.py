"""What did the benchmarks find? Records become one page, the same as Markdown, and a comparison."""
