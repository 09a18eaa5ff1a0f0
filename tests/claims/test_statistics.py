"""Intervals contain the true value as often as they say, and numbers and bounds are those known in closed form."""

import numpy as np
import pytest
from scipy import stats

from learning_dynamics.claims.statistics import (
    CORRELATION,
    ERROR_OF_MEAN,
    EXACT,
    MEAN,
    MEDIAN,
    PROPORTION,
    trials_needed,
)

REPEATS = 1000


def misses(statistic, draw, true, repeats=REPEATS):
    """How often a true value lies below and above the interval, as shares, of values that are drawn."""
    ends = np.array([statistic.interval(draw()) for _ in range(repeats)])
    assert (ends[:, 0] <= ends[:, 1]).all()
    return (ends[:, 0] > true + 1e-12).mean(), (ends[:, 1] < true - 1e-12).mean()


@pytest.fixture
def generator():
    return np.random.default_rng(20230723)


# Curves over time: deviations along one direction, noise along it, across it or in all directions alike.
TIMES = np.linspace(0, 1, 20)


ALONG, ACROSS = np.sin(np.pi * TIMES)[:, None], np.sin(2 * np.pi * TIMES)[:, None]


def curves(generator, trials, noise, deviations):
    """Shape (trials, times, modes), and the largest root mean square of the true ones."""
    true = ALONG * np.array(deviations)

    def normal():
        return generator.normal(size=(trials, 1, len(deviations)))

    def draw():
        return (
            true
            + {
                "along": lambda: normal() * ALONG,
                "both": lambda: normal() * ALONG + normal() * ACROSS,
                "across": lambda: 0.1 * normal() * ALONG + normal() * ACROSS,
                "everywhere": lambda: generator.normal(size=(trials, 20, len(deviations))),
            }[noise]()
        )

    return draw, np.sqrt((true**2).mean(axis=0)).max()


def test_median_interval_is_of_order_statistics():
    values = np.random.default_rng(0).permutation(np.arange(10.0))
    assert MEDIAN.number(values) == 4.5
    assert MEDIAN.interval(values) == (1, 8)
    assert MEDIAN.interval(values[:6]) == (values[:6].min(), values[:6].max())
    assert MEDIAN.interval(np.arange(40.0)) == (13, 26)


@pytest.mark.parametrize("trials", [1, 2, 7, 10, 40])
def test_proportion_is_clopper_and_pearsons(trials):
    for successes in range(trials + 1):
        values = np.array([1.0] * successes + [0.0] * (trials - successes))
        expected = stats.binomtest(successes, trials).proportion_ci(0.95, "exact")
        assert PROPORTION.interval(values) == pytest.approx([expected.low, expected.high], abs=1e-9)
        assert PROPORTION.number(values) == successes / trials


@pytest.mark.parametrize(("trials", "share"), [(5, 0.05), (10, 0.5), (10, 0.9), (40, 0.3)])
def test_proportion_misses_at_most_one_in_forty_on_each_side(trials, share):
    """By the probabilities of every outcome, so that nothing is drawn."""
    below = above = 0.0
    for successes in range(trials + 1):
        low, high = PROPORTION.interval(np.array([1.0] * successes + [0.0] * (trials - successes)))
        probability = stats.binom.pmf(successes, trials, share)
        below += probability * (low > share)
        above += probability * (high < share)
    assert max(below, above) <= 0.025


def test_correlation_is_pearsons_and_its_interval_fishers(generator):
    pairs = generator.multivariate_normal([1, -2], [[1, 1.5], [1.5, 9]], 12)
    expected = stats.pearsonr(*pairs.T)
    assert CORRELATION.number(pairs) == pytest.approx(expected.statistic)
    assert CORRELATION.interval(pairs) == pytest.approx(list(expected.confidence_interval(0.95)))
    assert CORRELATION.single(pairs).mean() == pytest.approx(expected.statistic)
    assert CORRELATION.single(pairs).shape == (12,)


def test_correlation_does_not_depend_on_units(generator):
    pairs = generator.normal(size=(12, 2))
    pairs[:, 1] += pairs[:, 0]
    assert CORRELATION.number(1000 + 1e-3 * pairs) == pytest.approx(CORRELATION.number(pairs))


