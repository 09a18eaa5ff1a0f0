"""Copy the pictures and numbers of a finished full run to docs/results: ``make published-results``.

Everything on the page it writes is read from result files; nothing is typed in.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import machine
from learning_dynamics import config, netcdf
from learning_dynamics.claims import measures
from learning_dynamics.claims.ledger import allowed_text
from learning_dynamics.correlations import FloatArray
from learning_dynamics.experiment_results import ExperimentResults
from learning_dynamics.figures import catalogue
from learning_dynamics.theory.alignment import participation_ratio

PROJECT = Path(__file__).parents[1]


def publish(results: Path, target: Path) -> None:
    """Copy pictures, the ledger and the benchmark, and write README.md with the numbers."""
    target.mkdir(parents=True, exist_ok=True)
    for old in target.rglob("*.png"):
        old.unlink()
    pictures = sorted((results / "figures").rglob("*.png"))
    for picture in pictures:
        place = target / picture.relative_to(results / "figures")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, place)
    for name in ("claims.json", "benchmarks/bench.json"):
        if (results / name).exists():
            shutil.copyfile(results / name, target / Path(name).name)
    experiments = list(_experiments(results))
    sections = [
        *_origin(experiments),
        *_ledger(results),
        *_discovery(experiments),
        *_flow_errors(experiments),
        *_losses(experiments),
        *_spectra(experiments),
        *_extensions(results),
        *_benchmark(results),
        *_gallery(results / "figures", pictures),
    ]
    (target / "README.md").write_text("\n".join(sections) + "\n", encoding="utf-8")


def _experiments(results: Path) -> Iterator[ExperimentResults]:
    for name, experiment in config.paper_experiments().items():
        networks = [
            network for network in experiment.networks.names if (results / "trajectories" / name / network).is_dir()
        ]
        if networks:
            yield ExperimentResults(
                name,
                experiment,
                str(results / "datasets" / f"{name}.nc"),
                str(results / "structure" / f"{name}.nc"),
                {n: _seeds(results / "trajectories" / name / n) for n in networks},
                {n: str(results / "theory" / name / f"{n}.nc") for n in networks},
            )


def _seeds(folder: Path) -> list[str]:
    return [str(path) for path in sorted(folder.glob("seed-*.nc"), key=lambda path: int(path.stem.split("-")[1]))]


def _origin(experiments: list[ExperimentResults]) -> Iterator[str]:
    found = experiments[-1]
    network = found.networks[0]
    attributes = netcdf.read(found.trajectory_files[network][0], ["train_loss"]).attrs
    versions = ", ".join(f"{name} {version}" for name, version in json.loads(attributes["package_versions"]).items())
    data = netcdf.read(found.dataset_file, ["label"]).attrs["origin"]
    dirty = " with changes" if attributes["code_dirty"] == "true" else ""
    yield "# The last full run\n"
    yield "Written by `make published-results` from the files of a run at the paper's size.\n"
    yield f"- Code: commit `{attributes['code_commit']}`{dirty}; Python {attributes['python_version']}; {versions}"
    yield f"- Machine: {machine.processor()}, {os.cpu_count()} cores, {platform.system()}"
    yield f"- Seeds: {len(found.trajectory_files[network])} per network and data set"
    yield f"- Images of `{found.name}`: {data}\n"


def _ledger(results: Path) -> Iterator[str]:
    entries: list[dict[str, Any]] = json.loads((results / "claims.json").read_text(encoding="utf-8"))
    counts = [f"{sum(entry['verdict'] == verdict for entry in entries)} {verdict}" for verdict in ("holds", "fails")]
    missing = sum(entry["verdict"] == "not measured" for entry in entries)
    yield f"## The ledger\n\n{', '.join(counts)}, {missing} not measured.\n"
    yield "| id | claim | measured (95 % interval), n | allowed | verdict |\n|---|---|---|---|---|"
    for entry in entries:
        measured = ""
        if entry["measured"] is not None:
            measured = f"{entry['measured']:.4g} ({entry['low']:.4g} to {entry['high']:.4g}), {entry['n']}"
        verdict = f"**{entry['verdict']}**" if entry["verdict"] == "fails" else entry["verdict"]
        yield f"| {entry['id']} | {entry['claim']} | {measured} | {allowed_text(entry['tolerance'])} | {verdict} |"
    yield ""


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
    """How the final kernels use the frequencies: the numbers behind the claims on sparsity, dominance and cascade."""
    yield "## Frequencies of the final kernels\n\nOf the CNN, over the n² frequencies, means over the seeds:"
    yield "participation ratios of Σ_α|v̂^α|² (structure) and of |k̂|² (kernel); the share of the kernel's power in"
    yield "its 20 strongest frequencies and the median rank of these among the largest |v̂^α_l|; the constant"
    yield "frequency's |k̂| over the flow's; and, seed by seed, the share of the largest |k̂| that the leader at mode 1's"
    yield "discovery has at the end.\n"
    yield "| experiment | n² | structure | kernel | share of 20 | median rank | constant over flow | leader's share |"
    yield "|---|---|---|---|---|---|---|---|"
    for found in experiments:
        if "linear_cnn" not in found.networks:
            continue
        kernel, spectra = measures.final_kernel(found), measures.mode_spectra(found)
        powers, structure = kernel**2, (spectra**2).sum(axis=0)
        ratios = participation_ratio(structure), participation_ratio(powers).mean()
        share = (np.sort(powers, axis=1)[:, -20:].sum(axis=1) / powers.sum(axis=1)).mean()
        strongest = np.argsort(-powers.mean(axis=0))[:20]
        ranks = [int((spectra.max(axis=0) > spectra.max(axis=0)[l]).sum()) for l in strongest]
        flow = found.theory("linear_cnn", ["final_kernel_magnitude"])["final_kernel_magnitude"].values[..., 0, 0]
        constant = (kernel[:, 0] / np.sqrt((flow**2).sum(axis=1))).mean()
        leader = measures.cascade(measures.Results({found.name: found}, {}), found.name)
        yield (
            f"| {found.name} | {kernel.shape[1]} | {ratios[0]:.1f} | {ratios[1]:.1f} | {share:.2f} "
            f"| {np.median(ranks):.0f} | {constant:.2f} | {', '.join(f'{value:.2f}' for value in leader)} |"
        )
    yield ""


def _extensions(results: Path) -> Iterator[str]:
    """Every number of the runs beyond the paper that comes with an interval: name_mean, name_low, name_high."""
    files = [path for folder in ("scaling", "variants") for path in sorted((results / folder).glob("*.nc"))]
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


def _gallery(folder: Path, pictures: list[Path]) -> Iterator[str]:
    yield "## Figures\n"
    known = {**dict.fromkeys(catalogue.PAPER_FIGURES), **dict.fromkeys(path.stem for path in pictures)}
    top = {path.stem: path for path in pictures if path.parent == folder}
    for name in known:
        if name in top:
            yield f"### {name}\n\n![{name}]({name}.png)\n"
    for path in pictures:
        if path.parent != folder:
            place = path.relative_to(folder).as_posix()
            yield f"- [{place}]({place})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=PROJECT / "results")
    publish(parser.parse_args().results, PROJECT / "docs" / "results")
