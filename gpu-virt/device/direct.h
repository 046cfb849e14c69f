/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's own memory as a picture, without a copy: what a guest draws by itself (its console, a 2D program, a software renderer)
 * lies in pages of its RAM, RAM is a memfd of QEMU's, and udmabuf makes a dma-buf of any list of a memfd's pages. That works where
 * each piece of the backing starts on a page and is whole pages long, but for the last one, and where the kernel's limits for udmabuf
 * (/sys/module/udmabuf/parameters: 1024 pieces, 64 MiB) are kept.
 *
 * What is shown then is what the guest's memory holds at each moment, not what it held at the last transfer; a guest that draws into
 * the buffer on the screen is seen drawing.
 */
#ifndef VC_GPU_DIRECT_H
#define VC_GPU_DIRECT_H

#include "memory.h"
#include "tables.h"

#define VC_DIRECT_PIECES_MAX 1024

/* /dev/udmabuf, or -1 with one line in the log. */
int vc_direct_open(void);

/* A dma-buf of the first @bytes of @resource's backing, in whole pages. Returns a descriptor or -errno: -EINVAL if the pages don't lie
 * as needed, -E2BIG if there are too many pieces, else the kernel's own. */
int vc_direct_wrap(int udmabuf, const struct vc_memory *memory, const struct vc_resource *resource, uint64_t bytes);

#endif
