/* SPDX-License-Identifier: Apache-2.0 */
#include "words.h"

#include "control-proto.h"

#include <stddef.h>

#define PICK(table, value) ((value) < sizeof(table) / sizeof(*(table)) && (table)[value] ? (table)[value] : "unknown")

const char *vc_role_key(uint32_t role) {
	static const char *const keys[] = {[VC_ROLE_CLUSTER] = "cluster", [VC_ROLE_GUEST] = "guest"};
	return PICK(keys, role);
}

const char *vc_state_key(uint32_t state) {
	static const char *const keys[] = {
		[VC_STATE_WAITING] = "waiting",
		[VC_STATE_LIVE] = "live",
		[VC_STATE_HOLD] = "hold",
		[VC_STATE_FALLBACK] = "fallback",
	};
	return PICK(keys, state);
}

const char *vc_reason_key(uint32_t reason) {
	static const char *const keys[] = {
		[VC_REASON_NONE] = "none",           [VC_REASON_NO_SOURCE] = "no_source",
		[VC_REASON_SILENT] = "silent",       [VC_REASON_GONE] = "gone",
		[VC_REASON_FENCE] = "fence",         [VC_REASON_REFUSED] = "refused",
		[VC_REASON_PROTOCOL] = "protocol",   [VC_REASON_WRONG] = "wrong",
		[VC_REASON_UNWATCHED] = "unwatched", [VC_REASON_BANNED] = "banned",
	};
	return PICK(keys, reason);
}

const char *vc_path_key(uint32_t path) {
	static const char *const keys[] = {[VC_PATH_PLANE] = "plane", [VC_PATH_COMPOSED] = "composed"};
	return PICK(keys, path);
}

const char *vc_check_key(uint32_t check) {
	static const char *const keys[] = {
		[VC_CHECK_NONE] = "none", [VC_CHECK_SOURCE] = "frame", [VC_CHECK_OUTPUT] = "output"};
	return PICK(keys, check);
}

const char *vc_finding_key(uint32_t finding) {
	static const char *const keys[VC_FINDINGS] = {
		[VC_FOUND_GOOD] = "good",
		[VC_FOUND_UNDECLARED] = "undeclared",
		[VC_FOUND_GARBLED] = "garbled",
		[VC_FOUND_REPLAYED] = "replayed",
		[VC_FOUND_PLACES] = "places",
		[VC_FOUND_COUNTER] = "counter",
		[VC_FOUND_MISSING] = "missing",
		[VC_FOUND_EXTRA] = "extra",
		[VC_FOUND_WRONG] = "wrong",
		[VC_FOUND_PIXELS] = "pixels",
		[VC_FOUND_CRC] = "crc",
		[VC_FOUND_FROZEN] = "frozen",
		[VC_FOUND_UNREADABLE] = "unreadable",
	};
	return PICK(keys, finding);
}

const char *vc_plane_type_key(uint32_t type) {
	/* DRM_PLANE_TYPE_OVERLAY, _PRIMARY, _CURSOR */
	static const char *const keys[] = {"overlay", "primary", "cursor"};
	return PICK(keys, type);
}

const char *vc_reason_phrase(uint32_t reason) {
	static const char *const phrases[] = {
		[VC_REASON_NONE] = "",
		[VC_REASON_NO_SOURCE] = "no source has connected",
		[VC_REASON_SILENT] = "source sends no frames",
		[VC_REASON_GONE] = "source disconnected",
		[VC_REASON_FENCE] = "fences don't signal",
		[VC_REASON_REFUSED] = "kernel refused its plane",
		[VC_REASON_PROTOCOL] = "source broke the protocol",
		[VC_REASON_WRONG] = "monitor: picture is wrong",
		[VC_REASON_UNWATCHED] = "monitor is silent",
		[VC_REASON_BANNED] = "banned: too many errors",
	};
	return PICK(phrases, reason);
}
