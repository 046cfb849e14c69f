/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What strangers may cost: so many actions a second, and so many errors before a ban. Pure functions of their state and the
 * time, as the policy is.
 */
#ifndef VC_BUDGET_H
#define VC_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/* A bucket that fills with @rate tokens a second and holds one second's worth. */
struct vc_bucket {
	int64_t level; /* in billionths of a token */
	int64_t at_ns; /* when that was */
};

void vc_bucket_init(struct vc_bucket *bucket, uint32_t rate, int64_t now_ns);

/* Takes @count tokens, or none and returns false if there are fewer. */
bool vc_bucket_take(struct vc_bucket *bucket, uint32_t rate, uint32_t count, int64_t now_ns);

#define VC_ERRORS_MAX 32

/* A source that makes @limit errors (0: any number, else up to VC_ERRORS_MAX) within @window_ns is banned for @ban_ns
 * (0: until it is allowed again). */
struct vc_error_rules {
	uint32_t limit;
	int64_t window_ns, ban_ns;
};

#define VC_BAN_UNTIL_ALLOWED INT64_MAX

struct vc_errors {
	uint64_t total;               /* since start */
	uint32_t bans;                /* since start */
	int64_t banned_until_ns;      /* 0: not banned */
	int64_t at_ns[VC_ERRORS_MAX]; /* the last errors, a ring. Last, so that the model checker sees its bounds */
};

/* Counts one. Returns true when it brings a ban. */
bool vc_errors_note(struct vc_errors *errors, const struct vc_error_rules *rules, int64_t now_ns);

/* How many of the last errors lie in the window. */
uint32_t vc_errors_recent(const struct vc_errors *errors, const struct vc_error_rules *rules, int64_t now_ns);

bool vc_errors_banned(const struct vc_errors *errors, int64_t now_ns);

/* Ends a ban and forgives what led to it. */
void vc_errors_allow(struct vc_errors *errors);

#endif
