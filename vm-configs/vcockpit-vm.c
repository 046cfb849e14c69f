/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcockpit-vm: starts one guest. Reads the [vm] section of /etc/vcockpit/vms/NAME.ini, checks that what it names is there,
 * and becomes QEMU. Everything a person would tune in the machine itself is in the -readconfig file; this adds the few
 * arguments that are policy: no screen of QEMU's own, no default devices, a read-only root disk.
 */
#include "conf.h"
#include "log.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define QEMU "qemu-system-x86_64"

struct vm {
	char name[64];
	char ini[256];
	char qemu[256], kernel[256], initrd[256], root[256], append[1024];
};

/* Where a key of [vm] goes, and how much fits. */
static char *vm_field(struct vm *vm, const char *key, size_t *size) {
	const struct {
		const char *key;
		char *field;
		size_t size;
	} fields[] = {
	        {"qemu", vm->qemu, sizeof(vm->qemu)},       {"kernel", vm->kernel, sizeof(vm->kernel)},
	        {"initrd", vm->initrd, sizeof(vm->initrd)}, {"root", vm->root, sizeof(vm->root)},
	        {"append", vm->append, sizeof(vm->append)},
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(fields[i].key, key) == 0) {
			*size = fields[i].size;
			return fields[i].field;
		}
	return NULL;
}

static const char *vm_set(void *data, const struct vc_conf_entry *entry) {
	if (strcmp(entry->kind, "vm") != 0)
		return strcmp(entry->kind, "gpu") == 0 ? NULL : "unknown section; there are [vm] and [gpu]";
	size_t size = 0;
	char *field = vm_field(data, entry->key, &size);
	if (!field)
		return "unknown key; [vm] has qemu, kernel, initrd, root and append";
	return vc_conf_string(entry->value, field, size);
}

static bool vm_has_file(const struct vm *vm, const char *key, const char *path) {
	if (path[0] == '\0') {
		vc_error("%s: [vm] has no \"%s\"; name a file", vm->ini, key);
		return false;
	}
	/* A comma would end the file name inside a -drive argument and start an option. */
	if (strchr(path, ',')) {
		vc_error("%s: [vm] %s = %s: a comma cannot be in a file name here; rename the file", vm->ini, key, path);
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
	return vm_has_file(vm, "qemu", vm->qemu) && vm_has_file(vm, "kernel", vm->kernel) &&
	       vm_has_file(vm, "initrd", vm->initrd) && vm_has_file(vm, "root", vm->root);
}

static void usage(void) {
	printf("Usage: vcockpit-vm [OPTION]... NAME\n"
	       "Starts the guest NAME as /etc/vcockpit/vms/NAME.ini says, by becoming QEMU.\n\n"
	       "  -c, --config FILE  read FILE instead\n"
	       "  -p, --print        print QEMU's command line, a word a line, and exit\n"
	       "  -h, --help         this text\n"
	       "  -V, --version      the version\n");
}

int main(int argc, char **argv) {
	static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"print", no_argument, NULL, 'p'},
	                                        {"help", no_argument, NULL, 'h'},         {"version", no_argument, NULL, 'V'},
	                                        {NULL, 0, NULL, 0}};
	struct vm vm = {0};
	bool print = false;
	int option;
	vc_log_init("vcockpit-vm", 0);
	while ((option = getopt_long(argc, argv, "c:phV", options, NULL)) >= 0) {
		switch (option) {
		case 'c':
			snprintf(vm.ini, sizeof(vm.ini), "%s", optarg);
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

	char drive[320];
	snprintf(drive, sizeof(drive), "file=%s,if=virtio,format=raw,readonly=on", vm.root);
	char *const command[] = {QEMU,         "-name",  vm.name,   "-readconfig", vm.qemu,    "-no-user-config",
	                         "-nodefaults", "-display", "none",  "-serial",     "stdio",    "-monitor",
	                         "none",       "-kernel", vm.kernel, "-initrd",     vm.initrd,  "-append",
	                         vm.append,    "-drive",  drive,     "-sandbox",
	                         "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny", "-action",
	                         /* The guest's end, however it comes, is QEMU's end: systemd says when it starts again. */
	                         "reboot=shutdown,watchdog=poweroff", NULL};
	if (print) {
		for (size_t i = 0; command[i]; i++)
			puts(command[i]);
		return 0;
	}
	execvp(QEMU, command);
	vc_error("%s: %s; install the package qemu-system-x86", QEMU, strerror(errno));
	return 1;
}
