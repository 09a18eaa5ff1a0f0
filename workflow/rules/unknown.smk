"""Refuses trajectories and predictions of experiments and networks that there are not, before anything runs.

Needs: the names of the experiments and their networks
Makes: nothing
"""


def refused(wildcards):
    experiment, network = wildcards.unknown.split("/")[:2]
    with exit_with_message():
        EXPERIMENTS.require(experiment, network)
    return []


rule unknown:
    input:
        refused,
    output:
        f"{RESULTS}/trajectories/{{unknown}}.nc",
        f"{RESULTS}/theory/{{unknown}}.nc",
    wildcard_constraints:
        unknown=rf"(?!({'|'.join(EXPERIMENTS.trained)})(/seed-\d+)?\.nc)\w+/\w+(/seed-\d+)?",
    localrule: True
