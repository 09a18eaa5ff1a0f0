"""Correlations and the statistical structure of each data set.

Needs: datasets/{experiment}.nc
Makes: correlations/{experiment}.nc, structure/{experiment}.nc
"""


rule correlations:
    input:
        dataset=rules.dataset.output[0],
    output:
        f"{RESULTS}/correlations/{{experiment}}.nc",
    log:
        f"{RESULTS}/logs/correlations/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/correlations/{{experiment}}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt
        * SIZES.matrix_megabytes(wildcards.experiment, matrices=6, others=1000),
        runtime=lambda wildcards, attempt: attempt * 10,
    params:
        code=CODE.of("correlations.py"),
        settings=dataset_settings,
        largest_input=CONFIG.largest_input,
    script:
        "../scripts/correlations.py"


rule structure:
    input:
        dataset=rules.dataset.output[0],
        correlations=rules.correlations.output[0],
    output:
        f"{RESULTS}/structure/{{experiment}}.nc",
    log:
        f"{RESULTS}/logs/structure/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/structure/{{experiment}}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt
        * SIZES.matrix_megabytes(wildcards.experiment, matrices=6, others=1000),
        runtime=lambda wildcards, attempt: attempt * 10,
    params:
        code=CODE.of("structure.py"),
        settings=dataset_settings,
        most_modes=CONFIG.most_modes,
    script:
        "../scripts/structure.py"
