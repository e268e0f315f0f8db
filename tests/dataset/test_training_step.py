"""A training step as nanoGPT writes it takes our batches as they are."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="pip install 'bpelab[torch]'")

from bpelab.dataset import GPTDatasetV1, create_dataloader_v1  # noqa: E402  (needs torch)
from bpelab.dataset.loader import WindowLoader  # noqa: E402
from bpelab.dataset.tensors import to_device  # noqa: E402
from bpelab.embeddings import InputEmbedding  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812  (as nanoGPT writes it)


class Bigram(nn.Module):
    """As much of nanoGPT's `model.py` as a batch meets: embeddings, a head, and its lines for the loss."""

    def __init__(self, vocab_size: int, block_size: int) -> None:
        super().__init__()
        self.embed = InputEmbedding(vocab_size, block_size, 16)
        self.lm_head = nn.Linear(16, vocab_size, bias=False)

    def forward(self, idx: Any, targets: Any) -> Any:
        logits = self.lm_head(self.embed(idx))
        loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)
        return logits, loss


def loaders() -> dict[str, Any]:
    text = "the quick brown fox jumps over the lazy dog. " * 40
    ids = np.tile(np.arange(50, dtype=np.uint16), 20)
    return {
        "the book's": create_dataloader_v1(text, 4, 8, 8),
        "windows": WindowLoader(GPTDatasetV1.from_ids(ids, 8, 8), 4),
        "narrow": WindowLoader(GPTDatasetV1.from_ids(ids, 8, 8, narrow=True), 4),
        "workers": WindowLoader(GPTDatasetV1.from_ids(ids, 8, 8), 4, num_workers=1),
    }


@pytest.mark.parametrize("name", loaders())
def test_nanogpt_s_step_runs_and_learns(name: str) -> None:
    torch.manual_seed(1)
    loader = loaders()[name]
    model = Bigram(50257 if name == "the book's" else 50, 8)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
    losses = []
    for _ in range(2):
        for X, Y in loader:  # noqa: N806
            x, y = to_device((X, Y), "cpu") if name == "narrow" else (X, Y)
            _, loss = model(x, y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize("narrow", [False, True])
def test_a_batch_is_moved_whole_and_stays_what_it_was(narrow: bool) -> None:
    """What `pin_memory().to(device, non_blocking=True)` copies is one span of memory: the batch."""
    loader = WindowLoader(GPTDatasetV1.from_ids(np.arange(100, dtype=np.uint16), 8, 8, narrow=narrow), 4)
    for part in next(iter(loader)):
        assert part.is_contiguous()
        assert part.untyped_storage().nbytes() == part.nbytes
        assert part.storage_offset() == 0
        assert torch.equal(part.to("cpu", non_blocking=True), part)
        assert torch.equal(part.to(torch.int32, non_blocking=True).long(), part.long())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("options", [{}, {"num_workers": 1}])
def test_pinned_batches_arrive_on_a_gpu_as_they_are(options: dict[str, Any]) -> None:
    dataset = GPTDatasetV1.from_ids(np.arange(1000, dtype=np.uint16), 8, 8)
    pinned = WindowLoader(dataset, 4, pin_memory=True, **options)
    for batch, expected in zip(pinned, WindowLoader(dataset, 4), strict=True):
        assert all(part.is_pinned() for part in batch)
        moved = to_device(batch, "cuda")
        assert all(torch.equal(part.cpu(), same) for part, same in zip(moved, expected, strict=True))
