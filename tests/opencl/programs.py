# SPDX-License-Identifier: Apache-2.0
# What pyopencl's users do: arrays, elementwise kernels, reductions, scans, maps, images. Prints results that any device must agree on.
import hashlib

import numpy as np
import pyopencl as cl
import pyopencl.array
from pyopencl.elementwise import ElementwiseKernel
from pyopencl.reduction import ReductionKernel
from pyopencl.scan import GenericScanKernel

context = cl.create_some_context(interactive=False)
queue = cl.CommandQueue(context)


def tell(what, array):
    print(what, hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16])


numbers = np.arange(100000, dtype=np.int32)
a = cl.array.to_device(queue, numbers)
tell("arithmetic", (3 * a + a * a).get())
blend = ElementwiseKernel(context, "int *x, int *y, int factor", "y[i] = x[i] * factor - y[i]", "blend")
b = cl.array.zeros_like(a)
blend(a, b, np.int32(7))
tell("elementwise", b.get())
total = ReductionKernel(context, np.int64, neutral="0", reduce_expr="a+b", map_expr="(long)x[i]", arguments="__global int *x")
print("sum", int(total(a).get()), "expected", int(numbers.astype(np.int64).sum()))
scan = GenericScanKernel(context, np.int32, arguments="__global int *x", input_expr="x[i] % 5", scan_expr="a+b", neutral="0",
                         output_statement="x[i] = item;")
c = a.copy()
scan(c, queue=queue)
tell("scan", c.get())
print("scan is right", bool((c.get() == np.cumsum(numbers % 5)).all()))
mapped, _ = cl.enqueue_map_buffer(queue, a.data, cl.map_flags.READ, 0, a.shape, a.dtype)
tell("map", mapped)
mapped.base.release(queue)
image = np.random.default_rng(1).integers(0, 255, (64, 64, 4), dtype=np.uint8)
picture = cl.image_from_array(context, image, 4)
back = np.empty_like(image)
cl.enqueue_copy(queue, back, picture, origin=(0, 0), region=(64, 64))
print("image is right", bool((back == image).all()))
svm = cl.SVM(cl.csvm_empty(context, (1000,), np.float32))
with svm.map_rw(queue) as memory:
    memory[:] = 2
program = cl.Program(context, "kernel void half_(global float *x) { x[get_global_id(0)] /= 2; }").build()
program.half_(queue, (1000,), None, svm)
with svm.map_ro(queue) as memory:
    tell("svm", memory)
