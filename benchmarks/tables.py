"""The tables and plots of docs/benchmarks.md, from the results of ``make bench``.

``python benchmarks/tables.py`` prints the tables; with ``--write`` it puts them between the marks of the page and the
plots beside it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PAGE = PROJECT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
LIMITS = {
    "arithmetic": "multiply-adds between registers",
    "first_cache": "loads and stores in the first cache",
    "second_cache": "loads and stores in the second cache",
    "memory": "samples read from memory",
    "transforms": "the samples' transforms",
    "matrix_product": "matrix products",
}


def number(value):
    """Three significant digits, no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def contestants(bench):
    cases = list(dict.fromkeys((row["case"], row["precision"]) for row in bench["contestants"]))
    for case, precision in cases:
        rows = [row for row in bench["contestants"] if (row["case"], row["precision"]) == (case, precision)]
        yield f"### {case}, {precision}\n"
        yield "| contestant | µs per update | times ours | difference after 200 updates |\n|---|---|---|---|"
        for row in rows:
            difference = row["relative_difference_after_200_updates"]
            yield f"| {row['contestant']} | {number(row['us'])} | {number(row['ratio_to_ours'])} | {difference:.0e} |"
        yield ""


def ceilings(bench):
    found = bench["ceilings"]
    yield "### What the machine can do, one thread\n"
    yield "| | float64 | float32 |\n|---|---|---|"
    names = {
        "multiply_adds_in_registers": "multiply-adds between registers, Gflop/s",
        "matrix_product": "matrix product, Gflop/s",
        "scalar_loop": "a loop that waits for itself, Gflop/s",
        "first_cache": "two loads and a store, first cache, GB/s",
        "second_cache": "two loads and a store, second cache, GB/s",
    }
    for key, text in names.items():
        values = [f"{found[precision][key] / 1e9:.1f}" for precision in ("float64", "float32")]
        yield f"| {text} | {' | '.join(values)} |"
    copies, reads = (found[f"memory_{way}"] / 1e9 for way in ("copy", "read"))
    yield f"\nMemory: copies {copies:.1f} GB/s (both ways), reads {reads:.1f} GB/s.\n"


def limit(name):
    rows = name.removeprefix("matrix_product_of_").removesuffix("_rows")
    return LIMITS.get(name, f"matrix products with {rows} rows")


def rooflines(bench):
    yield "### Share of the machine\n"
    yield "| case | precision | bound, µs | measured, µs | share | what binds |\n|---|---|---|---|---|---|"
    for row in bench["rooflines"]:
        bound = row["bounds_us"][row["binds"]]
        yield (
            f"| {row['case']} | {row['precision']} | {number(bound)} | {number(row['measured_us'])} "
            f"| {row['share']:.0%} | {limit(row['binds'])} |"
        )
    yield ""
    single = bench["float32_deviation"]
    yield (
        f"Single precision: over {single['updates']:,} updates the network deviates from the one in double precision "
        f"by at most {single['largest']:.1e} of its norm, at the end by {single['end']:.1e}.\n"
    )


def deep(results):
    yield "### Deep networks, one thread\n"
    yield "| network | contestant | ms per batch | with evaluations | times ours | share of the float32 product |"
    yield "|---|---|---|---|---|---|"
    for row in results["results"]:
        yield (
            f"| {row['case']} | {row['contestant']} | {row['ms_per_batch']:.2f} "
            f"| {row['ms_per_batch_with_evaluation']:.2f} | {row['ratio_to_ours']:.2f} "
            f"| {row['share_of_matrix_product_peak']:.0%} |"
        )
    yield ""


def scaling(results):
    yield "### Scaling\n"
    yield "| side n | pixels | µs per update, spectra at hand | µs, transformed in turn |\n|---|---|---|---|"
    for row in results["cost"]["rows"]:
        yield (
            f"| {row['side']} | {row['pixels']:,} | {number(row['resident_us'])} | {number(row['transformed_us'])} |"
        )
    exponents = results["cost"]["exponents"]
    yield (
        f"\nExponent in the number of pixels: {exponents['resident_us']:.2f} with spectra at hand, "
        f"{exponents['transformed_us']:.2f} with their transforms.\n"
    )
    yield "| updates | seeds in one process | peak memory, MB |\n|---|---|---|"
    for row in results["memory"]:
        yield f"| {row['updates']:,} | {row['seeds']} | {row['peak_mb']} |"
    planned = results["dry_run"]
    yield (
        f"\nFrom the start of a training job's process to its first update: {results['start_up_s']:.2f} s. A dry run "
        f"of {planned['trainings']:,} trainings: {planned['seconds']:.0f} s, {planned['peak_mb']} MB.\n"
    )


