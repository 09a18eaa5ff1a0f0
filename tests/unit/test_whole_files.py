"""Of two jobs that make the same file, the one that began later counts, whichever ends first."""

import subprocess
import sys

from conftest import PROJECT
from learning_dynamics.storage import whole_files

# A job that writes when it is told to.
JOB = """
import sys
from learning_dynamics import jobs
from learning_dynamics.storage import whole_files

log, *outputs = sys.argv[1:]
jobs.begin(log, outputs)
print("begun", flush=True)
sys.stdin.readline()
for output in outputs:
    with whole_files.replacing(output) as temporary:
        temporary.write_text(log)
"""


def begin(folder, name, *outputs):
    job = subprocess.Popen(
        [sys.executable, "-c", JOB, name, *outputs],
        cwd=folder,
        env={"PYTHONPATH": str(PROJECT / "workflow")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert job.stdout.readline() == "begun\n"
    return job


def finish(job):
    _, errors = job.communicate("\n")
    return job.returncode, errors


def test_job_that_began_later_counts(tmp_path):
    earlier = begin(tmp_path, "earlier.log", "0.nc", "1.nc")
    later = begin(tmp_path, "later.log", "1.nc", "2.nc")
    assert finish(later) == (0, "")
    code, errors = finish(earlier)
    assert code == 1
    assert errors.startswith("1.nc: not written, because a later run makes it")
    assert errors.count("\n") == 1
    written = {path.name: path.read_text() for path in tmp_path.glob("?.nc")}
    assert written == {"0.nc": "earlier.log", "1.nc": "later.log", "2.nc": "later.log"}
    assert not list(tmp_path.glob(".*"))


def test_job_that_began_later_counts_while_it_is_at_work(tmp_path):
    earlier, later = (begin(tmp_path, name, "1.nc") for name in ("earlier.log", "later.log"))
    assert finish(earlier)[0] == 1
    assert not (tmp_path / "1.nc").exists()
    assert finish(later) == (0, "")


def test_log_of_a_job_is_its_own(tmp_path):
    earlier, later = (begin(tmp_path, "same.log", "1.nc") for _ in range(2))
    assert finish(later) == (0, "")
    assert finish(earlier)[0] == 1
    assert "not written" not in (tmp_path / "same.log").read_text()


def test_who_claims_nothing_may_write(tmp_path):
    begun = begin(tmp_path, "job.log", "1.nc")
    with whole_files.replacing(tmp_path / "1.nc") as temporary:
        temporary.write_text("by hand")
    assert (tmp_path / "1.nc").read_text() == "by hand"
    assert finish(begun) == (0, "")
    assert (tmp_path / "1.nc").read_text() == "job.log"


def test_every_job_of_the_workflow_claims_its_outputs():
    scripts = list((PROJECT / "workflow" / "scripts").glob("*.py"))
    assert scripts
    for script in scripts:
        assert "jobs.begin(snakemake.log[0], snakemake.output" in script.read_text(), script
