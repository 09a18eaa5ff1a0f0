"""Where a training runs."""

from __future__ import annotations

import ctypes
import logging

import torch

from learning_dynamics.engines.deep import gpus
from learning_dynamics.errors import UserError

_log = logging.getLogger(__name__)


def choose(wanted: str) -> torch.device:
    """The device for "auto", "cpu" or "cuda"; the CPU with one thread, on which alone results repeat to the byte.

    Of several GPUs it is one that no other training of this user holds.

    Raises:
        UserError: "cuda" without a GPU that PyTorch can use; never is the CPU taken in its place.
    """
    fault = None if wanted == "cpu" else _fault()
    if wanted == "cuda" and fault:
        raise UserError(f"device: cuda is asked for, but {fault}; set deep_training.device to cpu or auto")
    if wanted == "cpu" or fault:
        torch.set_num_threads(1)
        _keep_freed_memory()
        if fault:
            _log.info("training on the CPU: %s", fault)
        return torch.device("cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    return torch.device("cuda", torch.cuda.current_device())


def describe(device: torch.device) -> str:
    """What a result file says about where it was made."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def _fault() -> str | None:
    """Why no GPU can be used; None if one can, which is the current device then."""
    if torch.version.cuda is None:
        return f"PyTorch {torch.__version__} is built without CUDA"
    if not torch.cuda.is_available():
        return "PyTorch finds no usable GPU"
    try:
        torch.cuda.set_device(gpus.take(gpus.visible(torch.cuda.device_count())))
        (torch.ones(1, device="cuda") + 1).item()
    except RuntimeError as error:
        return f"the GPU fails: {str(error).splitlines()[0]}"
    return None


def _keep_freed_memory() -> None:
    """Keep the C library from handing large buffers back to the system after every operation.

    Fetching them anew, page by page, can take as long as a convolution. Only GNU's library has, and needs, the switch.
    """
    trim_threshold, mmap_threshold, largest = -1, -3, 2**30
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    set_option(trim_threshold, largest)
    set_option(mmap_threshold, largest)
