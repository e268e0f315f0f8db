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
