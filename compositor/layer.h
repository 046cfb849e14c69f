/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer at run time: its source's buffers and waiting frames, what is on the screen, and its counters. Everything is in
 * fixed tables; all of it belongs to the main thread.
 *
 * A buffer is referenced by each frame that waits in it, by the picture on the screen and the one on its way there, and by
 * captures. When the last reference goes the source gets RELEASE and may draw into it again. A buffer whose source has gone,
 * or has removed it, lives on without an id until then.
 */
#ifndef VC_LAYER_H
#define VC_LAYER_H

#include "config.h"
#include "importer.h"
#include "policy.h"

/* Twice the ids: a source that resizes may add new buffers while its old ones still show. */
#define VC_LAYER_BUFFERS_MAX (2 * VC_DISPLAY_BUFFERS_MAX)
#define VC_BUFFER_NO_ID (-1)

enum vc_buffer_state {
	VC_BUFFER_FREE,
	VC_BUFFER_COMING, /* with the importer; not to be shown yet */
	VC_BUFFER_READY,
	VC_BUFFER_GOING, /* with the importer, to be given back */
};

/* What a source said about a frame, for the output monitor; never looked into here. */
struct vc_declared {
	uint64_t seq;
	uint32_t size; /* 0: nothing */
	uint8_t data[VC_DISPLAY_DECLARATION_MAX];
};

struct vc_buffer {
	struct vc_layer *layer;
	enum vc_buffer_state state;
	int id; /* the source's name for it, VC_BUFFER_NO_ID when it has none any more */
	unsigned refs;
	uint64_t seq; /* of the last frame presented in it */
	uint32_t width, height, fourcc, stride;
	uint64_t offset;
	struct vc_import import; /* the importer's while COMING or GOING, and so is the job */
	struct vc_import_job job;
	int view;                    /* for the output monitor, read-only if it's a memfd; -1: none */
	uint64_t serial;             /* tells it from others that had the same place */
	struct vc_declared declared; /* about the last frame presented in it */
};

/* A frame that waits for its turn. Owns a reference to the buffer, and the fence. */
struct vc_frame {
	struct vc_buffer *buffer;
	uint64_t seq;
	uint32_t source;     /* struct vc_source's number */
	struct vc_rect part; /* of the buffer */
	int64_t presented_ns, drawn_ns;
	uint64_t bytes_copied;
	int fence;  /* sync_file, -1: none */
	bool ready; /* all fences seen signalled: never asked again */
};

enum vc_content_kind {
	VC_CONTENT_NOTHING,
	VC_CONTENT_FALLBACK,
	VC_CONTENT_FRAME,
	VC_CONTENT_LENT,    /* another layer's frame, as the fallback */
	VC_CONTENT_ADOPTED, /* what the last compositor left there */
};

/* What a plane (or a zone of a composed picture) shows. Owns a reference to the frame's buffer. */
struct vc_content {
	enum vc_content_kind kind;
	struct vc_frame frame; /* for VC_CONTENT_FRAME and VC_CONTENT_LENT */
};

struct vc_layer;

/* How buffers become something that KMS shows, and how the source is told things. The tests put fakes here. */
struct vc_layer_backend {
	/* Starts to make @buffer of @fd, which it takes; vc_layer_buffer_imported() is called when that is done. */
	void (*import)(void *data, struct vc_buffer *buffer, const struct vc_display_buffer_add *add, int fd);
	/* Starts to give @buffer's memory back; vc_layer_buffer_dropped() is called when that is done. */
	void (*drop)(void *data, struct vc_buffer *buffer);
	/* Time by which a frame must be presented to make the next vblank. */
	int64_t (*deadline_ns)(void *data, const struct vc_layer *layer);
	uint32_t (*refresh_mhz)(void *data, const struct vc_layer *layer);
	void *data;
};

/* The connected source, if sock >= 0. */
struct vc_source {
	int sock;
	bool stuck;  /* it doesn't read its messages: to be disconnected */
	bool banned; /* it has made too many errors: to be disconnected */
	int32_t pid;
	uint32_t uid;
	uint64_t seq; /* of its newest frame */
	int64_t sign_ns;
	uint32_t number;             /* counts this layer's sources */
	struct vc_declared declared; /* about the frame that comes next */
};

