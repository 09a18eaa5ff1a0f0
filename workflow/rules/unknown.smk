"""Refuses trajectories and predictions of experiments and networks that there are not, before anything runs.

Needs: the names of the experiments and their networks
Makes: nothing
"""


rule unknown:
    input:
        unknown_training,
    output:
        f"{RESULTS}/trajectories/{{unknown}}.nc",
        f"{RESULTS}/theory/{{unknown}}.nc",
    wildcard_constraints:
        unknown=rf"(?!({'|'.join(EXPERIMENTS.trained)})(/seed-\d+)?\.nc)\w+/\w+(/seed-\d+)?",
    localrule: True
