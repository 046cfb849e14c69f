// SPDX-License-Identifier: Apache-2.0
// opencl-hostile MODE [N]: speaks the broker's and the worker's protocol badly, on the socket that VCOCKPIT_CL_SOCKET names. Exits with 0 when
// what had to be refused was, and when connections ended that had to. That nobody else noticed is for the script to see.
//
//   hello     hellos that are none: of other sizes, magics and versions, with no, wrong, and too many descriptors
//   channel   channels of wrong sizes, that are not sealed, that shrink; addresses that can't be
//   vanish    goes at every step of getting a worker, N times each
//   rings     indices and records out of range in a running worker's ring, each of which ends that worker
//   arena     memory files that are not sealed, too small, out of place, or missing, and a good one
//   flood     N requests of all kinds as fast as they go, and N hellos
//   linger    sends a connection that takes a minute to close, in place of a channel, and prints "sent"
//   deaf      listens on that socket itself, takes nobody, prints "deaf", and waits for the end of standard input
//   silent    opens N connections, says nothing, prints "silent", and waits for the end of standard input
#include "ipc.h"
#include "opencl-api.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LIMIT_MS = 20000 };

static const char *path;
static int failures;

static void check(bool good, const char *what) {
	printf("%s: %s\n", what, good ? "good" : "FAIL");
	failures += !good;
}

static int reach(void) {
	int sock = vc_ipc_connect(path);
	if (sock < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-sock));
		exit(1);
	}
	return sock;
}

static struct vc_cl_hello good_hello(void) {
	return (struct vc_cl_hello){.magic = VC_CL_MAGIC,
				    .version = VC_CL_VERSION,
				    .want = VC_CL_WANT_WORKER,
				    .base = UINT64_C(0x200000000000),
				    .size = UINT64_C(1) << 30,
				    .name = "hostile\n<3>\x1b[2J"};
}

static int memory(size_t size, bool sealed) {
	int fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, (off_t)size) < 0 ||
	    (sealed && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)) {
		perror("memory file");
		exit(1);
	}
	return fd;
}

static bool readable(int sock) {
	struct pollfd p = {.fd = sock, .events = POLLIN};
	return poll(&p, 1, LIMIT_MS) == 1;
}

/* Waits for the welcome: 1: it is one; 0: a refusal or the connection's end; -1: nothing came in time. */
static int welcomed(int sock) {
	struct vc_cl_welcome welcome = {0};
	if (!readable(sock))
		return -1;
	ssize_t got = vc_ipc_recv(sock, &welcome, sizeof(welcome), NULL, NULL);
	return got == sizeof(welcome) && welcome.error == 0;
}

/* The worker ends, and so the connection. */
static bool ends(int sock) {
	char byte;
	ssize_t got = 1;
	while (got > 0 && readable(sock))
		got = vc_ipc_recv(sock, &byte, sizeof(byte), NULL, NULL);
	return got <= 0;
}

static void expect_refusal(const char *what, const void *hello, size_t size, const int *fds, unsigned nfds) {
	int sock = reach();
	vc_ipc_send(sock, hello, size, fds, nfds);
	check(welcomed(sock) == 0, what);
	close(sock);
}

static void hellos(void) {
	struct vc_cl_hello hello = good_hello();
	char bytes[4096] = {0};
	int channel = memory(sizeof(struct vc_cl_channel), true);
	memcpy(bytes, &hello, sizeof(hello));
	expect_refusal("one byte", bytes, 1, &channel, 1);
	expect_refusal("a piece of a hello", bytes, sizeof(hello) - 1, &channel, 1);
	expect_refusal("a hello that is too long", bytes, sizeof(bytes), &channel, 1);
	hello.magic++;
	expect_refusal("another magic", &hello, sizeof(hello), &channel, 1);
	hello = good_hello();
	hello.version++;
	expect_refusal("another version", &hello, sizeof(hello), &channel, 1);
	hello = good_hello();
	hello.want = 77;
	expect_refusal("wanting nothing there is", &hello, sizeof(hello), &channel, 1);
	hello = good_hello();
	expect_refusal("no descriptors", &hello, sizeof(hello), NULL, 0);
	const int many[] = {channel, channel, channel, channel, channel, channel, channel, channel};
	expect_refusal("eight descriptors", &hello, sizeof(hello), many, 8);
	const int two[] = {channel, channel};
	expect_refusal("an output that is no pipe", &hello, sizeof(hello), two, 2);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	expect_refusal("a channel that is a device", &hello, sizeof(hello), &null, 1);
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	expect_refusal("a channel that is a program", &hello, sizeof(hello), &self, 1);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	expect_refusal("a channel that is a socket", &hello, sizeof(hello), &listener, 1);
	int dead = reach();
	shutdown(dead, SHUT_RDWR);
	expect_refusal("a channel that is the broker's own", &hello, sizeof(hello), &dead, 1);
}

