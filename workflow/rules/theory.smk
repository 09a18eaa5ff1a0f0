"""What the theory predicts for each two-layer network, before any training.

Needs: datasets/{experiment}.nc, correlations/{experiment}.nc, structure/{experiment}.nc;
       settings/{experiment}.json where a setting is `auto`
Makes: theory/{experiment}/{network}.nc
"""


rule theory:
    input:
        dataset=rules.dataset.output[0],
        correlations=rules.correlations.output[0],
        structure=rules.structure.output[0],
        chosen=chosen_settings,
        code=code("predict.py"),
    output:
        f"{RESULTS}/theory/{{experiment}}/{{network}}.nc",
    log:
        f"{RESULTS}/logs/theory/{{experiment}}/{{network}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/theory/{{experiment}}/{{network}}.tsv"
    wildcard_constraints:
        network="|".join(config_networks.TWO_LAYER_NETWORKS),
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * flow_megabytes(wildcards),
        runtime=lambda wildcards, attempt: attempt * 15,
    params:
        settings=experiment_settings,
        seeds=CONFIG.seeds,
        root_seed=CONFIG.root_seed,
    script:
        "../scripts/predict.py"