def test_a_line_is_a_correlation_of_one_and_stays_within():
    line = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 5.0], [3.0, 7.0]])
    for sign in (1, -1):
        estimate = CORRELATION.estimate(line * [1, sign])
        assert estimate.value == pytest.approx(sign)
        assert -1 <= estimate.low <= estimate.high <= 1
        assert estimate.high - estimate.low < 1e-6


@pytest.mark.parametrize("values", [[[0.1, 1.0]] * 3, [[0.1, 1.0], [0.1, 2.0], [0.1, 5.0], [0.1, 1.5]], [[0.3, 0.7]]])
def test_what_does_not_differ_has_no_correlation(values):
    assert np.isnan(CORRELATION.number(np.array(values)))
    assert np.isnan(CORRELATION.single(np.array(values))).all()


def test_error_of_a_mean_by_arithmetic():
    """D of 3 and 5 at one time: mean 4, s² = 2, so that 16 − 1; of two modes the larger, over two times the mean."""
    assert ERROR_OF_MEAN.number(np.array([[[3.0]], [[5.0]]])) == pytest.approx(np.sqrt(15))
    two = np.array([[[3.0, 1.0], [0.0, 0.0]], [[5.0, 1.0], [0.0, 0.0]]])
    assert ERROR_OF_MEAN.number(two) == pytest.approx(np.sqrt(15 / 2))
    assert ERROR_OF_MEAN.number(two[:, :, ::-1]) == pytest.approx(np.sqrt(15 / 2))
    assert ERROR_OF_MEAN.number(np.array([[[1.0]], [[-1.0]]])) == 0
    assert ERROR_OF_MEAN.number(np.array([[[3.0, 4.0], [0.0, 3.0]]])) == pytest.approx(np.sqrt(25 / 2))
    assert ERROR_OF_MEAN.single(two) == pytest.approx([np.sqrt(9 / 2), np.sqrt(25 / 2)])


def test_error_of_a_mean_at_one_time_is_students():
    values = np.array([3.0, 4.0, 5.5, 3.5])
    low, high = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    for sign in (1, -1):
        assert ERROR_OF_MEAN.interval(sign * values[:, None, None]) == pytest.approx((low, high))
    small = values - 4.2
    low, high = stats.t.interval(0.95, 3, small.mean(), stats.sem(small))
    assert ERROR_OF_MEAN.interval(small[:, None, None]) == pytest.approx((0, max(-low, high)))


@pytest.mark.parametrize("offset", [0.0, 0.2, 3.0])
def test_error_of_a_mean_by_its_formula(generator, offset):
    """With the covariance over time itself, and the estimate of tr Σ² that is unbiased for normal values."""
    trials, times = 5, 4
    curves = offset * np.arange(4.0) + generator.normal(size=(trials, times)) * [1.0, 0.5, 2.0, 0.1]
    mean, covariance = curves.mean(axis=0), np.cov(curves.T) / times
    along = mean @ covariance @ mean / (mean @ mean)
    trace, squares = np.trace(covariance), np.trace(covariance @ covariance)
    squares = (squares - trace**2 / 4) / (1 - 1 / 4) / (1 + 2 / 4)
    centre = max((mean**2).mean() - trace / trials + along / trials, 0)
    t = stats.t.ppf(0.975, trials - 1)
    half = t * np.sqrt(4 * centre * along / trials + 2 * max(squares - along**2, 0) / trials**2)
    low, high = (np.sqrt(max(centre + t**2 * along / trials + sign * half, 0)) for sign in (-1, 1))
    low = low if centre > t**2 * along / trials else 0
    assert ERROR_OF_MEAN.interval(curves[:, :, None]) == pytest.approx((low, high))
    assert ERROR_OF_MEAN.number(curves[:, :, None]) ** 2 == pytest.approx(max((mean**2).mean() - trace / trials, 0))


