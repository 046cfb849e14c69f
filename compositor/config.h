/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compositor.ini: which outputs there are, which layers lie on them, who may feed them, and what shows when nobody does.
 * Everything is checked when it is read, so that the rest of the compositor may trust what it finds here.
 */
#ifndef VC_CONFIG_H
#define VC_CONFIG_H

#include "budget.h"
#include "control-proto.h"
#include "trust.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VC_OUTPUTS_MAX VC_CONTROL_OUTPUTS_MAX
#define VC_LAYERS_MAX VC_CONTROL_LAYERS_MAX
#define VC_TEXT_MAX 160
#define VC_ORDER_MAX 1000

/* A place on the screen or in a buffer, in pixels. */
struct vc_rect {
	uint32_t x, y, width, height;
};

bool vc_rect_overlaps(const struct vc_rect *a, const struct vc_rect *b);

struct vc_config_output {
	char name[VC_DISPLAY_NAME_MAX];
	char card[64];      /* driver name ("vkms"), device path, or "auto" */
	char connector[32]; /* "Virtual-1", or "auto": the first connected one */
	uint32_t width, height, refresh_mhz;
	uint32_t background; /* 0xRRGGBB */
	int64_t margin_ns;   /* how long before the vblank the commit is made; 0: a quarter of the period */
	bool writeback;      /* use a writeback connector for captures where there is one */
	int64_t flip_limit_ns, capture_limit_ns; /* after so long a flip event, a capture counts as lost */
	int line;                                /* where its section first was seen */
	uint32_t seen;                           /* bit per key that was given */
};

/* What becomes of pictures that have not the zone's size. */
enum vc_scale {
	VC_SCALE_NONE, /* pixel for pixel: smaller ones are centred, larger ones cut */
	VC_SCALE_FIT,  /* as large as fits, all of it, in its own shape */
	VC_SCALE_FILL, /* as large as fills the zone, in its own shape; what reaches outside is cut */
};

enum vc_fallback {
	VC_FALLBACK_PICTURE, /* a picture with title and message */
	VC_FALLBACK_NONE,    /* the background shows through; guests only */
	VC_FALLBACK_IMAGE,   /* a PNG file of the zone's size */
	VC_FALLBACK_LAYER,   /* what another guest's layer shows; the picture while that shows none; guests only */
};

struct vc_config_layer {
	char name[VC_DISPLAY_NAME_MAX];
	enum vc_layer_role role;
	char output_name[VC_DISPLAY_NAME_MAX];
	uint32_t output; /* index of output_name */
	struct vc_rect rect;
	uint32_t plane; /* KMS object id, 0: chosen by the compositor */
	uid_t uid;      /* the only user that may be this layer's source */
	int64_t hold_ns;
	enum vc_fallback fallback;
	char image[VC_TEXT_MAX];               /* path, for VC_FALLBACK_IMAGE */
	char lender_name[VC_DISPLAY_NAME_MAX]; /* for VC_FALLBACK_LAYER */
	uint32_t lender;                       /* index of lender_name */
	enum vc_scale scale;
	bool compose;   /* frames that its plane can't show may be composed by the CPU */
	uint32_t alpha; /* 0: invisible, to 100: opaque */
	uint32_t order; /* guests with a higher one lie over those with a lower one, equals as in the file */
	char title[VC_TEXT_MAX], message[VC_TEXT_MAX];
	uint32_t rate; /* messages per second that a source may send */
	/* a source's buffers: at most so large; 0 bytes: by the zone's size */
	uint32_t max_width, max_height;
	uint64_t max_bytes;
	struct vc_error_rules errors; /* guests only */
	int64_t retry_ns;             /* so long after a breach nobody may be the source; guests only */
	int line, rect_line, output_line, order_line;
	uint32_t seen;
};

/* The output monitor: who it is, and what is believed when. */
struct vc_config_monitor {
	bool wanted; /* there is such a section */
	uid_t uid;
	struct vc_trust_rules rules;
	int line;
	uint32_t seen;
};

struct vc_config {
	char display_socket[108], cluster_socket[108], control_socket[108];
	int priority;            /* SCHED_FIFO, 0: leave as started */
	int64_t hello_ns;        /* by when a connection must have said HELLO */
	int64_t capture_hold_ns; /* how long a tool may keep a capture */
	uint32_t connects;       /* connections per second and user */
	uint32_t requests;       /* of a tool, per second */
	uint32_t seen;
	unsigned outputs, layers;
	struct vc_config_output output[VC_OUTPUTS_MAX];
	struct vc_config_layer layer[VC_LAYERS_MAX];
	struct vc_config_monitor monitor;
};

/* Reads and checks @path. Returns true, or false with one complete line in @error that names file, line, value and
 * remedy. */
bool vc_config_read(struct vc_config *config, const char *path, char *error, size_t size);

#endif
