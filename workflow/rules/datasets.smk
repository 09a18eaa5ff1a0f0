"""The images of each experiment.

Needs: the configuration; for CIFAR-10 and a user's own images the source it names.
Makes: datasets/{experiment}.nc
"""


rule dataset:
    input:
        known_experiment,
    output:
        f"{RESULTS}/datasets/{{experiment}}.nc",
    log:
        f"{RESULTS}/logs/datasets/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/datasets/{{experiment}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 2000,
        runtime=lambda wildcards, attempt: attempt * 30,
    params:
        code=lambda wildcards: CODE.of_dataset("dataset.py", wildcards.experiment),
        settings=dataset_settings,
        root_seed=CONFIG.root_seed,
        cifar10=lambda wildcards: (CONFIG.cifar10 if EXPERIMENTS[wildcards.experiment].dataset.DOWNLOADED else None),
        downloads=CONFIG.downloads,
        source=source_state,
        source_record=source_record,
    script:
        "../scripts/dataset.py"
