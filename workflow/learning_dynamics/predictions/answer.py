"""The answer in plain words: what is learned first and by which wave, how much is answered right, easy or hard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from learning_dynamics.datasets.class_names import MOST_CHARACTERS, shown
from learning_dynamics.networks.registry import MODELS
from learning_dynamics.predictions.summary import NOTICEABLE
from learning_dynamics.theory.close_modes import STANDARD_ERRORS

NETWORK_NAMES = {name: model.LABEL for name, model in MODELS.items()}
# Steps in the first sentence, and those that have pictures.
_IN_A_SENTENCE, STEPS_SHOWN = 4, 6
_CLASSES_SHOWN = 6
# Below this share of a mode's power a wave is the first of many.
_DOMINANT = 0.25
# A mode this much weaker than the strongest takes correspondingly longer.
_WEAK = 0.2

GLOSSARY = {
    "mode": "one difference between the classes, as an image: what some have and others lack. Linear networks learn "
    "mode after mode.",
    "s, singular value": "how strong a mode is in these images. An FCNN (a fully connected network) finds the "
    "strongest first, a CNN those that are strong at one wave.",
    "wave, frequency (v, h)": "a pattern that repeats v times from top to bottom and h times from left to right. Every "
    "picture is a sum of waves; the kernel of a CNN learns which of them to use.",
    "found": "half of a mode is learned. Times are counted in images shown to the network, repetitions included.",
    "coherence": "the share of what varies along a mode that lies between the classes and not inside them; 1 if all "
    "images of a class are alike.",
}


class Names:
    """What sentences call the classes, networks and modes of a prediction."""

    def __init__(self, summary: Mapping[str, Any]) -> None:
        names = [entry["name"] for entry in summary["images"]["classes"]]
        self._shown = dict(zip(names, shown(names, MOST_CHARACTERS), strict=True))

    def of(self, name: str) -> str:
        """A class as it is shown."""
        return f"“{self._shown[name]}”"

    def listed(self, names: Sequence[str]) -> str:
        """Some classes: “a”, “b” and “c”; the first ones of many."""
        some = [self.of(name) for name in names[:_CLASSES_SHOWN]]
        more = len(names) - len(some)
        return joined([*some, f"{more} more"] if more else some)

    def told_apart(self, step: Mapping[str, Any]) -> str | None:
        """Which classes a mode or a step tells apart; None if all lie on one side."""
        favoured, opposed = step["classes_for"], step["classes_against"]
        if step.get("kind", "single") != "single":
            return f"{self.listed(favoured)} from one another"
        if opposed:
            return f"{self.listed(favoured)} from {self.listed(opposed)}"
        return None if len(favoured) == len(self._shown) else f"{self.listed(favoured)} from the others"


def joined(parts: Sequence[str]) -> str:
    """A, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def mode_numbers(modes: Sequence[int], most: int = 12) -> str:
    """For example "mode 3" or "modes 1 and 2"; of many the first ones."""
    some = [str(mode) for mode in modes[:most]]
    more = len(modes) - len(some)
    listed = joined([*some, f"{more} more"] if more else some)
    return f"mode{'s' if len(modes) > 1 else ''} {listed}"


def about(samples: float) -> str:
    """A number of images to two digits."""
    digits = 1 - int(np.floor(np.log10(max(samples, 1.0))))
    return f"{round(samples, digits):,.0f}"


def percent(share: float) -> str:
    """A share in whole percent, which says 0 and 100 only of none and all."""
    if 0 < share < 0.005:
        return "less than 1 %"
    if 0.995 <= share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def wave_words(wave: Mapping[str, Any], channels: int) -> str:
    """A frequency in words, such as "one wave of brightness from left to right"."""
    what = "brightness" if channels == 1 else "brightness and colour"
    row, column = abs(wave["row"]), abs(wave["column"])
    if not row and not column:
        words = f"the {what} of the whole picture"
    elif row and column:
        words = f"a slanted wave of {what}, {_times(row)} from top to bottom and {_times(column)} from left to right"
    else:
        count = "one wave" if row + column == 1 else f"{row + column} waves"
        words = f"{count} of {what} from {'top to bottom' if row else 'left to right'}"
    return words if wave["share"] >= _DOMINANT else f"many waves together, the strongest of them {words}"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def answer(summary: Mapping[str, Any]) -> list[str]:
    """What the networks learn first, and then, in plain sentences."""
    names, networks = Names(summary), list(summary["networks"])
    sentences = [_first_sentence(summary, names, networks[0])]
    sentences += [_of_another(summary, networks[0], network) for network in networks[1:]]
    return [*sentences, *group_sentences(summary)]


