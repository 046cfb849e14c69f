/* SPDX-License-Identifier: Apache-2.0 */
/* Many clients at once: each a process that runs small kernels one by one; how many all of them do together. */
#include "bench.h"
#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: gets ready, tells so, waits for the start, works until the time is over, tells how much it did. */
static _Noreturn void work(int ready, int go, int done, unsigned ms) {
	struct vc_bench own = {0};
	cl_int code;
	VC_MUST(clGetPlatformIDs(1, &own.platform, NULL));
	VC_MUST(clGetDeviceIDs(own.platform, CL_DEVICE_TYPE_ALL, 1, &own.device, NULL));
	own.context = clCreateContext(NULL, 1, &own.device, NULL, NULL, &code);
	VC_MUST(code);
	own.queue = clCreateCommandQueueWithProperties(own.context, own.device, NULL, &code);
	VC_MUST(code);
	cl_kernel kernel = vc_bench_kernel(vc_bench_build(&own, "kernel void one(global uint *x) { x[0]++; }"), "one");
	cl_uint value = 0, rounds = 0;
	cl_mem buffer = clCreateBuffer(own.context, CL_MEM_COPY_HOST_PTR, 4, &value, &code);
	VC_MUST(code);
	VC_MUST(clSetKernelArg(kernel, 0, sizeof(buffer), &buffer));
	size_t one = 1;
	char byte = 0;
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 0)
		_exit(1);
	int64_t end = vc_clock_now() + ms * (VC_NS_PER_S / 1000);
	for (; vc_clock_now() < end; rounds++) {
		VC_MUST(clEnqueueNDRangeKernel(own.queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
		VC_MUST(clFinish(own.queue));
	}
	VC_MUST(clEnqueueReadBuffer(own.queue, buffer, CL_TRUE, 0, 4, &value, 0, NULL, NULL));
	if (value != rounds) {
		fprintf(stderr, "opencl-bench: a client counted %u kernels, its buffer %u\n", rounds, value);
		_exit(1);
	}
	_exit(write(done, &rounds, sizeof(rounds)) == sizeof(rounds) ? 0 : 1);
}

void vc_bench_clients(struct vc_bench *bench, unsigned clients, unsigned ms) {
	int ready[2], go[2], done[2];
	if (pipe(ready) || pipe(go) || pipe(done)) {
		perror("opencl-bench: pipe");
		exit(1);
	}
	for (unsigned i = 0; i < clients; i++)
		if (fork() == 0) {
			close(go[1]);
			work(ready[1], go[0], done[1], ms);
		}
	close(ready[1]);
	close(done[1]);
	close(go[0]);
	char byte;
	unsigned here = 0, told = 0;
	while (here < clients && read(ready[0], &byte, 1) == 1)
		here++;
	close(go[1]); /* the start */
	struct vc_samples samples;
	vc_samples_start(&samples, clients, INT64_MAX);
	cl_uint rounds;
	while (read(done[0], &rounds, sizeof(rounds)) == sizeof(rounds)) {
		told++;
		vc_samples_add(&samples, rounds, ms / 1000.0);
	}
	int status, failed = 0;
	while (wait(&status) > 0)
		failed += status != 0;
	if (told != clients || failed) {
		fprintf(stderr, "opencl-bench: %u of %u clients failed\n", clients - told, clients);
		exit(1);
	}
	vc_samples_finish(&samples, bench, "clients at once, kernels a second each", "1/s", clients);
	close(ready[0]);
	close(done[0]);
}