static void channels(void) {
	struct vc_cl_hello hello = good_hello();
	int fd = memory(sizeof(struct vc_cl_channel) - 1, true);
	expect_refusal("a channel that is a byte too small", &hello, sizeof(hello), &fd, 1);
	fd = memory(0, true);
	expect_refusal("an empty channel", &hello, sizeof(hello), &fd, 1);
	fd = memory(sizeof(struct vc_cl_channel), false);
	int sock = reach();
	vc_ipc_send(sock, &hello, sizeof(hello), &fd, 1);
	check(ftruncate(fd, 0) == 0, "the channel shrinks");
	check(welcomed(sock) == 0, "a channel that is not sealed and shrinks");
	fd = memory(sizeof(struct vc_cl_channel), true);
	static const uint64_t ranges[][2] = {{0, 4096},
					     {4096, 0},
					     {UINT64_C(0x200000000001), 4096},
					     {UINT64_C(0x200000000000), 4097},
					     {UINT64_MAX - 4095, 8192},
					     {UINT64_C(0xffff800000000000), 4096},
					     {4096, UINT64_C(1) << 62}};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		hello.base = ranges[i][0];
		hello.size = ranges[i][1];
		expect_refusal("addresses that can't be", &hello, sizeof(hello), &fd, 1);
	}
}

/* A worker of our own, with its channel mapped. */
struct session {
	int sock;
	struct vc_cl_channel *channel;
	struct vc_ring commands;
};

