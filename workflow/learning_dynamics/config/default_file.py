"""config.yaml: the paper's settings as a file to look things up in and to copy from, generated from the models.

Its remarks stand here, not beside the settings, so that an edited one reruns nothing.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import yaml

from learning_dynamics.config.configuration import Config

_WIDTH = 120
_HEADER = """# yaml-language-server: $schema=schema.json
# The paper: Pinson, Lenaerts & Ginis (ICML 2023). Generated from the defaults by `make config-documents`; do not edit.
# README.md beside this file describes each key. To change something, write a file with only the keys that differ and
# add it: snakemake --configfile mine.yaml …
# Learning rates are λ of one update with the gradient of ½‖y − ŷ‖² of one sample.
"""

# Remarks by the path of their key, on lines of their own or behind it.
ABOVE = {
    "automatic": "How learning rates and updates that are `auto` are chosen from the data: docs/own-images.md.",
    "deep_training": "Where and how the deep networks are trained; a change does not train again what is there.",
    "experiments": "Any of them may have its own number of seeds: `seeds: 40` beside its `updates`.",
    "experiments.pure_cosines": "Eq. 21, Fig. 3, Fig. S.3, App. I.1: one cosine per class; both networks start "
    "balanced and aligned.",
    "experiments.pure_cosines_cyclic": "Not in the paper: the same with the classes in turn, so that no random draw "
    "blurs the comparison with Eq. 22.",
    "experiments.sums_of_cosines": "Eq. S.66, Figs. 4, S.1 and S.2, App. I.2: modes that share no frequency, random "
    "phases.",
    "experiments.geometric_shapes": "Figs. 2, 5 (left) and S.5, App. I.3. λ_CNN such that the modes are found near the "
    "paper's 2,000, 9,000, 16,000 and 55,000 samples; λ_FCNN such that both networks find mode 0 together, which shows "
    "the CNN's delay in all others.",
    "experiments.digits4": "Not in the paper: real images that need no download, through the same chain as CIFAR-4.",
    "experiments.cifar4": "Figs. 5 (right) and S.4, App. I.4: five shuffled epochs.",
    "experiments.cifar10": "Fig. 6, App. K: 156,000 batches (25 epochs), a record every 500. λ is that of the mean "
    "over the p outputs and the batch.",
    "scaling": "Not in the paper: how the time of discovery scales, against the theory. null leaves it out.",
    "scaling.side": "Eq. S.164: t ∝ ln(…)/n² for the CNN, n c_α times as long for the FCNN at the same λ.",
    "scaling.std": "App. G: alignment is the better, and discovery the later, the smaller the initial weights.",
    "scaling.learning_rate": "Eqs. 15 and 16: the gradient flow is the limit of small λ.",
    "variants": "Sec. 1 and App. C.2: more kernels, zero padding, correlation. null leaves them out.",
    "zero_padding": "Sec. 1: zero padding where images are not zero at their borders; with the target `two-layer`.",
}
BESIDE = {
    "cifar10": "or a path: torchvision's folder, an image folder, or an archive of one",
    "checkpoint_minutes": "a change does not train again what is there",
    "seeds_per_job": "two-layer networks: as many as take a minute; a change does not train again what is there",
    "seeds": "the paper's ten, more of trainings that take seconds; or a number: README.md",
    "archive": "or the path of an archive of a finished run: figures and ledger from it, without any training",
    "largest_input": "values in an image, C n², up to which Σxx is kept",
    "most_modes": "of more classes only the leading modes are kept",
    "deep_training.device": "or cpu, or cuda, which is an error without a GPU",
    "deep_training.seeds_per_job": "more than one pays on a GPU",
    **{
        f"experiments.{name}.networks.linear_fcnn": "λ = n λ_CNN"
        for name in ("pure_cosines", "pure_cosines_cyclic", "sums_of_cosines")
    },
    "scaling.learning_rate.training_time": "λ·updates",
}


def text() -> str:
    """The file."""
    return "\n".join([_HEADER, *_keys(Config().model_dump(mode="json"), "")]) + "\n"


def _keys(settings: Mapping[str, Any], inside: str) -> Iterator[str]:
    """The lines of a mapping, in block style; `inside` is its path with a dot behind it."""
    indent = "  " * inside.count(".")
    for number, (key, value) in enumerate(settings.items()):
        path = inside + key
        if (isinstance(value, Mapping) and not inside) or (inside == "experiments." and number):
            yield ""
        yield from textwrap.wrap(
            ABOVE.get(path, ""), _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# "
        )
        beside = f" # {BESIDE[path]}" if path in BESIDE else ""
        if isinstance(value, Mapping) and (not inside or _nested(value.values())):
            yield f"{indent}{key}:{beside}"
            yield from _keys(value, f"{path}.")
        elif isinstance(value, list) and _nested(value):
            yield f"{indent}{key}:{beside}"
            yield from _items(value, f"{indent}  ")
        elif len(line := f"{indent}{key}: {_flow(value, key)}") <= _WIDTH:
            yield f"{line}{beside}"
        else:
            yield f"{indent}{key}:{beside}"
            yield f"{indent}  {_flow(value, key)}"


def _items(values: list[Any], indent: str) -> Iterator[str]:
    """The lines of a list, an item on each; one that is itself a list and too long for a line has several."""
    for value in values:
        line = f"{indent}- {_flow(value)}"
        if isinstance(value, list) and len(line) > _WIDTH:
            first, *rest = _items(value, f"{indent}  ")
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield line


def _nested(values: Iterable[Any]) -> bool:
    return any(isinstance(value, Mapping | list) for value in values)


def _flow(value: Any, name: str = "") -> str:
    """A value on one line; `name` is its key."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(inner, key)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(inner, name) for inner in value) + "]"
    if isinstance(value, float):
        # YAML takes a number in exponential notation without a decimal point for text: who reads the file by other
        # means gets numbers.
        small = "learning_rate" in name or "std" in name or "e" in repr(value)
        return np.format_float_scientific(value, trim="0", exp_digits=1) if small else repr(value)
    return yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=math.inf)[1:-2]
