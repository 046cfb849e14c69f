/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vc-fault: what vcockpit-fault(8), a script, needs a program for. It stands outside the safety domain and asks nothing of it
 * but what any tool may: the frame log by the control socket, a layer's place by the display socket.
 *
 *   record   follows the frame log over the deaths of compositors into one recording
 *   await    waits for something to happen in the recording
 *   judge    measures one fault's window in the recording and holds it against the budget
 *   stamp    says when exactly a command was started or a signal sent
 *   process  says what starting a process that does nothing takes
 *   order    has the agent in a guest do something wrong
 *   source   a guest's picture that can be told to misbehave
 *   hog      takes all of something: CPU, memory, disk, descriptors
 */
#include "log.h"
#include "recording.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
	static const struct {
		const char *name, *arguments;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{"record", "FILE", vc_fault_record},
		{"await", "FILE LAYER STATE|frame|commit SINCE_NS LIMIT_MS", vc_fault_await},
		{"judge", "--recording FILE --budgets FILE --column kvm|tcg --marks FILE NAME", vc_fault_judge},
		{"stamp", "FILE COMMAND [ARGUMENT]... | FILE --signal SIGNAL PID...", vc_fault_stamp},
		{"process", "", vc_fault_process},
		{"order", "FILE SOCKET NAME SECONDS LIMIT_MS", vc_fault_order},
		{"source", "LAYER FAULT", vc_fault_source},
		{"hog", "cpu|memory|io|disk|descriptors [FOLDER]", vc_fault_hog},
	};
	vc_log_init("vc-fault", 0);
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("vc-fault " VC_VERSION);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	FILE *out = argc > 1 && strcmp(argv[1], "--help") == 0 ? stdout : stderr;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "%s vc-fault %s %s\n", i == 0 ? "usage:" : "      ", commands[i].name,
			commands[i].arguments);
	return out == stdout ? 0 : 2;
}
