"""The parts of the plan: scheduling, rates, grouping and the growth of work with the settings."""

import dataclasses
import itertools
import json

import numpy as np
import pytest

from conftest import PROJECT
from learning_dynamics.config.paper import paper_experiments
from learning_dynamics.errors import DataError
from planning import grouping, rates, sweep, table, work
from planning.graph import Job
from planning.rates import Point, Rates, Recorded, Run
from planning.schedule import Task, simulate


def random_graph(seed, size=60):
    generator = np.random.default_rng(seed)
    return [
        Task(
            float(generator.uniform(1, 20)),
            tuple(int(other) for other in range(place) if generator.random() < 0.08),
            float(generator.uniform(10, 100)),
        )
        for place in range(size)
    ]


def critical_path(tasks):
    ends = []
    for task in tasks:
        ends.append(task.seconds + max((ends[other] for other in task.upstream), default=0.0))
    return max(ends)


def training(network="linear_cnn", experiment="geometric_shapes", is_needed=True, **changes):
    settings = paper_experiments()[experiment].model_dump(mode="json")
    networks = {key: value for key, value in changes.items() if key in ("hidden_units", "channels", "batch_size")}
    settings["networks"][network].update(networks)
    dataset = {key: value for key, value in changes.items() if key in ("side", "train_images")}
    settings["dataset"].update(dataset)
    settings.update({key: value for key, value in changes.items() if key not in {**networks, **dataset}})
    rule = "train_deep" if network.startswith("deep") else "train"
    wildcards = {"experiment": experiment, "network": network, "seed": "0"}
    path = f"results/trajectories/{experiment}/{network}/seed-0"
    return Job(
        rule,
        wildcards,
        {"settings": settings},
        (),
        (f"{path}.nc",),
        (f"{path}.log",),
        f"{path}.tsv",
        1000.0,
        0,
        False,
        is_needed,
        False,
    )


class TestSchedule:
    def test_chain_takes_its_sum_on_any_number_of_cores(self):
        chain = [Task(3.0), Task(4.0, (0,)), Task(5.0, (1,))]
        assert simulate(chain, 1).seconds == simulate(chain, 8).seconds == 12.0

    def test_independent_jobs_fill_the_cores(self):
        tasks = [Task(2.0, memory_mb=100.0)] * 6
        assert [simulate(tasks, cores).seconds for cores in (1, 2, 3, 4, 6, 100)] == [12.0, 6.0, 4.0, 4.0, 2.0, 2.0]
        assert [simulate(tasks, cores).memory_mb for cores in (1, 2, 6, 100)] == [100.0, 200.0, 600.0, 600.0]

    def test_largest_inputs_come_first(self):
        for input_bytes, seconds in ((0.0, 7.0), (1.0, 6.0)):
            assert simulate([Task(3.0), Task(3.0), Task(4.0, input_bytes=input_bytes)], 2).seconds == pytest.approx(
                seconds
            )

    def test_fork_and_join(self):
        tasks = [Task(1.0), Task(5.0, (0,)), Task(2.0, (0,)), Task(3.0, (0,)), Task(1.0, (1, 2, 3))]
        assert simulate(tasks, 1).seconds == 12.0
        assert simulate(tasks, 2).seconds == 7.0
        assert simulate(tasks, 3).seconds == 7.0

    @pytest.mark.parametrize("seed", range(5))
    def test_graham_bounds_on_random_graphs(self, seed):
        tasks = random_graph(seed)
        total, longest = sum(task.seconds for task in tasks), critical_path(tasks)
        for cores in (1, 2, 3, 8, 60):
            seconds = simulate(tasks, cores).seconds
            assert seconds >= max(total / cores, longest) - 1e-9
            assert seconds <= total / cores + (1 - 1 / cores) * longest + 1e-9

    def test_more_cores_do_not_slow_down_prepare_train_draw(self):
        tasks = [Task(3.0)] + [Task(1.0 + place % 5, (0,)) for place in range(40)] + [Task(4.0, tuple(range(1, 41)))]
        seconds = [simulate(tasks, cores).seconds for cores in range(1, 50)]
        assert all(later <= earlier for earlier, later in itertools.pairwise(seconds))
        assert seconds[-1] == 3.0 + 5.0 + 4.0

    def test_limit_on_starts(self):
        tasks = [Task(1.0)] * 10
        limited = simulate(tasks, 100, starts_per_minute=30)
        assert limited.seconds == pytest.approx(9 * 2.0 + 1.0)
        assert simulate([Task(1.0)] * 90, 100, starts_per_minute=30).starts == 30
        assert simulate([Task(1.0)] * 90, 100).starts == 90

    def test_impossible_requests_are_refused(self):
        with pytest.raises(ValueError, match="circle"):
            simulate([Task(1.0, (1,)), Task(1.0, (0,))], 2)
        with pytest.raises(ValueError, match="cores"):
            simulate([Task(1.0)], 0)

    def test_nothing_to_do_takes_no_time(self):
        assert simulate([], 3).seconds == 0.0


