/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include "clock.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void vc_notify_init(struct vc_notify *notify) {
	*notify = (struct vc_notify){.sock = -1};
	const char *path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;
	if (length == 0 || length >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (sock >= 0 && connect(sock, (struct sockaddr *)&address, size) < 0) {
		close(sock);
		return;
	}
	notify->sock = sock;
	if (usec)
		notify->interval_ns = strtoll(usec, NULL, 10) * 1000 / 4;
}

void vc_notify_finish(struct vc_notify *notify) {
	if (notify->sock >= 0)
		close(notify->sock);
	notify->sock = -1;
}

void vc_notify_send(const struct vc_notify *notify, const char *state) {
	/* A full queue loses this one; the watchdog's time leaves room for that. */
	if (notify->sock >= 0 && send(notify->sock, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
}

void vc_notify_alive(struct vc_notify *notify, int64_t now_ns) {
	if (notify->interval_ns <= 0 || now_ns < notify->next_ns)
		return;
	/* Anybody may fill systemd's queue: that costs this try, and the next call tries again. */
	if (notify->sock >= 0 && send(notify->sock, "WATCHDOG=1", 10, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
	    errno == EAGAIN)
		return;
	notify->next_ns = now_ns + notify->interval_ns;
}
