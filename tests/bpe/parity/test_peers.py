"""The peers that are installed are compared, and the others say how to be."""

from pathlib import Path

import pytest
from bpelab.bpe import Encoding, compare, save_encoding
from bpelab.bpe.parity import peers
from bpelab.bpe.parity.battery import Battery
from bpelab.bpe.parity.peers import PEERS, PeerRefusedError, load_peer, tokenizers_file


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_s_contractions_are_tiktoken_s(gpt2: Encoding, name: str) -> None:
    try:
        encode = load_peer(name, gpt2)
    except (ImportError, PeerRefusedError) as reason:
        pytest.skip(str(reason))
    assert compare(encode, gpt2, Battery().texts("contractions")).difference is None


def test_an_unknown_peer_and_one_that_is_not_installed_are_told(
    gpt2: Encoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="no peer is named 'gigatok'; there are: tokenizers, gigatoken"):
        load_peer("gigatok", gpt2)
    monkeypatch.setattr(peers, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"tokie is not installed: pip install 'bpelab\[natives\]'"):
        load_peer("tokie", gpt2)


def test_a_tokenizer_json_is_read_by_hugging_face(gpt2: Encoding, tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    save_encoding(tmp_path / "x.json", gpt2)
    assert tokenizers_file(tmp_path / "x.json")("Hello, world") == [15496, 11, 995]
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ValueError, match=r"bad.json: tokenizers refuses it: "):
        tokenizers_file(tmp_path / "bad.json")
    with pytest.raises(FileNotFoundError):
        tokenizers_file(tmp_path / "none.json")
