"""Linear CNNs discover the statistical structure of the dataset using only the most dominant frequencies.

Reproduces every experiment and figure of Pinson, Lenaerts & Ginis (ICML 2023). The data flow, one rule file per stage:

    datasets -> correlations -> structure -> training, seed by seed -> figures
                                             or the trajectories of an archive

Targets: all (needs no download), two-layer (adds CIFAR-4), reproduce-all (everything, the deep networks too), finished
(what is there already: for the report); predict and own for experiments of your own (docs/own-images.md).
Settings: config/config.yaml, described in config/README.md.
"""

from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


if ARCHIVE:

    include: "workflow/rules/unpacking.smk"

else:

    include: "workflow/rules/datasets.smk"
    include: "workflow/rules/structure.smk"
    include: "workflow/rules/automatic.smk"
    include: "workflow/rules/training.smk"
    include: "workflow/rules/deep_training.smk"
    include: "workflow/rules/theory.smk"
    include: "workflow/rules/scaling.smk"


include: "workflow/rules/figures.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/provenance.smk"
include: "workflow/rules/archive.smk"
include: "workflow/rules/predictions.smk"


rule all:
    default_target: True
    input:
        TARGETS.default,
    localrule: True


rule:
    name:
        "two-layer"
    input:
        TARGETS.two_layer,
    localrule: True


rule:
    name:
        "reproduce-all"
    input:
        TARGETS.everything,
    localrule: True


# What a user's own images lead to, told from their structure alone: nothing is trained.
rule predict:
    input:
        TARGETS.predictions,
    localrule: True


# The same, and the training that shows how well it did; of a user's own experiments only.
rule own:
    input:
        TARGETS.own,
    localrule: True


rule finished:
    input:
        lambda wildcards: finished_results(),
    localrule: True
