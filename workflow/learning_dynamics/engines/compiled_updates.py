"""The updates of linear CNNs, in blocks of numbers that fill vector registers: on spectra, or with zeros as padding.

An update needs the whole network's answer before it can change anything, which suggests two passes through the weights.
On spectra the change after one sample and the answer to the next are one pass: every weight is loaded and stored once
per update. In the nearest cache, where small images are, the multiplications bind as much as the loads and stores; for
larger images the caches do.

The vectors are explicit. The order of the sums is that of the program, so that a result depends neither on the width of
the machine's registers nor on what a compiler makes of a loop. They are in this file because Numba's cache notices
edits only in the file of the function it has compiled.
"""

# Numba compiles these functions; the type checker sees neither its intrinsics' signatures nor the vectors.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-arg, var-annotated"

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from learning_dynamics.numerics.compilation import compiled

# Two of the widest registers there are: fewer turns of the loop, and two sums that do not wait for each other.
BLOCK_BYTES = 128
# So many classes or fewer have their answers in registers.
FEW_CLASSES = 8
_LINE_BYTES = 64
# Samples that the second cache does not hold, beside a network that it does, are asked for one update ahead.
_CACHED_BYTES = 2**20
# Through a network that it does not hold either every second pass goes backwards: it begins with what is still there. A
# smaller one would gain an eighth from the first cache, and lose as much where samples stream from memory.
_ONE_WAY_BYTES = 2**20
# Beyond the first cache, the hidden layer of one channel is sooner computed a second time than kept.
_HIDDEN_LAYER_BYTES = 2**15
# No and yes, as tuples: their length is a constant to the compiler, and what is not done costs nothing.
_NO_OR_YES = ((), (0,))


def lanes(dtype: npt.DTypeLike) -> int:
    """Coefficients in a block."""
    return BLOCK_BYTES // np.dtype(dtype).itemsize


