"""The claims ledger: every claim of the paper, measured and judged.

Needs: config/claims.yaml, everything the experiments and the runs beyond them made
Makes: claims.json, claims.html
"""


rule claims:
    input:
        claims=CLAIM_TABLES,
        results=lambda wildcards: paths_of(MEASURED.made_files),
        extensions=lambda wildcards: list(MEASURED.made_extension_files.values()),
    output:
        json=f"{RESULTS}/claims.json",
        page=report(
            f"{RESULTS}/claims.html",
            **in_report("claims", CATEGORIES.claims, "Claims ledger"),
        ),
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
