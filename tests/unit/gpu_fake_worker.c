/* SPDX-License-Identifier: Apache-2.0 */
/* A worker that is ready at once, says whether it was started with 3D, and waits to be killed. With $FAKE_WORKER_LAZY it never is. */
#include "ipc.h"
#include "worker-proto.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
	struct vc_worker_ready ready = {.op = VC_WORKER_READY, .virgl = argc > 1 && strcmp(argv[1], "virgl") == 0};
	if (!getenv("FAKE_WORKER_LAZY"))
		vc_ipc_send(VC_WORKER_SOCKET, &ready, sizeof(ready), NULL, 0);
	struct vc_worker_command command;
	while (vc_ipc_recv(VC_WORKER_SOCKET, &command, sizeof(command), NULL, NULL) > 0)
		;
	return 0;
}
