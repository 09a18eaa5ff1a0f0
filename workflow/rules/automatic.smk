"""Settings that are `auto`, chosen from the structure of the data before any training.

Needs: datasets/{experiment}.nc, correlations/{experiment}.nc, structure/{experiment}.nc
Makes: settings/{experiment}.json
"""


rule choose_settings:
    input:
        dataset=rules.dataset.output[0],
        correlations=rules.correlations.output[0],
        structure=rules.structure.output[0],
    output:
        f"{RESULTS}/settings/{{experiment}}.json",
    log:
        f"{RESULTS}/logs/settings/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/settings/{{experiment}}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt
        * SIZES.matrix_megabytes(wildcards.experiment, matrices=20, others=1500),
        runtime=60,
    params:
        code=lambda wildcards: CODE.of_experiments("choose_settings.py", [wildcards.experiment]),
        settings=experiment_settings,
        rules=CONFIG.automatic.model_dump(),
        # More are not looked at, and another number of seeds is no reason to choose again.
        seeds=lambda wildcards: min(CONFIG.seeds_of(wildcards.experiment), 3),
        root_seed=CONFIG.root_seed,
    script:
        "../scripts/choose_settings.py"
