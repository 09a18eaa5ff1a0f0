"""Many updates in a row: one after the other, or on a GPU as a captured graph that is replayed."""

from __future__ import annotations

from collections.abc import Callable

import torch

from learning_dynamics.engines.deep.engine import Ensemble, Samples

# Updates between two looks at the clock and at signals.
AT_ONCE = 50
_WARM_UP = 3

# Makes one update for each row of indices (updates, seeds · batch size), at most AT_ONCE of them.
Updates = Callable[[torch.Tensor], None]


def updates(ensemble: Ensemble, samples: Samples, device: torch.device) -> Updates:
    """How to make updates on a device."""
    return Replayed(ensemble, samples, device) if device.type == "cuda" else _one_by_one(ensemble, samples)


def _one_by_one(ensemble: Ensemble, samples: Samples) -> Updates:
    def make(indices: torch.Tensor) -> None:
        for row in indices:
            ensemble.update(samples, row)

    return make


class Replayed:
    """One update as a CUDA graph: a launch per update instead of one per operation, and no wait for the GPU.

    The indices of up to AT_ONCE updates lie on the GPU; a counter, advanced within the graph, says which come next.
    """

    def __init__(self, ensemble: Ensemble, samples: Samples, device: torch.device) -> None:
        """Capture the update; the ensemble is left as it was."""
        width = ensemble.seeds * ensemble.batch_size
        self._places = torch.zeros((AT_ONCE, width), dtype=torch.int64, device=device)
        self._next = torch.zeros(1, dtype=torch.int64, device=device)
        self._graph = torch.cuda.CUDAGraph()
        before = ensemble.state()
        # Libraries choose their algorithms and allocate on the first calls, which cannot be captured.
        stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                self._step(ensemble, samples)
        torch.cuda.current_stream(device).wait_stream(stream)
        ensemble.restore(before)
        with torch.cuda.graph(self._graph):
            self._step(ensemble, samples)

    def _step(self, ensemble: Ensemble, samples: Samples) -> None:
        ensemble.update(samples, self._places.index_select(0, self._next).view(-1))
        self._next.add_(1)

    def __call__(self, indices: torch.Tensor) -> None:
        """One update for each row."""
        self._places[: len(indices)].copy_(indices, non_blocking=True)
        self._next.zero_()
        for _ in range(len(indices)):
            self._graph.replay()
