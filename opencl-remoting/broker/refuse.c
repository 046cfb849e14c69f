/* SPDX-License-Identifier: Apache-2.0 */
#include "refuse.h"

#include "clock.h"
#include "ipc.h"
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

void vc_cl_refuse_waiting(int listener, int64_t limit_ms) {
	static const struct vc_cl_welcome refusal = {
		.magic = VC_CL_MAGIC, .error = -ENOTSUP, .why = "the broker can't serve anybody; its log says why"};
	int64_t end = vc_clock_now() + limit_ms * VC_NS_PER_MS;
	for (int sock; (sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0; close(sock)) {
		struct pollfd hangup = {.fd = sock, .events = POLLRDHUP};
		int64_t left = (end - vc_clock_now()) / VC_NS_PER_MS;
		/* Closed with its hello unread, the connection would be reset, and the refusal lost: it's the client who closes. */
		if (vc_ipc_send(sock, &refusal, sizeof(refusal), NULL, 0) == 0 && left > 0)
			poll(&hangup, 1, (int)left);
	}
}