def _first_sentence(summary: Mapping[str, Any], names: Names, network: str) -> str:
    label = NETWORK_NAMES[network]
    steps = [step for step in summary["steps"] if step["found"][network]]
    updates = summary["settings"]["updates"]
    if not steps:
        return f"Your {label} will find nothing within the {updates:,} images of this run."
    channels = summary["images"]["channels"]
    clauses = []
    for step in steps[:_IN_A_SENTENCE]:
        by = f", by {wave_words(step['wave'], channels)}" if _has_waves(network) else ""
        clauses.append(f"{_learned(names, step)}, after about {_span(step['found'][network])} images{by}")
    more = len(steps) - len(clauses)
    rest = [f"then take {more} more step{'s' if more > 1 else ''}"] if more else []
    later = [f"then {clause}" for clause in clauses[1:]]
    missing = [mode for step in summary["steps"] if not step["found"][network] for mode in step["modes"]]
    late = f" It will not find {mode_numbers(missing)} within the {updates:,} images of this run." if missing else ""
    return f"Your {label} will first {'; '.join([clauses[0], *later, *rest])}.{late}"


def _has_waves(network: str) -> bool:
    return network == "linear_cnn"


def _learned(names: Names, step: Mapping[str, Any]) -> str:
    apart = names.told_apart(step)
    return f"tell {apart}" if apart else "learn what all classes have in common, which tells none apart"


def _span(found: Mapping[str, float]) -> str:
    first, last = about(found["first"]), about(found["last"])
    return first if first == last else f"{first} to {last}"


def _of_another(summary: Mapping[str, Any], first: str, network: str) -> str:
    """The same steps of another network, in their order or its own."""
    label = NETWORK_NAMES[network]
    taken = [step for step in summary["steps"] if step["found"][network]]
    if not taken:
        return f"The {label} will find nothing within the {summary['settings']['updates']:,} images of this run."
    own = sorted(taken, key=lambda step: step["found"][network]["first"])
    numbers = {tuple(step["modes"]): number for number, step in enumerate(summary["steps"], 1)}
    if own == [step for step in summary["steps"] if step["found"][first]]:
        times = [_span(step["found"][network]) for step in own[:STEPS_SHOWN]]
        more = " first" if len(own) > len(times) else ""
        same = "the same step" if len(own) == 1 else "the same steps in the same order"
        return f"The {label} takes {same},{more} after about {joined(times)} images."
    listed = [f"{numbers[tuple(s['modes'])]} after about {_span(s['found'][network])}" for s in own[:STEPS_SHOWN]]
    more = f" and {len(own) - len(listed)} more" if len(own) > len(listed) else ""
    return f"The {label} takes these steps in another order: step {', then step '.join(listed)} images{more}."


def group_sentences(summary: Mapping[str, Any]) -> Iterator[str]:
    """What it means that singular values are equal, or closer than chance."""
    values = {entry["mode"]: entry["singular_value"] for entry in summary["modes"]}
    for group in summary["groups"]:
        modes = group["modes"]
        numbers = mode_numbers(modes)
        numbers = numbers[0].upper() + numbers[1:]
        if group["kind"] == "equal":
            yield (
                f"{numbers} are equally strong (s = {values[modes[0]]:.3g}): any mixture of them would describe these "
                "images as well, and which one is shown is an accident of the computation. Take them as one group, "
                "not one by one."
            )
        else:
            listed = joined([f"{values[mode]:.3g}" for mode in modes[:_CLASSES_SHOWN]])
            yield (
                f"{numbers} are about equally strong (s = {listed}): neighbours differ by less than "
                f"{STANDARD_ERRORS:g} standard errors, so that other images of the same classes would give other "
                "mixtures of them. Take them as one group, not one by one."
            )


