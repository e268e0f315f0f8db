"""Make bpe/data/gpt2.merges from `gpt2.tiktoken`, an asset of OpenAI's openai-whisper (MIT).

python -m pip download --no-deps --no-binary=:all: openai-whisper==20250625
tar xzf openai_whisper-20250625.tar.gz
python scripts/build_gpt2_merges.py openai_whisper-20250625/whisper/assets/gpt2.tiktoken
"""

import base64
import hashlib
import sys
from pathlib import Path

from bpelab.bpe.data.gpt2 import pack_merges
from bpelab.bpe.textbook import merge_piece

ASSET_SHA256 = "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930"
TARGET = Path(__file__).parent.parent / "bpe" / "data" / "gpt2.merges"


def main() -> None:
    """Read the asset, find the two parts of every merged token, write the table."""
    asset = Path(sys.argv[1]).read_bytes()
    if hashlib.sha256(asset).hexdigest() != ASSET_SHA256:
        sys.exit(f"{sys.argv[1]}: not the gpt2.tiktoken of openai-whisper (its SHA-256 differs)")
    ranks: dict[bytes, int] = {}
    merges = []
    for line in asset.splitlines():
        encoded, rank = line.split()
        token = base64.b64decode(encoded)
        if len(token) > 1:
            # With only the earlier tokens known, a token's bytes merge down to exactly its two parts.
            left, right = merge_piece(token, ranks)
            merges.append((left, right))
        ranks[token] = int(rank)
    TARGET.write_bytes(pack_merges(merges))
    print(f"{TARGET}: {len(merges):,} merges, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
