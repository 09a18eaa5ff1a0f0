"""The deep networks: a training per experiment, network and seed, or per block of seeds trained side by side.

A training that was interrupted goes on from its checkpoint. Checkpoints are no outputs: Snakemake removes the outputs
of a job that failed.

Needs: datasets/{experiment}.nc, structure/{experiment}.nc
Makes: trajectories/{experiment}/{network}/seed-{seed}.nc
"""

import os
import shutil


def gpus():
    """GPUs of a job; `auto` counts on one where NVIDIA's driver is installed.

    A job of a cluster reads the rules again, on a node that may differ: it inherits the answer through the environment.
    """
    if CONFIG.deep_training.device != "auto":
        return 1 if CONFIG.deep_training.device == "cuda" else 0
    found = "1" if shutil.which("nvidia-smi") else "0"
    return int(os.environ.setdefault("DEEP_TRAINING_GPUS", found))


for block, block_seeds in seed_blocks(CONFIG.deep_training.seeds_per_job).items():

    rule:
        name:
            "train_deep" if block == "seed-{seed}" else f"train_deep_{block}"
        input:
            dataset=rules.dataset.output[0],
            structure=rules.structure.output[0],
        output:
            [
                f"{RESULTS}/trajectories/{{experiment}}/{{network}}/seed-{seed}.nc"
                for seed in block_seeds
            ],
        log:
            f"{RESULTS}/logs/trajectories/{{experiment}}/{{network}}/{block}.log",
        benchmark:
            f"{RESULTS}/benchmarks/trajectories/{{experiment}}/{{network}}/{block}.tsv"
        wildcard_constraints:
            network="|".join(DEEP_NETWORKS),
        conda:
            "../../envs/deep-gpu.yaml" if gpus() else "../../envs/deep-cpu.yaml"
        # One thread, always: see the rule train. Several of them would not make these small networks faster.
        threads: 1
        resources:
            gpu=gpus(),
            mem_mb=lambda wildcards, attempt: attempt
            * (3000 + 6 * 8 * input_values(wildcards) ** 2 // 10**6),
            runtime=lambda wildcards, attempt, seeds=len(block_seeds): attempt
            * 120
            * seeds,
        params:
            code=lambda wildcards: code("train_deep.py", network_module(wildcards)),
            settings=experiment_settings,
            root_seed=CONFIG.root_seed,
            divergence_factor=CONFIG.divergence_factor,
        script:
            "../scripts/train_deep.py"
