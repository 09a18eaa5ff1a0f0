"""Results of an archive in place of those that are computed: there is no rule that trains anything.

Needs: the archive that the configuration names
Makes: everything in it, manifest.json
"""

with exit_with_message():
    archive.require(ARCHIVE, MEASURED.data_files)


rule unpack:
    input:
        archive=local(CONFIG.archive),
    output:
        [f"{RESULTS}/{name}" for name in [archive.MANIFEST, *ARCHIVE.manifest.results]],
    log:
        f"{RESULTS}/logs/unpack.log",
    benchmark:
        f"{RESULTS}/benchmarks/unpack.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=CODE.of("unpack.py"),
        folder=lambda wildcards, output: Path(output[0]).parent,
        # Another archive at the same place may be an older file.
        files={name: ARCHIVE.manifest.files[name].sha256 for name in ARCHIVE.manifest.results},
    script:
        "../scripts/unpack.py"
