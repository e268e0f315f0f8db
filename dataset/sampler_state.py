"""What is kept of a training to resume it? A few integers and the data's fingerprint, checked when read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bpelab.dataset.checks import shown, truth, whole_number
from bpelab.dataset.order import checked_seed

VERSION = 1  # also that of the states without a version, which were written before there was one


@dataclass(frozen=True)
class SamplerState:
    """Where in which order a training stands.

    >>> state = SamplerState(seed=1, shuffle=True, epoch=0, n_done=4, n_samples=10, fingerprint="")
    >>> SamplerState.read(state.as_dict()) == state
    True
    """

    seed: int
    shuffle: bool
    epoch: int
    n_done: int  # samples of the epoch, on all ranks
    n_samples: int
    fingerprint: str  # of the data

    def as_dict(self) -> dict[str, Any]:
        """Return what `json.dumps` and `torch.save` take."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def read(cls, state: Mapping[str, Any]) -> "SamplerState":
        """Check a state; `ValueError` or `TypeError` for one that no sampler can have written."""
        if not isinstance(state, Mapping):
            raise TypeError(f"a state is a mapping, as state_dict() returns it, not {state!r:.80}")
        if missing := cls.__dataclass_fields__.keys() - state:
            raise ValueError(f"this is not the state of a sampler: it has no {', '.join(sorted(missing))}")
        version = whole_number(state.get("version", VERSION), "the state's version")
        if version != VERSION:
            raise ValueError(
                f"the state is of version {shown(version)}, and this bpelab reads version {VERSION}:"
                " use the bpelab that wrote it"
            )
        return cls(
            seed=checked_seed(state["seed"], "the state's seed"),
            shuffle=truth(state["shuffle"], "the state's shuffle"),
            epoch=checked_epoch(state["epoch"], "the state's epoch"),
            n_done=whole_number(state["n_done"], "the state's n_done", least=0),
            n_samples=whole_number(state["n_samples"], "the state's n_samples"),
            fingerprint=state["fingerprint"],
        )

    def require_data(self, n_samples: int, fingerprint: str) -> None:
        """Raise `ValueError` where the state is that of other data, or beyond the end of these."""
        if self.n_samples != n_samples:
            raise ValueError(
                f"the state is that of other data: its n_samples is {shown(self.n_samples)},"
                f" here it is {n_samples:,}"
            )
        if self.fingerprint != fingerprint:
            raise ValueError(
                f"the state is that of other data: its fingerprint is {self.fingerprint!r:.80},"
                f" here it is {fingerprint!r}"
            )
        if self.n_done > n_samples:
            raise ValueError(
                f"the state's n_done is {shown(self.n_done)}, more than its {n_samples:,} samples:"
                " it is altered"
            )


def checked_epoch(epoch: object, name: str = "the epoch") -> int:
    """Return the number of an epoch, below 2**63; `TypeError` or `ValueError` for others."""
    number = whole_number(epoch, name, least=0)
    if number.bit_length() > 63:
        raise ValueError(f"{name} is {shown(number)}; it must be below 2**63")
    return number
