/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcockpit-vm: starts one guest. Reads the [vm] section of /etc/vcockpit/vms/NAME.ini, checks that what it names is there,
 * and becomes QEMU. Everything a person would tune in the machine itself is in the -readconfig file; this adds the few
 * arguments that are policy: no screen of QEMU's own, no default devices, a read-only root disk.
 *
 * A child stays behind and looks after QEMU (vm-watch.h). It ends QEMU when that hangs; systemd starts the guest again, and does the
 * same when it hears nothing from the child.
 */
#include "conf.h"
#include "log.h"
#include "vm-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define QEMU "qemu-system-x86_64"

struct vm {
	char name[64];
	char ini[256];
	char qemu[256], kernel[256], initrd[256], root[256], append[1024];
	char report[256];  /* "": what the guest tells is not kept */
	int64_t report_kb; /* and no more than this of it */
	const char *more;  /* one more -readconfig file, NULL: none */
	struct vc_vm_limits limits;
};

static const struct vc_vm_limits default_limits = {
	.check_ms = 1000, .answer_ms = 10000, .pause_ms = 5000, .spin_ms = 10000, .spin_percent = 90};

/* Where a key of [vm] goes, and how much fits. */
static char *vm_field(struct vm *vm, const char *key, size_t *size) {
	const struct {
		const char *key;
		char *field;
		size_t size;
	} fields[] = {
		{"qemu", vm->qemu, sizeof(vm->qemu)},       {"kernel", vm->kernel, sizeof(vm->kernel)},
		{"initrd", vm->initrd, sizeof(vm->initrd)}, {"root", vm->root, sizeof(vm->root)},
		{"append", vm->append, sizeof(vm->append)}, {"report", vm->report, sizeof(vm->report)},
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(fields[i].key, key) == 0) {
			*size = fields[i].size;
			return fields[i].field;
		}
	return NULL;
}

/* A number of [vm]. Returns false if @key is none; @why: NULL if @value is good. */
static bool vm_number(struct vm *vm, const char *key, const char *value, const char **why) {
	const struct {
		const char *key;
		int64_t *field;
		int64_t min, max;
	} numbers[] = {
		{"check_ms", &vm->limits.check_ms, 100, 60000},
		{"answer_ms", &vm->limits.answer_ms, 100, 600000},
		{"pause_ms", &vm->limits.pause_ms, 100, 600000},
		{"spin_ms", &vm->limits.spin_ms, 100, 600000},
		{"spin_percent", &vm->limits.spin_percent, 0, 100},
		{"report_kb", &vm->report_kb, 4, VC_VM_REPORT_KB_MAX},
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(numbers[i].key, key) == 0) {
			*why = vc_conf_int(value, numbers[i].min, numbers[i].max, numbers[i].field);
			return true;
		}
	return false;
}

static const char *vm_set(void *data, const struct vc_conf_entry *entry) {
	if (strcmp(entry->kind, "vm") != 0)
		return strcmp(entry->kind, "gpu") == 0 ? NULL : "unknown section; there are [vm] and [gpu]";
	const char *why;
	if (vm_number(data, entry->key, entry->value, &why))
		return why;
	size_t size = 0;
	char *field = vm_field(data, entry->key, &size);
	if (!field)
		return "unknown key; vcockpit-vm.ini(5) lists those of [vm]";
	return vc_conf_string(entry->value, field, size);
}

static bool vm_has_file(const struct vm *vm, const char *key, const char *path) {
	if (path[0] == '\0') {
		vc_error("%s: [vm] has no \"%s\"; name a file", vm->ini, key);
		return false;
	}
	/* A comma would end the file name inside a -drive argument and start an option. */
	if (strchr(path, ',')) {
		vc_error("%s: [vm] %s = %s: a comma cannot be in a file name here; rename the file", vm->ini, key,
			 path);
		return false;
	}
	if (access(path, R_OK) == 0)
		return true;
	vc_error("%s: [vm] %s = %s: %s; install the guest's image there, or name the right file", vm->ini, key, path,
		 strerror(errno));
	return false;
}

static bool vm_load(struct vm *vm) {
	char error[1024];
	if (!vc_conf_read(vm->ini, vm_set, vm, error, sizeof(error))) {
		vc_error("%s", error);
		return false;
	}
	if (vm->more && access(vm->more, R_OK) < 0) {
		vc_error("--add %s: %s", vm->more, strerror(errno));
		return false;
	}
	return vm_has_file(vm, "qemu", vm->qemu) && vm_has_file(vm, "kernel", vm->kernel) &&
	       (vm->initrd[0] == '\0' || vm_has_file(vm, "initrd", vm->initrd)) && vm_has_file(vm, "root", vm->root);
}

