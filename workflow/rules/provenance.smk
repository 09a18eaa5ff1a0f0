"""Where the results come from: data and their licences, code, versions, checksums.

Needs: everything the experiments and the runs beyond them made
Makes: provenance.html
"""


rule provenance:
    input:
        results=lambda wildcards: all_of(claimed_files()),
        extensions=lambda wildcards: list(extension_files().values()),
    output:
        in_report(
            f"{RESULTS}/provenance.html",
            caption="provenance",
            category=PROVENANCE_CATEGORY,
            figure="Data, code, versions, checksums",
        ),
    log:
        f"{RESULTS}/logs/provenance.log",
    benchmark:
        f"{RESULTS}/benchmarks/provenance.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("provenance.py"),
        files=lambda wildcards: data_files(),
        settings=lambda wildcards: archived_settings(),
    script:
        "../scripts/provenance.py"
