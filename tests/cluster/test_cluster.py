"""The workflow on a real Slurm: same bytes as on one machine, also when nodes, jobs or the controller fail."""

import hashlib
import platform
import re
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import slurm_cluster
from PIL import Image

from conftest import Project
from learning_dynamics.datasets.kinds.cifar10 import CIFAR10_CLASSES

pytestmark = pytest.mark.cluster

# One experiment with two-layer networks and one with deep ones, all in seconds.
SETTINGS = """
experiments: {pure_cosines: null, pure_cosines_cyclic: null, geometric_shapes: null, digits4: null, cifar4: null}
scaling: null
variants: null
deep_training: {device: cpu}
"""
# Trainings long enough to be interrupted in their midst, and checkpoints at every opportunity.
LONG = """
seeds: 1
experiments:
  {pure_cosines: null, pure_cosines_cyclic: null, geometric_shapes: null, digits4: null, cifar4: null,
   cifar10: {updates: 16000}}
scaling: null
variants: null
deep_training: {device: cpu}
checkpoint_minutes: 0.001
"""
# What is interrupted.
INTERRUPTED = [f"results/trajectories/cifar10/{network}/seed-0.nc" for network in ("deep_linear_cnn", "deep_relu_cnn")]
PREDICTION = "results/theory/sums_of_cosines/linear_cnn.nc"
GPU_RULE = ("--set-resources", "train_deep:gpu=1")
FAILED = {"FAILED", "OUT_OF_MEMORY", "CANCELLED", "NODE_FAIL", "TIMEOUT"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A Slurm of this module's own."""
    reason = slurm_cluster.missing()
    if reason:
        pytest.skip(reason)
    # Also a test run that is told to end stops its cluster.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    running = slurm_cluster.Cluster(tmp_path_factory.mktemp("slurm"))
    yield running
    running.stop()
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder with ten small images per class, two of them for testing."""
    folder = tmp_path_factory.mktemp("images")
    generator = np.random.default_rng(0)
    for split, count in (("train", 8), ("test", 2)):
        for place, name in enumerate(CIFAR10_CLASSES):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 256, (32, 32, 3)) // 4 + 15 * place
                Image.fromarray(pixels.astype(np.uint8)).save(folder / split / name / f"{number:04}.png")
    return folder


class ClusterProject(Project):
    """A copy of the project whose runs take their images and settings along."""

    def __init__(self, folder, images, settings):
        super().__init__(folder)
        self.arguments = (*self.settings(settings), "--config", f"cifar10={images}")

    def local(self, *arguments):
        """Run on this machine."""
        return self.snakemake(*self.arguments, "--profile", "workflow/profiles/local", *arguments, cores=2)

    def on(self, cluster, *arguments):
        """Run on the cluster; the options after the profile are what a user edits in it: a node here has two cores."""
        options = ("--profile", "workflow/profiles/slurm", "--slurm-init-seconds-before-status-checks", "5")
        return self.snakemake(*self.arguments, *options, *arguments, cores=2, environment=cluster.environment)

    def digests(self):
        """SHA-256 of every result but logs, measured times and checkpoints, by path."""
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.results("**/*")
            if path.is_file() and path.relative_to(self.folder).parts[1] not in ("logs", "benchmarks", "checkpoints")
        }

    def log(self, path):
        """What a job logged about a result."""
        return (self.folder / path.replace("results/", "results/logs/")).with_suffix(".log").read_text(encoding="utf-8")


def succeeded(run):
    assert run.returncode == 0, run.stdout[-6000:]
    return run


# ---------------------------------------------------------------- everything, in groups, against one machine


@pytest.fixture(scope="module")
def both(cluster, images, tmp_path_factory):
    """The same run on this machine and on the cluster; the projects and the Slurm jobs of the latter."""
    local, remote = (
        ClusterProject(tmp_path_factory.mktemp(name) / "project", images, SETTINGS) for name in ("local", "remote")
    )
    before = len(cluster.jobs())
    with ThreadPoolExecutor() as pool:
        reference = pool.submit(local.local, "--", "reproduce-all")
        run = remote.on(cluster, *GPU_RULE, "--", "reproduce-all")
        succeeded(reference.result())
    succeeded(run)
    return local, remote, cluster.jobs()[before:]


def test_same_bytes_as_on_one_machine(both):
    local, remote, _ = both
    expected = local.digests()
    assert remote.digests() == expected
    kinds = {path.rsplit(".")[-1] for path in expected}
    assert kinds == {"nc", "png", "pdf", "json", "html"}
    assert len(expected) > 40
    assert "results/figures/fig6.pdf" in expected


def test_deep_trainings_and_no_others_get_the_gpu(both):
    _, remote, jobs = both
    deep = [job for job in jobs if job["Comment"].startswith("rule_train_deep")]
    assert len(deep) == 4
    for job in jobs:
        assert job["JobState"] == "COMPLETED"
        assert job.get("TresPerJob") == ("gres:gpu:1" if job in deep else None), job["Comment"]
    assert {job["NodeList"] for job in deep} == {"gpu-node"}
    for path in remote.results("logs/trajectories/*/*/seed-*.log"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert ("node gpu-node" in first and "GPU 0" in first) == ("/cifar10/" in str(path)), first


def test_small_jobs_share_slurm_jobs(both):
    _, _, jobs = both
    comments = sorted(re.sub(r"_wildcards_.*", "", job["Comment"]) for job in jobs)
    shared = [comment for comment in comments if not comment.startswith("rule_train_deep")]
    # Two chains from images to structure, two networks with two seeds each, two predictions: 12 jobs in 5.
    assert len([comment for comment in shared if not re.search("figure", comment)]) == 5, comments


def test_jobs_log_where_and_with_what_they_ran(both):
    _, remote, jobs = both
    log = remote.log("results/trajectories/sums_of_cosines/linear_cnn/seed-1.nc")
    numbers = {job["JobId"] for job in jobs}
    assert re.search(r"Slurm job (\d+)", log)[1] in numbers
    for part in ("host ", ", node ", f"Python {platform.python_version()} {sys.executable}", f"numpy {np.__version__}"):
        assert part in log


def test_tree_of_the_cluster_is_finished_for_this_machine(both):
    _, remote, _ = both
    planned = succeeded(remote.local("--dry-run", "--", "reproduce-all"))
    assert "Nothing to be done" in planned.stdout


# ------------------------------------------------- begun here, finished there in spite of failures, and back


class Trouble:
    """What goes wrong while a run is under way, and what was seen of it."""

    def __init__(self, cluster, folder, before):
        self.cluster, self.folder, self.before = cluster, folder, before
        self.cancelled = self.killed = self.killed_node = None
        self.survivors, self.after_restart = {}, {}

    def _last(self, network):
        return [job for job in self.cluster.jobs()[self.before :] if network in job["Comment"]][-1]

    def cancel_and_kill(self):
        """Cancel one training and kill the node of the other, each as soon as it has written a checkpoint."""
        folder = self.folder / "results" / "checkpoints" / "cifar10"

        def look():
            if self.cancelled is None and list(folder.glob("deep_linear_cnn/seed-0*")):
                self.cancelled = self._last("deep_linear_cnn")["JobId"]
                self.cluster.cancel(self.cancelled)
            if self.killed is None and list(folder.glob("deep_relu_cnn/seed-0*")):
                job = self._last("deep_relu_cnn")
                self.killed, self.killed_node = job["JobId"], job["NodeList"]
                self.cluster.kill_node(self.killed_node)
            return self.cancelled and self.killed

        until(look, "both trainings to write a checkpoint")

    def restart_controller(self):
        """Stop the controller for a while as soon as a training that was submitted again runs."""

        def running():
            jobs = (self._last(network) for network in ("deep_linear_cnn", "deep_relu_cnn"))
            again = {job["JobId"]: job["JobState"] for job in jobs if job["JobId"] not in (self.cancelled, self.killed)}
            return {job: state for job, state in again.items() if state == "RUNNING"}

        self.survivors = until(running, "a training to be submitted again")
        self.cluster.stop_controller()
        time.sleep(2)
        self.cluster.start_controller()
        self.after_restart = {job["JobId"]: job["JobState"] for job in self.cluster.jobs()}


def until(done, what, seconds=300):
    end = time.monotonic() + seconds
    while not (answer := done()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.1)
    return answer


@pytest.fixture(scope="module")
def troubled(cluster, images, tmp_path_factory):
    """A run begun here, continued on the cluster under every kind of failure, finished here; and one without any."""
    project = ClusterProject(tmp_path_factory.mktemp("troubled") / "project", images, LONG)
    structure = [f"results/structure/{name}.nc" for name in ("cifar10", "sums_of_cosines")]
    succeeded(project.local("--", *structure))
    reference = ClusterProject(tmp_path_factory.mktemp("untroubled") / "project", images, LONG)
    before = len(cluster.jobs())
    trouble = Trouble(cluster, project.folder, before)
    # The prediction needs more than its first attempt may use, and less than its second.
    memory = "theory:mem_mb=150 if attempt == 1 else 1500 * (attempt - 1)"
    with ThreadPoolExecutor() as pool:
        untroubled = pool.submit(reference.local, "--", "results/figures/fig6.png", PREDICTION)
        running = pool.submit(project.on, cluster, "--set-resources", memory, "--", *INTERRUPTED, PREDICTION)
        trouble.cancel_and_kill()
        trouble.restart_controller()
        run = succeeded(running.result())
        succeeded(untroubled.result())
    jobs = cluster.jobs()[before:]
    cluster.start_node(trouble.killed_node)
    finished = succeeded(project.local("--", "results/figures/fig6.png", PREDICTION))
    return project, reference, trouble, jobs, run, finished


def of(jobs, part):
    return [job for job in jobs if part in job["Comment"]]


def test_cancelled_job_is_submitted_again_and_goes_on_from_its_checkpoint(troubled):
    project, _, trouble, jobs, _, _ = troubled
    mine = of(jobs, "deep_linear_cnn")
    assert mine[-1]["JobState"] == "COMPLETED"
    assert {job["JobId"]: job["JobState"] for job in mine}[trouble.cancelled] == "CANCELLED"
    assert "going on from the checkpoint at batch" in project.log(INTERRUPTED[0])


def test_node_killed_in_mid_training_costs_its_jobs_no_more_than_a_new_start(troubled):
    project, _, trouble, jobs, _, _ = troubled
    mine = of(jobs, "deep_relu_cnn")
    assert {job["JobId"]: job["JobState"] for job in mine}[trouble.killed] == "NODE_FAIL"
    assert mine[-1]["JobState"] == "COMPLETED"
    assert "going on from the checkpoint at batch" in project.log(INTERRUPTED[1])
    # Each attempt asks for more.
    memory = [int(job["MinMemoryNode"].rstrip("M")) for job in mine]
    assert memory == [memory[0] * attempt for attempt in range(1, len(mine) + 1)]


def test_job_over_its_memory_succeeds_with_more(troubled):
    _, _, _, jobs, _, _ = troubled
    mine = of(jobs, "rule_theory_wildcards_sums_of_cosines")
    assert mine[0]["JobState"] in FAILED
    assert mine[0]["MinMemoryNode"] == "150M"
    assert mine[-1]["JobState"] == "COMPLETED"
    assert mine[-1]["MinMemoryNode"] in ("1500M", "3000M")


def test_jobs_survive_a_restart_of_the_controller(troubled):
    _, _, trouble, jobs, _, _ = troubled
    assert trouble.survivors
    for job in trouble.survivors:
        assert trouble.after_restart[job] in ("RUNNING", "COMPLETED")
        assert {job["JobId"]: job["JobState"] for job in jobs}[job] == "COMPLETED"


def test_every_failure_ends_in_the_same_result(troubled):
    project, reference, _, _, _, _ = troubled
    assert project.digests() == reference.digests()
    assert not project.results("checkpoints/**/seed*")


def test_run_begun_here_goes_on_there_and_back(troubled):
    _, _, _, jobs, run, finished = troubled
    # Nothing that was there was made again: three results on the cluster, one figure here.
    assert {job["Comment"].split("_")[1] for job in jobs} == {"train", "theory"}
    assert re.search(r"^total +3$", run.stdout, re.MULTILINE)
    assert re.search(r"^total +1$", finished.stdout, re.MULTILINE)