class TestWork:
    def test_training_grows_with_updates(self):
        small, large = (work.of(training(updates=updates), 0) for updates in (60_000, 120_000))
        without = work.of(training(updates=60_000, records=1), 0)
        assert small.operations < large.operations < 2 * small.operations  # the records stay as many
        assert large.operations - small.operations == pytest.approx(without.operations, rel=0.01)

    def test_fcnn_grows_with_hidden_units_and_pixels(self):
        operations = [work.of(training("linear_fcnn", hidden_units=h), 0).operations for h in (256, 512, 1024, 4096)]
        assert operations == sorted(operations)
        assert operations[3] / operations[2] == pytest.approx(4, rel=0.2)
        sides = [work.of(training("linear_fcnn", side=side, hidden_units=100), 0).operations for side in (16, 32, 64)]
        assert sides == sorted(sides)

    def test_variant_grows_with_kernels_and_most_with_zero_padding(self):
        experiment = paper_experiments()["geometric_shapes"].model_dump(mode="json")

        def cost(**convolution):
            params = {"settings": {"seeds": 10, "convolution": convolution}, "experiment": experiment}
            return work.of(dataclasses.replace(training(), rule="variant", params=params), 0)

        one, four, zero = cost(), cost(kernels=4), cost(padding="zero")
        assert four.operations == 4 * one.operations
        assert cost(operation="correlation").operations == 2 * one.operations
        assert zero.operations > 10 * one.operations
        assert one.kind == four.kind != zero.kind

    def test_deep_training_grows_with_channels_and_seeds_but_not_with_the_batch(self):
        network = "deep_linear_cnn"
        base = work.of(training(network, "cifar10"), 0)
        # Inner convolutions, most of the work, go with the square of the channels.
        assert 3 < work.of(training(network, "cifar10", channels=32), 0).operations / base.operations < 4
        assert work.of(training(network, "cifar10", batch_size=16), 0).operations == base.operations
        job = training(network, "cifar10")
        pair = dataclasses.replace(job, rule="train_deep_seeds-0-to-1", outputs=("seed-0.nc", "seed-1.nc"))
        assert work.of(pair, 0).operations == 2 * base.operations
        assert work.batches(pair) == 2 * work.batches(job) == 2 * 1_248_000 // 8

    def test_a_rate_on_a_gpu_is_another_rate(self):
        job = training("deep_relu_cnn", "cifar10")
        assert work.of(dataclasses.replace(job, gpus=1), 0).kind != work.of(job, 0).kind

    def test_figures_grow_with_what_they_read(self):
        job = dataclasses.replace(training(), rule="experiment_figures", wildcards={"experiment": "geometric_shapes"})
        assert work.of(job, 2e6).operations == 2 * work.of(job, 1e6).operations


def point(operations, seconds, jobs=1, peak_mb=100.0, written=1e6):
    return Point(operations, 10 * operations, operations, jobs, seconds, 0.0, peak_mb, written)