def aligned_zeros(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Zeros from a block's boundary on: a register that lies across two lines of a cache costs twice as much."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.zeros(size + BLOCK_BYTES, np.uint8)
    start = -room.ctypes.data % BLOCK_BYTES
    return room[start : start + size].view(dtype).reshape(shape)


def to_blocks(
    spectra: npt.NDArray[np.complex128], scale: npt.NDArray[np.float64], dtype: npt.DTypeLike
) -> npt.NDArray[Any]:
    """Spectra of shape (…, rows, coefficients), times `scale`, in the form that ``spectral_update`` takes.

    Returns:
        Array (…, values): for every block of coefficients, for every row (a channel or a class) the real and then the
        imaginary parts. The last block is filled up with zeros, which stay zero.
    """
    *leading, rows, coefficients = spectra.shape
    size = lanes(dtype)
    values = aligned_zeros((int(np.prod(leading)), -(-coefficients // size), rows, 2, size), dtype)
    _fill(spectra.reshape(len(values), rows, coefficients), scale, values)
    return values.reshape(*leading, -1)


def from_blocks(values: npt.NDArray[Any], rows: int, scale: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
    """The inverse of ``to_blocks`` for one spectrum of some rows: shape (rows, coefficients)."""
    parts = values.reshape(-1, rows, 2, lanes(values.dtype)).transpose(1, 2, 0, 3).reshape(rows, 2, -1)
    parts = parts[..., : len(scale)].astype(np.float64)
    return (parts[:, 0] + 1j * parts[:, 1]) / scale


@compiled()
def _fill(spectra, scale, values):
    images, blocks, rows, _, _ = values.shape
    size = BLOCK_BYTES // values.itemsize
    for image in range(images):
        for row in range(rows):
            coefficients = spectra[image, row]
            for block in range(blocks):
                first = block * size
                real, imaginary = values[image, block, row, 0], values[image, block, row, 1]
                if first + size <= scale.size:
                    for lane in range(size):
                        real[lane] = scale[first + lane] * coefficients[first + lane].real
                        imaginary[lane] = scale[first + lane] * coefficients[first + lane].imag
                else:
                    for lane in range(scale.size - first):
                        real[lane] = scale[first + lane] * coefficients[first + lane].real
                        imaginary[lane] = scale[first + lane] * coefficients[first + lane].imag


class Vector(types.Type):
    """A block of numbers in registers, as Numba's compiler sees it."""

    def __init__(self, dtype):
        self.dtype = dtype
        super().__init__(name=f"Vector({dtype})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        element = ir.DoubleType() if kind.dtype == types.float64 else ir.FloatType()
        super().__init__(manager, kind, ir.VectorType(element, 8 * BLOCK_BYTES // kind.dtype.bitwidth))


def _address(context, builder, kind, array, index, pointer):
    return builder.bitcast(builder.gep(context.make_array(kind)(context, builder, array).data, [index]), pointer)


def _loaded(context, builder, kind, array, index, vector):
    block = builder.load(_address(context, builder, kind, array, index, vector.as_pointer()))
    block.align = kind.dtype.bitwidth // 8
    return block


def _store(context, builder, kind, array, index, block):
    stored = builder.store(block, _address(context, builder, kind, array, index, block.type.as_pointer()))
    stored.align = kind.dtype.bitwidth // 8


def _fused(builder, one, other, addend):
    vector = one.type
    bits = 8 * BLOCK_BYTES // vector.count
    kind = ir.FunctionType(vector, [vector] * 3)
    multiply_add = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{vector.count}f{bits}")
    return builder.call(multiply_add, [one, other, addend])


def _spread(builder, number, vector):
    anything = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(anything, number, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None)
    return builder.shuffle_vector(first, anything, zeros)


def _total(builder, values):
    while values.type.count > 1:
        half = values.type.count // 2
        indices = ir.VectorType(ir.IntType(32), half)
        parts = [
            builder.shuffle_vector(
                values, ir.Constant(values.type, ir.Undefined), ir.Constant(indices, list(range(start, start + half)))
            )
            for start in (0, half)
        ]
        values = builder.fadd(*parts)
    return builder.extract_element(values, ir.Constant(ir.IntType(32), 0))


def _parts(builder, together, count):
    return [builder.extract_value(together, index) for index in range(count)]


@intrinsic
def load(_, array, index):
    """A block of the array from an index on."""

    def generate(context, builder, signature, arguments):
        return _loaded(context, builder, array, *arguments, context.get_value_type(signature.return_type))

    return Vector(array.dtype)(array, types.intp), generate


@intrinsic
def store(_, array, index, value):
    """Put a block into the array from an index on."""

    def generate(context, builder, signature, arguments):
        _store(context, builder, array, *arguments)
        return context.get_dummy_value()

    return types.void(array, types.intp, value), generate


@intrinsic
def ask_for(_, array, index):
    """Have a block of the array from an index on brought to the second cache, without waiting for it."""

    def generate(context, builder, signature, arguments):
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        start = _address(context, builder, array, *arguments, byte)
        for offset in range(0, BLOCK_BYTES, _LINE_BYTES):
            line = builder.gep(start, [ir.IntType(64)(offset)])
            # To be read; for the second cache; data.
            builder.call(prefetch, [line, number(0), number(2), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@intrinsic
def times_plus(_, one, other, addend):
    """``one · other + addend`` with a single rounding."""

    def generate(context, builder, signature, arguments):
        return _fused(builder, *arguments)

    return one(one, other, addend), generate


@intrinsic
def negative(_, vector):
    """``-vector``."""

    def generate(context, builder, signature, arguments):
        return builder.fneg(arguments[0])

    return vector(vector), generate


@intrinsic
def everywhere(_, number):
    """A vector whose entries are all `number`."""

    def generate(context, builder, signature, arguments):
        return _spread(builder, arguments[0], context.get_value_type(signature.return_type))

    return Vector(number)(number), generate


@intrinsic
def total_of(_, vector):
    """The sum of the entries, by halves."""

    def generate(context, builder, signature, arguments):
        return _total(builder, arguments[0])

    return vector.dtype(vector), generate


@intrinsic
def zeros_for(_, classes, number):
    """A vector of zeros for each entry of `classes`, a tuple, of the kind of `number`."""

    def generate(context, builder, signature, arguments):
        together = signature.return_type
        zero = ir.Constant(context.get_value_type(together.dtype), None)
        return context.make_tuple(builder, together, [zero] * len(classes))

    return types.UniTuple(Vector(number), len(classes))(classes, number), generate


@intrinsic
def pulled_back(_, step_sizes, readout, at):
    """Σ_i of a step size times a block of readout i: the real parts and the imaginary parts."""

    def generate(context, builder, signature, arguments):
        vector = context.get_value_type(step_sizes.dtype)
        sums = [ir.Constant(vector, None)] * 2
        for i, step_size in enumerate(_parts(builder, arguments[0], len(step_sizes))):
            for part in range(2):
                index = builder.add(arguments[2], arguments[2].type((2 * i + part) * vector.count))
                weight = _loaded(context, builder, readout, arguments[1], index, vector)
                sums[part] = _fused(builder, step_size, weight, sums[part])
        return context.make_tuple(builder, signature.return_type, sums)

    return types.UniTuple(step_sizes.dtype, 2)(step_sizes, readout, types.intp), generate


@intrinsic
def answers_after(_, answers, step_sizes, readout, at, before, hidden):
    """Change a block of each readout by its step size times `before`; the answers with what that adds to them."""

    def generate(context, builder, signature, arguments):
        vector = context.get_value_type(step_sizes.dtype)
        totals, steps = (_parts(builder, together, len(step_sizes)) for together in arguments[:2])
        old, new = (_parts(builder, together, 2) for together in arguments[4:])
        for i, step_size in enumerate(steps):
            for part in (1, 0):
                index = builder.add(arguments[3], arguments[3].type((2 * i + part) * vector.count))
                weight = _loaded(context, builder, readout, arguments[2], index, vector)
                weight = _fused(builder, step_size, old[part], weight)
                _store(context, builder, readout, arguments[2], index, weight)
                totals[i] = _fused(builder, weight, new[part], totals[i])
        return context.make_tuple(builder, answers, totals)

    return answers(answers, step_sizes, readout, types.intp, before, hidden), generate


@intrinsic
def steps_after(_, answers, label, rate):
    """`rate` times the error of each answer, everywhere in a vector, and the sum of the squared errors."""
    returned = types.Tuple((answers, types.float64))

    def generate(context, builder, signature, arguments):
        vector = context.get_value_type(answers.dtype)
        number, double = vector.element, ir.DoubleType()
        squared, steps = ir.Constant(double, 0.0), []
        totals = [_total(builder, values) for values in _parts(builder, arguments[0], len(answers))]
        for i, answer in enumerate(totals):
            is_class = builder.icmp_signed("==", arguments[1], arguments[1].type(i))
            error = builder.fsub(builder.select(is_class, number(1.0), number(0.0)), answer)
            square = builder.fmul(error, error)
            squared = builder.fadd(squared, square if number == double else builder.fpext(square, double))
            steps.append(_spread(builder, builder.fmul(arguments[2], error), vector))
        together = context.make_tuple(builder, answers, steps)
        return context.make_tuple(builder, returned, [together, squared])

    return returned(answers, label, rate), generate


def spectral_update(
    order: npt.NDArray[np.int64],
    samples: npt.NDArray[Any],
    labels: npt.NDArray[np.int64],
    kernel: npt.NDArray[Any],
    readout: npt.NDArray[Any],
    idle: Sequence[npt.NDArray[Any]],
    channels: int,
    classes: int,
    rate: Any,
    error_limit: float,
) -> tuple[int, float]:
    """One update of `kernel` and `readout`, in place, for each entry of `order`; all spectra as blocks.

    `samples` carry the factor n of the convolution theorem; `kernel` and `readout` the square root of how often a
    coefficient occurs in the full plane, which makes the half plane's gradient that of the full one. `idle` is room
    for the hidden layer and a sample of zeros, blocks both. Calls that share out an order differ by rounding from one
    call, unless all before the last have an even number of entries: every second pass may go backwards.

    Returns:
        The number of updates made and the sum of ‖y − ŷ‖²; if that of one sample was above `error_limit` or not a
        number, the updates before it and its ‖y − ŷ‖².
    """
    network_bytes = kernel.nbytes + readout.nbytes
    ahead = _NO_OR_YES[samples.nbytes > _CACHED_BYTES > network_bytes]
    to_and_fro = _NO_OR_YES[network_bytes > _ONE_WAY_BYTES]
    again = _NO_OR_YES[channels == 1 and network_bytes > _HIDDEN_LAYER_BYTES]
    update, number = (_update_few, (0,) * classes) if classes <= FEW_CLASSES else (_update_many, classes)
    arrays = (order, samples, labels, kernel, readout, *idle)
    made, squared = update(*arrays, ahead, to_and_fro, again, channels, number, rate, error_limit)
    return int(made), float(squared)


@compiled(error_model="numpy")
def _update_few(
    order, samples, labels, kernel, readout, hidden, nothing, ahead, to_and_fro, again, channels, classes, rate, limit
):
    """``spectral_update`` with the answers and step sizes in registers; `classes` is a tuple with an entry for each."""
    size = BLOCK_BYTES // kernel.itemsize
    blocks = hidden.size // (2 * size)
    zero = kernel.dtype.type(0)
    hidden[:] = zero
    step_sizes = zeros_for(classes, zero)
    total = 0.0
    for step in range(order.size + 1):
        before = nothing if step == 0 else samples[order[step - 1]]
        sample = nothing if step == order.size else samples[order[step]]
        upcoming = samples[order[step + 1]] if step + 1 < order.size else nothing
        answers = zeros_for(classes, zero)
        for turn in range(blocks):
            block = blocks - 1 - turn if len(to_and_fro) > 0 and step % 2 > 0 else turn
            at = 2 * block * len(classes) * size
            back = pulled_back(step_sizes, readout, at)
            answer = _through_kernel(kernel, before, sample, upcoming, ahead, again, block, channels, back[0], back[1])
            previous = answer[2:]
            if len(again) == 0:
                index = 2 * block * size
                previous = (load(hidden, index), load(hidden, index + size))
                store(hidden, index, answer[0])
                store(hidden, index + size, answer[1])
            answers = answers_after(answers, step_sizes, readout, at, previous, answer[:2])
        if step == order.size:
            break
        step_sizes, squared = steps_after(answers, labels[order[step]], rate)
        if not squared <= limit:
            return step, squared
        total += squared
    return order.size, total


@compiled(error_model="numpy")
def _update_many(
    order, samples, labels, kernel, readout, hidden, nothing, ahead, to_and_fro, again, channels, classes, rate, limit
):
    """``spectral_update`` with the answers and step sizes in memory."""
    size = BLOCK_BYTES // kernel.itemsize
    blocks = hidden.size // (2 * size)
    zero, one = kernel.dtype.type(0), kernel.dtype.type(1)
    hidden[:] = zero
    answers = np.empty(classes * size, kernel.dtype)
    step_sizes = np.zeros(classes, kernel.dtype)
    total = 0.0
    for step in range(order.size + 1):
        before = nothing if step == 0 else samples[order[step - 1]]
        sample = nothing if step == order.size else samples[order[step]]
        upcoming = samples[order[step + 1]] if step + 1 < order.size else nothing
        answers[:] = zero
        for turn in range(blocks):
            block = blocks - 1 - turn if len(to_and_fro) > 0 and step % 2 > 0 else turn
            back_real, back_imaginary = everywhere(zero), everywhere(zero)
            for i in range(classes):
                at = 2 * (block * classes + i) * size
                step_size = everywhere(step_sizes[i])
                back_real = times_plus(step_size, load(readout, at), back_real)
                back_imaginary = times_plus(step_size, load(readout, at + size), back_imaginary)
            hidden_real, hidden_imaginary, before_real, before_imaginary = _through_kernel(
                kernel, before, sample, upcoming, ahead, again, block, channels, back_real, back_imaginary
            )
            if len(again) == 0:
                at = 2 * block * size
                before_real, before_imaginary = load(hidden, at), load(hidden, at + size)
                store(hidden, at, hidden_real)
                store(hidden, at + size, hidden_imaginary)
            for i in range(classes):
                at = 2 * (block * classes + i) * size
                step_size = everywhere(step_sizes[i])
                real = times_plus(step_size, before_real, load(readout, at))
                imaginary = times_plus(step_size, before_imaginary, load(readout, at + size))
                store(readout, at, real)
                store(readout, at + size, imaginary)
                answer = times_plus(imaginary, hidden_imaginary, load(answers, i * size))
                store(answers, i * size, times_plus(real, hidden_real, answer))
        if step == order.size:
            break
        squared = 0.0
        for i in range(classes):
            target = one if labels[order[step]] == i else zero
            error = target - total_of(load(answers, i * size))
            squared += error * error
            step_sizes[i] = rate * error
        if not squared <= limit:
            return step, squared
        total += squared
    return order.size, total


@compiled(error_model="numpy", inline="always")
def _through_kernel(kernel, before, sample, upcoming, ahead, again, block, channels, back_real, back_imaginary):
    """Change a block of the kernel by what was pulled back.

    Returns:
        With it, a block of this sample's hidden layer; without it, if `again`, of that of the sample before.
    """
    size = BLOCK_BYTES // kernel.itemsize
    zero = kernel.dtype.type(0)
    hidden_real, hidden_imaginary = everywhere(zero), everywhere(zero)
    before_real, before_imaginary = everywhere(zero), everywhere(zero)
    for c in range(channels):
        at = 2 * (block * channels + c) * size
        if len(ahead) > 0:
            ask_for(upcoming, at)
            ask_for(upcoming, at + size)
        real, imaginary = load(before, at), load(before, at + size)
        kernel_real, kernel_imaginary = load(kernel, at), load(kernel, at + size)
        if len(again) > 0:
            before_real = times_plus(negative(kernel_imaginary), imaginary, before_real)
            before_real = times_plus(kernel_real, real, before_real)
            before_imaginary = times_plus(kernel_imaginary, real, before_imaginary)
            before_imaginary = times_plus(kernel_real, imaginary, before_imaginary)
        kernel_real = times_plus(imaginary, back_imaginary, kernel_real)
        kernel_real = times_plus(real, back_real, kernel_real)
        kernel_imaginary = times_plus(negative(imaginary), back_real, kernel_imaginary)
        kernel_imaginary = times_plus(real, back_imaginary, kernel_imaginary)
        store(kernel, at, kernel_real)
        store(kernel, at + size, kernel_imaginary)
        real, imaginary = load(sample, at), load(sample, at + size)
        hidden_real = times_plus(negative(kernel_imaginary), imaginary, hidden_real)
        hidden_real = times_plus(kernel_real, real, hidden_real)
        hidden_imaginary = times_plus(kernel_imaginary, real, hidden_imaginary)
        hidden_imaginary = times_plus(kernel_real, imaginary, hidden_imaginary)
    return hidden_real, hidden_imaginary, before_real, before_imaginary


@compiled(error_model="numpy")
def zero_padded_update(order, images, labels, kernels, readouts, side, rate, error_limit):
    """One update of `kernels` and `readouts`, in place, for each entry of `order`, with zeros beyond the images.

    Args:
        order: indices into the images.
        images: (images, C, n, n).
        labels: class of each image.
        kernels: (K, C, numbers), each as ``padded_numbers`` describes, zero but for the kernel.
        readouts: (p, numbers), the K readouts of n² numbers one after the other, zeros up to whole blocks behind them.
        side: n.
        rate: λ.
        error_limit: see ``spectral_update``.

    Returns:
        As ``spectral_update``.
    """
    size = BLOCK_BYTES // 8
    classes, width = readouts.shape
    area, stride, border, before = side * side, 2 * side - 1, side - 1 - side // 2, side // 2
    channels, room = kernels.shape[1:]
    most = channels * side * (side + side % 2)
    values, from_kernel, from_back = np.zeros(most), np.zeros(most, np.int64), np.zeros(most, np.int64)
    starts = np.zeros((channels, side + 1), np.int64)
    hidden, back = np.zeros(width + size), np.zeros(width)
    padded, gradient = np.zeros(room), np.zeros(area + size)
    step_sizes = np.zeros(classes)
    total = 0.0
    for step in range(order.size):
        image = order[step]
        _find_pixels(images[image], side, room, values, from_kernel, from_back, starts)
        for k in range(kernels.shape[0]):
            _add_shifted(
                kernels[k].ravel(), values, from_kernel, starts, side // 2 + 1 - side, 1, side, hidden, k * area
            )
        hidden[kernels.shape[0] * area :] = 0.0
        squared = 0.0
        for i in range(classes):
            target = 1.0 if labels[image] == i else 0.0
            error = target - _inner_product(readouts[i], hidden)
            squared += error * error
            step_sizes[i] = rate * error
        if not squared <= error_limit:
            return step, squared
        total += squared
        for at in range(0, width, size):
            behind, answer = everywhere(0.0), load(hidden, at)
            for i in range(classes):
                step_size, weight = everywhere(step_sizes[i]), load(readouts[i], at)
                behind = times_plus(step_size, weight, behind)
                store(readouts[i], at, times_plus(step_size, answer, weight))
            store(back, at, behind)
        for k in range(kernels.shape[0]):
            for row in range(side):
                for column in range(side):
                    padded[(row + before) * stride + column + before] = back[k * area + row * side + column]
            for channel in range(channels):
                own = starts[channel : channel + 1]
                _add_shifted(padded, values, from_back, own, before, -1, side, gradient, 0)
                for row in range(side):
                    for column in range(side):
                        entry = (row + border) * stride + column + border
                        kernels[k, channel, entry] += gradient[row * side + column]
    return order.size, total


def padded_numbers(side: int) -> int:
    """The size of a padded image: 2n − 1 rows and columns, and a block, which the last row's may reach into.

    A padded kernel has its entry (a, b), of −⌊n/2⌋ and more, in row a + n − 1 and column b + n − 1.
    """
    return (2 * side - 1) ** 2 + lanes(np.float64)


@compiled(error_model="numpy")
def _find_pixels(image, side, room, values, from_kernel, from_back, starts):
    """The pixels of an image (C, n, n) that are not zero, row by row of each channel, an even number in every row.

    Where it would be odd a zero is added. For each pixel: its value, and where in the padded kernels of all channels,
    of `room` numbers each, and where in a padded image of the hidden layer's size, its window begins; and (C, n + 1)
    the index of each row's first pixel.
    """
    found = 0
    for channel in range(image.shape[0]):
        for row in range(side):
            starts[channel, row] = found
            for column in range(side):
                if image[channel, row, column] != 0.0:
                    values[found] = image[channel, row, column]
                    from_kernel[found] = channel * room + (side - 1 - row) * (2 * side - 1) + side - 1 - column
                    from_back[found] = row * (2 * side - 1) + column
                    found += 1
            if found % 2:
                values[found], from_kernel[found], from_back[found] = 0.0, 0, 0
                found += 1
        starts[channel, side] = found


@compiled(error_model="numpy")
def _add_shifted(padded, values, offsets, starts, first, direction, side, out, at):
    """``out[at + r n + c] = Σ_pixels value · padded[offset + r (2n − 1) + c]`` for r, c < n, over all channels.

    Row r takes the pixels of the n image rows from `first` + `direction`·r on: the others would meet zeros. What a
    row's last block holds beyond n is overwritten by the next row.
    """
    size = BLOCK_BYTES // 8
    for row in range(side):
        lowest = first + direction * row
        begin, end = max(lowest, 0), min(lowest + side, side)
        for column in range(0, side, size):
            index = row * (2 * side - 1) + column
            # Two sums, so that one need not wait for the other.
            even, odd = everywhere(0.0), everywhere(0.0)
            for channel in range(starts.shape[0]):
                for pixel in range(starts[channel, begin], starts[channel, end], 2):
                    even = times_plus(everywhere(values[pixel]), load(padded, index + offsets[pixel]), even)
                    odd = times_plus(everywhere(values[pixel + 1]), load(padded, index + offsets[pixel + 1]), odd)
            store(out, at + row * side + column, times_plus(everywhere(1.0), even, odd))


@compiled(error_model="numpy")
def _inner_product(one, other):
    """Of the first array with as many numbers of the second, whole blocks of them."""
    total = everywhere(0.0)
    for at in range(0, one.size, BLOCK_BYTES // 8):
        total = times_plus(load(one, at), load(other, at), total)
    return total_of(total)
