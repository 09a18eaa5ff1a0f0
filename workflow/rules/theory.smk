"""What the theory predicts for the two-layer networks of an experiment, before any training.

One job for both networks: they share the decomposition of Σxx.

Needs: datasets/{experiment}.nc, correlations/{experiment}.nc, structure/{experiment}.nc;
       settings/{experiment}.json where a setting is `auto`
Makes: theory/{experiment}/{network}.nc
"""

for networks, predicted in SIZES.predicted_together().items():

    rule:
        name:
            "theory" if networks == TWO_LAYER_NETWORKS else "_".join(["theory", *networks])
        input:
            dataset=rules.dataset.output[0],
            correlations=rules.correlations.output[0],
            structure=rules.structure.output[0],
            chosen=chosen_settings,
        output:
            [f"{RESULTS}/theory/{{experiment}}/{network}.nc" for network in networks],
        log:
            f"{RESULTS}/logs/theory/{{experiment}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/theory/{{experiment}}.tsv"
        wildcard_constraints:
            experiment="|".join(predicted),
        conda:
            "../../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: attempt * SIZES.flow_megabytes(wildcards.experiment),
            runtime=lambda wildcards, attempt: attempt * 20,
        params:
            code=lambda wildcards: CODE.of_experiments("predict.py", [wildcards.experiment]),
            settings=experiment_settings,
            seeds=lambda wildcards: CONFIG.seeds_of(wildcards.experiment),
            root_seed=CONFIG.root_seed,
        script:
            "../scripts/predict.py"