static struct session open_session(void) {
	struct session s = {.sock = reach()};
	struct vc_cl_hello hello = good_hello();
	int fd = memory(sizeof(*s.channel), true);
	vc_ipc_send(s.sock, &hello, sizeof(hello), &fd, 1);
	s.channel = mmap(NULL, sizeof(*s.channel), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (s.channel == MAP_FAILED || welcomed(s.sock) != 1) {
		fprintf(stderr, "no worker\n");
		exit(1);
	}
	vc_ring_init(&s.commands, &s.channel->commands, s.channel->command_bytes, VC_CL_COMMANDS_SIZE);
	return s;
}

static void close_session(struct session *s) {
	munmap(s->channel, sizeof(*s->channel));
	close(s->sock);
}

static bool push(struct session *s, uint16_t op, uint16_t slot, const uint64_t *arguments, unsigned n) {
	struct vc_cl_request head = {.size = (uint32_t)(sizeof(head) + n * sizeof(*arguments)), .op = op, .slot = slot};
	const struct iovec pieces[] = {{&head, sizeof(head)}, {(void *)(uintptr_t)arguments, n * sizeof(*arguments)}};
	bool good = vc_ring_push(&s->commands, pieces, 2);
	vc_ring_call(&s->commands);
	return good;
}

static void ring_bell(struct session *s) {
	atomic_store(&s->channel->commands.resting, 0);
	atomic_fetch_add(&s->channel->commands.bell, 1);
	vc_futex_wake(&s->channel->commands.bell, 100);
}

static void bad_head(const char *what, uint32_t head, uint32_t record) {
	struct session s = open_session();
	memset(s.channel->command_bytes, 0xff, VC_CL_COMMANDS_SIZE);
	memcpy(s.channel->command_bytes, &record, sizeof(record));
	atomic_store(&s.channel->commands.head, head);
	ring_bell(&s);
	check(ends(s.sock), what);
	close_session(&s);
}

static void bad_request(const char *what, struct vc_cl_request head) {
	struct session s = open_session();
	head.size = sizeof(head);
	const struct iovec piece = {&head, sizeof(head)};
	check(vc_ring_push(&s.commands, &piece, 1), "a request fits");
	ring_bell(&s);
	check(ends(s.sock), what);
	close_session(&s);
}

static void rings(void) {
	bad_head("a head beyond the ring", VC_CL_COMMANDS_SIZE * 3, 64);
	bad_head("a head behind the tail", (uint32_t)-64, 64);
	bad_head("a head that is not aligned", 3, 64);
	bad_head("a record of no size", 64, 0);
	bad_head("a record longer than what is there", 64, 128);
	bad_head("a record shorter than its header", 64, 8);
	bad_head("a record of 4 GiB", 64, (uint32_t)-8);
	bad_head("a record of no aligned size", 64, 63);
	bad_request("no such operation", (struct vc_cl_request){.op = 9999, .slot = VC_CL_NO_SLOT});
	bad_request("no operation", (struct vc_cl_request){.slot = VC_CL_NO_SLOT});
	bad_request("no such slot", (struct vc_cl_request){.op = VC_OP_clFlush, .slot = VC_CL_SLOTS});
	bad_request("arguments that are missing", (struct vc_cl_request){.op = VC_OP_clCreateBuffer, .slot = 0});
	bad_request("arguments in no shared memory",
		    (struct vc_cl_request){.op = VC_OP_clFlush, .slot = 0, .address = 4096, .length = 4096});
	bad_request("room for the answer in no shared memory",
		    (struct vc_cl_request){.op = VC_OP_clFlush, .slot = 0, .room_address = UINT64_MAX, .room = 64});
	bad_request(
		"arguments of 2^63 bytes",
		(struct vc_cl_request){.op = VC_OP_clFlush, .slot = 0, .address = 4096, .length = UINT64_C(1) << 63});
	/* Its own words are the client's to break: that costs it the worker, or just answers. */
	struct session s = open_session();
	atomic_store(&s.channel->commands.tail, 0x12345678);
	atomic_store(&s.channel->notes.tail, 0x87654321);
	for (unsigned i = 0; i < VC_CL_SLOTS; i++)
		atomic_store(&s.channel->slots[i].state, 0xffffffff);
	ring_bell(&s);
	close_session(&s);
}

static void bad_arena(const char *what, int fd, uint64_t address, uint64_t size) {
	struct session s = open_session();
	char byte = 0;
	if (fd >= 0)
		vc_ipc_send(s.sock, &byte, 1, &fd, 1);
	else
		vc_ipc_send(s.sock, &byte, 1, NULL, 0);
	push(&s, VC_OP_vcAddArena, 0, (uint64_t[]){address, size}, 2);
	check(ends(s.sock), what);
	close_session(&s);
}

static void arenas(void) {
	const uint64_t base = good_hello().base, size = 1 << 20;
	int fd = memory(size, false);
	bad_arena("memory that is not sealed", fd, base, size);
	check(ftruncate(fd, 0) == 0, "it shrinks");
	bad_arena("memory that has shrunk", fd, base, size);
	bad_arena("memory that is too small", memory(size - 4096, true), base, size);
	bad_arena("memory below the range", memory(size, true), base - 4096, size);
	bad_arena("memory beyond the range", memory(size, true), base + (UINT64_C(1) << 30), size);
	bad_arena("memory that is not aligned", memory(size, true), base + 1, size);
	bad_arena("memory of no size", memory(size, true), base, 0);
	bad_arena("no descriptor", -1, base, size);
	bad_arena("a descriptor that is no memory", open("/dev/zero", O_RDWR | O_CLOEXEC), base, size);
	/* A good one works, so the others failed for what they were. */
	struct session s = open_session();
	struct vc_cl_slot *slot = &s.channel->slots[0];
	char byte = 0;
	fd = memory(size, true);
	atomic_store(&slot->state, VC_CL_SLOT_SLEEPING);
	vc_ipc_send(s.sock, &byte, 1, &fd, 1);
	push(&s, VC_OP_vcAddArena, 0, (uint64_t[]){base, size}, 2);
	vc_futex_wait(&slot->state, VC_CL_SLOT_SLEEPING, LIMIT_MS);
	int64_t result = -1;
	memcpy(&result, slot->bytes, sizeof(result));
	check(atomic_load(&slot->state) == VC_CL_SLOT_DONE && result == 0, "good memory");
	close_session(&s);
}

static void vanish(unsigned times) {
	struct vc_cl_hello hello = good_hello();
	int fd = memory(sizeof(struct vc_cl_channel), true);
	for (unsigned i = 0; i < times; i++) {
		close(reach());
		int sock = reach();
		vc_ipc_send(sock, &hello, sizeof(hello), &fd, 1);
		close(sock);
		sock = reach();
		vc_ipc_send(sock, &hello, sizeof(hello), &fd, 1);
		shutdown(sock, SHUT_WR);
		close(sock);
		sock = reach();
		hello.want = VC_CL_WANT_STATUS;
		vc_ipc_send(sock, &hello, sizeof(hello), NULL, 0);
		close(sock);
		hello = good_hello();
	}
	puts("vanished");
}

static void flood(unsigned times) {
	struct session s = open_session();
	unsigned sent = 0, stalls = 0;
	while (sent < times && stalls < 100) {
		/* Objects that don't exist, and arguments that mean nothing. */
		const uint64_t words[] = {sent, UINT64_MAX, 0, sent << 7};
		const uint64_t object[] = {sent % VC_CL_KINDS, words[3]};
		bool release = sent % 2;
		if (release ? push(&s, VC_OP_vcReleaseObject, VC_CL_NO_SLOT, object, 2)
			    : push(&s, VC_OP_clFlush, VC_CL_NO_SLOT, words, 1)) {
			sent++;
			stalls = 0;
		} else {
			vc_ring_wait_room(&s.commands, 128);
			stalls++;
		}
	}
	printf("flooded with %u requests\n", sent);
	close_session(&s);
	struct vc_cl_hello hello = good_hello();
	for (unsigned i = 0; i < times / 1000; i++) {
		int sock = reach();
		vc_ipc_send(sock, &hello, sizeof(hello) - i % 2, NULL, 0);
		close(sock);
	}
	puts("flooded");
}

/* A TCP connection whose peer reads nothing, with data to send and SO_LINGER: its last close() waits a minute. */
static int lingering(void) {
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct linger linger = {.l_onoff = 1, .l_linger = 60};
	static char bytes[1 << 20];
	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
	    connect(sock, (struct sockaddr *)&address, size) < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0) {
		perror("a connection that lingers");
		exit(77);
	}
	while (send(sock, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	return sock;
}

static void *close_it(void *fd) {
	close((int)(intptr_t)fd);
	return NULL;
}

static void linger(void) {
	struct vc_cl_hello hello = good_hello();
	pthread_t thread;
	for (int i = 0; i < 4; i++) {
		int fd = lingering(), sock = reach();
		hello.version = VC_CL_VERSION + (uint32_t)i % 2;
		vc_ipc_send(sock, &hello, sizeof(hello), &fd, 1);
		/* The last one is on its way now; or it has come and gone already, and it is us who linger. */
		if (pthread_create(&thread, NULL, close_it, (void *)(intptr_t)fd) != 0)
			exit(1);
	}
	puts("sent");
	while (getchar() != EOF)
		;
}

static void silent(unsigned n) {
	for (unsigned i = 0; i < n; i++)
		if (reach() < 0)
			break;
	puts("silent");
	while (getchar() != EOF)
		;
}

static void deaf(void) {
	int sock = vc_ipc_listen(path, 0600);
	if (sock < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-sock));
		exit(1);
	}
	puts("deaf");
	while (getchar() != EOF)
		;
}

int main(int argc, char **argv) {
	const char *mode = argc > 1 ? argv[1] : "";
	unsigned n = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	path = getenv("VCOCKPIT_CL_SOCKET");
	if (!path)
		path = VC_CL_SOCKET;
	alarm(300);
	if (strcmp(mode, "hello") == 0)
		hellos();
	else if (strcmp(mode, "channel") == 0)
		channels();
	else if (strcmp(mode, "vanish") == 0)
		vanish(n);
	else if (strcmp(mode, "rings") == 0)
		rings();
	else if (strcmp(mode, "arena") == 0)
		arenas();
	else if (strcmp(mode, "flood") == 0)
		flood(n);
	else if (strcmp(mode, "linger") == 0)
		linger();
	else if (strcmp(mode, "silent") == 0)
		silent(n);
	else if (strcmp(mode, "deaf") == 0)
		deaf();
	else
		return fprintf(stderr, "Usage: opencl-hostile hello|channel|vanish N|rings|arena|flood N|linger|silent "
				       "N|deaf\n"),
		       2;
	return failures > 0;
}
