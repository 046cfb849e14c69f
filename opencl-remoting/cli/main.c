/* SPDX-License-Identifier: Apache-2.0 */
/* vcockpit-cl: asks the OpenCL broker what it does. */
#include "hello.h"
#include "ipc.h"
#include "wire.h"

#include <errno.h>
#include <getopt.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A thousand clients with all that can be said of them. */
enum { STATUS_BYTES = 16 << 20 };

static void print_help(void) {
	puts("Usage: vcockpit-cl [--socket PATH] status [--json]\n"
	     "What the OpenCL broker does: clients, their objects, calls and bytes moved.\n"
	     "\n"
	     "  --socket PATH   default: $VCOCKPIT_CL_SOCKET, else " VC_CL_SOCKET "\n"
	     "  --json          all of it, as JSON\n"
	     "  --help, --version\n"
	     "\n"
	     "See vcockpit-cl(1).");
}

static int fetch(const char *path, char *text, size_t size) {
	int sock = vc_ipc_connect(path);
	if (sock < 0) {
		fprintf(stderr, "vcockpit-cl: %s: %s; is vcockpit-cld running?\n", path, strerror(-sock));
		return -1;
	}
	struct vc_cl_hello hello = {.magic = VC_CL_MAGIC, .version = VC_CL_VERSION, .want = VC_CL_WANT_STATUS};
	int err = vc_ipc_send(sock, &hello, sizeof(hello), NULL, 0);
	ssize_t got = err;
	vc_ipc_limit(sock, vc_hello_ms());
	size_t used = 0;
	/* Pieces until the end. */
	while (got >= 0 && (got = vc_ipc_recv(sock, text + used, size - 1 - used, NULL, NULL)) > 0)
		used += (size_t)got;
	close(sock);
	text[used] = '\0';
	if (got == 0 && used > 0)
		return 0;
	if (got == -EAGAIN)
		got = -ETIMEDOUT;
	fprintf(stderr, "vcockpit-cl: %s: %s\n", path, got < 0 ? strerror((int)-got) : "the broker closed");
	return -1;
}

static uint64_t number(struct json_object *from, const char *key) {
	return json_object_get_uint64(json_object_object_get(from, key));
}

static void print_table(struct json_object *top) {
	struct json_object *clients = json_object_object_get(top, "clients");
	printf("%-8s %-8s %-16s %10s %10s %12s %12s\n", "PID", "WORKER", "NAME", "WAITED", "ONE WAY", "SHARED MiB",
	       "COPIED MiB");
	for (size_t i = 0; i < json_object_array_length(clients); i++) {
		struct json_object *c = json_object_array_get_idx(clients, i);
		printf("%-8llu %-8llu %-16.16s %10llu %10llu %12.1f %12.1f\n", (unsigned long long)number(c, "pid"),
		       (unsigned long long)number(c, "worker"),
		       json_object_get_string(json_object_object_get(c, "name")),
		       (unsigned long long)number(c, "calls_waited"), (unsigned long long)number(c, "calls_one_way"),
		       (double)number(c, "shared_bytes") / (1 << 20), (double)number(c, "bytes_copied") / (1 << 20));
	}
}

int main(int argc, char **argv) {
	enum { SOCKET = 1000, JSON, HELP, VERSION };
	static const struct option table[] = {
		{"socket", required_argument, NULL, SOCKET},
		{"json", no_argument, NULL, JSON},
		{"help", no_argument, NULL, HELP},
		{"version", no_argument, NULL, VERSION},
		{NULL, 0, NULL, 0},
	};
	const char *path = getenv("VCOCKPIT_CL_SOCKET");
	if (!path)
		path = VC_CL_SOCKET;
	bool json = false;
	int c;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == SOCKET) {
			path = optarg;
		} else if (c == JSON) {
			json = true;
		} else if (c == HELP) {
			print_help();
			return 0;
		} else if (c == VERSION) {
			puts("vcockpit-cl " VC_VERSION);
			return 0;
		} else {
			return 2;
		}
	}
	if (optind != argc - 1 || strcmp(argv[optind], "status") != 0) {
		fputs("vcockpit-cl: one command is needed: status; see --help\n", stderr);
		return 2;
	}
	static char text[STATUS_BYTES];
	if (fetch(path, text, sizeof(text)) < 0)
		return 1;
	if (json) {
		puts(text);
		return 0;
	}
	struct json_object *top = json_tokener_parse(text);
	if (!top) {
		fprintf(stderr, "vcockpit-cl: the broker's answer is not JSON: %.60s\n", text);
		return 1;
	}
	print_table(top);
	json_object_put(top);
	return 0;
}
