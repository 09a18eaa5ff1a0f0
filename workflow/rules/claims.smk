"""The claims ledger: every claim of the paper, measured and judged.

Needs: config/claims.yaml, everything the experiments and the runs beyond them made
Makes: claims.json, claims.html
"""


rule claims:
    input:
        claims=[local(path) for path in CLAIM_TABLES],
        results=lambda wildcards: measured_paths(MEASURED.files),
        extensions=list(EXTENSIONS.files.values()),
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
        settings=lambda wildcards: settings_of(MEASURED.files),
        experiments=lambda wildcards, input: found_at(MEASURED.files, input.results),
        extensions=lambda wildcards, input: dict(zip(EXTENSIONS.files, input.extensions)),
    script:
        "../scripts/claims.py"
