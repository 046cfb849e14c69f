/* SPDX-License-Identifier: Apache-2.0 */
#include "vhost.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* vhost-user, "Front-end message types" */
enum request {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_OWNER = 3,
	RESET_OWNER = 4,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	GET_VRING_BASE = 11,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	SET_VRING_ERR = 14,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES = 16,
	GET_QUEUE_NUM = 17,
	SET_VRING_ENABLE = 18,
	GET_CONFIG = 24,
	SET_CONFIG = 25,
	GPU_SET_SOCKET = 33,
};

#define F_PROTOCOL_FEATURES (UINT64_C(1) << 30) /* VHOST_USER_F_PROTOCOL_FEATURES */
/* Features that QEMU offers to any driver by itself and tells us of: two that a version 1 device ignores, and the reset of
 * single rings, which reaches us as GET_VRING_BASE and a start at 0. */
#define QEMUS_OWN                                                                                                      \
	(UINT64_C(1) << VIRTIO_F_NOTIFY_ON_EMPTY | UINT64_C(1) << VIRTIO_F_ANY_LAYOUT |                                \
	 UINT64_C(1) << VIRTIO_F_RING_RESET)
#define P_MQ (UINT64_C(1) << 0)
#define P_REPLY_ACK (UINT64_C(1) << 3)
#define P_CONFIG (UINT64_C(1) << 9)
#define PROTOCOL_OFFERED (P_MQ | P_REPLY_ACK | P_CONFIG)

#define FLAG_VERSION 0x1u
#define FLAG_VERSION_MASK 0x3u
#define FLAG_REPLY 0x4u
#define FLAG_NEED_REPLY 0x8u
#define HEADER_SIZE 12u
#define VRING_NO_FD 0x100u
#define MESSAGES_A_TURN 64

struct header {
	uint32_t request, flags, size;
};

struct vring_state {
	uint32_t index, num;
};

struct vring_addr {
	uint32_t index, flags;
	uint64_t desc, used, avail, log;
};

struct mem_table {
	uint32_t count, padding;
	struct {
		uint64_t gpa, size, uva, offset;
	} region[VC_MEMORY_REGIONS_MAX];
};

struct config_message {
	uint32_t offset, size, flags;
	uint8_t bytes[VC_VHOST_CONFIG_MAX];
};

/* One message under treatment. */
struct message {
	struct header header;
	const uint8_t *payload;
	bool replied;
};

void vc_vhost_init(struct vc_vhost *vhost, const struct vc_vhost_ops *ops, void *data) {
	*vhost = (struct vc_vhost){.sock = -1, .gpu_sock = -1, .ops = ops, .data = data};
	for (unsigned i = 0; i < VC_VHOST_RINGS; i++)
		vc_vring_init(&vhost->ring[i]);
}

void vc_vhost_open(struct vc_vhost *vhost, int sock) {
	vc_vhost_close(vhost);
	vhost->sock = sock;
}

static void drop_fds(struct vc_vhost *vhost) {
	for (unsigned i = 0; i < vhost->nfds; i++)
		if (vhost->fds[i] >= 0)
			close(vhost->fds[i]);
	vhost->nfds = 0;
}

void vc_vhost_close(struct vc_vhost *vhost) {
	if (vhost->sock < 0)
		return;
	vhost->ops->settle(vhost->data);
	for (unsigned i = 0; i < VC_VHOST_RINGS; i++) {
		vhost->ring[i].enabled = false;
		vhost->ops->ring_changed(vhost->data, i);
		vc_vring_finish(&vhost->ring[i]);
	}
	vc_memory_finish(&vhost->memory);
	drop_fds(vhost);
	close(vhost->sock);
	if (vhost->gpu_sock >= 0)
		close(vhost->gpu_sock);
	vhost->sock = vhost->gpu_sock = -1;
	vhost->have = 0;
	vhost->features = vhost->protocol = 0;
	memset(vhost->place, 0, sizeof(vhost->place));
}

/* Takes the message's single descriptor. Returns -1 if there isn't exactly one. */
static int take_fd(struct vc_vhost *vhost) {
	if (vhost->nfds != 1)
		return -1;
	vhost->nfds = 0;
	return vhost->fds[0];
}

static const char *reply(struct vc_vhost *vhost, struct message *m, const void *payload, uint32_t size) {
	uint8_t out[HEADER_SIZE + sizeof(struct config_message)];
	struct header h = {m->header.request, FLAG_VERSION | FLAG_REPLY, size};
	memcpy(out, &h, sizeof(h));
	memcpy(out + sizeof(h), payload, size);
	m->replied = true;
	ssize_t sent = send(vhost->sock, out, sizeof(h) + size, MSG_NOSIGNAL | MSG_DONTWAIT);
	return sent == (ssize_t)(sizeof(h) + size) ? NULL : "a reply could not be sent";
}

