"""The claims ledger: every claim of the paper, measured and judged.

Needs: config/claims.yaml, everything the experiments and the runs beyond them made; for the page the figures it shows
Makes: claims.json, claims.html
"""


rule claims:
    input:
        claims=CLAIM_TABLES,
        results=lambda wildcards: paths_of(MEASURED.made_files),
        extensions=lambda wildcards: list(MEASURED.made_extension_files.values()),
    output:
        f"{RESULTS}/claims.json",
    log:
        f"{RESULTS}/logs/claims.log",
    benchmark:
        f"{RESULTS}/benchmarks/claims.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        code=lambda wildcards: CODE.of_experiments("claims.py", MEASURED.files, deep=True),
        experiments=lambda wildcards: MEASURED.files,
        extensions=lambda wildcards: MEASURED.extension_files,
    script:
        "../scripts/claims.py"


# A rule of its own: verdicts need no figures.
rule claims_page:
    input:
        claims=CLAIM_TABLES,
        ledger=f"{RESULTS}/claims.json",
        pictures=lambda wildcards: TARGETS.pictures_of_claims(
            CLAIM_TABLES, MEASURED.made_files, MEASURED.made_extensions
        ),
    output:
        report(
            f"{RESULTS}/claims.html",
            **in_report("claims", CATEGORIES.claims, "Claims ledger"),
        ),
    log:
        f"{RESULTS}/logs/claims_page.log",
    benchmark:
        f"{RESULTS}/benchmarks/claims_page.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=CODE.of("claims_page.py"),
        # For the caption, and so that a report leaves out what is about other settings.
        experiments=lambda wildcards: MEASURED.files,
    script:
        "../scripts/claims_page.py"
