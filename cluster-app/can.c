/* SPDX-License-Identifier: Apache-2.0 */
#include "can.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <linux/can.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAMES_MAX 512 /* in one go: a flooded bus must not hold up the picture */

/* The kernel passes on only our messages' data frames. */
static int set_filters(int sock) {
	struct can_filter filters[VC_DBC_MESSAGES];
	for (int i = 0; i < VC_DBC_MESSAGES; i++) {
		bool extended = vc_dbc_messages[i].extended;
		filters[i].can_id = vc_dbc_messages[i].id | (extended ? CAN_EFF_FLAG : 0);
		filters[i].can_mask = (extended ? CAN_EFF_MASK : CAN_SFF_MASK) | CAN_EFF_FLAG | CAN_RTR_FLAG;
	}
	return setsockopt(sock, SOL_CAN_RAW, CAN_RAW_FILTER, filters, sizeof(filters)) < 0 ? -errno : 0;
}

/* Returns the socket or -errno. */
static int open_socket(const char *interface) {
	int sock = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, CAN_RAW);
	if (sock < 0)
		return -errno;
	struct ifreq request = {0};
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	int err = ioctl(sock, SIOCGIFINDEX, &request) < 0 ? -errno : set_filters(sock);
	struct sockaddr_can address = {.can_family = AF_CAN, .can_ifindex = request.ifr_ifindex};
	int yes = 1;
	if (err == 0 && setsockopt(sock, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes)) < 0)
		err = -errno;
	if (err == 0 && bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		err = -errno;
	if (err == 0 && ioctl(sock, SIOCGIFFLAGS, &request) == 0 && !(request.ifr_flags & IFF_UP))
		err = -ENETDOWN;
	if (err == 0)
		return sock;
	close(sock);
	return err;
}

/* Each reason once, until it is another or the interface is back. */
static void tell(struct vc_can *can, int error) {
	if (can->error == error)
		return;
	can->error = error;
	if (error == EAFNOSUPPORT || error == EPROTONOSUPPORT)
		vc_error("CAN: this kernel has no SocketCAN; load the modules can and can-raw; trying on, without "
			 "vehicle data");
	else if (error == ENODEV)
		vc_error("CAN interface %s does not exist; create it (\"ip link add\") or name another in [can] "
			 "interface; "
			 "trying on, without vehicle data",
			 can->interface);
	else if (error == ENETDOWN)
		vc_error("CAN interface %s is down; bring it up with \"ip link set %s up\"; trying on, without vehicle "
			 "data",
			 can->interface, can->interface);
	else
		vc_error("CAN interface %s: %s; trying on, without vehicle data", can->interface, strerror(error));
}

static void try_open(struct vc_can *can, int64_t now_ns) {
	int sock = open_socket(can->interface);
	if (sock < 0) {
		tell(can, -sock);
		can->retry_ns = now_ns + can->again_ns;
		return;
	}
	can->sock = sock;
	can->empty_ns = now_ns;
	can->error = 0;
	vc_info("listening on CAN interface %s", can->interface);
}

void vc_can_init(struct vc_can *can, const char *interface, int64_t again_ns, int64_t now_ns) {
	*can = (struct vc_can){.interface = interface, .sock = -1, .again_ns = again_ns};
	try_open(can, now_ns);
}

void vc_can_finish(struct vc_can *can) {
	if (can->sock >= 0)
		close(can->sock);
	can->sock = -1;
}

int64_t vc_can_arrival(int64_t age_ns, int64_t empty_ns, int64_t now_ns) {
	return age_ns >= 0 && age_ns <= now_ns - empty_ns ? now_ns - age_ns : empty_ns;
}

/* When a frame came, on the monotonic clock. The kernel notes it on the real-time clock; how long ago that was tells. A frame
 * that has waited in the queue must not pass for a new one. */
static int64_t arrival(const struct vc_can *can, struct msghdr *header, int64_t now_ns) {
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		struct timespec stamp, now;
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
		clock_gettime(CLOCK_REALTIME, &now);
		int64_t age_ns = ((int64_t)now.tv_sec - stamp.tv_sec) * VC_NS_PER_S + now.tv_nsec - stamp.tv_nsec;
		/* Since @now_ns was read, too, some have come. */
		int64_t read_ns = vc_clock_now(), came_ns = vc_can_arrival(age_ns, can->empty_ns, read_ns);
		return came_ns < now_ns ? came_ns : now_ns;
	}
	return now_ns;
}

/* Takes one frame. Returns 1, 0 when none waits, or -errno. */
static int take_frame(struct vc_can *can, struct vc_vehicle *vehicle, const struct vc_vehicle_rules *rules,
		      int64_t now_ns) {
	struct can_frame frame;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct timespec))];
	} control;
	struct iovec iov = {.iov_base = &frame, .iov_len = sizeof(frame)};
	struct msghdr header = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	ssize_t got = recvmsg(can->sock, &header, 0);
	if (got < 0)
		return errno == EAGAIN ? 0 : errno == EINTR ? 1 : -errno;
	if (got != (ssize_t)sizeof(frame))
		return 1; /* not a classic frame */
	size_t size = frame.len <= CAN_MAX_DLEN ? frame.len : CAN_MAX_DLEN;
	bool extended = (frame.can_id & CAN_EFF_FLAG) != 0;
	vc_vehicle_receive(vehicle, rules, frame.can_id & (extended ? CAN_EFF_MASK : CAN_SFF_MASK), extended,
			   frame.data, size, arrival(can, &header, now_ns));
	return 1;
}

void vc_can_receive(struct vc_can *can, struct vc_vehicle *vehicle, const struct vc_vehicle_rules *rules,
		    int64_t now_ns) {
	if (can->sock < 0 && now_ns >= can->retry_ns)
		try_open(can, now_ns);
	for (int i = 0; i < FRAMES_MAX && can->sock >= 0; i++) {
		int got = take_frame(can, vehicle, rules, now_ns);
		if (got == 0) {
			can->empty_ns = now_ns;
			return;
		}
		if (got > 0)
			continue;
		tell(can, -got);
		vc_can_finish(can);
		can->retry_ns = now_ns + can->again_ns;
	}
}