static const char *reply_u64(struct vc_vhost *vhost, struct message *m, uint64_t value) {
	return reply(vhost, m, &value, sizeof(value));
}

static const char *get_u64(const struct message *m, uint64_t *value) {
	if (m->header.size != sizeof(*value))
		return "a message has the wrong size";
	memcpy(value, m->payload, sizeof(*value));
	return NULL;
}

static uint64_t offered(const struct vc_vhost *vhost) {
	return vhost->device_features | F_PROTOCOL_FEATURES | UINT64_C(1) << VIRTIO_F_VERSION_1 |
	       UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC | UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX;
}

static const char *set_features(struct vc_vhost *vhost, const struct message *m) {
	uint64_t features;
	const char *why = get_u64(m, &features);
	if (why)
		return why;
	if (features & ~(offered(vhost) | QEMUS_OWN))
		return "SET_FEATURES names features that weren't offered";
	vhost->features = features;
	for (unsigned i = 0; i < VC_VHOST_RINGS; i++)
		vhost->ring[i].event_idx = (features >> VIRTIO_RING_F_EVENT_IDX) & 1;
	return NULL;
}

static void unplace(struct vc_vhost *vhost, unsigned index) {
	struct vc_vring *ring = &vhost->ring[index];
	ring->desc = ring->avail = ring->used = NULL;
}

static const char *place(struct vc_vhost *vhost, unsigned index) {
	const char *why = vc_vring_place(&vhost->ring[index], &vhost->memory, vhost->place[index].desc,
					 vhost->place[index].avail, vhost->place[index].used);
	vhost->place[index].set = why == NULL;
	if (why)
		unplace(vhost, index);
	vhost->ops->ring_changed(vhost->data, index);
	return why;
}

static const char *set_mem_table(struct vc_vhost *vhost, const struct message *m) {
	struct mem_table table;
	if (m->header.size < 8 || m->header.size > sizeof(table))
		return "SET_MEM_TABLE has the wrong size";
	memcpy(&table, m->payload, m->header.size);
	if (table.count > VC_MEMORY_REGIONS_MAX || m->header.size != 8 + table.count * sizeof(table.region[0]))
		return "SET_MEM_TABLE has the wrong number of regions";
	if (vhost->nfds != table.count)
		return "SET_MEM_TABLE has not one descriptor for each region";
	struct vc_memory_region region[VC_MEMORY_REGIONS_MAX];
	for (unsigned i = 0; i < table.count; i++)
		region[i] = (struct vc_memory_region){.gpa = table.region[i].gpa,
						      .size = table.region[i].size,
						      .uva = table.region[i].uva,
						      .offset = table.region[i].offset,
						      .fd = vhost->fds[i]};
	vhost->nfds = 0;
	vhost->ops->settle(vhost->data);
	/* Running rings stay where QEMU put them, in its addresses. */
	for (unsigned i = 0; i < VC_VHOST_RINGS; i++)
		unplace(vhost, i);
	const char *why = vc_memory_set(&vhost->memory, region, table.count);
	for (unsigned i = 0; i < VC_VHOST_RINGS && !why; i++)
		if (vhost->place[i].set)
			why = place(vhost, i);
	if (!why)
		vhost->ops->memory_changed(vhost->data);
	return why;
}

static const char *get_state(const struct message *m, struct vring_state *state) {
	if (m->header.size != sizeof(*state))
		return "a vring message has the wrong size";
	memcpy(state, m->payload, sizeof(*state));
	return state->index < VC_VHOST_RINGS ? NULL : "a vring message names a ring that isn't there";
}

static const char *set_vring_num(struct vc_vhost *vhost, const struct message *m) {
	struct vring_state s;
	const char *why = get_state(m, &s);
	if (why)
		return why;
	if (s.num == 0 || s.num > VC_VRING_SIZE_MAX || (s.num & (s.num - 1)) != 0)
		return "a ring's size is not a power of two up to 1024";
	if (vhost->ring[s.index].enabled)
		return "a running ring can't change its size";
	vhost->ring[s.index].size = s.num;
	unplace(vhost, s.index);
	vhost->place[s.index].set = false;
	return NULL;
}

