"""What this machine can do at most on one core, measured: arithmetic, caches, memory, matrix products."""

from __future__ import annotations

import time

import numba
import numpy as np

from learning_dynamics.engines.compiled_updates import (
    BLOCK_BYTES,
    aligned_zeros,
    everywhere,
    load,
    store,
    times_plus,
    total_of,
)

# Working sets of the streams, in bytes: well inside the first cache, inside the second, far beyond all.
FIRST_CACHE, SECOND_CACHE, MEMORY = 3 * 2**13, 5 * 2**18, 2**28
# Between the arrays of a stream, within 4096 bytes.
_DISTANCES = 8


@numba.njit
def _multiply_adds(number, one):
    """Multiply-adds between registers, 4·number blocks; the sums differ, or a compiler would make them one."""
    x, y = everywhere(one), everywhere(one - one)  # type: ignore[call-arg]
    a, b, c, d = everywhere(one), everywhere(one + one), everywhere(-one), everywhere(-one - one)
    for _ in range(number):
        a, b, c, d = times_plus(a, x, y), times_plus(b, x, y), times_plus(c, x, y), times_plus(d, x, y)
    return total_of(a) + total_of(b) + total_of(c) + total_of(d)


@numba.njit
def _stream(number, source, changed, factor):
    """``changed += factor · source`` some times: two loads and a store each, which is what an update consists of.

    To and fro, as an update may go: what is left in a nearer cache is met again.
    """
    size = BLOCK_BYTES // source.itemsize
    vector = everywhere(factor)  # type: ignore[call-arg]
    last = source.size - size
    for turn in range(number):
        for place in range(0, source.size, size):
            start = last - place if turn % 2 > 0 else place
            store(changed, start, times_plus(vector, load(source, start), load(changed, start)))


@numba.njit
def _scalar_loop(number, values, factor):
    """A sum that waits for itself: what a loop does without vectors."""
    total = values[0]
    for _ in range(number):
        for value in values:
            total = total * factor + value
    return total


def best(action, *arguments, seconds=0.3):
    """The thread's shortest time of several calls: what other programs take is not the machine's limit."""
    action(*arguments)
    shortest, end = np.inf, time.thread_time() + seconds
    while time.thread_time() < end:
        start = time.thread_time()
        action(*arguments)
        shortest = min(shortest, time.thread_time() - start)
    return shortest


def matrix_product(rows, inner, columns, dtype, seconds=0.5):
    """Operations per second of one product of these shapes."""
    generator = np.random.default_rng(0)
    left = generator.standard_normal((rows, inner)).astype(dtype)
    right = generator.standard_normal((inner, columns)).astype(dtype)
    return 2 * rows * inner * columns / best(np.matmul, left, right, seconds=seconds)


def stream(working_set, dtype):
    """Bytes per second, loaded and stored together, at the best of several distances between the two arrays.

    A processor takes a load for one of a value just stored where their addresses are alike but for multiples of 4096.
    """
    values = working_set // 2 // np.dtype(dtype).itemsize
    number = max(1, 2**22 // working_set)
    factor = np.dtype(dtype).type(1e-9)
    times = []
    for distance in range(0, 4096, 4096 // _DISTANCES):
        apart = -(-working_set // 2 // 4096) * 4096 + distance
        room = aligned_zeros((apart // np.dtype(dtype).itemsize + values,), dtype)
        source, changed = room[:values], room[-values:]
        source += 1
        times.append(best(_stream, number, source, changed, factor, seconds=0.3 / _DISTANCES))
    return 3 * source.nbytes * number / min(times)


def measure():
    """All ceilings by name, for both precisions: operations or bytes per second."""
    found = {}
    for dtype in (np.float64, np.float32):
        name = np.dtype(dtype).name
        one = np.dtype(dtype).type(1)
        lanes = BLOCK_BYTES // one.itemsize
        number = 20_000
        found[name] = {
            "multiply_adds_in_registers": 2 * 4 * lanes * number / best(_multiply_adds, number, one),
            "scalar_loop": 2 * 1024 * 100 / best(_scalar_loop, 100, np.ones(1024, dtype), one / 2),
            "first_cache": stream(FIRST_CACHE, dtype),
            "second_cache": stream(SECOND_CACHE, dtype),
            "matrix_product": matrix_product(1536, 1536, 1536, dtype),
        }
    large = np.ones(MEMORY // 8)
    found["memory_copy"] = 2 * large.nbytes / best(np.copyto, np.empty_like(large), large)
    found["memory_read"] = large.nbytes / best(np.sum, large)
    return found
