"""Copy the pictures and numbers of finished full runs to docs/results: ``make published-results``.

Everything on the page it writes is read from result files; nothing is typed in. Of several folders, such as one with
the two-layer networks and one with fewer seeds of the deep ones, every experiment, picture and claim comes from the
first that has it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from learning_dynamics.claims import entries as claims
from learning_dynamics.claims import overview, words
from learning_dynamics.claims.entries import Table
from learning_dynamics.claims.measures import trials
from learning_dynamics.config import experiments, paper
from learning_dynamics.config.configuration import Config
from learning_dynamics.figures import catalogue
from learning_dynamics.jobs import by_seed
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.numerics.random_streams import PAPER_TRIALS
from learning_dynamics.results import ExperimentResults
from learning_dynamics.storage import machine, netcdf
from learning_dynamics.theory.alignment import participation_ratio

PROJECT = Path(__file__).parents[3]


def publish(folders: Sequence[Path], target: Path) -> None:
    """Copy pictures, the ledger and the benchmark, and write README.md with the numbers."""
    target.mkdir(parents=True, exist_ok=True)
    for old in target.rglob("*.png"):
        old.unlink()
    pictures = _pictures(folders)
    for place, picture in pictures.items():
        (target / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, target / place)
    entries = _entries(folders)
    (target / "claims.json").write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    benchmark = folders[0] / "benchmarks" / "bench.json"
    if benchmark.exists():
        shutil.copyfile(benchmark, target / benchmark.name)
    experiments = _experiments(folders)
    shallow = [found for found in experiments if found.theory_files]
    deep = [found for found in experiments if not found.theory_files]
    sections = [
        *_origin(experiments),
        *_ledger(entries, claims.read(PROJECT / "config" / "claims.yaml")),
        *_discovery(shallow),
        *_deep_discovery(deep),
        *_flow_errors(shallow),
        *_losses(experiments),
        *_spectra(shallow),
        *_extensions(folders[0]),
        *_benchmark(folders[0]),
        *_gallery(list(pictures)),
    ]
    (target / "README.md").write_text("\n".join(sections) + "\n", encoding="utf-8")


def _pictures(folders: Sequence[Path]) -> dict[Path, Path]:
    """Where each picture goes, and where it comes from."""
    found: dict[Path, Path] = {}
    for folder in folders:
        for picture in sorted((folder / "figures").rglob("*.png")):
            found.setdefault(picture.relative_to(folder / "figures"), picture)
    return dict(sorted(found.items()))


def _entries(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """The ledger, each entry from the first folder where it was measured."""
    ledgers = [json.loads((folder / "claims.json").read_text(encoding="utf-8")) for folder in folders]
    return [
        next((entry for entry in entries if entry["measured"] is not None), entries[0])
        for entries in zip(*ledgers, strict=True)
    ]


def _experiments(folders: Sequence[Path]) -> list[ExperimentResults]:
    every = [found for folder in folders for found in _experiments_in(folder)]
    return [next(found for found in every if found.name == name) for name in dict.fromkeys(f.name for f in every)]


def _experiments_in(results: Path) -> Iterator[ExperimentResults]:
    for name, experiment in paper.paper_experiments().items():
        folders = {network: results / "trajectories" / name / network for network in experiment.networks.names}
        trajectories = {network: _seeds(folder) for network, folder in folders.items() if folder.is_dir()}
        if trajectories:
            predictions = {network: results / "theory" / name / f"{network}.nc" for network in trajectories}
            yield ExperimentResults(
                name,
                _settings(trajectories),
                str(results / "datasets" / f"{name}.nc"),
                str(results / "structure" / f"{name}.nc"),
                trajectories,
                {n: str(path) for n, path in predictions.items() if path.exists()},
                list(by_seed(next(iter(trajectories.values())))),
            )


def _settings(trajectories: dict[str, list[str]]) -> dict[str, Any]:
    """The run's own, from its files."""
    recorded = [json.loads(netcdf.read(files[0], ["train_loss"]).attrs["settings"]) for files in trajectories.values()]
    networks = {found["network"]: found["networks"][found["network"]] for found in recorded}
    keys = [key for key, field in experiments.Experiment.model_fields.items() if not field.exclude]
    return {key: recorded[0][key] for key in keys} | {"networks": networks}


