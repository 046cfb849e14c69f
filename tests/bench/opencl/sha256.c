/* SPDX-License-Identifier: Apache-2.0 */
#include "sha256.h"

#include <string.h>

/* One text for both compilers: only how memory is named differs. */
#define ROUND_CONSTANTS                                                                                                \
	{0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,               \
	 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,               \
	 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,               \
	 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,               \
	 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,               \
	 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,               \
	 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,               \
	 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2}
#define START_VALUES {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}
#define COMPRESS                                                                                                       \
	{                                                                                                              \
		uint32_t v[8];                                                                                         \
		for (int i = 16; i < 64; i++) {                                                                        \
			uint32_t s0 = TURN(w[i - 15], 7) ^ TURN(w[i - 15], 18) ^ (w[i - 15] >> 3);                     \
			uint32_t s1 = TURN(w[i - 2], 17) ^ TURN(w[i - 2], 19) ^ (w[i - 2] >> 10);                      \
			w[i] = w[i - 16] + s0 + w[i - 7] + s1;                                                         \
		}                                                                                                      \
		for (int i = 0; i < 8; i++)                                                                            \
			v[i] = h[i];                                                                                   \
		for (int i = 0; i < 64; i++) {                                                                         \
			uint32_t s1 = TURN(v[4], 6) ^ TURN(v[4], 11) ^ TURN(v[4], 25);                                 \
			uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[i] + w[i];              \
			uint32_t s0 = TURN(v[0], 2) ^ TURN(v[0], 13) ^ TURN(v[0], 22);                                 \
			uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));                            \
			v[7] = v[6], v[6] = v[5], v[5] = v[4], v[4] = v[3] + t1;                                       \
			v[3] = v[2], v[2] = v[1], v[1] = v[0], v[0] = t1 + t2;                                         \
		}                                                                                                      \
		for (int i = 0; i < 8; i++)                                                                            \
			h[i] += v[i];                                                                                  \
	}
#define TEXT(...) TEXT_(__VA_ARGS__)
#define TEXT_(...) #__VA_ARGS__

const char vc_sha256_source[] =
	"typedef uint uint32_t;\n"
	"#define TURN(x, n) rotate((uint)(x), (uint)(32 - (n)))\n"
	"constant uint constants[64] = " TEXT(
		ROUND_CONSTANTS) ";\n"
				 "void compress(uint *h, uint *w) " TEXT(
					 COMPRESS) "\n"
						   "kernel void sha256(global const uchar *bytes, global const ulong "
						   "*ends, global uint *digests, uint rounds) {\n"
						   "  size_t me = get_global_id(0);\n"
						   "  ulong from = me ? ends[me - 1] : 0, size = ends[me] - from;\n"
						   "  uint h[8] = " TEXT(
							   START_VALUES) ", w[64];\n"
									 "  for (ulong at = 0; at < size + 9; at += "
									 "64) {\n"
									 "    for (int i = 0; i < 16; i++) {\n"
									 "      w[i] = 0;\n"
									 "      for (int k = 0; k < 4; k++) {\n"
									 "        ulong p = at + 4 * i + k;\n"
									 "        w[i] = w[i] << 8 | (p < size ? "
									 "bytes[from + p] : p == size ? 0x80 : 0);\n"
									 "      }\n"
									 "    }\n"
									 "    if (at + 64 >= size + 9) { w[14] = "
									 "(uint)(size >> 29); w[15] = (uint)(size << "
									 "3); }\n"
									 "    compress(h, w);\n"
									 "  }\n"
									 "  for (uint round = 1; round < rounds; "
									 "round++) {\n"
									 "    uint start[8] = " TEXT(
										 START_VALUES) ";\n"
											       "    for (int i = 0; i "
											       "< 8; i++) { w[i] = "
											       "h[i]; h[i] = start[i]; "
											       "w[8 + i] = 0; }\n"
											       "    w[8] = 0x80000000; "
											       "w[15] = 256;\n"
											       "    compress(h, w);\n"
											       "  }\n"
											       "  for (int i = 0; i < "
											       "8; i++) digests[8 * me "
											       "+ i] = h[i];\n"
											       "}\n";

#define TURN(x, n) ((x) >> (n) | (x) << (32 - (n)))

static void compress(uint32_t *h, uint32_t *w) {
	static const uint32_t constants[64] = ROUND_CONSTANTS;
	COMPRESS
}

void vc_sha256(const uint8_t *bytes, size_t size, uint32_t digest[8]) {
	static const uint32_t start[8] = START_VALUES;
	memcpy(digest, start, sizeof(start));
	for (size_t at = 0; at < size + 9; at += 64) {
		uint32_t w[64] = {0};
		for (size_t i = 0; i < 64; i++) {
			size_t p = at + i;
			uint8_t byte = p < size ? bytes[p] : p == size ? 0x80 : 0;
			w[i / 4] |= (uint32_t)byte << (24 - 8 * (i % 4));
		}
		if (at + 64 >= size + 9) {
			w[14] = (uint32_t)(size >> 29);
			w[15] = (uint32_t)(size << 3);
		}
		compress(digest, w);
	}
}

void vc_sha256_bytes(const uint32_t digest[8], uint8_t bytes[32]) {
	for (int i = 0; i < 32; i++)
		bytes[i] = (uint8_t)(digest[i / 4] >> (24 - 8 * (i % 4)));
}
