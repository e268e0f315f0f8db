"""Count the tokens of Article 1 in each language, for the encodings that the package does not contain.

Run it after a text in bpe/data/article1.toml has changed: `python scripts/build_article1.py FOLDER`, with a
folder that holds cl100k_base.tiktoken and o200k_base.tiktoken.
"""

import sys
import tomllib
from pathlib import Path

from bpelab.bpe import get_encoding

TABLE = Path(__file__).parents[1] / "bpe" / "data" / "article1.toml"
ENCODINGS = ("cl100k_base", "o200k_base")
HEAD = """\
# Article 1 of the Universal Declaration of Human Rights (United Nations, 1948), by BCP 47 language tag. A
# misplaced full stop (hu) and an editor's brackets (th) are left out, and Vietnamese is composed (NFC), as it
# is typed. scripts/build_article1.py counts the tokens.
"""


def main(folder: Path) -> None:
    """Write the table anew, with the counts of all encodings."""
    encodings = [get_encoding(name, path=folder / f"{name}.tiktoken") for name in ENCODINGS]
    sections = [HEAD]
    for tag, entry in tomllib.loads(TABLE.read_text(encoding="utf-8")).items():
        text = entry["text"]
        counts = "".join(f"{enc.name} = {enc.count(text)}\n" for enc in encodings)
        sections.append(f'[{tag}]\ntext = "{text}"\n{counts}')
    TABLE.write_text("\n".join(sections), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
