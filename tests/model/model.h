/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the harnesses share. A harness is a main() whose variables are undetermined, but for what ASSUME() says: the model
 * checker (CBMC) proves each PROVE() for all of their values, and besides that no overflow, conversion that loses bits, bad
 * index or bad pointer in the code under proof. Loops are unrolled as far as they can go; the checker proves that, too.
 *
 * An array in a struct behind a pointer is checked against the end of the struct, so those in the code under proof are last.
 *
 * Bounds: times are 0 to 2^61 ns (73 years of uptime); durations are what compositor.ini allows.
 */
#ifndef VC_MODEL_H
#define VC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define ASSUME(condition) __CPROVER_assume(condition)
#define PROVE(name, condition) __CPROVER_assert(condition, name)
#define IMPLIES(a, b) (!(a) || (b))

#define TIME_MAX (INT64_C(1) << 61)
#define IS_TIME(ns) ((ns) >= 0 && (ns) <= TIME_MAX)
#define MS INT64_C(1000000)
#define DAY (INT64_C(86400000) * MS)

/* Undetermined: functions without a body. A bool of any bits would be no bool. */
int64_t nondet_int64(void);
uint32_t nondet_uint32(void);
int nondet_int(void);
_Bool nondet_bool(void);

#endif
