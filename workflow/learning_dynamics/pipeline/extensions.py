"""Names and settings of the runs beyond the paper's experiments: scaling and variants of the convolution."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from learning_dynamics.config.configuration import Config
from learning_dynamics.pipeline.experiments import Experiments


@dataclass(frozen=True)
class Extensions:
    """The runs beyond the paper's experiments that a configuration asks for and has the experiments for.

    Those of one key, such as `scaling`, have a folder and a figure of its name.
    """

    experiments: Experiments

    @property
    def figure_files(self) -> dict[str, dict[str, str]]:
        """What the runs under each key make and its figure shows, by name; without what has no experiment."""
        files = {"scaling": self._scaling_files()}
        for key in Config.VARIANTS:
            if variants := self.variant_files(key):
                files[key] = {**variants, "comparison": f"{self._config.results}/{key}/comparison.nc"}
        return {key: some for key, some in files.items() if some}

    @property
    def without_download(self) -> list[str]:
        """The keys whose runs need no download: from an archive all."""
        downloaded = set(self.experiments.names).difference(self.experiments.without_download)
        used = self._config.extension_experiments()
        return [
            key
            for key in self.figure_files
            if not any(name in downloaded for place, name in used.items() if place.startswith(f"{key}."))
        ]

    def files(self, keys: Iterable[str]) -> dict[str, str]:
        """The files of the runs under some keys, by names such as "scaling/side"."""
        return {f"{key}/{name}": path for key in keys for name, path in self.figure_files[key].items()}

    def results(self, keys: Iterable[str]) -> list[str]:
        """Everything that these make, pictures too."""
        folder, some = f"{self._config.results}/figures", list(keys)
        return [*self.files(some).values(), *(f"{folder}/{key}.{suffix}" for key in some for suffix in ("pdf", "png"))]

    def variant_files(self, key: str) -> dict[str, str]:
        """The files of the variants of the convolution under a key, by name."""
        block = self._config.variant_block(key)
        if block is None or not self._is_possible(f"{key}.experiment"):
            return {}
        return {name: f"{self._config.results}/{key}/{name}.nc" for name in block.convolutions}

    def experiment(self, key: str) -> str | None:
        """The experiment that a configuration key such as "variants.experiment" names; None if the runs need none."""
        return self._config.extension_experiments().get(key)

    def experiment_settings(self, key: str) -> dict[str, Any] | None:
        """What the runs take from the experiment that a configuration key names."""
        if self.experiment(key) is None:
            return None
        return self._config.extension_experiment(key).model_dump(mode="json")

    def scaling_settings(self, parameter: str) -> dict[str, Any]:
        """The settings of the runs over one parameter."""
        assert self._config.scaling is not None
        settings: dict[str, Any] = self._config.scaling.model_dump(mode="json")[parameter]
        return settings

    def variant_settings(self, variant: str) -> dict[str, Any]:
        """The settings of the runs with one variant, of a name such as "variants/circular"."""
        key, name = variant.split("/")
        block = self._config.variant_block(key)
        assert block is not None
        return {
            "convolution": block.convolutions[name].model_dump(mode="json"),
            "seeds": block.seeds,
            "experiment": block.experiment,
        }

    def settings(self, key: str) -> dict[str, Any]:
        """Of all runs under a key, and of the experiments that they use: a figure of other settings is out of date."""
        block = self._config.scaling if key == "scaling" else self._config.variant_block(key)
        assert block is not None
        places = [place for place in self._config.extension_experiments() if place.startswith(f"{key}.")]
        experiments = {place: self.experiment_settings(place) for place in places if self._is_possible(place)}
        return {"runs": block.model_dump(mode="json"), **experiments}

    @property
    def _config(self) -> Config:
        return self.experiments.config

    def _scaling_files(self) -> dict[str, str]:
        if self._config.scaling is None:
            return {}
        return {
            parameter: f"{self._config.results}/scaling/{parameter}.nc"
            for parameter in ("side", "std", "learning_rate")
            if parameter == "side" or self._is_possible(f"scaling.{parameter}.experiment")
        }

    def _is_possible(self, key: str) -> bool:
        """Whether there is the experiment that a configuration key names."""
        return self.experiment(key) in self._config.experiments
