/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over a stored corpus, so that every input that ever mattered is tried again in the unit tests, with
 * any compiler. Arguments are files and folders. Fails if no input was found: an empty corpus would test nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned inputs;

static int replay_file(const char *path, size_t size) {
	FILE *file = fopen(path, "rb");
	/* Exactly as large as the input, so that a sanitizer sees reads behind its end. */
	uint8_t *data = malloc(size ? size : 1);
	int ok = file && data && fread(data, 1, size, file) == size;
	if (file)
		fclose(file);
	if (ok) {
		LLVMFuzzerTestOneInput(data, size);
		inputs++;
	} else {
		fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
	}
	free(data);
	return ok ? 0 : 1;
}

static int replay(const char *path) {
	struct stat st;
	if (stat(path, &st) < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path, (size_t)st.st_size);
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort);
	int failed = n < 0;
	for (int i = 0; i < n; i++) {
		char child[4096];
		if (names[i]->d_name[0] != '.') {
			snprintf(child, sizeof(child), "%s/%s", path, names[i]->d_name);
			failed |= replay(child);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return failed;
}

int main(int argc, char **argv) {
	int failed = 0;
	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	printf("%u inputs replayed\n", inputs);
	if (inputs == 0)
		fprintf(stderr, "no inputs: the corpus is empty\n");
	return failed || inputs == 0;
}
