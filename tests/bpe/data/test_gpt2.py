"""GPT-2's vocabulary is OpenAI's, to the byte."""

from hashlib import sha256

from bpelab.bpe.data.gpt2 import gpt2_merges, gpt2_ranks, pack_merges
from bpelab.bpe.files.gpt2_pair import dump_encoder_json, dump_vocab_bpe
from bpelab.bpe.files.tiktoken_file import dump_tiktoken


def test_vocab_bpe_is_rebuilt_to_its_official_hash() -> None:
    assert (
        sha256(dump_vocab_bpe(gpt2_merges())).hexdigest()
        == "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"
    )


def test_encoder_json_is_rebuilt_to_its_official_hash() -> None:
    assert (
        sha256(dump_encoder_json(gpt2_ranks(), {"<|endoftext|>": 50256})).hexdigest()
        == "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"
    )


def test_tiktoken_file_is_rebuilt_to_its_official_hash() -> None:
    assert (
        sha256(dump_tiktoken(gpt2_ranks())).hexdigest()
        == "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930"
    )


def test_packed_merges_are_at_most_250_kb() -> None:
    assert len(pack_merges(gpt2_merges())) <= 250_000
