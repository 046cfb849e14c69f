/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"
#include "conf.h"
#include "log.h"
#include "recording.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { FRAME = -1, COMMIT = -2 };

static bool parse_what(const char *word, int *what) {
	static const struct {
		const char *word;
		int what;
	} words[] = {{"waiting", VC_STATE_WAITING},   {"live", VC_STATE_LIVE}, {"hold", VC_STATE_HOLD},
		     {"fallback", VC_STATE_FALLBACK}, {"frame", FRAME},        {"commit", COMMIT}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0) {
			*what = words[i].what;
			return true;
		}
	return false;
}

static bool matches(const struct vc_recording_entry *e, int layer, int what) {
	bool live = (e->frame.layer_live & 1u << layer) != 0;
	switch (what) {
	case FRAME:
		return (e->frame.layer_new & 1u << layer) != 0;
	case COMMIT:
		return e->frame.commit_ns > 0;
	case VC_STATE_FALLBACK:
		return e->frame.state[layer] == VC_STATE_FALLBACK && !live;
	default:
		return e->frame.state[layer] == what;
	}
}

int vc_fault_await(int argc, char **argv) {
	int64_t since_ns, limit_ms;
	int what;
	if (argc != 6 || !parse_what(argv[3], &what) || vc_conf_int(argv[4], 0, INT64_MAX, &since_ns) ||
	    vc_conf_int(argv[5], 0, INT32_MAX, &limit_ms)) {
		vc_error("await: FILE LAYER waiting|live|hold|fallback|frame|commit SINCE_NS LIMIT_MS are needed");
		return 2;
	}
	int64_t limit_ns = vc_clock_now() + limit_ms * VC_NS_PER_MS;
	static struct vc_recording recording;
	if (!vc_recording_open(&recording, argv[1], limit_ns))
		return 1;
	int layer = vc_recording_layer(&recording, argv[2]);
	struct vc_recording_entry entry;
	for (bool last = false; layer >= 0;) {
		while (vc_recording_next(&recording, &entry))
			if (entry.frame.vblank_ns >= since_ns && matches(&entry, layer, what)) {
				printf("%" PRId64 "\n", entry.frame.vblank_ns);
				vc_recording_close(&recording);
				return 0;
			}
		if (last)
			break;
		poll(NULL, 0, 10);
		last = vc_clock_now() >= limit_ns;
	}
	vc_recording_close(&recording);
	return layer < 0 ? 2 : 1;
}
