r"""What does a pattern of any kind mean to tiktoken, and how is that said to `regex`?

tiktoken reads patterns with `fancy-regex` (https://docs.rs/fancy-regex/0.19/); this package matches them with
`regex`. The two write much alike that does not mean the same: `$`, `\h`, `[a&&b]`, `(?i)`, a flag that is set
inside a group. So a pattern is read as `fancy-regex` reads it (source, escapes, classes, parser) into a tree
(tree, charsets), and written again for `regex` (rewriting, writing, written_sets) without anything that the
two read differently. What cannot be said exactly is refused, with its name and place.
"""