def tables(folder):
    bench = json.loads((folder / "bench.json").read_text(encoding="utf-8"))
    machine = bench["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in bench["versions"].items())
    lines = [
        f"Machine: {machine['processor']}, {machine['cores']} cores, {machine['platform']}. Python {bench['python']}, "
        f"{versions}.\n",
        *contestants(bench),
        "![How many times ours the others take](benchmarks/ratios.png)\n",
        *ceilings(bench),
        *rooflines(bench),
        "![Share of the machine's limit](benchmarks/rooflines.png)\n",
    ]
    for name, part in (("deep_bench.json", deep), ("scaling_bench.json", scaling)):
        if (folder / name).exists():
            lines += part(json.loads((folder / name).read_text(encoding="utf-8")))
            if part is scaling:
                lines.append("![Cost per update against pixels](benchmarks/scaling.png)\n")
    return "\n".join(lines)


def plots(folder, target):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    target.mkdir(parents=True, exist_ok=True)

    def new(height, width=7.0):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        return figure

    def bars(axes, labels, values, text):
        places = range(len(labels), 0, -1)
        axes.barh(list(places), values, color="#0072B2", height=0.7)
        axes.set_yticks(list(places), labels, fontsize=7)
        for place, value in zip(places, values, strict=True):
            axes.annotate(text(value), (value, place), (3, 0), textcoords="offset points", va="center", fontsize=7)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=7)

    bench = json.loads((folder / "bench.json").read_text(encoding="utf-8"))
    cases = list(dict.fromkeys((row["case"], row["precision"]) for row in bench["contestants"]))
    groups = [
        [row for row in bench["contestants"] if (row["case"], row["precision"]) == case and row["ratio_to_ours"] != 1]
        for case in cases
    ]
    figure = new(0.4 * len(cases) + 0.17 * sum(map(len, groups)))
    panels = figure.subplots(
        len(cases), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": [len(group) + 1.5 for group in groups]}
    )[:, 0]
    for axes, (case, precision), group in zip(panels, cases, groups, strict=True):
        bars(axes, [row["contestant"] for row in group], [row["ratio_to_ours"] for row in group], number)
        axes.set_xscale("log")
        axes.axvline(1, color="black", linewidth=0.8)
        axes.set_title(f"{case}, {precision}", fontsize=8, loc="left")
    panels[-1].set_xlabel("time per update over ours", fontsize=8)
    figure.savefig(target / "ratios.png", dpi=150)

    rows = bench["rooflines"]
    figure = new(0.3 * len(rows) + 0.6)
    axes = figure.subplots()
    bars(
        axes,
        [f"{row['case']}, {row['precision']}\n{limit(row['binds'])}" for row in rows],
        [100 * row["share"] for row in rows],
        "{:.0f} %".format,
    )
    axes.set_xlim(0, 110)
    axes.set_xlabel("share of the limit that binds, in percent", fontsize=8)
    figure.savefig(target / "rooflines.png", dpi=150)

    if (folder / "scaling_bench.json").exists():
        cost = json.loads((folder / "scaling_bench.json").read_text(encoding="utf-8"))["cost"]
        figure = new(3.0, 4.0)
        axes = figure.subplots()
        pixels = [row["pixels"] for row in cost["rows"]]
        for key, text, colour, marker in (
            ("resident_us", "spectra at hand", "#0072B2", "o"),
            ("transformed_us", "transformed in turn", "#D55E00", "s"),
        ):
            values = [row[key] for row in cost["rows"]]
            label = f"{text}: power {cost['exponents'][key]:.2f}"
            axes.loglog(pixels, values, color=colour, marker=marker, markersize=4, linewidth=1.2, label=label)
        axes.set_xlabel("pixels n²", fontsize=8)
        axes.set_ylabel("µs per update", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(fontsize=7, frameon=False)
        figure.savefig(target / "scaling.png", dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=PROJECT / "results" / "benchmarks")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md and docs/benchmarks/")
    arguments = parser.parse_args()
    text = tables(arguments.results)
    plots(arguments.results, PROJECT / "docs" / "benchmarks" if arguments.write else arguments.results)
    if not arguments.write:
        print(text)
        return
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
