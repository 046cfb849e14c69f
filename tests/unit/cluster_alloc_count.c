/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster_alloc_count.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

static _Atomic uint64_t count;

uint64_t alloc_count(void) {
	return count;
}

#ifdef __SANITIZE_ADDRESS__

/* The sanitizer has its own allocator, and hooks for this (sanitizer/allocator_interface.h). */
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
					      void (*free_hook)(const volatile void *));

static void on_malloc(const volatile void *memory, size_t size) {
	(void)memory;
	(void)size;
	count++;
}

static void on_free(const volatile void *memory) {
	(void)memory;
}

__attribute__((constructor)) static void install(void) {
	__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

#else

/* A program's own malloc() takes the place of libc's everywhere ("Replacing malloc" in glibc's manual); glibc keeps its own
 * reachable under these names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

void *malloc(size_t size) {
	count++;
	return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
	count++;
	return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
	count++;
	return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
	count++;
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
	count++;
	*out = __libc_memalign(alignment, size);
	return *out ? 0 : ENOMEM;
}

void free(void *memory) {
	__libc_free(memory);
}

#endif