def steps_in_words(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    """The first steps: ``title``, when each is taken (``times``), and what its pictures show (``mode``, ``wave``)."""
    names, channels = Names(summary), summary["images"]["channels"]
    described = []
    for step in summary["steps"][:STEPS_SHOWN]:
        learned, wave = _learned(names, step), step["wave"]
        times = [
            f"{NETWORK_NAMES[network]} "
            + (f"after about {_span(found)} images" if found else "not within this run")
            + (f", with {percent(_best_known(right))} right" if (right := step["accuracy"][network]) else "")
            for network, found in step["found"].items()
        ]
        frequency = f"({wave['row']}, {wave['column']})".replace("-", "−")
        described.append(
            {
                "title": learned[0].upper() + learned[1:],
                "times": f"{'; '.join(times)}.",
                "mode": _mode_picture(names, step, channels),
                "wave": f"{wave_words({**wave, 'share': 1}, channels)}: frequency {frequency}, {percent(wave['share'])} "
                "of its power",
            }
        )
    return described


def _mode_picture(names: Names, step: Mapping[str, Any], channels: int) -> str:
    if step["kind"] != "single":
        return "one of the mixtures"
    favoured = names.listed(step["classes_for"][:1])
    return (
        f"red: brighter in {favoured}; blue: darker" if channels == 1 else f"{favoured} less the mean; grey: as there"
    )


def _best_known(shares: Mapping[str, float]) -> float:
    """Of the test images if there are any."""
    return shares.get("test", shares["train"])


def expected_accuracy(summary: Mapping[str, Any]) -> list[str]:
    """How many images are answered right at the end, and by guessing."""
    accuracy, networks = summary["accuracy"], summary["networks"]
    sentences = []
    for network, shares in accuracy["at_the_end"].items():
        if not shares:
            continue
        held_out = f" and {percent(shares['test'])} of the held-out ones" if "test" in shares else ""
        how = (
            f"after the {summary['settings']['updates']:,} images of this run"
            if networks[network]["method"] == "gradient flow"
            else "once all modes are learned (an estimate, because the gradient flow costs too much)"
        )
        sentences.append(
            f"{NETWORK_NAMES[network]}: {percent(shares['train'])} of the training images{held_out} right {how}."
        )
    guessing = f"Always answering the commonest class would give {percent(_best_known(accuracy['guessing']))}."
    if "test" in accuracy["guessing"]:
        return [*sentences, f"{guessing} The shares beside the steps are of the held-out images."]
    return [
        *sentences,
        f"{guessing} No image is held out, and the shares are of the training images: how well new ones will be "
        "answered is not told (set dataset.test_fraction, or add a test split).",
    ]


def difficulty(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    """What makes these images easy or hard to learn: entries with ``verdict`` and ``sentence``."""
    return [{"verdict": verdict, "sentence": sentence} for verdict, sentence in _difficulty(summary)]


def _difficulty(summary: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    caveats, names = summary["caveats"], Names(summary)
    for group in summary["same_mean_images"]:
        yield (
            "hard",
            f"{names.listed(group)} have the same mean image: no linear network can tell them apart.",
        )
    coherence, outside = caveats["smallest_coherence"], caveats["off_diagonal_share"]
    alike = coherence >= NOTICEABLE["coherence"] and outside <= NOTICEABLE["off_diagonal_share"]
    yield (
        "easy" if alike else "hard",
        f"Coherence: the class means hold at least {percent(coherence)} of the power along any mode (100 %: one image "
        f"per class), and {percent(outside)} of V'ΣxxV lies off the diagonal. "
        + (
            "The images of a class are much alike, and the modes hardly disturb each other."
            if alike
            else "Images differ inside their classes: the modes are coupled, so that the closed forms of the paper do "
            "not hold (the gradient flow does), single trainings scatter, and what is learned of the training images "
            "holds less for new ones."
        ),
    )
    shared = caveats["largest_shared_power"]
    if len(summary["modes"]) > 1 and "linear_cnn" in summary["networks"]:
        if shared > NOTICEABLE["shared_power"]:
            yield (
                "note",
                f"Shared frequencies: {mode_numbers(sorted(caveats['largest_shared_by']))} have {percent(shared)} of "
                "their power at the same ones. What the CNN's kernel learns for one serves the other, which starts from "
                "what is there.",
            )
        else:
            yield (
                "easy",
                f"Shared frequencies: two modes have at most {percent(shared)} of their power at the same ones. Every "
                "mode has its own competition of frequencies.",
            )
    if summary["groups"]:
        listed = "; ".join(mode_numbers(group["modes"]) for group in summary["groups"])
        yield "hard", f"Equal strengths: {listed} are not told apart by their s, see above."
    elif len(summary["modes"]) > 1:
        yield "easy", "Equal strengths: none, every mode is one by itself."
    first, last = summary["modes"][0]["singular_value"], summary["modes"][-1]["singular_value"]
    if last < _WEAK * first:
        yield (
            "hard",
            f"Weak modes: the last one is {first / last:,.0f} times weaker than the first, and learned about as much "
            "later.",
        )
    if summary["images"]["unbalanced"]:
        sentence = summary["images"]["unbalanced"]
        yield "note", f"{sentence[0].upper()}{sentence[1:]}."


def in_words(summary: Mapping[str, Any]) -> dict[str, Any]:
    """All of that as plain data."""
    return {
        "answer": answer(summary),
        "steps": steps_in_words(summary),
        "accuracy": expected_accuracy(summary),
        "difficulty": difficulty(summary),
        "glossary": GLOSSARY,
    }