static const char *set_vring_addr(struct vc_vhost *vhost, const struct message *m) {
	struct vring_addr a;
	if (m->header.size != sizeof(a))
		return "SET_VRING_ADDR has the wrong size";
	memcpy(&a, m->payload, sizeof(a));
	if (a.index >= VC_VHOST_RINGS)
		return "SET_VRING_ADDR names a ring that isn't there";
	vhost->place[a.index].desc = a.desc;
	vhost->place[a.index].avail = a.avail;
	vhost->place[a.index].used = a.used;
	return place(vhost, a.index);
}

static const char *set_vring_base(struct vc_vhost *vhost, const struct message *m) {
	struct vring_state s;
	const char *why = get_state(m, &s);
	if (why)
		return why;
	struct vc_vring *ring = &vhost->ring[s.index];
	if (ring->enabled || s.num > UINT16_MAX)
		return "SET_VRING_BASE on a running ring, or out of range";
	/* All chains were handed back when the ring stopped, so both sides go on from the same place. A ring that starts at 0
	 * belongs to a driver that starts: QEMU tells of a device reset in no other way. */
	ring->next_avail = ring->next_used = (uint16_t)s.num;
	ring->told = ring->broken = false;
	if (s.index == VC_VHOST_CONTROL && s.num == 0)
		vhost->ops->driver_fresh(vhost->data);
	return NULL;
}

static const char *get_vring_base(struct vc_vhost *vhost, struct message *m) {
	struct vring_state s;
	const char *why = get_state(m, &s);
	if (why)
		return why;
	vhost->ops->settle(vhost->data);
	struct vc_vring *ring = &vhost->ring[s.index];
	s.num = ring->next_avail;
	ring->enabled = false;
	vhost->ops->ring_changed(vhost->data, s.index);
	if (ring->kick >= 0)
		close(ring->kick);
	ring->kick = -1;
	return reply(vhost, m, &s, sizeof(s));
}

static const char *set_vring_fd(struct vc_vhost *vhost, const struct message *m) {
	uint64_t value;
	const char *why = get_u64(m, &value);
	if (why)
		return why;
	unsigned index = (unsigned)(value & 0xff);
	if (index >= VC_VHOST_RINGS || (value & ~UINT64_C(0x1ff)) != 0)
		return "a vring descriptor is for a ring that isn't there";
	int fd = -1;
	if (!(value & VRING_NO_FD)) {
		fd = take_fd(vhost);
		if (fd < 0)
			return "a vring message lacks its descriptor";
	} else if (m->header.request == SET_VRING_KICK) {
		return "a ring without a kick descriptor would have to be polled";
	}
	/* QEMU has the same open file and could take this back; then our watchdog ends it all, QEMU first. */
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	struct vc_vring *ring = &vhost->ring[index];
	int *slot = m->header.request == SET_VRING_KICK   ? &ring->kick
		    : m->header.request == SET_VRING_CALL ? &ring->call
							  : &ring->err;
	int old = *slot;
	*slot = fd;
	if (m->header.request == SET_VRING_KICK)
		vhost->ops->ring_changed(vhost->data, index);
	if (old >= 0)
		close(old);
	return NULL;
}

static const char *set_vring_enable(struct vc_vhost *vhost, const struct message *m) {
	struct vring_state s;
	const char *why = get_state(m, &s);
	if (why)
		return why;
	if (s.num > 1)
		return "SET_VRING_ENABLE is neither on nor off";
	vhost->ring[s.index].enabled = s.num == 1;
	vhost->ops->ring_changed(vhost->data, s.index);
	return NULL;
}

static const char *get_config(struct vc_vhost *vhost, struct message *m) {
	struct config_message c;
	if (m->header.size < 12 || m->header.size > sizeof(c))
		return "GET_CONFIG has the wrong size";
	memcpy(&c, m->payload, 12);
	if (c.size > VC_VHOST_CONFIG_MAX || c.offset > VC_VHOST_CONFIG_MAX || m->header.size != 12 + c.size)
		return "GET_CONFIG has the wrong size";
	/* What lies behind our config reads as zero: a newer QEMU may know more fields. */
	memset(c.bytes, 0, sizeof(c.bytes));
	for (uint32_t i = 0; i < c.size && c.offset + i < vhost->config_size; i++)
		c.bytes[i] = vhost->config[c.offset + i];
	return reply(vhost, m, &c, 12 + c.size);
}

static const char *set_gpu_socket(struct vc_vhost *vhost) {
	int fd = take_fd(vhost);
	if (fd < 0)
		return "GPU_SET_SOCKET lacks its descriptor";
	if (vhost->gpu_sock >= 0)
		close(vhost->gpu_sock);
	vhost->gpu_sock = fd;
	return NULL;
}