def _seeds(folder: Path) -> list[str]:
    """The trajectories that tables show."""
    by_number = by_seed(map(str, folder.glob("seed-*.nc")))
    return [by_number[seed] for seed in sorted(by_number)[:PAPER_TRIALS]]


def _origin(experiments: list[ExperimentResults]) -> Iterator[str]:
    yield "# The last full run\n"
    yield "Written by `make published-results` from the files of a run at the paper's size.\n"
    yield f"Machine: {machine.processor()}, {os.cpu_count()} cores, {platform.system()}.\n"
    yield f"The ledger is measured on all seeds; the other tables and the pictures show the first {PAPER_TRIALS}.\n"
    yield "| experiment | seeds | images | code | Python and packages |\n|---|---|---|---|---|"
    for found in experiments:
        files = found.trajectory_files[found.networks[0]]
        attributes = netcdf.read(files[0], ["train_loss"]).attrs
        seeds = len(list(Path(files[0]).parent.glob("seed-*.nc")))
        packages = json.loads(attributes["package_versions"])
        versions = ", ".join(f"{name} {version}" for name, version in packages.items())
        images = netcdf.read(found.dataset_file, ["label"]).attrs["origin"]
        dirty = " with changes" if attributes["code_dirty"] == "true" else ""
        commit = f"`{attributes['code_commit'][:7]}`{dirty}"
        yield f"| {found.name} | {seeds} | {images} | {commit} | {attributes['python_version']}; {versions} |"
    yield ""


def _ledger(entries: list[dict[str, Any]], table: Table) -> Iterator[str]:
    seen = overview.of_ledger(entries, table)
    yield "## The ledger\n"
    for verdict, meaning in words.MEANINGS.items():
        yield f"- {overview.MARKS[verdict]} {verdict}: {seen.counts[verdict]}; {meaning}"
    yield f"\n{words.summary(entries)}.\n"
    yield f"| | claim | {' | '.join(map(overview.label, seen.data_sets))} |\n|---|---|{'---|' * len(seen.data_sets)}"
    for section in seen.sections:
        cells = " | ".join(map(overview.tally, section.cells))
        yield f"| {section.number} | {_cell(section.title)} | {cells} |"
    for section in seen.sections:
        yield f"\n### {section.number}. {section.title}\n\n{section.outcome}\n"
        yield "| id | claim | measured (95 % interval), n | allowed | verdict |\n|---|---|---|---|---|"
        for entry in section.entries:
            interval = f" ({words.interval_text(entry)})" if entry["low"] is not None else ""
            measured = "" if entry["measured"] is None else f"{entry['measured']:.4g}{interval}, {entry['n']}"
            found = entry["verdict"] if entry["verdict"] == "holds" else f"**{entry['verdict']}**"
            reason = f": {_cell(entry['reason'])}" if entry["reason"] else ""
            allowed = words.allowed_text(entry["tolerance"])
            yield f"| {entry['id']} | {_cell(entry['claim'])} | {measured} | {allowed} | {found}{reason} |"
    yield "\n## The paper's sentences\n\n| place | sentence | entries |\n|---|---|---|"
    for statement, rows in seen.statements:
        tested = ", ".join(f"`{row}` {overview.tally(of_row)}" for row, of_row in rows.items())
        shown = tested or f"Not tested: {_cell(statement.reason)}"
        yield f"| {statement.place} | {_cell(statement.statement)} | {shown} |"
    yield ""


