/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *program = "vcockpit";
static bool show_debug;
static bool under_systemd;

void vc_log_init(const char *name, int debug) {
	program = name;
	show_debug = debug != 0;
	under_systemd = getenv("JOURNAL_STREAM") != NULL;
}

void vc_log(enum vc_log_level level, const char *format, ...) {
	if (level == VC_LOG_DEBUG && !show_debug)
		return;
	int saved_errno = errno;
	char line[1024];
	/* Under systemd the journal adds the program's name and wants the priority. */
	int n = under_systemd ? snprintf(line, sizeof(line), "<%d>", (int)level)
			      : snprintf(line, sizeof(line), "%s: ", program);
	va_list args;
	va_start(args, format);
	int m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);
	va_end(args);
	size_t length = (size_t)n;
	if (m > 0)
		length += (size_t)m < sizeof(line) - length - 1 ? (size_t)m : sizeof(line) - length - 2;
	line[length++] = '\n';
	/* A journal that doesn't read costs lines, never time. There is nobody to tell when standard error is gone. */
	struct iovec iov = {.iov_base = line, .iov_len = length};
	const struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	if (sendmsg(STDERR_FILENO, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == ENOTSOCK &&
	    write(STDERR_FILENO, line, length) < 0) {
	}
	errno = saved_errno;
}
