/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor-proto.h"

#include "crc32.h"

#include <stddef.h>

uint32_t vc_monitor_verdict_crc(const struct vc_monitor_verdict *verdict) {
	static const uint32_t id = VC_MONITOR_DATA_ID;
	return vc_crc32(vc_crc32(0, &id, sizeof(id)), verdict, offsetof(struct vc_monitor_verdict, crc));
}

const char *vc_monitor_finding_words(enum vc_monitor_finding finding) {
	static const char *const words[VC_FINDINGS] = {
		[VC_FOUND_GOOD] = "all is well",
		[VC_FOUND_UNDECLARED] = "the frame came without a declaration",
		[VC_FOUND_GARBLED] = "the declaration is garbled",
		[VC_FOUND_REPLAYED] = "the declaration is of another frame",
		[VC_FOUND_PLACES] = "the declaration has other telltales than the references",
		[VC_FOUND_COUNTER] = "the picture does not bear the frame's counter",
		[VC_FOUND_MISSING] = "a telltale is declared on, but drawn off",
		[VC_FOUND_EXTRA] = "a telltale is declared off, but drawn on",
		[VC_FOUND_WRONG] = "a telltale is drawn in another state than declared",
		[VC_FOUND_PIXELS] = "a telltale's pixels are none of its states",
		[VC_FOUND_CRC] = "the declared CRC is not that of the pixels",
		[VC_FOUND_FROZEN] = "no new frame comes",
		[VC_FOUND_UNREADABLE] = "the frame's memory cannot be read",
	};
	return (unsigned)finding < VC_FINDINGS ? words[finding] : "?";
}
