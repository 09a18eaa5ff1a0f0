"""What is predicted for an experiment without any training, and how well that did after it.

Needs: datasets/{experiment}.nc, structure/{experiment}.nc, theory/{experiment}/{network}.nc;
       for the comparison also trajectories/{experiment}/{network}/seed-{seed}.nc
Makes: predictions/{experiment}.json, .txt and .html, predictions/{experiment}/{figure}.pdf and .png,
       predictions/{experiment}_measured.json, .txt and .html, figures/{experiment}/{figure}.pdf and .png
"""


rule prediction:
    input:
        results=lambda wildcards: paths_of(experiment_files(wildcards), trajectories=False),
    output:
        json=f"{RESULTS}/predictions/{{experiment}}.json",
        text=f"{RESULTS}/predictions/{{experiment}}.txt",
        page=report(
            f"{RESULTS}/predictions/{{experiment}}.html",
            **in_report(
                "prediction",
                CATEGORIES.of_experiment,
                "Prediction",
                subcategory="{experiment}",
            ),
        ),
        figures=expand(
            f"{RESULTS}/predictions/{{{{experiment}}}}/{{figure}}.{{suffix}}",
            figure=catalogue.PREDICTION_FIGURES,
            suffix=("pdf", "png"),
        ),
    log:
        f"{RESULTS}/logs/predictions/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/predictions/{{experiment}}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        code=lambda wildcards: CODE.of_figures(
            "prediction.py",
            [f"experiment.{figure}" for figure in catalogue.PREDICTION_FIGURES],
            [wildcards.experiment],
        ),
        settings=lambda wildcards: settings_of(experiment_files(wildcards)),
        experiments=lambda wildcards, input: found_at(experiment_files(wildcards), input.results, trajectories=False),
        smallest_mode=CONFIG.automatic.smallest_mode,
    script:
        "../scripts/prediction.py"


rule comparison:
    input:
        results=lambda wildcards: paths_of(experiment_files(wildcards)),
    output:
        json=f"{RESULTS}/predictions/{{experiment}}_measured.json",
        text=f"{RESULTS}/predictions/{{experiment}}_measured.txt",
        page=report(
            f"{RESULTS}/predictions/{{experiment}}_measured.html",
            **in_report(
                "comparison",
                CATEGORIES.of_experiment,
                "Prediction and training",
                subcategory="{experiment}",
            ),
        ),
        drawings=[f"{RESULTS}/figures/{{experiment}}/{figure}.pdf" for figure in catalogue.COMPARISON_FIGURES],
        pictures=[
            report(
                f"{RESULTS}/figures/{{experiment}}/{figure}.png",
                **in_report(
                    f"comparison_{figure}",
                    CATEGORIES.of_experiment,
                    title,
                    subcategory="{experiment}",
                ),
            )
            for figure, title in catalogue.COMPARISON_FIGURES.items()
        ],
    log:
        f"{RESULTS}/logs/predictions/{{experiment}}_measured.log",
    benchmark:
        f"{RESULTS}/benchmarks/predictions/{{experiment}}_measured.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        code=lambda wildcards: CODE.of_figures(
            "comparison.py",
            [f"beyond.{figure}" for figure in catalogue.COMPARISON_FIGURES],
            [wildcards.experiment],
        ),
        settings=lambda wildcards: settings_of(experiment_files(wildcards)),
        experiments=lambda wildcards, input: found_at(experiment_files(wildcards), input.results),
    script:
        "../scripts/comparison.py"
