"""How is a `tokenizer.json` read, or refused with the field and the reason?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.tokenizer_json.added_tokens import check_double_meanings, load_added_tokens
from bpelab.bpe.files.tokenizer_json.fields import refusal, steps
from bpelab.bpe.files.tokenizer_json.model import check_merges, load_merges, load_ranks, load_vocabulary
from bpelab.bpe.files.tokenizer_json.patterns import load_pattern
from bpelab.bpe.foundation.reading import Source, read_json, refuse


def load_tokenizer_json(path: Source, *, nfc_is_mine: bool = False) -> Encoding:
    """Read a `tokenizer.json`; raises what `parse_tokenizer_json` raises, and `OSError`."""
    return parse_tokenizer_json(read_json(path), path, nfc_is_mine=nfc_is_mine)


def parse_tokenizer_json(content: Any, path: Source, *, nfc_is_mine: bool = False) -> Encoding:
    """Return the encoding in a `tokenizer.json`, parsed; `path` is for its name and for error messages.

    `encode(text, allowed_special="all")` gives the same ids as `tokenizers` with `add_special_tokens=False`:
    added tokens become special tokens, and what a post-processor puts around a text (such as a token for its
    beginning) is left out. If the file normalizes to NFC, pass `nfc_is_mine=True` and texts that are already
    in NFC. Loading takes some 15 us a token. Raises `ValueError`, which names the file, the field and the
    reason, if the file's rule is not tiktoken's.
    """
    try:
        if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
            raise refusal("model", "there is none: this is not a tokenizer.json")
        return _parse(content, Path(path).stem, nfc_is_mine)
    except RecursionError:
        refuse(path, None, "nested too deeply")
    except ValueError as error:
        refuse(path, None, str(error))


def _parse(content: Mapping[str, Any], name: str, nfc_is_mine: bool) -> Encoding:
    model = content["model"]
    for field in ("truncation", "padding"):
        if content.get(field):
            raise refusal(field, "it changes the ids; set it to null")
    normalizers = [step.get("type") for step in steps(content.get("normalizer"), "normalizer")]
    for kind in normalizers:
        if kind != "NFC" or not nfc_is_mine:
            advice = "; give texts in NFC and pass nfc_is_mine=True" if kind == "NFC" else ""
            raise refusal("normalizer", f"{kind} changes the text before it is split{advice}")
    decoders = [step.get("type") for step in steps(content.get("decoder"), "decoder")]
    if decoders not in ([], ["ByteLevel"]):
        found = " + ".join(map(str, decoders))
        raise refusal("decoder", f"{found} is not ByteLevel: this is not byte-level BPE")
    if model.get("type", "BPE") != "BPE":
        raise refusal("model.type", f"{model['type']} is not BPE")
    for field in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(field):
            raise refusal(f"model.{field}", f"{model[field]!r} changes the merges")
    pattern = load_pattern(content.get("pre_tokenizer"))
    vocabulary = load_vocabulary(model.get("vocab"))
    specials = load_added_tokens(content.get("added_tokens") or [], vocabulary, bool(normalizers))
    ranks = load_ranks(vocabulary, specials)
    merges = load_merges(model.get("merges"), vocabulary)
    ignore_merges = bool(model.get("ignore_merges"))
    check_merges(ranks, merges, ignore_merges)
    check_double_meanings(specials, vocabulary, merges, ignore_merges)
    return Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens=specials)
