"""One training per experiment, two-layer network and seed.

A training that was interrupted goes on from its checkpoint. Checkpoints are no outputs: Snakemake removes the outputs
of a job that failed.

Needs: datasets/{experiment}.nc, correlations/{experiment}.nc, structure/{experiment}.nc;
       settings/{experiment}.json where a setting is `auto`
Makes: trajectories/{experiment}/{network}/seed-{seed}.nc
"""


rule train:
    input:
        dataset=rules.dataset.output[0],
        correlations=rules.correlations.output[0],
        structure=rules.structure.output[0],
        chosen=chosen_settings,
        code=code("train.py"),
    output:
        f"{RESULTS}/trajectories/{{experiment}}/{{network}}/seed-{{seed}}.nc",
    log:
        f"{RESULTS}/logs/trajectories/{{experiment}}/{{network}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/trajectories/{{experiment}}/{{network}}/seed-{{seed}}.tsv"
    wildcard_constraints:
        network="|".join(config_networks.TWO_LAYER_NETWORKS),
    conda:
        "../../envs/analysis.yaml"
    # One thread, always: the sums of a matrix product depend on the number of threads, and so would the bytes.
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt
        * (1000 + 6 * 8 * input_values(wildcards) ** 2 // 10**6),
        runtime=lambda wildcards, attempt: attempt * 10,
    params:
        settings=experiment_settings,
        root_seed=CONFIG.root_seed,
        divergence_factor=CONFIG.divergence_factor,
        checkpoints=f"{RESULTS}/checkpoints",
    script:
        "../scripts/train.py"
