"""Token ids to batches of (inputs, targets): what does the model see, and in which order?

`GPTDatasetV1` and `create_dataloader_v1` need PyTorch, which is loaded when one of them is asked for;
`windows`, `order`, `sampler`, `documents`, `tokenize_corpus` and what these import need NumPy alone.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bpelab.dataset.gpt_dataset import GPTDatasetV1, create_dataloader_v1

__all__ = ["GPTDatasetV1", "create_dataloader_v1"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bpelab.dataset import gpt_dataset

    return getattr(gpt_dataset, name)
