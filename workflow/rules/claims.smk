"""The claims ledger: every claim of the paper, measured and judged.

Needs: config/claims.yaml, everything the experiments and the runs beyond them made; for the page the figures it shows
Makes: claims.json, claims.html
"""


rule claims:
    input:
        claims=[local(path) for path in CLAIM_TABLES],
        results=lambda wildcards: measured_paths(paths_of(MEASURED.files)),
        extensions=lambda wildcards: measured_paths(MEASURED.extension_files.values()),
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
        settings=lambda wildcards: settings_of(MEASURED.files),
        experiments=lambda wildcards, input: found_at(MEASURED.files, input.results),
        extensions=lambda wildcards, input: dict(zip(MEASURED.extension_files, input.extensions)),
    script:
        "../scripts/claims.py"


# A rule of its own: verdicts need no figures.
rule claims_page:
    input:
        claims=[local(path) for path in CLAIM_TABLES],
        ledger=f"{RESULTS}/claims.json",
        pictures=pictures_of_claims,
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
