"""Are the ids the same as tiktoken's, on this machine? Compared once a run, in a process of its own.

python -m bpelab.benchmarks.harness.parity gpt2
"""

import json
import sys

from bpelab.benchmarks.harness.environment import DATA, encoding_file
from bpelab.bpe import get_encoding
from bpelab.bpe.parity.compare import Comparison, compare
from bpelab.bpe.parity.corpora import default_corpora
from bpelab.bpe.parity.reference import load_tiktoken


def main() -> None:
    """Compare the encoding that the argument names, and print the result as JSON."""
    name = sys.argv[1]
    path = None if name == "gpt2" else encoding_file(name)
    ours, theirs = get_encoding(name, path=path), load_tiktoken(name, path)
    results = {
        corpus: compare(ours, theirs, texts) for corpus, texts in default_corpora(DATA / "text").items()
    }
    total = sum(results.values(), Comparison(0, 0, 0))
    corpora = {corpus: result.as_json() for corpus, result in results.items()}
    print(json.dumps(total.as_json() | {"encoding": name, "corpora": corpora}))


if __name__ == "__main__":
    main()
