"""Where the results come from: data and their licences, code, versions, checksums.

Needs: everything the experiments and the runs beyond them made
Makes: provenance.html
"""


rule provenance:
    input:
        results=lambda wildcards: paths_of(MEASURED.made_files),
        extensions=lambda wildcards: list(MEASURED.made_extension_files.values()),
    output:
        report(
            f"{RESULTS}/provenance.html",
            **in_report("provenance", CATEGORIES.provenance, "Data, code, versions, checksums"),
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
        code=CODE.of("provenance.py"),
        files=lambda wildcards: MEASURED.data_files,
        settings=lambda wildcards: MEASURED.settings,
        licences=lambda wildcards: MEASURED.licences,
    script:
        "../scripts/provenance.py"
