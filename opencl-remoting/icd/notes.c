/* SPDX-License-Identifier: Apache-2.0 */
#include "notes.h"

#include "memory.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Callbacks by cookie: an index, and how often it was used before. */
struct place {
	struct vc_callback *callback;
	uint32_t generation;
};

static struct place *places;
static uint32_t count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

uint64_t vc_notes_add(const struct vc_callback *callback) {
	struct vc_callback *copy = malloc(sizeof(*copy));
	if (!copy)
		return 0;
	*copy = *callback;
	uint64_t cookie = 0;
	pthread_mutex_lock(&lock);
	uint32_t i = 0;
	while (i < count && places[i].callback)
		i++;
	if (i == count) {
		struct place *more = realloc(places, sizeof(*places) * (count * 2 + 16));
		if (more) {
			memset(more + count, 0, sizeof(*places) * (count + 16));
			places = more;
			count = count * 2 + 16;
		}
	}
	if (i < count) {
		places[i].callback = copy;
		places[i].generation++;
		cookie = VC_CL_ID(i + 1, places[i].generation);
	}
	pthread_mutex_unlock(&lock);
	if (cookie == 0)
		free(copy);
	else if (copy->object)
		vc_object_use(copy->object);
	return cookie;
}

/* Takes the callback out, or a copy if it stays. */
static struct vc_callback *take(uint64_t cookie, bool for_good) {
	uint32_t i = (uint32_t)cookie - 1;
	struct vc_callback *callback = NULL;
	pthread_mutex_lock(&lock);
	if (i < count && places[i].callback && places[i].generation == cookie >> 32) {
		callback = places[i].callback;
		if (callback->stays && !for_good) {
			struct vc_callback *copy = malloc(sizeof(*copy));
			if (copy)
				*copy = *callback;
			if (copy && copy->object)
				vc_object_use(copy->object);
			callback = copy;
		} else {
			places[i].callback = NULL;
		}
	}
	pthread_mutex_unlock(&lock);
	return callback;
}

static void finish(struct vc_callback *callback) {
	if (callback->object)
		vc_object_unuse(callback->object);
	free(callback);
}

void vc_notes_run(uint64_t cookie, cl_int status) {
	struct vc_callback *callback = take(cookie, false);
	if (!callback)
		return;
	callback->run(callback, status);
	finish(callback);
}

void vc_notes_drop(uint64_t cookie) {
	struct vc_callback *callback = cookie ? take(cookie, true) : NULL;
	if (callback)
		finish(callback);
}

/* A context's notification: private information and text. */
static void run_context(const struct vc_cl_note *note, const uint8_t *tail, size_t size) {
	struct vc_callback *callback = take(note->cookie, false);
	if (!callback)
		return;
	void(CL_CALLBACK * function)(const char *, const void *, size_t, void *);
	memcpy(&function, &callback->function, sizeof(function));
	if (note->private_size < size && tail[size - 1] == '\0')
		function((const char *)tail + note->private_size, tail, note->private_size, callback->data);
	finish(callback);
}

static bool drain(struct vc_link *link) {
	_Alignas(8) uint8_t record[2048];
	int size;
	while ((size = vc_ring_pop(&link->notes, record, sizeof(record) - 8, sizeof(struct vc_cl_note))) > 0) {
		struct vc_cl_note note;
		memcpy(&note, record, sizeof(note));
		record[size] = '\0';
		size_t tail = (size_t)size - sizeof(note);
		if (note.kind == VC_CL_NOTE_CALLBACK)
			vc_notes_run(note.cookie, (cl_int)note.status);
		else if (note.kind == VC_CL_NOTE_FREE)
			vc_memory_free((void *)(uintptr_t)note.cookie);
		else if (note.kind == VC_CL_NOTE_CONTEXT && tail > 0)
			run_context(&note, record + sizeof(note), tail);
	}
	return size == 0;
}

/* @link's worker died: what was to come from it won't, and those who wait must hear. There may be another worker by now. */
static void run_all(const struct vc_link *link) {
	for (uint32_t i = 0;; i++) {
		uint64_t cookie = 0;
		pthread_mutex_lock(&lock);
		bool end = i >= count;
		const struct vc_callback *callback = end ? NULL : places[i].callback;
		if (callback && callback->always && (!callback->object || callback->object->epoch == link->epoch))
			cookie = VC_CL_ID(i + 1, places[i].generation);
		pthread_mutex_unlock(&lock);
		if (end)
			break;
		if (cookie)
			vc_notes_run(cookie, CL_OUT_OF_RESOURCES);
	}
}

static void *listen_for_notes(void *data) {
	struct vc_link *link = data;
	for (bool good = true; good;) {
		if (atomic_load(&link->prints) && link->transport->print)
			link->transport->print(link);
		good = drain(link);
		vc_ring_rest(&link->notes, true);
		if (good && vc_ring_ready(&link->notes)) {
			vc_ring_rest(&link->notes, false);
			continue;
		}
		good = good && link->transport->wait(link);
		vc_ring_rest(&link->notes, false);
	}
	vc_link_bury(link);
	run_all(link);
	return NULL;
}

bool vc_thread_start(void *(*run)(void *), void *data) {
	pthread_t thread;
	sigset_t all, old;
	/* The program's signals are the program's threads' business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	bool good = pthread_create(&thread, NULL, run, data) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (good)
		pthread_detach(thread);
	return good;
}

bool vc_notes_start(struct vc_link *link) {
	return vc_thread_start(listen_for_notes, link);
}

struct post {
	struct vc_callback callback;
	cl_int status;
};

static void *run_post(void *data) {
	struct post *post = data;
	post->callback.run(&post->callback, post->status);
	if (post->callback.object)
		vc_object_unuse(post->callback.object);
	free(post);
	return NULL;
}

void vc_notes_post(const struct vc_callback *callback, cl_int status) {
	struct post *post = malloc(sizeof(*post));
	if (!post)
		return;
	*post = (struct post){.callback = *callback, .status = status};
	if (callback->object)
		vc_object_use(callback->object);
	if (!vc_thread_start(run_post, post))
		run_post(post);
}
