"""What would take weeks or more memory than machines have is refused before anything starts, with what would fit."""

from __future__ import annotations

from learning_dynamics.config.experiments import Experiment

LONGEST_DAYS = 7
MOST_BYTES = 2**35

_SECONDS_OF_A_DAY = 86_400
_NUMBER = 8
# Of the FCNN's layers: those trained, as they started, in a checkpoint, and what is made of them for a record.
_COPIES = 4
# Of images whose number of values is known only when they are read.
_FEWEST_VALUES, _FEWEST_CLASSES = 4, 2


def fault(experiment: Experiment, most_updates: int) -> str | None:
    """The first key of an experiment that asks for too much, with what would fit; None if all fit.

    Of images that are not read yet it is told as for the smallest there could be.

    Args:
        experiment: its settings.
        most_updates: the longest run that is chosen where `updates` is `auto`.
    """
    dataset = experiment.dataset
    side = getattr(dataset, "side", None) or 0
    inputs = dataset.input_values(1) if dataset.shape else max(side**2, _FEWEST_VALUES)
    classes = max(len(dataset.class_names), _FEWEST_CLASSES)
    images = dataset.image_count or 0
    if images * inputs * _NUMBER > MOST_BYTES:
        return (
            f"dataset.side: {images} images of {inputs:,} values take {_size(images * inputs)}; expected a smaller one"
        )
    for name in experiment.networks.names:
        model = experiment.networks.named(name)
        width = model.hidden_width(inputs) if hasattr(model, "hidden_width") else 0
        if _COPIES * width * (inputs + classes) * _NUMBER > MOST_BYTES:
            most = MOST_BYTES // (_COPIES * _NUMBER * (inputs + classes))
            return (
                f"networks.{name}.hidden_units: {width:,} for images of {inputs:,} values take "
                f"{_size(_COPIES * width * (inputs + classes))}; expected at most {most:,}"
            )
        days = model.microseconds(inputs, classes) / 1e6 / _SECONDS_OF_A_DAY
        updates = most_updates if experiment.updates == "auto" else experiment.updates
        if updates * days > LONGEST_DAYS:
            key = "automatic.most_updates" if experiment.updates == "auto" else "updates"
            return (
                f"{key}: {updates:,} updates of {name} take about {updates * days:,.0f} days on one core; expected at "
                f"most {int(LONGEST_DAYS / days):,}, which take {LONGEST_DAYS}"
            )
    if not experiment.automatic and experiment.networks.two_layer:
        network = classes * inputs
        if (experiment.records + 1) * network * _NUMBER > MOST_BYTES:
            return (
                f"records: {experiment.records:,} networks of {network:,} numbers take "
                f"{_size(experiment.records * network)}; expected at most {MOST_BYTES // (_NUMBER * network):,}"
            )
    return None


def _size(numbers: int) -> str:
    return f"{_NUMBER * numbers / 1e9:,.0f} GB"
