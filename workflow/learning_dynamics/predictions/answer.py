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
_CLASSES_IN_A_SENTENCE, _CLASSES_SHOWN = 3, 6
# Below this share of a mode's power a wave is the first of many.
_DOMINANT = 0.25
# A mode that has less than this share of the strongest one's s is called weak.
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

    def listed(self, names: Sequence[str], most: int = _CLASSES_SHOWN) -> str:
        """Some classes: “a”, “b” and “c”; the first ones of many."""
        some = [self.of(name) for name in names[:most]]
        more = len(names) - len(some)
        return joined([*some, f"{more} more"] if more else some)

    def told_apart(self, step: Mapping[str, Any], most: int = _CLASSES_SHOWN) -> str | None:
        """Which classes a mode or a step tells apart; None if all lie on one side."""
        favoured = self.listed(step["classes_for"], most)
        if step.get("kind", "single") != "single":
            return f"{favoured} from one another"
        if step["classes_against"]:
            return f"{favoured} from {self.listed(step['classes_against'], most)}"
        return None if len(step["classes_for"]) == len(self._shown) else f"{favoured} from the others"


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


def wave_words(wave: Mapping[str, Any], what: str) -> str:
    """A frequency in words, such as "one wave of brightness from left to right", of `what` or of nothing said."""
    row, column, of = abs(wave["row"]), abs(wave["column"]), f" of {what}" if what else ""
    if not row and not column:
        return f"the {what} of the whole picture" if what else "the whole picture"
    if row and column:
        return f"a slanted wave{of} ({row} down, {column} across)"
    return f"{_counted(row + column)}{of} from {'top to bottom' if row else 'left to right'}"


def _counted(waves: int) -> str:
    return "one wave" if waves == 1 else f"{waves} waves"


def _what_varies(summary: Mapping[str, Any]) -> str:
    return "brightness" if summary["images"]["channels"] == 1 else "brightness and colour"


def waves_in_words(waves: Sequence[Mapping[str, Any]], what: str) -> str:
    """The dominant frequencies of a step in words."""
    if sum(wave["share"] for wave in waves) < _DOMINANT:
        return f"many waves together, first of all {wave_words(waves[0], what)}"
    return joined([wave_words(waves[0], what), *(wave_words(wave, "") for wave in waves[1:])])


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
    what = _what_varies(summary)
    clauses = []
    for step in steps[:_IN_A_SENTENCE]:
        by = f", by {waves_in_words(step['waves'], what)}" if _has_waves(network) else ""
        clauses.append(
            f"{_learned(names, step, _CLASSES_IN_A_SENTENCE)}, after about {_span(step['found'][network])} images{by}"
        )
    more = len(steps) - len(clauses)
    rest = [f"then take {more} more step{'s' if more > 1 else ''}"] if more else []
    later = [f"then {clause}" for clause in clauses[1:]]
    missing = [mode for step in summary["steps"] if not step["found"][network] for mode in step["modes"]]
    late = f" It will not find {mode_numbers(missing)} within the {updates:,} images of this run." if missing else ""
    return f"Your {label} will first {'; '.join([clauses[0], *later, *rest])}.{late}"


def _has_waves(network: str) -> bool:
    return network == "linear_cnn"


def _learned(names: Names, step: Mapping[str, Any], most: int = _CLASSES_SHOWN) -> str:
    apart = names.told_apart(step, most)
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
            # With their last zeros: 1.42 and 1.40.
            listed = joined([f"{values[mode]:#.3g}".rstrip(".") for mode in modes[:_CLASSES_SHOWN]])
            yield (
                f"{numbers} are about equally strong (s = {listed}): neighbours differ by less than "
                f"{STANDARD_ERRORS:g} standard errors, so that other images of the same classes would give other "
                "mixtures of them. Take them as one group, not one by one."
            )


def steps_in_words(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The first steps: ``title``, when each is taken (``times``), and what its pictures show (``mode``, ``waves``)."""
    names, what = Names(summary), _what_varies(summary)
    described = []
    for step in summary["steps"][:STEPS_SHOWN]:
        learned = _learned(names, step)
        times = [
            f"{NETWORK_NAMES[network]} "
            + (f"after about {_span(found)} images" if found else "not within this run")
            + (f", with {percent(_best_known(right))} right" if (right := step["accuracy"][network]) else "")
            for network, found in step["found"].items()
        ]
        described.append(
            {
                "title": learned[0].upper() + learned[1:],
                "times": f"{'; '.join(times)}.",
                "mode": _mode_picture(names, step, summary["images"]["channels"]),
                "waves": [
                    f"{wave_words(wave, what)}, frequency {pair(wave)}, {percent(wave['share'])} of the power"
                    for wave in step["waves"]
                ],
            }
        )
    return described


def pair(frequency: Mapping[str, Any]) -> str:
    """A frequency as (vertical, horizontal) cycles per image."""
    return f"({frequency['row']}, {frequency['column']})".replace("-", "−")


def _mode_picture(names: Names, step: Mapping[str, Any], channels: int) -> str:
    if step["kind"] != "single":
        return "one of the mixtures"
    favoured = names.listed(step["classes_for"][:1])
    if channels == 1:
        return f"red speaks for {favoured} where the picture is bright, blue where it is dark"
    return f"the colours that speak for {favoured}; grey: none"


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
    several = len(summary["modes"]) > 1
    diagonal = f", and {percent(outside)} of V'ΣxxV lies off the diagonal" if several else ""
    measured = f"the class means hold {percent(coherence)} of the power along the least coherent mode{diagonal}."
    if all(entry["train"] == 1 for entry in summary["images"]["classes"]):
        yield (
            "easy",
            "Coherence: complete, with one image per class; nothing is known of how other images would differ.",
        )
    elif coherence >= NOTICEABLE["coherence"] and outside <= NOTICEABLE["off_diagonal_share"]:
        yield (
            "easy",
            f"Coherence: {measured} The images of a class are much alike, and the modes hardly disturb each other.",
        )
    else:
        yield (
            "hard",
            f"Coherence: {measured} Images differ inside their classes: the modes are coupled, so that the closed "
            "forms of the paper do not hold (the gradient flow does), single trainings scatter, and what is learned of "
            "the training images holds less for new ones.",
        )
    shared = caveats["largest_shared_power"]
    if several and any(_has_waves(network) for network in summary["networks"]):
        if shared > NOTICEABLE["shared_power"]:
            yield (
                "note",
                f"Shared frequencies: {mode_numbers(sorted(caveats['largest_shared_by']))} have {percent(shared)} of "
                "their power at the same ones. What the CNN's kernel learns for one serves the other, which starts "
                "from what is there.",
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
    elif several:
        yield "easy", "Equal strengths: none, every mode is one by itself."
    first, last = summary["modes"][0]["singular_value"], summary["modes"][-1]["singular_value"]
    if last < _WEAK * first:
        yield (
            "hard",
            f"Weak modes: the last one is {first / last:,.0f} times weaker than the first; weak modes are found late.",
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
