/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the program's own memory shared memory: for CL_MEM_USE_HOST_PTR, where the object's contents shall be there. The bytes are
 * copied once into a piece of an arena, whose pages then take the place of the program's, so that both addresses show the same.
 *
 * That is done with whole pages of private memory without a file, and refused for all else. A child that the program forks gets a
 * copy of its own, as it would have. Until the end the program may free or remap the memory no more than OpenCL lets it.
 */
#ifndef VC_CL_ADOPT_H
#define VC_CL_ADOPT_H

#include "link.h"

/* The piece of @link's shared memory that shows @size bytes at @memory from now on, or NULL: it can't be, nothing has changed. */
uint8_t *vc_adopt(struct vc_link *link, void *memory, size_t size);

/* @memory is private again, with what it holds now. The piece stays. */
void vc_adopt_end(void *memory);

/* In a forked child. */
void vc_adopt_after_fork(void);

#endif