static const char *set_protocol_features(struct vc_vhost *vhost, const struct message *m) {
	uint64_t features;
	const char *why = get_u64(m, &features);
	if (why)
		return why;
	if (features & ~PROTOCOL_OFFERED)
		return "SET_PROTOCOL_FEATURES names features that weren't offered";
	vhost->protocol = features;
	return NULL;
}

static const char *dispatch(struct vc_vhost *vhost, struct message *m) {
	switch (m->header.request) {
	case GET_FEATURES:
		return reply_u64(vhost, m, offered(vhost));
	case SET_FEATURES:
		return set_features(vhost, m);
	case GET_PROTOCOL_FEATURES:
		return reply_u64(vhost, m, PROTOCOL_OFFERED);
	case SET_PROTOCOL_FEATURES:
		return set_protocol_features(vhost, m);
	case GET_QUEUE_NUM:
		return reply_u64(vhost, m, VC_VHOST_RINGS);
	case SET_OWNER:
	case RESET_OWNER:
	case SET_CONFIG: /* the driver may only write events_clear, and no event is ever set */
		return NULL;
	case SET_MEM_TABLE:
		return set_mem_table(vhost, m);
	case SET_VRING_NUM:
		return set_vring_num(vhost, m);
	case SET_VRING_ADDR:
		return set_vring_addr(vhost, m);
	case SET_VRING_BASE:
		return set_vring_base(vhost, m);
	case GET_VRING_BASE:
		return get_vring_base(vhost, m);
	case SET_VRING_KICK:
	case SET_VRING_CALL:
	case SET_VRING_ERR:
		return set_vring_fd(vhost, m);
	case SET_VRING_ENABLE:
		return set_vring_enable(vhost, m);
	case GET_CONFIG:
		return get_config(vhost, m);
	case GPU_SET_SOCKET:
		return set_gpu_socket(vhost);
	default:
		return "a message has a type that isn't known";
	}
}

static const char *handle(struct vc_vhost *vhost) {
	struct message m = {.payload = vhost->in + HEADER_SIZE};
	memcpy(&m.header, vhost->in, sizeof(m.header));
	const char *why = dispatch(vhost, &m);
	drop_fds(vhost);
	if (!why && !m.replied && (m.header.flags & FLAG_NEED_REPLY) && (vhost->protocol & P_REPLY_ACK))
		why = reply_u64(vhost, &m, 0);
	return why;
}

/* Keeps the descriptors that came with a piece of a message. */
static bool keep_fds(struct vc_vhost *vhost, struct msghdr *msg) {
	bool fits = !(msg->msg_flags & MSG_CTRUNC);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (vhost->nfds < VC_VHOST_FDS_MAX) {
				vhost->fds[vhost->nfds++] = fd;
			} else {
				close(fd);
				fits = false;
			}
		}
	}
	return fits;
}

/* How many bytes the message at hand has, as far as is known yet. */
static const char *message_size(const struct vc_vhost *vhost, size_t *size) {
	*size = HEADER_SIZE;
	if (vhost->have < HEADER_SIZE)
		return NULL;
	struct header h;
	memcpy(&h, vhost->in, sizeof(h));
	if ((h.flags & FLAG_VERSION_MASK) != FLAG_VERSION || (h.flags & FLAG_REPLY))
		return "a message has the wrong version or is a reply";
	if (h.size > VC_VHOST_PAYLOAD_MAX)
		return "a message is too long";
	*size += h.size;
	return NULL;
}

const char *vc_vhost_receive(struct vc_vhost *vhost) {
	for (unsigned handled = 0; handled < MESSAGES_A_TURN;) {
		size_t size;
		const char *why = message_size(vhost, &size);
		if (why)
			return why;
		if (vhost->have >= HEADER_SIZE && vhost->have == size) {
			why = handle(vhost);
			vhost->have = 0;
			handled++;
			if (why)
				return why;
			continue;
		}
		union {
			struct cmsghdr align;
			char bytes[CMSG_SPACE(VC_VHOST_FDS_MAX * sizeof(int))];
		} control;
		struct iovec iov = {.iov_base = vhost->in + vhost->have, .iov_len = size - vhost->have};
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
		ssize_t got = recvmsg(vhost->sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN ? NULL : "the connection failed";
		if (!keep_fds(vhost, &msg))
			return "a message carries too many descriptors";
		if (got == 0)
			return vhost->have == 0 ? "" : "the connection ended within a message";
		vhost->have += (size_t)got;
	}
	return NULL;
}
