"""The figures of the paper, and those drawn for every experiment.

Needs: datasets/{experiment}.nc, structure/{experiment}.nc, trajectories/{experiment}/{network}/seed-{seed}.nc,
       theory/{experiment}/{network}.nc
Makes: figures/{figure}.pdf and .png, figures/{experiment}/{figure}.pdf and .png
"""


rule paper_figure:
    input:
        results=lambda wildcards: all_of(paper_figure_files(wildcards)),
        code=lambda wildcards: figure_code(
            catalogue.PAPER_FIGURES[wildcards.figure].module
        ),
    output:
        multiext(f"{RESULTS}/figures/{{figure}}", ".pdf", ".png"),
    log:
        f"{RESULTS}/logs/figures/{{figure}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/{{figure}}.tsv"
    wildcard_constraints:
        figure="|".join(catalogue.PAPER_FIGURES),
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 4000,
        runtime=lambda wildcards, attempt: attempt * 10,
    params:
        experiments=paper_figure_files,
    script:
        "../scripts/paper_figure.py"


rule experiment_figures:
    input:
        results=lambda wildcards: all_of(result_files([wildcards.experiment])),
        code=figure_code(*catalogue.EXPERIMENT_FIGURES),
    output:
        expand(
            f"{RESULTS}/figures/{{{{experiment}}}}/{{figure}}.{{suffix}}",
            figure=catalogue.EXPERIMENT_FIGURES,
            suffix=("pdf", "png"),
        ),
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
        experiments=lambda wildcards: result_files([wildcards.experiment]),
    script:
        "../scripts/experiment_figures.py"


rule summary_figure:
    input:
        results=lambda wildcards: all_of(result_files(claimed_experiments())),
        code=lambda wildcards: figure_code(catalogue.SUMMARY_FIGURES[wildcards.figure]),
    output:
        multiext(f"{RESULTS}/figures/{{figure}}", ".pdf", ".png"),
    log:
        f"{RESULTS}/logs/figures/{{figure}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/{{figure}}.tsv"
    wildcard_constraints:
        figure="|".join(catalogue.SUMMARY_FIGURES),
    localrule: True
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        experiments=lambda wildcards: result_files(
            claimed_experiments() + finished_experiments()
        ),
    script:
        "../scripts/summary_figure.py"
