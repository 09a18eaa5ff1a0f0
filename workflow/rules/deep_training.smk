"""The deep networks: a training per experiment, network and seed, or per block of seeds trained side by side.

A training that was interrupted goes on from its checkpoint. Checkpoints are no outputs: Snakemake removes the outputs
of a job that failed.

Needs: datasets/{experiment}.nc, structure/{experiment}.nc
Makes: trajectories/{experiment}/{network}/seed-{seed}.nc
"""

GPUS = gpus(CONFIG.deep_training.device)

for block, trained in SIZES.training_blocks(deep=True).items():

    rule:
        name:
            block.rule_name("train_deep")
        input:
            dataset=rules.dataset.output[0],
            structure=rules.structure.output[0],
        output:
            [f"{RESULTS}/trajectories/{{experiment}}/{{network}}/seed-{seed}.nc" for seed in block.seeds],
        log:
            f"{RESULTS}/logs/trajectories/{{experiment}}/{{network}}/{block.name}.log",
        benchmark:
            f"{RESULTS}/benchmarks/trajectories/{{experiment}}/{{network}}/{block.name}.tsv"
        wildcard_constraints:
            experiment=trained_pattern(trained),
            network="|".join(DEEP_NETWORKS),
        conda:
            "../../envs/deep-gpu.yaml" if GPUS else "../../envs/deep-cpu.yaml"
        # One thread, always: see the rule train. Several of them would not make these small networks faster.
        threads: 1
        resources:
            gpu=GPUS,
            mem_mb=lambda wildcards, attempt: attempt
            * SIZES.matrix_megabytes(wildcards.experiment, matrices=6, others=3000),
            runtime=lambda wildcards, attempt, seeds=len(block.seeds): attempt * 120 * seeds,
        params:
            code=lambda wildcards: CODE.of_networks("train_deep.py", [(wildcards.experiment, wildcards.network)]),
            settings=experiment_settings,
            root_seed=CONFIG.root_seed,
            divergence_factor=CONFIG.divergence_factor,
            checkpoints=checkpoint_places,
            device=training_device,
        script:
            "../scripts/train_deep.py"
