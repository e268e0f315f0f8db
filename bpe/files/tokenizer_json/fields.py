"""What stands in a field of the file? The few checks that all fields share."""

from typing import Any


def refusal(field: str, reason: str) -> ValueError:
    """Return the error for a field; the reader adds the name of the file."""
    return ValueError(f"{field}: {reason}")


def as_object(value: Any, field: str) -> dict[str, Any]:
    """Return an object as it is; `ValueError` for anything else."""
    if not isinstance(value, dict):
        raise refusal(field, f"{value!r:.40} is not an object")
    return value


def as_objects(value: Any, field: str) -> list[dict[str, Any]]:
    """Return a list of objects as it is; `ValueError` for anything else."""
    if not isinstance(value, list):
        raise refusal(field, f"{value!r:.40} is not a list")
    return [as_object(item, f"{field}[{i}]") for i, item in enumerate(value)]


# What the list of a `Sequence` is called in each of the fields that may have one.
_LISTS = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers", "decoder": "decoders"}


def steps(value: Any, field: str) -> list[dict[str, Any]]:
    """Return what is done one after the other: the steps of a `Sequence`, of those in it too, or one step.

    >>> steps({"type": "Sequence", "decoders": [{"type": "ByteLevel"}]}, "decoder")
    [{'type': 'ByteLevel'}]
    >>> steps(None, "normalizer")
    []
    """
    step = as_object(value or {}, field)
    if not step:
        return []
    if step.get("type") != "Sequence":
        return [step]
    listed = _LISTS[field]
    return [
        found for item in as_objects(step.get(listed), f"{field}.{listed}") for found in steps(item, field)
    ]