class TestRates:
    def test_line_is_recovered(self):
        points = [point(x, 1.0 + 0.5 * x, peak_mb=50 + 2 * x, written=3 * x) for x in (1.0, 4.0, 100.0)]
        fitted = Rates.fit({"train linear_cnn": points}, {})
        estimate = fitted.estimate(work.Work("train linear_cnn", 1000.0, 10_000.0, 1000.0))
        assert estimate.seconds == pytest.approx(501.0)
        assert estimate.peak_mb == pytest.approx(2050.0)
        assert estimate.output_bytes == pytest.approx(3000.0)
        assert estimate.source == "recorded"

    def test_a_single_point_scales_beyond_the_cheapest_job(self):
        fitted = Rates.fit({"a": [point(10.0, 21.0)], "b": [point(0.0, 1.0)]}, {})
        assert fitted.estimate(work.Work("a", 10.0, 0, 0)).seconds == pytest.approx(21.0)
        assert fitted.estimate(work.Work("a", 20.0, 0, 0)).seconds == pytest.approx(41.0)

    def test_jobs_run_here_set_the_level_and_recorded_ones_the_growth(self):
        recorded = {"a": [point(1.0, 2.0), point(11.0, 12.0)]}
        fitted = Rates.fit(recorded, {"a": [point(1.0, 6.0, jobs=3)]})
        estimate = fitted.estimate(work.Work("a", 101.0, 0, 0))
        assert estimate.seconds == pytest.approx(3 * 102.0)
        assert estimate.source == "here"

    def test_rate_measured_here_alone_is_used(self):
        fitted = Rates.fit({}, {"a": [point(1.0, 2.0), point(2.0, 3.0)]})
        assert fitted.estimate(work.Work("a", 4.0, 0, 0)).seconds == pytest.approx(5.0)

    def test_no_rate_is_said_and_not_invented(self):
        estimate = Rates.fit({"a": [point(1.0, 2.0)]}, {}).estimate(work.Work("b", 1.0, 0, 0))
        assert estimate == rates.NO_RATE
        assert estimate.seconds is None

    def test_left_out_points_of_an_exact_line_are_predicted(self):
        assert rates.left_out([point(x, 1.0 + x) for x in (1.0, 2.0, 8.0)]) == pytest.approx([1.0, 1.0, 1.0])
        assert rates.left_out([point(1.0, 1.0)]) == []

    def test_benchmark_files_become_points(self, tmp_path):
        job = dataclasses.replace(
            training(),
            outputs=(str(tmp_path / "seed-0.nc"),),
            benchmark=str(tmp_path / "seed-0.tsv"),
        )
        (tmp_path / "seed-0.nc").write_bytes(b"x" * 321)
        (tmp_path / "seed-0.tsv").write_text("s\th:m:s\tmax_rss\tcpu_time\n2.50\t0:00:02\t210.5\t2.1\n")
        assert rates.measured([job], [False]) == {}
        (found,) = rates.measured([job], [True])["train linear_cnn"]
        assert (found.jobs, found.seconds, found.peak_mb, found.written_bytes) == (1, 2.5, 210.5, 321)
        (tmp_path / "seed-0.tsv").write_text("nonsense\n1\n")
        with pytest.raises(DataError, match=r"seed-0\.tsv: not a benchmark file"):
            rates.measured([job], [True])

    def test_a_training_that_went_on_from_a_checkpoint_is_no_measurement(self, tmp_path):
        # Its log says so in these words.
        source = PROJECT / "workflow" / "learning_dynamics" / "progress.py"
        assert rates.WENT_ON in source.read_text(encoding="utf-8")
        log, benchmark = tmp_path / "seed-0.log", tmp_path / "seed-0.tsv"
        benchmark.write_text("s\th:m:s\tmax_rss\n60.0\t0:01:00\t900.0\n")
        job = dataclasses.replace(
            training("deep_relu_cnn", "cifar10"), outputs=("none",), log=(str(log),), benchmark=str(benchmark)
        )
        log.write_text("12:00 batch 5 of 10\n")
        assert rates.measured([job], [True])
        log.write_text(f"12:00 {rates.WENT_ON} at batch 5 of 10\n")
        assert rates.measured([job], [True]) == {}

    def test_recorded_file_round_trip_and_replacement(self, tmp_path):
        path = tmp_path / "rates.json"
        assert rates.load(path) == Recorded([], {}, {})
        first = Run({"processor": "A", "cores": 2}, {"python": "3.11"}, "abc", 1.5)
        second = dataclasses.replace(first, code_commit="def", start_seconds=2.5)
        recorded = Recorded([], {}, {}).with_run(first, {"a": [point(1.0, 2.0)], "b": [point(1.0, 3.0)]})
        recorded = recorded.with_run(second, {"b": [point(1.0, 4.0)], "c": [point(2.0, 5.0)]})
        rates.save(recorded, path)
        assert rates.load(path) == recorded
        assert {kind: recorded.runs[place].code_commit for kind, place in recorded.run_of.items()} == {
            "a": "abc",
            "b": "def",
            "c": "def",
        }
        assert recorded.points["b"][0].seconds == 4.0
        assert recorded.start_seconds == 2.5
        assert len(recorded.with_run(second, {"a": [point(1.0, 1.0)]}).runs) == 1

    @pytest.mark.parametrize("text", ["", "[]", '{"runs": [], "kinds": {"a": {"run": 0, "points": []}}}', "{"])
    def test_damaged_record_is_named(self, tmp_path, text):
        path = tmp_path / "rates.json"
        path.write_text(text)
        with pytest.raises(DataError, match=r"rates\.json: not a file of recorded rates"):
            rates.load(path)


