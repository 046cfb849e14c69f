/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD for the compositor: making a dma-buf of SLOW_BYTES takes until somebody opens the FIFO that VC_SLOW_FIFO names for
 * writing, as if the kernel had to find the memory first.
 */
#include "slow.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

int ioctl(int fd, unsigned long request, ...) {
	int (*real)(int, unsigned long, void *) = NULL;
	*(void **)&real = dlsym(RTLD_NEXT, "ioctl");
	va_list args;
	va_start(args, request);
	void *arg = va_arg(args, void *);
	va_end(args);
	const char *fifo = getenv("VC_SLOW_FIFO");
	if (request == UDMABUF_CREATE && ((struct udmabuf_create *)arg)->size == SLOW_BYTES && fifo) {
		int gate = open(fifo, O_RDONLY | O_CLOEXEC);
		if (gate >= 0)
			close(gate);
	}
	return real(fd, request, arg);
}