struct vc_layer {
	const struct vc_config_layer *config;
	const struct vc_layer_backend *backend;
	struct vc_importer *importer; /* closes what its sources sent; takes their memory in */
	unsigned index;
	struct vc_policy_rules rules;
	struct vc_policy_state policy;
	struct vc_source source;
	bool broke_protocol;
	/* What is on the screen was drawn by a source before the present one, whose last sign of life was then. */
	bool foreign;
	int64_t foreign_sign_ns;
	int64_t closed_until_ns; /* after a broken protocol nobody may be the source before then */
	struct vc_errors errors;
	struct vc_buffer buffer[VC_LAYER_BUFFERS_MAX];
	unsigned frames; /* waiting, oldest first */
	struct vc_frame frame[VC_POLICY_FRAMES_MAX];
	struct vc_content screen; /* since the last flip */
	struct vc_content next;   /* in the commit on its way, if in_flight */
	bool in_flight;
	int64_t no_loan_until_ns; /* the kernel refused what it had borrowed */
	struct vc_control_layer stats;
	int64_t gap_from_ns; /* the last flip, if the source's frames showed ever since; else 0 */
	uint64_t buffer_serial;
	/* set by the monitor's link: see struct vc_policy_input */
	bool distrusted;
	enum vc_layer_reason distrust;
	/* limits the logging of changes */
	int64_t log_ns;
	unsigned log_used, log_skipped;
};

/* So many descriptors may be in a layer's hands: it needs as much room at its importer, at any time. */
#define VC_LAYER_DESCRIPTORS (VC_POLICY_FRAMES_MAX + VC_LAYER_BUFFERS_MAX)

void vc_layer_init(struct vc_layer *layer, const struct vc_config_layer *config, unsigned index,
		   const struct vc_layer_backend *backend, struct vc_importer *importer);

/* A source has been let in / has gone. @broke: it was thrown out. Waiting frames are dropped when it goes. */
void vc_layer_connect(struct vc_layer *layer, int sock, int32_t pid, uint32_t uid, int64_t now_ns);
void vc_layer_disconnect(struct vc_layer *layer, bool broke, int64_t now_ns);

/* The source offers a buffer. Takes @fd in any case. The answer, BUFFER_READY or BUFFER_REJECTED, comes when the importer is
 * done. Returns false if the id is in use: a breach. */
bool vc_layer_buffer_add(struct vc_layer *layer, const struct vc_display_buffer_add *add, int fd);

/* The backend's: @buffer is ready, or there is none (@error, -errno, and @why). Its source may have gone or removed it
 * meanwhile. */
void vc_layer_buffer_imported(struct vc_buffer *buffer, int error, const char *why);

/* The backend's: the memory is given back, the place is free. */
void vc_layer_buffer_dropped(struct vc_buffer *buffer);

/* Returns false if there is no such buffer. */
bool vc_layer_buffer_remove(struct vc_layer *layer, uint32_t id);

/* Queues a frame. Takes @fence (-1: none) in any case. Returns NULL or which rule the source broke. */
const char *vc_layer_present(struct vc_layer *layer, const struct vc_display_present *present, int fence,
			     int64_t now_ns);

/* The cluster says what its next frame holds. Returns NULL or which rule it broke. */
const char *vc_layer_declare(struct vc_layer *layer, const struct vc_display_declare *declare);

void vc_layer_heartbeat(struct vc_layer *layer, int64_t now_ns);

/* Finds out which waiting frames' fences have signalled. Never waits. */
void vc_layer_poll_fences(struct vc_layer *layer);

/* The source has made an error: a breach, a frame that the kernel refuses, a fence that never signals. May ban it. */
void vc_layer_note_error(struct vc_layer *layer, int64_t now_ns);

/* Ends a ban before its time. */
void vc_layer_allow(struct vc_layer *layer);

/* What the policy is to know. */
void vc_layer_input(const struct vc_layer *layer, struct vc_policy_input *input, int64_t now_ns);

/* Takes waiting frame @index out of the queue as @content; older ones are dropped. */
void vc_layer_take_frame(struct vc_layer *layer, int index, struct vc_content *content);

/* Drops the @count oldest waiting frames and says so to the source. */
void vc_layer_drop_frames(struct vc_layer *layer, unsigned count);

bool vc_content_has_buffer(const struct vc_content *content);

/* References to a content's buffer. */
void vc_content_ref(const struct vc_content *content);
void vc_content_unref(struct vc_content *content);

/* Tells the source that its frame @seq appeared at @flip_ns (0: never). */
void vc_layer_send_frame(struct vc_layer *layer, uint64_t seq, int64_t flip_ns);

/* Where the @part of a buffer goes: from @source in it to @target on the screen, by the layer's scale and in its zone. Of
 * different sizes only where the layer scales. */
void vc_layer_place(const struct vc_config_layer *config, const struct vc_rect *part, struct vc_rect *source,
		    struct vc_rect *target);

/* Sends to the source; marks it stuck when it doesn't read. */
void vc_source_send(struct vc_source *source, void *message, uint32_t type, size_t size);

#endif
