/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcockpit-gpu: one guest's GPU. This is the device process, which QEMU's vhost-user-gpu-pci talks to:
 *
 *   QEMU ── vhost-user, rings, guest RAM ──► vcockpit-gpu ── frames ──► compositor
 *                                               │   ▲
 *                                      commands │   │ answers, frames
 *                                               ▼   │
 *                                         vcockpit-gpu-worker (virglrenderer, GL)
 *
 * It checks and books every command and never touches GL. The worker does, dies of it now and then, and is replaced.
 */
#include "config.h"
#include "device.h"
#include "gpu-proto.h"
#include "log.h"
#include "status.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ALLOW_MS 5000 /* how long --allow waits for an answer */

struct options {
	const char *guest, *config, *dir, *vhost, *events, *display, *worker;
	bool status, frames, allow, debug;
};

static void print_help(void) {
	puts("Usage: vcockpit-gpu [--guest NAME] [OPTION...]\n"
	     "The GPU of one guest: a vhost-user-gpu back-end for QEMU's vhost-user-gpu-pci.\n"
	     "\n"
	     "  --guest NAME      the guest; default: ivi\n"
	     "  --config FILE     its file; default: /etc/vcockpit/vms/NAME.ini\n"
	     "  --socket-dir DIR  where the sockets are; default: /run/vcockpit/gpu-NAME\n"
	     "  --socket PATH     QEMU's chardev connects here; default: DIR/vhost-user.sock\n"
	     "  --events PATH     the guest's event port connects here; default: DIR/events.sock\n"
	     "  --display PATH    the compositor's socket, instead of the file's\n"
	     "  --worker PATH     the worker's executable\n"
	     "  --status          print what a running one does, as JSON, and exit\n"
	     "  --frames          print when its last frames were flushed, ready and shown, as JSON, and exit\n"
	     "  --allow           give a banned guest 3D again, and exit\n"
	     "  --debug           log more\n"
	     "  --help, --version\n"
	     "\n"
	     "See vcockpit-gpu(8) and vcockpit-vm.ini(5).");
}

/* Returns -1 to go on, else an exit code. */
static int parse(int argc, char **argv, struct options *o) {
	enum { GUEST = 1000, CONFIG, DIR, VHOST, EVENTS, DISPLAY, WORKER, STATUS, FRAMES, ALLOW, DEBUG, HELP, VERSION };
	static const struct option table[] = {
		{"guest", required_argument, NULL, GUEST},    {"config", required_argument, NULL, CONFIG},
		{"socket-dir", required_argument, NULL, DIR}, {"socket", required_argument, NULL, VHOST},
		{"events", required_argument, NULL, EVENTS},  {"display", required_argument, NULL, DISPLAY},
		{"worker", required_argument, NULL, WORKER},  {"status", no_argument, NULL, STATUS},
		{"frames", no_argument, NULL, FRAMES},        {"allow", no_argument, NULL, ALLOW},
		{"debug", no_argument, NULL, DEBUG},          {"help", no_argument, NULL, HELP},
		{"version", no_argument, NULL, VERSION},      {NULL, 0, NULL, 0},
	};
	*o = (struct options){.guest = "ivi", .worker = VC_WORKER_PATH};
	const char **strings[] = {&o->guest, &o->config, &o->dir, &o->vhost, &o->events, &o->display, &o->worker};
	int c;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c >= GUEST && c <= WORKER) {
			*strings[c - GUEST] = optarg;
		} else if (c == STATUS) {
			o->status = true;
		} else if (c == FRAMES) {
			o->frames = true;
		} else if (c == ALLOW) {
			o->allow = true;
		} else if (c == DEBUG) {
			o->debug = true;
		} else if (c == HELP) {
			print_help();
			return 0;
		} else if (c == VERSION) {
			puts("vcockpit-gpu " VC_VERSION);
			return 0;
		} else {
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "vcockpit-gpu: unexpected argument \"%s\"; see --help\n", argv[optind]);
		return 2;
	}
	if (strchr(o->guest, '/') || o->guest[0] == '\0' || strlen(o->guest) > 31) {
		fprintf(stderr, "vcockpit-gpu: --guest %s: a name of up to 31 characters without \"/\" is needed\n",
			o->guest);
		return 2;
	}
	return -1;
}

static int allow(const char *path) {
	char why[VC_GPU_REASON_MAX];
	int err = vc_gpu_allow(path, NULL, ALLOW_MS, why);
	if (err < 0) {
		vc_error("%s", why);
		return 1;
	}
	puts(why);
	return 0;
}

int main(int argc, char **argv) {
	struct options o;
	int code = parse(argc, argv, &o);
	if (code >= 0)
		return code;
	vc_log_init("vcockpit-gpu", o.debug);
	char dir[96], vhost[128], events[128], status[128], config[128], error[512];
	snprintf(dir, sizeof(dir), "/run/vcockpit/gpu-%s", o.guest);
	if (!o.dir)
		o.dir = dir;
	if (strlen(o.dir) > 80) {
		vc_error("--socket-dir %s: longer than 80 characters; socket paths would not fit", o.dir);
		return 2;
	}
	snprintf(vhost, sizeof(vhost), "%s/vhost-user.sock", o.dir);
	snprintf(events, sizeof(events), "%s/events.sock", o.dir);
	snprintf(status, sizeof(status), "%s/status", o.dir);
	snprintf(config, sizeof(config), "/etc/vcockpit/vms/%s.ini", o.guest);
	if (o.status)
		return vc_status_print(status);
	if (o.frames)
		return vc_status_print_frames(status);
	if (o.allow)
		return allow(status);

	struct vc_device *device = calloc(1, sizeof(*device));
	if (!device) {
		vc_error("cannot start: %s", strerror(ENOMEM));
		return 1;
	}
	code = 2;
	if (!vc_gpu_config_read(&device->config, o.config ? o.config : config, error, sizeof(error))) {
		vc_error("%s", error);
	} else if (o.display && strlen(o.display) >= sizeof(device->config.display)) {
		vc_error("--display %s: longer than a socket's path can be", o.display);
	} else if (mkdir(o.dir, 0750) < 0 && errno != EEXIST) {
		vc_error("%s: %s; the unit's RuntimeDirectory= should make it", o.dir, strerror(errno));
		code = 1;
	} else {
		if (o.display)
			memcpy(device->config.display, o.display, strlen(o.display) + 1);
		device->vhost_path = o.vhost ? o.vhost : vhost;
		device->events_path = o.events ? o.events : events;
		device->status_path = status;
		code = vc_device_run(device, o.worker);
	}
	free(device);
	return code;
}
