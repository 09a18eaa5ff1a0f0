"""The two-layer networks: a training per experiment, network and seed, several in a job where they take little time.

A training that was interrupted goes on from its checkpoint. Checkpoints are no outputs: Snakemake removes the outputs
of a job that failed.

Needs: datasets/{experiment}.nc, correlations/{experiment}.nc, structure/{experiment}.nc;
       settings/{experiment}.json where a setting is `auto`
Makes: trajectories/{experiment}/{network}/seed-{seed}.nc
"""

for block, trained in SIZES.training_blocks().items():

    rule:
        name:
            block.rule_name("train")
        input:
            dataset=rules.dataset.output[0],
            correlations=rules.correlations.output[0],
            structure=rules.structure.output[0],
            chosen=chosen_settings,
        output:
            [f"{RESULTS}/trajectories/{{experiment}}/{{network}}/seed-{seed}.nc" for seed in block.seeds],
        log:
            f"{RESULTS}/logs/trajectories/{{experiment}}/{{network}}/{block.name}.log",
        benchmark:
            f"{RESULTS}/benchmarks/trajectories/{{experiment}}/{{network}}/{block.name}.tsv"
        wildcard_constraints:
            # The same number of seeds for one network of an experiment, and another for the other.
            experiment=trained_pattern(trained),
            network="|".join(TWO_LAYER_NETWORKS),
        conda:
            "../../envs/analysis.yaml"
        # One thread, always: the sums of a matrix product depend on the number of threads, and so would the bytes.
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: attempt
            * SIZES.matrix_megabytes(wildcards.experiment, matrices=6, others=1500),
            runtime=lambda wildcards, attempt, seeds=len(block.seeds): attempt * (10 + 2 * seeds),
        params:
            code=lambda wildcards: CODE.of_networks("train.py", [(wildcards.experiment, wildcards.network)]),
            settings=experiment_settings,
            root_seed=CONFIG.root_seed,
            divergence_factor=CONFIG.divergence_factor,
            checkpoints=checkpoint_places,
        script:
            "../scripts/train.py"
