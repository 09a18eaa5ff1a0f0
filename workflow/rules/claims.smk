"""The claims ledger: every claim of the paper, measured and judged.

Needs: config/claims.yaml, everything the experiments and the runs beyond them made
Makes: claims.json, claims.html
"""


rule claims:
    input:
        claims=CLAIMS,
        results=lambda wildcards: all_of(claimed_files()),
        extensions=lambda wildcards: list(extension_files().values()),
    output:
        json=f"{RESULTS}/claims.json",
        page=in_report(
            f"{RESULTS}/claims.html",
            caption="claims",
            category=CLAIMS_CATEGORY,
            figure="Claims ledger",
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
        code=lambda wildcards: code(
            "claims.py", *network_modules(measured_files(), deep=True)
        ),
        experiments=lambda wildcards: measured_files(),
        extensions=lambda wildcards: extension_files(),
    script:
        "../scripts/claims.py"
