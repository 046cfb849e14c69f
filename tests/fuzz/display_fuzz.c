/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds the display server sequences of messages, valid and not, mixed with the passing of time, vblanks and connections that
 * come and go. An input is a list of steps: a byte that says what, then what it needs. A buffer that leaks or is dropped
 * twice aborts (compositor_fake_display.c).
 */
#include "compositor_fake_display.h"
#include "log.h"

#include "clock.h"

#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CONNECTIONS 3

struct input {
	const uint8_t *data;
	size_t left;
};

static uint8_t take_byte(struct input *in) {
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->data++;
}

/* A message: its bytes as they come, except that type and size are made right unless the step says otherwise, because a
 * fuzzer would hardly ever get past them. */
static size_t take_message(struct input *in, union vc_display_message *message, bool honest) {
	static const struct {
		uint32_t type, size;
	} kinds[] = {
		{VC_DISPLAY_HELLO, sizeof(struct vc_display_hello)},
		{VC_DISPLAY_BUFFER_ADD, sizeof(struct vc_display_buffer_add)},
		{VC_DISPLAY_BUFFER_REMOVE, sizeof(struct vc_display_buffer_remove)},
		{VC_DISPLAY_PRESENT, sizeof(struct vc_display_present)},
		{VC_DISPLAY_HEARTBEAT, sizeof(struct vc_display_heartbeat)},
		{VC_DISPLAY_DECLARE, sizeof(struct vc_display_declare)},
	};
	unsigned kind = take_byte(in) % (sizeof(kinds) / sizeof(kinds[0]));
	size_t body = kinds[kind].size - sizeof(message->header);
	size_t got = body < in->left ? body : in->left;
	*message = (union vc_display_message){0};
	memcpy((uint8_t *)message + sizeof(message->header), in->data, got);
	in->data += got;
	in->left -= got;
	message->header = (struct vc_display_header){kinds[kind].type, kinds[kind].size};
	if (honest)
		return kinds[kind].size;
	message->header.type ^= take_byte(in);
	message->header.size ^= take_byte(in);
	size_t cut = take_byte(in);
	return cut < sizeof(*message) ? cut : sizeof(*message);
}

/* The reasons for disconnecting would fill the terminal: this stands for common/log.c. */
void vc_log(enum vc_log_level level, const char *format, ...) {
	(void)level;
	(void)format;
}

static void handle(struct fake_display *fake, struct vc_client *client, struct input *in, uint8_t step) {
	union vc_display_message message;
	size_t size = take_message(in, &message, (step & 0x08) == 0);
	bool carries = (step & 0x10) != 0;
	if ((step & 0x08) == 0 && message.header.type == VC_DISPLAY_BUFFER_ADD)
		carries = true;
	int fd = carries ? eventfd(0, EFD_CLOEXEC) : -1;
	vc_client_handle(client, &message, size, &fd, carries, fake->now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static struct fake_display fake;
	struct input in = {data, size};
	struct vc_client *client[CONNECTIONS] = {NULL};
	int sock[CONNECTIONS];
	fake_display_init(&fake);
	for (int i = 0; i < CONNECTIONS; i++)
		sock[i] = fake_display_connect(&fake, i == 0 ? VC_DOOR_CLUSTER : VC_DOOR_GUESTS, &client[i]);
	while (in.left > 0) {
		uint8_t step = take_byte(&in);
		unsigned which = step % CONNECTIONS;
		/* Disconnected by the server: the place is free, or somebody else's. */
		if (client[which]->watch.fd < 0 || client[which]->clients != &fake.clients) {
			close(sock[which]);
			unsigned door = which == 0 ? VC_DOOR_CLUSTER : VC_DOOR_GUESTS;
			sock[which] = fake_display_connect(&fake, door, &client[which]);
		}
		switch (step >> 5) {
		case 0:
			fake_display_flip(&fake);
			break;
		case 1:
			fake.now_ns += take_byte(&in) * VC_NS_PER_MS;
			break;
		case 2:
			if (step & 0x08)
				fake.slow_imports = !fake.slow_imports;
			else
				fake.refuse_imports = !fake.refuse_imports;
			if (step & 0x10)
				fake_display_import(&fake);
			break;
		case 3:
			if (client[which]->watch.fd >= 0)
				vc_client_close(client[which], (step & 0x10) != 0, fake.now_ns);
			break;
		default:
			if (client[which]->watch.fd >= 0)
				handle(&fake, client[which], &in, step);
			break;
		}
	}
	for (int i = 0; i < CONNECTIONS; i++)
		close(sock[i]);
	fake_display_finish(&fake);
	return 0;
}
