/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), once as an OpenCL kernel and once in C to compare with. */
#ifndef VC_BENCH_OPENCL_SHA256_H
#define VC_BENCH_OPENCL_SHA256_H

#include <stddef.h>
#include <stdint.h>

/* kernel void sha256(global const uchar *bytes, global const ulong *ends, global uint *digests, uint rounds):
 * item i hashes the bytes from ends[i - 1] (0 for the first) to ends[i], and then, rounds - 1 times, the digest so far. */
extern const char vc_sha256_source[];

void vc_sha256(const uint8_t *bytes, size_t size, uint32_t digest[8]);

/* The digest as 32 bytes, as they are hashed again and printed. */
void vc_sha256_bytes(const uint32_t digest[8], uint8_t bytes[32]);

#endif
