"""Which packages is bpelab compared with? Every list of them is made from this one."""

from typing import NamedTuple


class Peer(NamedTuple):
    """How a package is imported, and which extra of bpelab brings it."""

    module: str
    extra: str
    encodes: bool = True
    trains: bool = False


PEERS = {
    "tiktoken": Peer("tiktoken", "peers"),
    "tokenizers": Peer("tokenizers", "peers", trains=True),
    "rustbpe": Peer("rustbpe", "peers", encodes=False, trains=True),
    "gigatoken": Peer("gigatoken", "natives", trains=True),
    "fastokens": Peer("fastokens", "natives"),
    "tokie": Peer("tokie", "natives"),
    "bpe-openai": Peer("bpe_openai", "natives"),
    "rs-bpe": Peer("rs_bpe", "natives"),
    "ffbpe": Peer("ffbpe", "natives", encodes=False, trains=True),
}
TRAINERS = tuple(name for name, peer in PEERS.items() if peer.trains)
# Encoders in native code that are not the two that everybody knows.
NATIVES = tuple(name for name, peer in PEERS.items() if peer.encodes and peer.extra == "natives")


def peer_of(contender: str) -> str | None:
    """Return the package whose code a contender is, or None if it is somebody else's.

    >>> peer_of("tiktoken._educational"), peer_of("gigatoken"), peer_of("bpelab"), peer_of("the book")
    ('tiktoken', 'gigatoken', None, None)
    """
    name = contender.partition(".")[0].partition(",")[0]
    return name if name in PEERS else None