class TestGrouping:
    def test_smallest_group_within_both_bounds(self):
        for seconds, jobs, cores in itertools.product((0.5, 4.0, 30.0, 700.0), (10, 1000, 40_000), (1, 32, 3200)):
            chosen = grouping.choose(seconds, jobs, cores, 2.0)
            if chosen.size < jobs:
                assert chosen.seconds >= grouping.LEAST_JOB_SECONDS
                assert chosen.per_minute <= grouping.MOST_JOBS_PER_MINUTE
            if chosen.size > 1:
                smaller = grouping.grouping(chosen.size - 1, seconds, jobs, cores, 2.0)
                assert (
                    smaller.seconds < grouping.LEAST_JOB_SECONDS or smaller.per_minute > grouping.MOST_JOBS_PER_MINUTE
                )

    def test_known_numbers(self):
        one = grouping.grouping(100, 4.0, 40_000, 320, 2.0)
        assert (one.slurm_jobs, one.seconds) == (400, 402.0)
        assert one.per_minute == pytest.approx(320 * 60 / 402)
        assert grouping.choose(598.0, 300, 1000, 2.0).size == 1  # 30 a minute
        assert grouping.choose(598.0, 310, 1000, 2.0).size == 2  # would be 31

    def test_members_side_by_side(self):
        one = grouping.grouping(100, 4.0, 40_000, 320, 2.0, side_by_side=5)
        assert one.seconds == 2.0 + 20 * 4.0
        assert one.per_minute == pytest.approx(64 * 60 / 82)
        # Five cores need five times as many members to last as long; there are a fifth as many Slurm jobs at once.
        alone, five = (grouping.choose(4.0, 40_000, 320, 2.0, side_by_side=number) for number in (1, 5))
        assert five.seconds == alone.seconds
        assert five.size == 5 * (alone.size - 1) + 1

    def test_nothing_to_group_is_refused(self):
        with pytest.raises(ValueError, match="at least one"):
            grouping.choose(0.0, 10, 10, 2.0)

    def test_joined_tasks_keep_work_and_order(self):
        tasks = [Task(1.0), Task(2.0, (0,)), Task(3.0, (0,)), Task(4.0, (1, 2))]
        joined = grouping.grouped(tasks, [[1, 2]], start_seconds=10.0)
        assert simulate(joined, 4).seconds == 1.0 + (10.0 + 5.0) + 4.0
        assert sum(task.seconds for task in joined) == 20.0
        with pytest.raises(ValueError, match="two groups"):
            grouping.grouped(tasks, [[1], [1]])


