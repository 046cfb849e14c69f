/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>

#define EVENTS_MAX 32

int vc_loop_init(struct vc_loop *loop) {
	*loop = (struct vc_loop){0};
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	return loop->epoll >= 0 ? 0 : -errno;
}

int vc_loop_add(struct vc_loop *loop, struct vc_watch *watch) {
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};
	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event) == 0 ? 0 : -errno;
}

void vc_loop_pause(struct vc_loop *loop, struct vc_watch *watch, bool paused) {
	struct epoll_event event = {.events = paused ? 0 : EPOLLIN, .data.ptr = watch};
	watch->paused = epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event) == 0 && paused;
}

void vc_loop_remove(struct vc_loop *loop, struct vc_watch *watch) {
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->fd = -1;
}

int vc_loop_run(struct vc_loop *loop) {
	struct epoll_event events[EVENTS_MAX];
	while (!loop->quit) {
		int n = epoll_wait(loop->epoll, events, EVENTS_MAX, -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		vc_stalls_wake(&loop->stalls);
		for (int urgency = 0; urgency < VC_URGENCIES; urgency++)
			for (int i = 0; i < n; i++) {
				struct vc_watch *watch = events[i].data.ptr;
				/* Removed by an event before it. If its place was taken again, the newcomer looks
				 * once too often, which does no harm: nothing here blocks. */
				if (watch && watch->fd >= 0 && (int)watch->urgency == urgency) {
					events[i].data.ptr = NULL;
					watch->ready(watch->data, events[i].events);
				}
			}
		vc_stalls_sleep(&loop->stalls);
	}
	return 0;
}