def test_error_of_a_mean_of_two_modes_has_the_largest_ends(generator):
    """The upper as if there were one mode, the lower with a quantile for two."""
    curves = generator.normal(size=(6, 1, 2)) * [0.5, 0.1] + [2.0, 1.9]
    (_, high), (low, _) = (ERROR_OF_MEAN.interval(curves[:, :, [mode]]) for mode in (0, 1))
    error = stats.sem(curves[:, 0, 1])
    wider = curves[:, 0, 1].mean() - stats.t.ppf(1 - 0.025 / 2, 5) * error
    assert wider < low
    assert ERROR_OF_MEAN.interval(curves) == pytest.approx((wider, high))


def test_error_of_a_mean_without_noise_is_exact():
    same = np.repeat(ALONG[None] * [[0.3, 0.5]], 4, axis=0)
    size = 0.5 * np.sqrt((ALONG**2).mean())
    assert ERROR_OF_MEAN.estimate(same).value == pytest.approx(size)
    assert ERROR_OF_MEAN.interval(same) == pytest.approx((size, size))
    assert ERROR_OF_MEAN.interval(np.zeros((4, 5, 2))) == (0, 0)


@pytest.mark.parametrize("seed", range(20))
def test_no_interval_of_what_cannot_be_negative_reaches_below_zero(seed):
    generator = np.random.default_rng(seed)
    values = generator.lognormal(0, 3, 6)
    for statistic, drawn in (
        (MEDIAN, values),
        (PROPORTION, (values > 1).astype(float)),
        (ERROR_OF_MEAN, generator.normal(size=(6, 5, 3)) * 10 ** generator.uniform(-3, 3)),
    ):
        estimate = statistic.estimate(drawn)
        assert 0 <= estimate.low <= estimate.value <= estimate.high


@pytest.mark.parametrize(
    ("statistic", "fewest", "draw"),
    [
        (MEAN, 2, lambda trials: np.arange(trials, dtype=float)),
        (MEDIAN, 6, lambda trials: np.arange(trials, dtype=float)),
        (PROPORTION, 1, np.ones),
        (CORRELATION, 4, lambda trials: np.random.default_rng(0).normal(size=(trials, 2))),
        (ERROR_OF_MEAN, 3, lambda trials: np.random.default_rng(0).normal(size=(trials, 5, 2))),
        (EXACT, 1, np.ones),
    ],
)
def test_an_interval_needs_so_many_trials(statistic, fewest, draw):
    assert statistic.fewest == fewest
    enough = statistic.estimate(draw(fewest))
    assert (enough.low, enough.high) == statistic.interval(draw(fewest))
    assert np.isfinite([enough.value, enough.low, enough.high]).all()
    if fewest > 1:
        few = statistic.estimate(draw(fewest - 1))
        assert (few.low, few.high) == (None, None)
        assert few.value == statistic.number(draw(fewest - 1))


def test_the_median_of_three_to_five_positive_values_is_that_of_a_log_normal():
    values = np.array([1.0, 2.0, 8.0])
    low, high = stats.t.interval(0.95, 2, np.log(values).mean(), stats.sem(np.log(values)))
    assert MEDIAN.interval(values) == pytest.approx((np.exp(low), np.exp(high)))
    assert MEDIAN.interval(values[:2]) is None
    assert MEDIAN.interval(np.array([1.0, 2.0, 0.0])) is None
    assert MEDIAN.interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0, -1.0])) == (-1, 5)


def test_what_is_exact_is_its_own_interval():
    estimate = EXACT.estimate(np.array([3.5]))
    assert (estimate.value, estimate.low, estimate.high) == (3.5, 3.5, 3.5)


@pytest.mark.parametrize("trials", [2, 3, 5, 12, 40])
def test_so_many_trials_are_needed(trials):
    """At equal scatter the interval of as many is narrower than asked for, and that of one fewer is not."""
    half, distance = 1.7, 0.31

    def width(number):
        return stats.t.ppf(0.975, number - 1) / np.sqrt(number)

    needed = trials_needed(trials, half, distance)
    assert half * width(needed) / width(trials) < distance
    assert half * width(needed - 1) / width(trials) >= distance


def test_trials_needed_at_the_ends():
    assert trials_needed(10, 0.5, 1.0) <= 10
    assert trials_needed(10, 1.0, 0.0) is None
    assert trials_needed(10, 1.0, 1e-6) is None
    # Of one trial nothing is known of the scatter; it counts as two.
    assert trials_needed(1, 1.0, 0.5) == trials_needed(2, 1.0, 0.5)


