"""Runs beyond the paper: scaling of discovery, variants of the convolution.

Needs: the configuration; of the experiments that `scaling`, `variants` and `zero_padding` name datasets/{experiment}.nc,
       and for variants correlations/{experiment}.nc and structure/{experiment}.nc
Makes: scaling/{parameter}.nc, and for each key of variants {key}/{variant}.nc and {key}/comparison.nc
"""


rule scaling:
    input:
        dataset=lambda wildcards: extension_input("datasets", f"scaling.{wildcards.parameter}.experiment"),
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
        dataset=lambda wildcards: extension_input("datasets", variant_key(wildcards)),
        correlations=lambda wildcards: extension_input("correlations", variant_key(wildcards)),
        structure=lambda wildcards: extension_input("structure", variant_key(wildcards)),
    output:
        f"{RESULTS}/{{variant}}.nc",
    log:
        f"{RESULTS}/logs/{{variant}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{variant}}.tsv"
    wildcard_constraints:
        # With its key: variants/circular.
        variant="|".join(f"{key}/{name}" for key in CONFIG.VARIANTS for name in EXTENSIONS.variant_files(key)) or "none",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt
        * SIZES.matrix_megabytes(EXTENSIONS.experiment(variant_key(wildcards)), matrices=6, others=3000),
        runtime=lambda wildcards, attempt: attempt * 15,
    params:
        code=CODE.of("variant.py", ["learning_dynamics.networks.linear_cnn"]),
        settings=lambda wildcards: EXTENSIONS.variant_settings(wildcards.variant),
        experiment=lambda wildcards: EXTENSIONS.experiment_settings(variant_key(wildcards)),
        root_seed=CONFIG.root_seed,
        divergence_factor=CONFIG.divergence_factor,
    script:
        "../scripts/variant.py"


rule compare_variants:
    input:
        variants=lambda wildcards: list(EXTENSIONS.variant_files(wildcards.key).values()),
    output:
        f"{RESULTS}/{{key}}/comparison.nc",
    log:
        f"{RESULTS}/logs/{{key}}/comparison.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{key}}/comparison.tsv"
    wildcard_constraints:
        key="|".join(CONFIG.VARIANTS),
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=CODE.of("compare_variants.py"),
        files=lambda wildcards, input: dict(zip(EXTENSIONS.variant_files(wildcards.key), input.variants)),
        reference=lambda wildcards: CONFIG.variant_block(wildcards.key).reference,
    script:
        "../scripts/compare_variants.py"
