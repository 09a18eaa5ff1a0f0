"""The figures of the paper, those over all experiments and runs beyond the paper, and those drawn for every experiment.

A rule per figure: the report needs a caption of its own for each.

Needs: datasets/{experiment}.nc, structure/{experiment}.nc, trajectories/{experiment}/{network}/seed-{seed}.nc,
       theory/{experiment}/{network}.nc, scaling/{parameter}.nc, {variant}.nc, {key}/comparison.nc of variants
Makes: figures/{figure}.pdf and .png, figures/{experiment}/{figure}.pdf and .png
"""

for figure in TARGETS.paper_figures(EXPERIMENTS.names, deep=True):

    rule:
        name:
            f"paper_figure_{figure}"
        input:
            results=paths_of(FILES.of_paper_figure(figure)),
        output:
            f"{RESULTS}/figures/{figure}.pdf",
            report(
                f"{RESULTS}/figures/{figure}.png",
                **in_report(figure, CATEGORIES.paper, catalogue.PAPER_FIGURES[figure].title),
            ),
        log:
            f"{RESULTS}/logs/figures/{figure}.log",
        benchmark:
            f"{RESULTS}/benchmarks/figures/{figure}.tsv"
        priority: AFTER_DATA
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: attempt * 4000,
            runtime=lambda wildcards, attempt: attempt * 10,
        params:
            figure=figure,
            code=CODE.of_paper_figure("paper_figure.py", catalogue.PAPER_FIGURES[figure]),
            settings=settings_of(FILES.of_paper_figure(figure)),
            experiments=lambda wildcards, input, figure=figure: found_at(FILES.of_paper_figure(figure), input.results),
        script:
            "../scripts/paper_figure.py"


for figure, drawing in catalogue.SUMMARY_FIGURES.items():

    rule:
        name:
            f"summary_figure_{figure}"
        input:
            results=lambda wildcards: measured_paths(paths_of(MEASURED.two_layer_files)),
        output:
            f"{RESULTS}/figures/{figure}.pdf",
            report(
                f"{RESULTS}/figures/{figure}.png",
                **in_report(
                    figure,
                    CATEGORIES.beyond_the_paper,
                    catalogue.TITLES_BEYOND_THE_PAPER[figure],
                ),
            ),
        log:
            f"{RESULTS}/logs/figures/{figure}.log",
        benchmark:
            f"{RESULTS}/benchmarks/figures/{figure}.tsv"
        priority: AFTER_DATA
        localrule: True
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=4000,
            runtime=10,
        params:
            figure=figure,
            code=lambda wildcards, drawing=drawing: CODE.of_figures(
                "summary_figure.py", [drawing], MEASURED.two_layer_files
            ),
            settings=lambda wildcards: settings_of(MEASURED.two_layer_files),
            experiments=lambda wildcards, input: found_at(MEASURED.two_layer_files, input.results),
        script:
            "../scripts/summary_figure.py"


for figure, figure_files in EXTENSIONS.figure_files.items():

    rule:
        name:
            f"extension_figure_{figure}"
        input:
            results=list(figure_files.values()),
        output:
            f"{RESULTS}/figures/{figure}.pdf",
            report(
                f"{RESULTS}/figures/{figure}.png",
                **in_report(
                    catalogue.EXTENSION_FIGURES[figure],
                    CATEGORIES.beyond_the_paper,
                    catalogue.TITLES_BEYOND_THE_PAPER[figure],
                ),
            ),
        log:
            f"{RESULTS}/logs/figures/{figure}.log",
        benchmark:
            f"{RESULTS}/benchmarks/figures/{figure}.tsv"
        priority: AFTER_DATA
        localrule: True
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=10,
        params:
            figure=figure,
            module=catalogue.EXTENSION_FIGURES[figure],
            code=CODE.of_figures("extension_figure.py", [f"beyond.{catalogue.EXTENSION_FIGURES[figure]}"]),
            # The caption quotes them.
            settings=EXTENSIONS.settings(figure),
            files=lambda wildcards, input, names=tuple(figure_files): dict(zip(names, input.results)),
        script:
            "../scripts/extension_figure.py"


rule experiment_figures:
    input:
        results=lambda wildcards: paths_of(experiment_files(wildcards)),
    output:
        [f"{RESULTS}/figures/{{experiment}}/{figure}.pdf" for figure in catalogue.EXPERIMENT_FIGURES],
        [
            report(
                f"{RESULTS}/figures/{{experiment}}/{figure}.png",
                **in_report(
                    f"experiment_{figure}",
                    CATEGORIES.of_experiment,
                    title,
                    subcategory="{experiment}",
                ),
            )
            for figure, title in catalogue.EXPERIMENT_FIGURES.items()
        ],
    log:
        f"{RESULTS}/logs/figures/{{experiment}}/figures.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/{{experiment}}/figures.tsv"
    priority: AFTER_DATA
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 4000,
        runtime=lambda wildcards, attempt: attempt * 10,
    params:
        code=lambda wildcards: CODE.of_figures(
            "experiment_figures.py",
            [f"experiment.{figure}" for figure in catalogue.EXPERIMENT_FIGURES],
            [wildcards.experiment],
        ),
        settings=lambda wildcards: settings_of(experiment_files(wildcards)),
        experiments=lambda wildcards, input: found_at(experiment_files(wildcards), input.results),
    script:
        "../scripts/experiment_figures.py"
