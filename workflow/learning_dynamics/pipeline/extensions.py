"""Names and settings of the runs beyond the paper's experiments: scaling and variants of the convolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from learning_dynamics.config.configuration import Config


@dataclass(frozen=True)
class Extensions:
    """The runs beyond the paper's experiments that a configuration asks for and has the experiments for."""

    config: Config

    @property
    def scaling_files(self) -> dict[str, str]:
        """The files of the scaling runs by parameter; without those whose experiment is left out."""
        if self.config.scaling is None:
            return {}
        return {
            parameter: f"{self.config.results}/scaling/{parameter}.nc"
            for parameter in ("side", "std", "learning_rate")
            if parameter == "side" or self._is_possible(f"scaling.{parameter}.experiment")
        }

    @property
    def variant_files(self) -> dict[str, str]:
        """The files of the variants of the convolution, by name."""
        if self.config.variants is None or not self._is_possible("variants.experiment"):
            return {}
        return {name: f"{self.config.results}/variants/{name}.nc" for name in self.config.variants.convolutions}

    @property
    def figure_files(self) -> dict[str, dict[str, str]]:
        """What the figures beyond the paper's show, by figure; without those that have nothing to show."""
        variants = self.variant_files
        if variants:
            variants = {**variants, "comparison": f"{self.config.results}/variants/comparison.nc"}
        return {figure: files for figure, files in (("scaling", self.scaling_files), ("variants", variants)) if files}

    @property
    def files(self) -> dict[str, str]:
        """All files of the runs, by names that say of which figure."""
        return {f"{figure}/{name}": path for figure, files in self.figure_files.items() for name, path in files.items()}

    @property
    def results(self) -> list[str]:
        """Everything that the runs make, pictures too."""
        folder = f"{self.config.results}/figures"
        pictures = [f"{folder}/{figure}.{suffix}" for figure in self.figure_files for suffix in ("pdf", "png")]
        return [*self.files.values(), *pictures]

    def dataset(self, key: str) -> str | list[str]:
        """The images of the experiment that a configuration key names; none if the runs need none."""
        names = self.config.extension_experiments()
        return f"{self.config.results}/datasets/{names[key]}.nc" if key in names else []

    def experiment_settings(self, key: str) -> dict[str, Any] | None:
        """What the runs take from the experiment that a configuration key names."""
        if key not in self.config.extension_experiments():
            return None
        return self.config.extension_experiment(key).model_dump(mode="json")

    def scaling_settings(self, parameter: str) -> dict[str, Any]:
        """The settings of the runs over one parameter."""
        assert self.config.scaling is not None
        settings: dict[str, Any] = self.config.scaling.model_dump(mode="json")[parameter]
        return settings

    def variant_settings(self, variant: str) -> dict[str, Any]:
        """The settings of the runs with one variant."""
        assert self.config.variants is not None
        settings = self.config.variants.model_dump(mode="json")
        return {
            "convolution": settings["convolutions"][variant],
            "seeds": settings["seeds"],
            "experiment": settings["experiment"],
        }

    def _is_possible(self, key: str) -> bool:
        """Whether there is the experiment that a configuration key names."""
        return self.config.extension_experiments().get(key) in self.config.experiments
