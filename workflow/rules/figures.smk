"""The figures of the paper, those over all experiments and runs beyond the paper, and those drawn for every experiment.

A rule per figure: the report needs a caption of its own for each.

Needs: datasets/{experiment}.nc, structure/{experiment}.nc, trajectories/{experiment}/{network}/seed-{seed}.nc,
       theory/{experiment}/{network}.nc, scaling/{parameter}.nc, variants/{variant}.nc, variants/comparison.nc
Makes: figures/{figure}.pdf and .png, figures/{experiment}/{figure}.pdf and .png
"""

for figure in paper_figures(list(CONFIG.experiments), deep=True):

    rule:
        name:
            f"paper_figure_{figure}"
        input:
            results=all_of(paper_figure_files(figure)),
        output:
            f"{RESULTS}/figures/{figure}.pdf",
            in_report(
                f"{RESULTS}/figures/{figure}.png",
                caption=figure,
                category=PAPER_CATEGORY,
                figure=catalogue.PAPER_FIGURES[figure].title,
            ),
        log:
            f"{RESULTS}/logs/figures/{figure}.log",
        benchmark:
            f"{RESULTS}/benchmarks/figures/{figure}.tsv"
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: attempt * 4000,
            runtime=lambda wildcards, attempt: attempt * 10,
        params:
            figure=figure,
            code=figure_code(
                "paper_figure.py",
                catalogue.PAPER_FIGURES[figure].module,
                experiments=catalogue.PAPER_FIGURES[figure].experiments,
                deep=True,
            ),
            experiments=paper_figure_files(figure),
        script:
            "../scripts/paper_figure.py"


for figure in catalogue.SUMMARY_FIGURES:

    rule:
        name:
            f"summary_figure_{figure}"
        input:
            results=lambda wildcards: all_of(result_files(claimed_experiments())),
        output:
            f"{RESULTS}/figures/{figure}.pdf",
            in_report(
                f"{RESULTS}/figures/{figure}.png",
                caption=figure,
                category=BEYOND_CATEGORY,
                figure=catalogue.TITLES_BEYOND_THE_PAPER[figure],
            ),
        log:
            f"{RESULTS}/logs/figures/{figure}.log",
        benchmark:
            f"{RESULTS}/benchmarks/figures/{figure}.tsv"
        localrule: True
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=4000,
            runtime=10,
        params:
            figure=figure,
            code=lambda wildcards, module=catalogue.SUMMARY_FIGURES[
                figure
            ]: figure_code(
                "summary_figure.py", module, experiments=claimed_experiments()
            ),
            experiments=lambda wildcards: result_files(
                claimed_experiments() + finished_experiments()
            ),
        script:
            "../scripts/summary_figure.py"


for figure in extension_figures():

    rule:
        name:
            f"extension_figure_{figure}"
        input:
            results=list(extension_figure_files(figure).values()),
        output:
            f"{RESULTS}/figures/{figure}.pdf",
            in_report(
                f"{RESULTS}/figures/{figure}.png",
                caption=figure,
                category=BEYOND_CATEGORY,
                figure=catalogue.TITLES_BEYOND_THE_PAPER[figure],
            ),
        log:
            f"{RESULTS}/logs/figures/{figure}.log",
        benchmark:
            f"{RESULTS}/benchmarks/figures/{figure}.tsv"
        localrule: True
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=10,
        params:
            figure=figure,
            code=figure_code("extension_figure.py", f"beyond.{figure}"),
            files=extension_figure_files(figure),
        script:
            "../scripts/extension_figure.py"


rule experiment_figures:
    input:
        results=lambda wildcards: all_of(result_files([wildcards.experiment])),
    output:
        [
            f"{RESULTS}/figures/{{experiment}}/{figure}.pdf"
            for figure in catalogue.EXPERIMENT_FIGURES
        ],
        [
            in_report(
                f"{RESULTS}/figures/{{experiment}}/{figure}.png",
                caption=f"experiment_{figure}",
                category=experiment_category,
                subcategory="{experiment}",
                figure=title,
            )
            for figure, title in catalogue.EXPERIMENT_FIGURES.items()
        ],
    log:
        f"{RESULTS}/logs/figures/{{experiment}}/figures.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/{{experiment}}/figures.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 4000,
        runtime=lambda wildcards, attempt: attempt * 10,
    params:
        code=lambda wildcards: figure_code(
            "experiment_figures.py",
            *[f"experiment.{figure}" for figure in catalogue.EXPERIMENT_FIGURES],
            experiments=[wildcards.experiment],
        ),
        experiments=lambda wildcards: result_files([wildcards.experiment]),
    script:
        "../scripts/experiment_figures.py"
