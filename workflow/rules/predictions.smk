"""What is predicted for an experiment without any training, and how well that did after it.

Needs: datasets/{experiment}.nc, structure/{experiment}.nc, theory/{experiment}/{network}.nc;
       for the comparison also trajectories/{experiment}/{network}/seed-{seed}.nc
Makes: predictions/{experiment}.json, .txt and .html, predictions/{experiment}/{figure}.pdf and .png,
       predictions/{experiment}_measured.json, .txt and .html, figures/{experiment}/{figure}.pdf and .png
"""


rule prediction:
    input:
        results=lambda wildcards: prediction_inputs(wildcards.experiment),
    output:
        json=f"{RESULTS}/predictions/{{experiment}}.json",
        text=f"{RESULTS}/predictions/{{experiment}}.txt",
        page=in_report(
            f"{RESULTS}/predictions/{{experiment}}.html",
            caption="prediction",
            category=experiment_category,
            subcategory="{experiment}",
            figure="Prediction",
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
        code=lambda wildcards: figure_code(
            "prediction.py",
            *[f"experiment.{figure}" for figure in catalogue.PREDICTION_FIGURES],
            experiments=[wildcards.experiment],
        ),
        experiments=lambda wildcards: result_files([wildcards.experiment]),
        smallest_mode=CONFIG.automatic.smallest_mode,
    script:
        "../scripts/prediction.py"


rule comparison:
    input:
        results=lambda wildcards: all_of(result_files([wildcards.experiment])),
    output:
        json=f"{RESULTS}/predictions/{{experiment}}_measured.json",
        text=f"{RESULTS}/predictions/{{experiment}}_measured.txt",
        page=in_report(
            f"{RESULTS}/predictions/{{experiment}}_measured.html",
            caption="comparison",
            category=experiment_category,
            subcategory="{experiment}",
            figure="Prediction and training",
        ),
        drawings=[
            f"{RESULTS}/figures/{{experiment}}/{figure}.pdf"
            for figure in catalogue.COMPARISON_FIGURES
        ],
        pictures=[
            in_report(
                f"{RESULTS}/figures/{{experiment}}/{figure}.png",
                caption=f"comparison_{figure}",
                category=experiment_category,
                subcategory="{experiment}",
                figure=title,
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
        code=lambda wildcards: figure_code(
            "comparison.py",
            *[f"beyond.{figure}" for figure in catalogue.COMPARISON_FIGURES],
            experiments=[wildcards.experiment],
        ),
        experiments=lambda wildcards: result_files([wildcards.experiment]),
    script:
        "../scripts/comparison.py"