def small_sweep(seeds=100, experiments=4):
    kinds = ("dataset shapes", "correlations", "structure", "train linear_cnn", "train linear_fcnn")
    fitted = Rates.fit({kind: [point(1.0, 2.0)] for kind in kinds}, {})
    settings = paper_experiments()["geometric_shapes"].model_dump(mode="json")
    base = dataclasses.replace(training(), wildcards={"experiment": "geometric_shapes"}, params={"settings": settings})
    preparation = [
        dataclasses.replace(base, rule=rule, params={"settings": settings["dataset"]})
        for rule in ("dataset", "correlations", "structure")
    ]
    # Growth with the settings is tested above: here every job takes two seconds.
    fitted.seconds = {kind: rates.Rates.fit({kind: [point(0.0, 2.0)]}, {}).seconds[kind] for kind in kinds}
    trainings = [training("linear_cnn"), training("linear_fcnn")] * 2
    return sweep.of([*preparation, *trainings], fitted, seeds, experiments, 1.0)


class TestSweep:
    def test_counts(self):
        found = small_sweep()
        assert found.trainings == 100 * 4 * 2
        assert found.training_seconds == 2.0
        assert found.core_seconds == pytest.approx(4 * (3 * 2.0 + 200 * 2.0))
        # Output, its record, log and benchmark.
        assert found.files == 4 * (3 + 200) * 4

    def test_grouping_is_bounded_and_larger_groups_start_fewer_jobs(self):
        found = small_sweep(seeds=1000, experiments=20)
        chosen = found.choose(3200)
        assert chosen.seconds >= grouping.LEAST_JOB_SECONDS
        assert chosen.per_minute <= grouping.MOST_JOBS_PER_MINUTE
        starts = [found.run(size, 3200).starts for size in (1, chosen.size)]
        assert starts[0] == grouping.MOST_JOBS_PER_MINUTE  # throttled
        assert found.run(chosen.size, 3200).seconds < found.run(1, 3200).seconds


class TestRecordedRates:
    def test_the_project_s_own_rates_cover_the_two_layer_trainings(self):
        recorded = rates.load(PROJECT / "config" / "recorded_rates.json")
        fitted = Rates.fit(recorded.points, {})
        for network in ("linear_cnn", "linear_fcnn"):
            points = recorded.points[f"train {network}"]
            predicted = sum(p.jobs * fitted.seconds[f"train {network}"].at(p.operations) for p in points)
            assert predicted == pytest.approx(sum(p.jobs * p.seconds for p in points), rel=0.1)
        assert all(run.start_seconds > 0 and run.versions["snakemake"] for run in recorded.runs)

    def test_file_is_as_the_program_writes_it(self, tmp_path):
        path = PROJECT / "config" / "recorded_rates.json"
        rates.save(rates.load(path), tmp_path / "rates.json")
        assert json.loads((tmp_path / "rates.json").read_text()) == json.loads(path.read_text())


class TestTable:
    def plan(self, jobs, gpu_rate=None):
        recorded = Recorded([], {}, {}).with_run(
            Run({"processor": "A", "cores": 2}, {"python": "3.11"}, "abc", 1.5),
            {"train linear_cnn": [point(0.0, 2.0)]},
        )
        fitted = Rates.fit(recorded.points, {})
        estimates = rates.estimates(jobs, fitted)
        return table.Plan("all", jobs, estimates, fitted, recorded, 2, table.Cluster((1,), 32), gpu_rate)

    def test_finished_jobs_are_not_planned(self):
        text = "\n".join(table.lines(self.plan([training(is_needed=False)])))
        assert "0 of 1 jobs to run" in text
        assert "Nothing is left to do" in text

    def test_unknown_times_are_said(self):
        text = "\n".join(table.lines(self.plan([training(), training("deep_relu_cnn", "cifar10")])))
        assert "No rate for 1 jobs (train_deep)" in text
        assert "GPU-hours" in text
        assert "not known, no run on a GPU was recorded" in text

    def test_given_gpu_rate_is_used(self):
        job = dataclasses.replace(training("deep_relu_cnn", "cifar10"), gpus=1)
        plan = self.plan([job], gpu_rate=1000.0)
        assert plan.seconds(0) == 156.0
        text = "\n".join(table.lines(plan))
        assert "0.04 at the given 1000 updates per second" in text
        assert "| 2.6 min" in text