/* The child: looks after its parent, which becomes QEMU. */
static _Noreturn void watch(const struct vm *vm, pid_t qemu, int qmp, int sock) {
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	struct vc_notify notify;
	struct vc_vm_report report = {.sock = -1, .file = -1};
	vc_notify_init(&notify);
	int err = sock >= 0 ? vc_vm_report_open(&report, vm->report, (size_t)vm->report_kb << 10, sock) : 0;
	if (err < 0)
		vc_warn("%s: [vm] report = %s: %s; what the guest tells is not kept", vm->ini, vm->report,
			strerror(-err));
	const char *why = vc_vm_watch(&vm->limits, qemu, qmp, &report, &notify);
	/* Only while it is our parent, the number is still its. */
	if (why && getppid() == qemu) {
		vc_error("guest %s: %s: it is ended", vm->name, why);
		kill(qemu, SIGKILL);
	}
	exit(0);
}

/* QEMU's ends of what is between it and the child. */
struct lines {
	int monitor, report; /* the latter -1: there is none */
};

/* Starts the child. */
static bool start_watch(const struct vm *vm, struct lines *lines) {
	int qmp[2], report[2] = {-1, -1};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp) < 0 ||
	    (vm->report[0] && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, report) < 0))
		return false;
	pid_t qemu = getpid(), child = fork();
	if (child < 0)
		return false;
	if (child == 0) {
		close(qmp[1]);
		if (report[1] >= 0)
			close(report[1]);
		watch(vm, qemu, qmp[0], report[0]);
	}
	close(qmp[0]);
	fcntl(qmp[1], F_SETFD, 0);
	if (report[0] >= 0) {
		close(report[0]);
		fcntl(report[1], F_SETFD, 0);
	}
	*lines = (struct lines){qmp[1], report[1]};
	return true;
}

static void usage(void) {
	printf("Usage: vcockpit-vm [OPTION]... NAME\n"
	       "Starts the guest NAME as /etc/vcockpit/vms/NAME.ini says, by becoming QEMU.\n\n"
	       "  -c, --config FILE  read FILE instead\n"
	       "  -a, --add FILE     one more -readconfig file for QEMU, after the guest's own\n"
	       "  -p, --print        print QEMU's command line, a word a line, and exit\n"
	       "  -h, --help         this text\n"
	       "  -V, --version      the version\n");
}

/* Becomes QEMU, or prints how. Returns an exit code if it can't. */
static int become_qemu(struct vm *vm, bool print) {
	struct lines lines = {.monitor = 3, .report = vm->report[0] ? 4 : -1};
	if (!print && !start_watch(vm, &lines)) {
		vc_error("cannot look after QEMU: %s", strerror(errno));
		return 1;
	}
	char drive[320], qmp[64], report[64];
	snprintf(drive, sizeof(drive), "file=%s,if=virtio,format=raw,readonly=on", vm->root);
	snprintf(qmp, sizeof(qmp), "socket,id=vcockpit-watch,fd=%d", lines.monitor);
	snprintf(report, sizeof(report), "socket,id=report,fd=%d", lines.report);
	char *command[48] = {QEMU, "-name", vm->name, "-readconfig", vm->qemu, "-no-user-config", "-nodefaults",
			     "-display", "none", "-serial", "stdio", "-monitor", "none", "-kernel", vm->kernel,
			     "-append", vm->append, "-drive", drive, "-sandbox",
			     "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny", "-action",
			     /* The guest's end, however it comes, is QEMU's end: systemd says when it starts again. */
			     "reboot=shutdown,watchdog=poweroff", "-chardev", qmp, "-mon",
			     "chardev=vcockpit-watch,mode=control"};
	size_t words = 0;
	while (command[words])
		words++;
	if (vm->initrd[0]) {
		command[words++] = "-initrd";
		command[words++] = vm->initrd;
	}
	if (lines.report >= 0) {
		command[words++] = "-chardev";
		command[words++] = report;
	}
	if (vm->more) {
		command[words++] = "-readconfig";
		command[words++] = (char *)(uintptr_t)vm->more;
	}
	if (print) {
		for (size_t i = 0; command[i]; i++)
			puts(command[i]);
		return 0;
	}
	execvp(QEMU, command);
	vc_error("%s: %s; install the package qemu-system-x86", QEMU, strerror(errno));
	return 1;
}

int main(int argc, char **argv) {
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"add", required_argument, NULL, 'a'},
		{"print", no_argument, NULL, 'p'},        {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0}};
	struct vm vm = {.limits = default_limits, .report_kb = 256};
	bool print = false;
	int option;
	vc_log_init("vcockpit-vm", 0);
	while ((option = getopt_long(argc, argv, "c:a:phV", options, NULL)) >= 0) {
		switch (option) {
		case 'c':
			snprintf(vm.ini, sizeof(vm.ini), "%s", optarg);
			break;
		case 'a':
			vm.more = optarg;
			break;
		case 'p':
			print = true;
			break;
		case 'h':
			usage();
			return 0;
		case 'V':
			puts("vcockpit-vm " VC_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	if (argc - optind != 1 || strlen(argv[optind]) >= sizeof(vm.name) || strchr(argv[optind], '/')) {
		vc_error("name one guest, such as: vcockpit-vm ivi");
		return 2;
	}
	strcpy(vm.name, argv[optind]);
	if (vm.ini[0] == '\0')
		snprintf(vm.ini, sizeof(vm.ini), "/etc/vcockpit/vms/%s.ini", vm.name);
	if (!vm_load(&vm))
		return 2;

	return become_qemu(&vm, print);
}
