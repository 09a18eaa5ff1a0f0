"""Where the results come from: data and their licences, code, versions, checksums.

Needs: everything the experiments and the runs beyond them made
Makes: provenance.html
"""


rule provenance:
    input:
        results=lambda wildcards: measured_paths(paths_of(MEASURED.files)),
        extensions=lambda wildcards: measured_paths(MEASURED.extension_files.values()),
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
        files=lambda wildcards, input: dict(zip(MEASURED.data_files, [*input.results, *input.extensions])),
        settings=lambda wildcards: MEASURED.settings,
        licences=lambda wildcards: MEASURED.licences,
    script:
        "../scripts/provenance.py"