# Of 1000 intervals 95 ± 1.4 % are expected to contain the true value, twice that by chance in one of twenty.
@pytest.mark.parametrize("trials", [2, 3, 10])
def test_mean_of_normal_values(generator, trials):
    below, above = misses(MEAN, lambda: generator.normal(3, 2, trials), 3)
    assert below + above == pytest.approx(0.05, abs=0.02)
    assert abs(below - above) < 0.02


# P(fewer than k of N on one side) is 1/64; 11/1024; 0.0192 for k of 1, 2 and 14.
@pytest.mark.parametrize(("trials", "each"), [(6, 0.0156), (10, 0.0107), (40, 0.0192)])
def test_median_of_skewed_values(generator, trials, each):
    below, above = misses(MEDIAN, lambda: generator.lognormal(0, 1.5, trials), 1)
    assert below == pytest.approx(each, abs=0.01)
    assert above == pytest.approx(each, abs=0.01)


def test_students_interval_would_not_do_for_skewed_values(generator):
    """It misses the mean far more often than 5 %, on one side."""
    below, above = misses(MEAN, lambda: generator.lognormal(0, 1.5, 10), np.exp(1.5**2 / 2))
    assert above > 0.15
    assert below < 0.01


@pytest.mark.parametrize("trials", [4, 10, 40])
@pytest.mark.parametrize("true", [0.0, -0.5, 0.95])
def test_correlation_of_normal_pairs(generator, trials, true):
    covariance = [[1, 3 * true], [3 * true, 9]]
    below, above = misses(CORRELATION, lambda: generator.multivariate_normal([1, -2], covariance, trials), true)
    # Of four pairs Fisher's z is not quite normal.
    assert 0.02 < below + above < 0.07


@pytest.mark.parametrize("noise", ["along", "both", "across", "everywhere"])
@pytest.mark.parametrize(("trials", "deviation"), [(10, 0.0), (10, 0.3), (40, 0.1), (40, 0.3), (10, 2.0), (3, 0.5)])
def test_error_of_a_mean_with_noise_in_any_direction(generator, noise, trials, deviation):
    """Also where the deviation is of the size of the noise of the mean."""
    draw, true = curves(generator, trials, noise, [deviation])
    below, above = misses(ERROR_OF_MEAN, draw, true)
    assert below + above < 0.08
    assert above < 0.045


@pytest.mark.parametrize("deviations", [[0.0] * 4, [0.3, 0.0, 0.0, 0.0], [0.3] * 4, [2.0, 1.0, 0.0, 0.0]])
def test_error_of_a_mean_of_the_largest_of_four_modes(generator, deviations):
    draw, true = curves(generator, 10, "both", deviations)
    below, above = misses(ERROR_OF_MEAN, draw, true)
    assert below + above < 0.07


@pytest.mark.parametrize(("noise", "deviation"), [("along", 0.6), ("everywhere", 1.0)])
def test_square_of_the_error_of_a_mean_has_no_upward_bias(generator, noise, deviation):
    """Where it is clear of zero, its square is D² on average, while that of the mean alone is larger by s²/N."""
    trials = 40
    draw, true = curves(generator, trials, noise, [deviation])
    both = np.array(
        [
            [ERROR_OF_MEAN.number(values) ** 2, (values.mean(axis=0) ** 2).mean()]
            for values in (draw() for _ in range(REPEATS))
        ]
    )
    noise_of_mean = (ALONG**2).mean() / trials if noise == "along" else 1 / trials
    error = 3 * both.std(axis=0) / np.sqrt(REPEATS)
    assert both[:, 0].mean() == pytest.approx(true**2, abs=error[0])
    assert both[:, 1].mean() == pytest.approx(true**2 + noise_of_mean, abs=error[1])
    assert noise_of_mean > error[1]


@pytest.mark.parametrize("trials", [3, 5])
def test_median_of_few_log_normal_values(generator, trials):
    below, above = misses(MEDIAN, lambda: generator.lognormal(0, 1.5, trials), 1)
    assert below + above == pytest.approx(0.05, abs=0.02)
