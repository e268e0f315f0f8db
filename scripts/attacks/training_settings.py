"""Are merges right under every setting, and is a checkpoint ever taken for another training?"""

import random
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

from bpelab.bpe import TrainSettings, train
from bpelab.bpe.foundation.progress import Progress


def _texts(chance: random.Random) -> list[str]:
    return [
        " ".join("".join(chance.choices("abcd", k=chance.randint(1, 6))) for _ in range(60)) for _ in range(4)
    ]


def changed_special_tokens(n_trainings: int = 200, seed: int = 1) -> str:
    """A training resumed with other special tokens is refused, or gives the encoding of one run."""
    chance = random.Random(seed)
    n_refused = n_same = 0
    from bpelab.bpe.training import learner

    before, learner.SECONDS_A_STEP = learner.SECONDS_A_STEP, 0.0
    try:
        with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number in range(n_trainings):
                texts, path = _texts(chance), Path(name, f"c{number}")

                def specials() -> list[str]:
                    known = ["ab", "ba", "aab", "abc", " a", " ab", "<|x|>", "dcba"]
                    return chance.sample(known, k=chance.randint(0, 4))

                one = TrainSettings(vocab_size=340, special_tokens=specials())
                other = replace(one, special_tokens=specials(), vocab_size=chance.choice([300, 340, 350]))
                stop = chance.choice([0, 1, 17, 40])

                def watch(progress: Progress, stop: int = stop) -> None:
                    if progress.phase == "merging" and progress.done >= stop:
                        raise KeyboardInterrupt

                try:
                    train(texts, one, checkpoint=path, progress=watch)
                except KeyboardInterrupt:
                    pass
                try:
                    resumed = train(texts, other, checkpoint=path)
                except ValueError as error:
                    assert "special tokens, which decide a merge" in str(error), error
                    n_refused += 1
                    continue
                expected = train(texts, other)
                assert resumed.ranks == expected.ranks
                assert resumed.special_tokens == expected.special_tokens
                assert not set(resumed.ranks) & {token.encode() for token in other.special_tokens}
                n_same += 1
    finally:
        learner.SECONDS_A_STEP = before
    return (
        f"{n_trainings} trainings resumed with other special tokens: {n_refused} refused, {n_same} the same"
    )


def limits_of_hugging_face(n_corpora: int = 200, seed: int = 2) -> str:
    """Merges with `max_token_length` are Hugging Face's with one more, on any corpus."""
    import json

    import tokenizers
    from bpelab.bpe.data.gpt2 import BYTE_OF_CHAR

    chance = random.Random(seed)
    byte_level = tokenizers.pre_tokenizers.ByteLevel
    for _ in range(n_corpora):
        texts, limit, size = _texts(chance), chance.randint(3, 9), 256 + chance.randint(1, 150)
        texts.append("".join(chance.choices("aé한 ", k=200)))
        tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
        tokenizer.pre_tokenizer = byte_level(add_prefix_space=False, use_regex=True)
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=size,
            show_progress=False,
            initial_alphabet=byte_level.alphabet(),
            max_token_length=limit,
        )
        tokenizer.train_from_iterator(texts, trainer)
        vocabulary = json.loads(tokenizer.to_str())["model"]["vocab"]
        theirs = [
            bytes(map(BYTE_OF_CHAR.__getitem__, token)) for token in sorted(vocabulary, key=vocabulary.get)
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours = train(texts, vocab_size=size, max_token_length=limit - 1)
        assert list(ours.ranks) == theirs
    return f"{n_corpora} corpora with limits of 3 to 9 bytes: the merges of Hugging Face, all"