def _cell(text: str) -> str:
    """A text in a table of Markdown."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _discovery(experiments: list[ExperimentResults]) -> Iterator[str]:
    yield "## Discovery times\n\nWhen a_α passes s_α/2, in samples: mean and standard deviation over the seeds that get"
    yield "there; predicted: the gradient flow's mean.\n"
    yield "| experiment | network | mode | s_α | measured | seeds | predicted |\n|---|---|---|---|---|---|---|"
    for found in experiments:
        for network in found.networks:
            times = found.discovery_times(network)
            predicted = found.theory(network, ["discovery_time"])["discovery_time"].values[:, found.modes]
            for place, mode in enumerate(found.modes):
                there = times[~np.isnan(times[:, place]), place]
                flow = predicted[~np.isnan(predicted[:, place]), place]
                measured = f"{there.mean():,.0f} ± {there.std(ddof=1):,.0f}" if len(there) > 1 else "not found"
                strength = found.decomposition.singular_values[mode]
                yield (
                    f"| {found.name} | {network} | {mode} | {strength:.4g} | {measured} "
                    f"| {len(there)} of {len(times)} | {f'{flow.mean():,.0f}' if len(flow) else 'not found'} |"
                )
    yield ""


def _deep_discovery(experiments: list[ExperimentResults]) -> Iterator[str]:
    if not experiments:
        return
    yield "## Deep networks\n\nWhen a_α passes s_α/2 for the first time, in batches, and a_α/s_α over the last tenth of"
    yield "the run: mean and standard deviation over the seeds.\n"
    yield "| experiment | network | mode | s_α | batches to s_α/2 | seeds | a_α/s_α at the end |"
    yield "|---|---|---|---|---|---|---|"
    for found in experiments:
        for network in found.networks:
            model = getattr(found.settings.networks, network)
            times = found.discovery_times(network) / model.batch_size
            _, diagonal = found.effective_singular_values(network)
            end = diagonal[:, -(diagonal.shape[1] // 10) :].mean(axis=1)
            for place, mode in enumerate(found.modes):
                strength = found.decomposition.singular_values[mode]
                there = times[~np.isnan(times[:, place]), place]
                measured = f"{there.mean():,.0f} ± {there.std(ddof=1):,.0f}" if len(there) > 1 else "not found"
                share = end[:, place] / strength
                yield (
                    f"| {found.name} | {network} | {mode} | {strength:.4g} | {measured} | {len(there)} of {len(times)} "
                    f"| {share.mean():.3f} ± {share.std(ddof=1):.3f} |"
                )
    yield ""


def _flow_errors(experiments: list[ExperimentResults]) -> Iterator[str]:
    yield "## Gradient flow against training\n\nRoot mean square over the run of a_α(t) minus the flow's, in percent of"
    yield "s_α: the mean over the seeds of a single seed's error, and the error of the seeds' mean.\n"
    yield "| experiment | network | mode | single seeds | mean of the seeds |\n|---|---|---|---|---|"
    for found in experiments:
        for network in found.networks:
            _, measured = found.effective_singular_values(network)
            omega = found.theory(network, ["effective_singular_values"])["effective_singular_values"].values
            predicted = np.einsum("stmm->stm", omega)[..., found.modes]
            relative = (measured - predicted) / found.decomposition.singular_values[found.modes]
            single, mean = _root_mean_square(relative).mean(axis=0), _root_mean_square(relative.mean(axis=0))
            for place, mode in enumerate(found.modes):
                yield f"| {found.name} | {network} | {mode} | {100 * single[place]:.2f} | {100 * mean[place]:.2f} |"
    yield ""


def _root_mean_square(values: FloatArray) -> FloatArray:
    return np.sqrt((values**2).mean(axis=-2))


def _losses(experiments: list[ExperimentResults]) -> Iterator[str]:
    yield "## Losses\n\nMean square error over the outputs, mean over the seeds.\n"
    yield "| experiment | network | samples | train | test |\n|---|---|---|---|---|"
    for found in experiments:
        for network in found.networks:
            splits = [split for split in ("train", "test") if split == "train" or found.data.is_test.any()]
            runs = found.trajectories(network, [f"{split}_loss" for split in splits]).mean("seed")
            end = int(runs["sample"][-1])
            for sample in sorted({end, *([18000] if found.name == "cifar4" else [])}):
                at = runs.sel(sample=sample, method="nearest")
                numbers = [f"{float(at[f'{split}_loss']):.4f}" for split in splits]
                yield f"| {found.name} | {network} | {int(at['sample']):,} | {' | '.join(numbers)} |" + (
                    " |" if len(splits) == 1 else ""
                )
    yield ""


def _spectra(experiments: list[ExperimentResults]) -> Iterator[str]:
    """How the final kernels use the frequencies: the numbers behind the claims on sparsity and dominance."""
    yield "## Frequencies of the final kernels\n\nOf the CNN, over the n² frequencies, means over the seeds:"
    yield "participation ratios of Σ_α|v̂^α|² (structure) and of |k̂|² (kernel); the share of the kernel's power in"
    yield "its 20 strongest frequencies and the median rank of these (of as many as the structure has, if it has fewer)"
    yield "among the largest |v̂^α_l|; and the constant frequency's |k̂| over the flow's.\n"
    yield "| experiment | n² | structure | kernel | share of 20 | median rank | constant over flow |"
    yield "|---|---|---|---|---|---|---|"
    for found in experiments:
        if "linear_cnn" not in found.networks:
            continue
        kernel, spectra = trials.final_kernel(found), trials.mode_spectra(found)
        powers, structure = kernel**2, (spectra**2).sum(axis=0)
        ratios = participation_ratio(structure), participation_ratio(powers).mean()
        share = (np.sort(powers, axis=1)[:, -20:].sum(axis=1) / powers.sum(axis=1)).mean()
        present = int((spectra.max(axis=0) > 1e-9).sum())
        strongest = np.argsort(-powers.mean(axis=0))[: min(20, present)]
        ranks = [int((spectra.max(axis=0) > spectra.max(axis=0)[l]).sum()) for l in strongest]
        flow = found.theory("linear_cnn", ["final_kernel_magnitude"])["final_kernel_magnitude"].values[..., 0, 0]
        constant = (kernel[:, 0] / np.sqrt((flow**2).sum(axis=1))).mean()
        yield (
            f"| {found.name} | {kernel.shape[1]} | {ratios[0]:.1f} | {ratios[1]:.1f} | {share:.2f} "
            f"| {np.median(ranks):.0f} | {constant:.2f} |"
        )
    yield ""


def _extensions(results: Path) -> Iterator[str]:
    """Every number of the runs beyond the paper that comes with an interval: name_mean, name_low, name_high."""
    files = [path for folder in Config.EXTENSIONS for path in sorted((results / folder).glob("*.nc"))]
    if not files:
        return
    yield "## Scaling and variants\n\nNumbers of the runs beyond the paper with their 95 % intervals over the seeds.\n"
    yield "| file | number | of | value |\n|---|---|---|---|"
    for path in files:
        dataset = netcdf.read(path)
        names = [str(name).removesuffix("_mean") for name in dataset.data_vars if str(name).endswith("_mean")]
        for name in names:
            mean, low, high = (dataset[f"{name}_{kind}"] for kind in ("mean", "low", "high"))
            for place in np.ndindex(mean.shape):
                labels = ", ".join(
                    f"{dimension} {mean[dimension].values[index] if dimension in mean.coords else index}"
                    for dimension, index in zip(mean.dims, place, strict=True)
                )
                value = f"{mean.values[place]:.4g} ({low.values[place]:.4g} to {high.values[place]:.4g})"
                yield f"| {path.parent.name}/{path.name} | `{name}` | {labels} | {value} |"
    yield ""


def _benchmark(results: Path) -> Iterator[str]:
    path = results / "benchmarks" / "bench.json"
    if not path.exists():
        return
    document = json.loads(path.read_text(encoding="utf-8"))
    machine = document["machine"]
    yield f"## Speed\n\n`make bench` on {machine['processor']}, {machine['cores']} cores: microseconds per"
    yield "update, ours on one thread, PyTorch's eager loop on all cores, medians of paired runs.\n"
    yield "| case | ours | PyTorch eager | ratio | relative difference after 200 updates |\n|---|---|---|---|---|"
    for row in document["results"]:
        yield (
            f"| {row['case']} | {row['ours_us']:.2f} | {row['pytorch_eager_us']:,.0f} | {row['ratio']:,.0f} "
            f"| {row['relative_difference_after_200_updates']:.0e} |"
        )
    yield ""


def _gallery(pictures: list[Path]) -> Iterator[str]:
    yield "## Figures\n"
    top = [path.stem for path in pictures if path.parent == Path()]
    for name in dict.fromkeys([*catalogue.PAPER_FIGURES, *top]):
        if name in top:
            yield f"### {name}\n\n![{name}]({name}.png)\n"
    for path in pictures:
        if path.parent != Path():
            yield f"- [{path.as_posix()}]({path.as_posix()})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, nargs="+", default=[PROJECT / "results"], help="folders of runs")
    publish(parser.parse_args().results, PROJECT / "docs" / "results")
