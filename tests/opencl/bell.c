// SPDX-License-Identifier: Apache-2.0
#include "bell.h"

#include <time.h>

void vc_bell_init(struct vc_bell *bell) {
	*bell = (struct vc_bell){0};
	pthread_mutex_init(&bell->mutex, NULL);
	pthread_cond_init(&bell->cond, NULL);
}

void vc_bell_finish(struct vc_bell *bell) {
	pthread_cond_destroy(&bell->cond);
	pthread_mutex_destroy(&bell->mutex);
}

void vc_bell_tell(struct vc_bell *bell, int64_t what) {
	pthread_mutex_lock(&bell->mutex);
	bell->rings++;
	bell->last = what;
	pthread_cond_broadcast(&bell->cond);
	pthread_mutex_unlock(&bell->mutex);
}

void vc_bell_ring(struct vc_bell *bell) {
	vc_bell_tell(bell, 0);
}

unsigned vc_bell_rings(struct vc_bell *bell) {
	pthread_mutex_lock(&bell->mutex);
	unsigned rings = bell->rings;
	pthread_mutex_unlock(&bell->mutex);
	return rings;
}

bool vc_bell_wait(struct vc_bell *bell, unsigned rings) {
	struct timespec limit;
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 20;
	pthread_mutex_lock(&bell->mutex);
	int code = 0;
	while (bell->rings < rings && code == 0)
		code = pthread_cond_timedwait(&bell->cond, &bell->mutex, &limit);
	bool rang = bell->rings >= rings;
	pthread_mutex_unlock(&bell->mutex);
	return rang;
}
