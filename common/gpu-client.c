/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu-proto.h"
#include "ipc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int ask(int sock, int timeout_ms, struct vc_gpu_reply *reply) {
	struct timeval limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
	struct vc_gpu_request request = {VC_GPU_STATUS_VERSION, VC_GPU_ALLOW};
	struct vc_gpu_status status;
	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	ssize_t got = vc_ipc_recv(sock, &status, sizeof(status), NULL, NULL);
	if (got < 0)
		return (int)got;
	int err = vc_ipc_send(sock, &request, sizeof(request), NULL, 0);
	if (err < 0)
		return err;
	got = vc_ipc_recv(sock, reply, sizeof(*reply), NULL, NULL);
	if (got < 0)
		return (int)got;
	return got == sizeof(*reply) && reply->version == VC_GPU_STATUS_VERSION && reply->error >= 0 ? 0 : -EPROTO;
}

int vc_gpu_allow(const char *path, const char *guest, int timeout_ms, char *why) {
	char standard[108];
	if (!path) {
		snprintf(standard, sizeof(standard), "/run/vcockpit/gpu-%.31s/status", guest);
		path = standard;
	}
	struct vc_gpu_reply reply = {0};
	int sock = vc_ipc_connect(path), err = sock < 0 ? sock : ask(sock, timeout_ms, &reply);
	if (sock >= 0)
		close(sock);
	if (err < 0) {
		snprintf(why, VC_GPU_REASON_MAX, "%s: %s", path, err == -EAGAIN ? "no answer in time" : strerror(-err));
		return err == -EAGAIN ? -ETIMEDOUT : err;
	}
	snprintf(why, VC_GPU_REASON_MAX, "%.*s", VC_GPU_REASON_MAX - 1, reply.reason);
	return -reply.error;
}
