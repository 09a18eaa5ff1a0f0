"""Runs beyond the paper: scaling of discovery, variants of the convolution, and their figures.

Needs: the configuration, datasets/{experiment}.nc of the experiments that `scaling` and `variants` name
Makes: scaling/{parameter}.nc, variants/{variant}.nc, variants/comparison.nc
"""


rule scaling:
    input:
        dataset=lambda wildcards: EXTENSIONS.dataset(f"scaling.{wildcards.parameter}.experiment"),
    output:
        f"{RESULTS}/scaling/{{parameter}}.nc",
    log:
        f"{RESULTS}/logs/scaling/{{parameter}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/scaling/{{parameter}}.tsv"
    wildcard_constraints:
        parameter="side|std|learning_rate",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 3000,
        runtime=lambda wildcards, attempt: attempt * 15,
    params:
        code=CODE.of("scaling.py"),
        settings=lambda wildcards: EXTENSIONS.scaling_settings(wildcards.parameter),
        experiment=lambda wildcards: EXTENSIONS.experiment_settings(f"scaling.{wildcards.parameter}.experiment"),
        root_seed=CONFIG.root_seed,
        divergence_factor=CONFIG.divergence_factor,
    script:
        "../scripts/scaling.py"


rule variant:
    input:
        dataset=lambda wildcards: EXTENSIONS.dataset("variants.experiment"),
    output:
        f"{RESULTS}/variants/{{variant}}.nc",
    log:
        f"{RESULTS}/logs/variants/{{variant}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/variants/{{variant}}.tsv"
    wildcard_constraints:
        variant="|".join(EXTENSIONS.variant_files) or "none",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 3000,
        runtime=lambda wildcards, attempt: attempt * 15,
    params:
        code=CODE.of("variant.py", ["learning_dynamics.networks.linear_cnn"]),
        settings=lambda wildcards: EXTENSIONS.variant_settings(wildcards.variant),
        experiment=lambda wildcards: EXTENSIONS.experiment_settings("variants.experiment"),
        root_seed=CONFIG.root_seed,
        divergence_factor=CONFIG.divergence_factor,
    script:
        "../scripts/variant.py"


rule compare_variants:
    input:
        variants=list(EXTENSIONS.variant_files.values()),
    output:
        f"{RESULTS}/variants/comparison.nc",
    log:
        f"{RESULTS}/logs/variants/comparison.log",
    benchmark:
        f"{RESULTS}/benchmarks/variants/comparison.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=CODE.of("compare_variants.py"),
        files=lambda wildcards, input: dict(zip(EXTENSIONS.variant_files, input.variants)),
        reference=CONFIG.variants.reference if CONFIG.variants else None,
    script:
        "../scripts/compare_variants.py"
