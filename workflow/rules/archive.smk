"""Archives of results: everything from which the figures and the ledger are made, to publish it.

Needs: the results of the experiments and of the runs beyond them, provenance.html
Makes: archive.zip, archive.zip.sha256
"""


rule archive:
    input:
        results=lambda wildcards: measured_paths(paths_of(MEASURED.files)),
        extensions=lambda wildcards: measured_paths(MEASURED.extension_files.values()),
        provenance=f"{RESULTS}/provenance.html",
    output:
        archive=f"{RESULTS}/archive.zip",
        checksum=f"{RESULTS}/archive.zip.sha256",
    log:
        f"{RESULTS}/logs/archive.log",
    benchmark:
        f"{RESULTS}/benchmarks/archive.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=CODE.of("archive.py"),
        files=lambda wildcards, input: dict(zip(MEASURED.data_files, [*input.results, *input.extensions])),
        settings=lambda wildcards: MEASURED.settings,
        licences=lambda wildcards: MEASURED.licences,
    script:
        "../scripts/archive.py"
