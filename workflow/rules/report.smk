"""Where the report shows what.

Needs: CONFIG, PAPER_EXPERIMENTS.
Makes: the categories, in_report
"""

# The report lists its categories in alphabetical order; that of a user's own experiments is only there if they are.
CLAIMS_CATEGORY = "1 Claims"
PAPER_CATEGORY = "2 Figures of the paper"
EXPERIMENT_CATEGORY = "3 Every experiment"
BEYOND_CATEGORY = "4 Beyond the paper"
OWN_CATEGORY = "5 Own experiments"
PROVENANCE_CATEGORY = (
    "6 Provenance"
    if any(
        experiment.networks.two_layer and name not in PAPER_EXPERIMENTS
        for name, experiment in CONFIG.experiments.items()
    )
    else "5 Provenance"
)


def experiment_category(wildcards):
    """Where the report shows an experiment's own figures."""
    return (
        EXPERIMENT_CATEGORY
        if wildcards.experiment in PAPER_EXPERIMENTS
        else OWN_CATEGORY
    )


def in_report(path, caption, category, figure, subcategory=None):
    """A picture that the report shows; its caption is a file in workflow/report, its label what it is called."""
    return report(
        path,
        caption=f"../report/{caption}.rst",
        category=category,
        subcategory=subcategory,
        # One label: the report turns a second one into a switch where it has two values.
        labels={"figure": figure},
    )
