/* SPDX-License-Identifier: Apache-2.0 */
#include "requests.h"

#include "ipc.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void hang_up(struct vc_requests_client *client) {
	client->io = sd_event_source_disable_unref(client->io);
	if (client->sock >= 0)
		close(client->sock);
	client->sock = -1;
}

static int allow(struct vc_requests *r, int sock, const char **why) {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	int err = vc_ipc_peer(sock, &uid, &gid, &pid);
	/* The socket's group holds the guest's QEMU, which is the last that may say this. */
	if (err < 0 || (uid != 0 && uid != geteuid())) {
		*why = "only root may allow a guest";
		return EPERM;
	}
	if (!r->ops->allow(r->data)) {
		*why = "this guest's GPU is not banned";
		return EALREADY;
	}
	vc_info("3D is allowed again by pid %d", (int)pid);
	*why = "the guest has 3D again";
	return 0;
}

static int on_request(sd_event_source *source, int fd, uint32_t revents, void *data) {
	struct vc_requests_client *client = data;
	(void)source;
	(void)revents;
	struct vc_gpu_request request;
	struct vc_gpu_reply reply = {.version = VC_GPU_STATUS_VERSION, .error = EINVAL};
	const char *why = "a request that isn't known";
	ssize_t got = vc_ipc_recv(fd, &request, sizeof(request), NULL, NULL);
	if (got == -EAGAIN)
		return 0;
	if (got > 0) {
		if (got == sizeof(request) && request.version == VC_GPU_STATUS_VERSION && request.type == VC_GPU_ALLOW)
			reply.error = allow(client->requests, fd, &why);
		snprintf(reply.reason, sizeof(reply.reason), "%s", why);
		vc_ipc_send(fd, &reply, sizeof(reply), NULL, 0);
	}
	hang_up(client);
	return 0;
}

static int on_connect(sd_event_source *source, int fd, uint32_t revents, void *data) {
	struct vc_requests *r = data;
	(void)source;
	(void)revents;
	int sock = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock < 0)
		return 0;
	struct vc_gpu_status status;
	int along = r->ops->status(r->data, &status);
	vc_ipc_send(sock, &status, sizeof(status), &along, along >= 0 ? 1 : 0);
	struct vc_requests_client *client = &r->client[r->next++ % VC_REQUESTS_CLIENTS];
	hang_up(client);
	client->sock = sock;
	if (sd_event_add_io(r->event, &client->io, sock, EPOLLIN, on_request, client) < 0)
		hang_up(client);
	return 0;
}

int vc_requests_init(struct vc_requests *requests, sd_event *event, const char *path, const struct vc_requests_ops *ops,
		     void *data) {
	*requests = (struct vc_requests){.event = event, .ops = ops, .data = data};
	for (unsigned i = 0; i < VC_REQUESTS_CLIENTS; i++)
		requests->client[i] = (struct vc_requests_client){.requests = requests, .sock = -1};
	int sock = vc_ipc_listen(path, 0660);
	if (sock < 0) {
		vc_error("%s: %s", path, strerror(-sock));
		return sock;
	}
	int err = sd_event_add_io(event, &requests->listener, sock, EPOLLIN, on_connect, requests);
	if (err < 0) {
		close(sock);
		return err;
	}
	return sd_event_source_set_io_fd_own(requests->listener, 1);
}

void vc_requests_finish(struct vc_requests *requests) {
	requests->listener = sd_event_source_disable_unref(requests->listener);
	for (unsigned i = 0; i < VC_REQUESTS_CLIENTS && requests->ops; i++)
		hang_up(&requests->client[i]);
}
