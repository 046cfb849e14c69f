/* SPDX-License-Identifier: Apache-2.0 */
/* Orders a fault of the agent inside a guest: the time goes into the file when the guest says that it begins. */
#include "clock.h"
#include "conf.h"
#include "log.h"
#include "recording.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_agent(const char *path) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock >= 0 && connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(sock);
		return -1;
	}
	return sock;
}

/* Reads until "started NAME" has come; false if it ended before, or the time did. */
static bool await_started(int sock, const char *name, int64_t limit_ns) {
	char text[512], wanted[64], ended[64];
	size_t used = 0;
	snprintf(wanted, sizeof(wanted), "started %.40s\n", name);
	snprintf(ended, sizeof(ended), "ended %.40s ", name);
	while (used < sizeof(text) - 1) {
		int64_t left_ns = limit_ns - vc_clock_now();
		struct pollfd p = {.fd = sock, .events = POLLIN};
		if (left_ns <= 0 || poll(&p, 1, (int)(left_ns / VC_NS_PER_MS) + 1) <= 0)
			return false;
		ssize_t got = read(sock, text + used, sizeof(text) - 1 - used);
		if (got <= 0)
			return false;
		used += (size_t)got;
		text[used] = '\0';
		if (strstr(text, wanted))
			return true;
		if (strstr(text, ended))
			return false;
	}
	return false;
}

int vc_fault_order(int argc, char **argv) {
	int64_t limit_ms;
	if (argc != 6 || vc_conf_int(argv[5], 1, INT32_MAX, &limit_ms)) {
		vc_error("order: FILE SOCKET NAME SECONDS LIMIT_MS are needed");
		return 2;
	}
	int sock = connect_agent(argv[2]);
	if (sock < 0) {
		vc_error("%s: %s; is the guest running?", argv[2], strerror(errno));
		return 1;
	}
	char line[80];
	int n = snprintf(line, sizeof(line), "%.40s %.20s\n", argv[3], argv[4]);
	bool started = write(sock, line, (size_t)n) == n &&
		       await_started(sock, argv[3], vc_clock_now() + limit_ms * VC_NS_PER_MS);
	if (!started)
		vc_error("the agent in the guest did not start %s", argv[3]);
	bool stamped = started && vc_fault_write_stamp(argv[1]);
	close(sock);
	return stamped ? 0 : 1;
}
