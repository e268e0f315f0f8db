"""Which pre-tokenizer cuts a text as a pattern does? Hugging Face's engine for patterns is Oniguruma."""

from typing import Any

from bpelab.bpe.files.shared_syntax import why_not_shared
from bpelab.bpe.files.tokenizer_json.fields import as_object, refusal, steps
from bpelab.bpe.files.tokenizer_json.splits import dump_splits, load_splits
from bpelab.bpe.splitting.dialect.coverage import matches_everything
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN

# Oniguruma, which reads a `Split`'s pattern, takes {1,3}+ for a repeated {1,3} and $ for the end of a
# line. After possessive white space only the end of the text is followed by neither.
_CL100K_SPLIT = CL100K_PATTERN.replace("{1,3}+", "{1,3}").replace(r"\s++$", r"\s++(?!\S)")
_GPT2_SPLIT = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# `Digits` with `individual_digits` makes a piece of every number character, of any script, and then GPT-2's
# pattern, within each stretch between them, takes the end of the stretch for the end of the text.
DIGITS_THEN_GPT2 = r"\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+"
# Patterns that are spelled in another way in the file than here, and mean the same to both engines.
OURS_OF = {_CL100K_SPLIT: CL100K_PATTERN, _GPT2_SPLIT: GPT2_PATTERN}

_READABLE = (["ByteLevel"], ["Split", "ByteLevel"], ["Digits", "ByteLevel"])


def dump_pattern(pattern: str) -> dict[str, Any]:
    """Return the pre-tokenizer that cuts a text as a pattern does."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    if pattern == GPT2_PATTERN:
        return byte_level | {"use_regex": True}
    if splits := dump_splits(pattern):
        return {"type": "Sequence", "pretokenizers": [*splits, byte_level | {"use_regex": False}]}
    written = {ours: theirs for theirs, ours in OURS_OF.items()}.get(pattern)
    if written is None:
        _check_shared(pattern, "pattern")
    # Here, text that a pattern does not match is in no piece. There, it is a piece unless it is removed.
    keeps_all = matches_everything(pattern)
    split = {
        "type": "Split",
        "pattern": {"Regex": written or pattern},
        "behavior": "Isolated" if keeps_all else "Removed",
        "invert": not keeps_all,
    }
    return {"type": "Sequence", "pretokenizers": [split, byte_level | {"use_regex": False}]}


def load_pattern(pre_tokenizer: Any) -> str:
    """Return the pattern that cuts a text as a pre-tokenizer does."""
    field = "pre_tokenizer"
    if not isinstance(pre_tokenizer, dict):
        raise refusal(field, "there is none, so that merges would run across a whole text")
    listed = steps(pre_tokenizer, field)
    kinds = [step.get("type") for step in listed]
    several = load_splits(listed[:-1])
    if not (several and kinds[-1] == "ByteLevel") and kinds not in _READABLE:
        raise refusal(field, _why_not_readable(kinds))
    if listed[-1].get("add_prefix_space", True):
        raise refusal(f"{field}.add_prefix_space", "it puts a space before each text")
    uses_regex = listed[-1].get("use_regex", True)
    if len(listed) == 1:
        if not uses_regex:
            raise refusal(f"{field}.use_regex", "nothing splits: merges would run across a whole text")
        return GPT2_PATTERN
    if kinds[0] == "Digits":
        if not (uses_regex and listed[0].get("individual_digits")):
            raise refusal(field, "Digits is read with individual_digits and ByteLevel's use_regex alone")
        return DIGITS_THEN_GPT2
    if uses_regex:
        raise refusal(f"{field}.use_regex", "the pieces of the Split are split again by GPT-2's pattern")
    if several:
        return several
    split = listed[0]
    pattern = as_object(split.get("pattern"), f"{field}.pattern").get("Regex")
    if not isinstance(pattern, str):
        raise refusal(f"{field}.pattern", f"{split.get('pattern')!r} is not a regular expression")
    rule = (split.get("behavior"), bool(split.get("invert")))
    if rule not in (("Isolated", False), ("Removed", True)):
        raise refusal(f"{field}.behavior", f"{rule[0]} with invert={rule[1]} cuts the text in another way")
    if pattern in OURS_OF:
        return OURS_OF[pattern]
    _check_shared(pattern, f"{field}.pattern")
    if rule[0] == "Isolated" and not matches_everything(pattern):
        raise refusal(
            f"{field}.behavior",
            f"Isolated makes pieces of what the pattern {pattern!r} does not match, and it is not known to"
            " match everything",
        )
    return pattern


def _why_not_readable(kinds: list[Any]) -> str:
    """Say why no pattern is known that cuts a text as such steps in a row do."""
    found = " + ".join(map(str, kinds)) or "an empty Sequence"
    if "ByteLevel" in kinds[:-1]:
        return f"{found} cuts again after ByteLevel, between the bytes of a character: no pattern does that"
    if len(kinds) > 1 and kinds == ["Split"] * (len(kinds) - 1) + ["ByteLevel"]:
        return f"{found}: several Splits in a row are read as DeepSeek-V3 has them, and no others"
    return f"{found} is not ByteLevel, nor one Split or Digits and then ByteLevel"


def _check_shared(pattern: str, field: str) -> None:
    if reason := why_not_shared(pattern, "Hugging Face's engine and to `regex`"):
        raise refusal(field, reason)
