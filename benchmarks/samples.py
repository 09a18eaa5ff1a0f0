"""Where the samples of the linear CNN come from at CIFAR-4 size, and what single precision does to a training."""

from __future__ import annotations

import time

import numpy as np

from benchmarks import rooflines
from learning_dynamics.engines import linear_cnn
from learning_dynamics.numerics import fourier

SIDE, CHANNELS, CLASSES, IMAGES = 32, 3, 4, 20_000
AT_ONCE = 32


def measure(measured):
    """Rooflines of updates whose samples' spectra stream from memory, and are transformed when their turn comes."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (IMAGES, CHANNELS, SIDE, SIDE), dtype=np.uint8)
    labels = generator.integers(0, CLASSES, IMAGES)
    order = generator.permutation(IMAGES)
    initial = linear_cnn.normal_weights(generator, (CLASSES, CHANNELS, SIDE), 1e-3, 1e-3)
    engine = linear_cnn.Engine(initial, 1e-6)
    warm = engine.spectra(images[:AT_ONCE] / 255)
    engine.update(warm, labels, np.arange(AT_ONCE))

    start = time.thread_time()
    for first in range(0, IMAGES, AT_ONCE):
        places = order[first : first + AT_ONCE]
        engine.update(engine.spectra(images[places] / 255), labels[places], np.arange(len(places)))
    on_the_fly = 1e6 * (time.thread_time() - start) / IMAGES

    transforms = fourier.half_spectrum(images[:AT_ONCE] / 255)
    start = time.thread_time()
    for first in range(0, IMAGES, AT_ONCE):
        transforms = fourier.half_spectrum(images[first : first + AT_ONCE] / 255)
    transformed = 1e6 * (time.thread_time() - start) / IMAGES

    values = warm.shape[1]
    spectra = engine.room(IMAGES)
    for first in range(0, IMAGES, AT_ONCE):
        spectra[first : first + AT_ONCE] = engine.spectra(images[first : first + AT_ONCE] / 255)
    start = time.thread_time()
    engine.update(spectra, labels, order)
    streamed = 1e6 * (time.thread_time() - start) / IMAGES
    del transforms, spectra

    near = rooflines.linear_cnn(SIDE, CHANNELS, "float64", measured)
    near_memory = {**near["bounds_us"], "memory": 1e6 * 8 * values / measured["memory_read"]}
    case = f"linear CNN n={SIDE} C={CHANNELS} p={CLASSES}"
    return [
        {
            "case": f"{case}, {IMAGES:,} spectra in memory",
            "precision": "float64",
            **rooflines.share({**near, "bounds_us": near_memory}, streamed),
        },
        {
            "case": f"{case}, transformed on the fly",
            "precision": "float64",
            **rooflines.share({**near, "bounds_us": {"transforms": transformed}}, on_the_fly),
        },
    ]


def float32_deviation(updates=60_000, side=16):
    """How far the kernel and the network of a training in single precision are from those in double, relative.

    Four made-up classes and the settings of the geometric shapes, up to the end of the run.
    """
    generator = np.random.default_rng(3)
    patterns = generator.standard_normal((CLASSES, 1, side, side))
    labels = np.arange(64) % CLASSES
    inputs = 0.25 * (patterns[labels] + 0.3 * generator.standard_normal((64, 1, side, side)))
    initial = linear_cnn.normal_weights(generator, (CLASSES, 1, side), 1e-3, 1e-3)
    order = generator.integers(0, 64, updates)
    engines = {
        precision: linear_cnn.Engine(initial, 3e-4, precision=precision) for precision in (np.float64, np.float32)
    }
    spectra = {precision: engine.spectra(inputs) for precision, engine in engines.items()}
    largest = 0.0
    for first in range(0, updates, 500):
        networks = {}
        for precision, engine in engines.items():
            engine.update(spectra[precision], labels, order[first : first + 500])
            networks[precision] = engine.network()
        double, single = networks[np.float64], networks[np.float32]
        largest = max(largest, float(np.linalg.norm(single - double) / np.linalg.norm(double)))
    end = float(np.linalg.norm(single - double) / np.linalg.norm(double))
    return {"updates": updates, "largest": largest, "end": end, "norm_at_the_end": float(np.linalg.norm(double))}
