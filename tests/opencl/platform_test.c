// SPDX-License-Identifier: Apache-2.0
// Platforms: what they say of themselves, and what bad questions get.
#include "answers.h"

static void info(void) {
	static const struct {
		cl_platform_info name;
		const char *text;
	} names[] = {
		{CL_PLATFORM_PROFILE, "profile"}, {CL_PLATFORM_VERSION, "version"},       {CL_PLATFORM_NAME, "name"},
		{CL_PLATFORM_VENDOR, "vendor"},   {CL_PLATFORM_EXTENSIONS, "extensions"},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char text[4096] = "";
		size_t size = 0;
		vc_answer(names[i].text, "%s",
			  vc_code_name(clGetPlatformInfo(rig.platform, names[i].name, sizeof(text), text, &size)));
		CHECK(size == strlen(text) + 1);
		CHECK(size > 1);
		CHECK(clGetPlatformInfo(rig.platform, names[i].name, size - 1, text, NULL) == CL_INVALID_VALUE);
	}
	char profile[64] = "", version[256] = "";
	clGetPlatformInfo(rig.platform, CL_PLATFORM_PROFILE, sizeof(profile), profile, NULL);
	clGetPlatformInfo(rig.platform, CL_PLATFORM_VERSION, sizeof(version), version, NULL);
	vc_answer("profile", "%s", profile);
	vc_answer("version", "%.10s", version);

	cl_version numeric = 0;
	CALL(clGetPlatformInfo(rig.platform, CL_PLATFORM_NUMERIC_VERSION, sizeof(numeric), &numeric, NULL));
	vc_answer("numeric version", "%u.%u", CL_VERSION_MAJOR(numeric), CL_VERSION_MINOR(numeric));
	size_t size = 0;
	CALL(clGetPlatformInfo(rig.platform, CL_PLATFORM_EXTENSIONS_WITH_VERSION, 0, NULL, &size));
	CHECK(size % sizeof(cl_name_version) == 0);
	cl_ulong resolution = 0;
	CALL(clGetPlatformInfo(rig.platform, CL_PLATFORM_HOST_TIMER_RESOLUTION, sizeof(resolution), &resolution, NULL));
	vc_answer("host timer resolution", "%llu", (unsigned long long)resolution);
	CALL(clGetPlatformInfo(rig.platform, 0xdead, sizeof(profile), profile, NULL));
	CALL(clGetPlatformInfo(rig.platform, CL_PLATFORM_NAME, 1, profile, NULL));
}

/* The extensions "with version" and the list in one string must say the same. */
static void extensions(void) {
	cl_name_version list[128];
	char text[8192] = "";
	size_t size = 0, words = 0;
	MUST(clGetPlatformInfo(rig.platform, CL_PLATFORM_EXTENSIONS_WITH_VERSION, sizeof(list), list, &size));
	MUST(clGetPlatformInfo(rig.platform, CL_PLATFORM_EXTENSIONS, sizeof(text), text, NULL));
	for (char *rest = NULL, *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		bool found = false;
		for (size_t i = 0; i < size / sizeof(list[0]); i++)
			found = found || strcmp(list[i].name, word) == 0;
		CHECK(found);
		words++;
	}
	CHECK(words == size / sizeof(list[0]));
}

static void devices(void) {
	cl_device_id all[16];
	cl_uint count = 0;
	CALL(clGetDeviceIDs(rig.platform, CL_DEVICE_TYPE_ALL, 0, NULL, &count));
	vc_answer("devices", "%u", count);
	CALL(clGetDeviceIDs(rig.platform, CL_DEVICE_TYPE_ALL, 16, all, NULL));
	CALL(clGetDeviceIDs(rig.platform, CL_DEVICE_TYPE_DEFAULT, 16, all, &count));
	vc_answer("default devices", "%u", count);
	CALL(clGetDeviceIDs(rig.platform, CL_DEVICE_TYPE_CPU, 16, all, &count));
	CALL(clGetDeviceIDs(rig.platform, CL_DEVICE_TYPE_GPU, 16, all, &count));
	CALL(clGetDeviceIDs(rig.platform, CL_DEVICE_TYPE_ACCELERATOR, 16, all, &count));
	CALL(clGetDeviceIDs(rig.platform, CL_DEVICE_TYPE_CUSTOM, 16, all, &count));
	CALL(clGetDeviceIDs(rig.platform, CL_DEVICE_TYPE_ALL, 0, all, NULL));
	CALL(clGetDeviceIDs(rig.platform, CL_DEVICE_TYPE_ALL, 1, NULL, NULL));
	CALL(clGetDeviceIDs(rig.platform, 0, 1, all, NULL));
	CALL(clGetDeviceIDs(rig.platform, 1u << 20, 1, all, NULL));
	/* The same device has the same handle whenever one asks. */
	cl_device_id again;
	MUST(clGetDeviceIDs(rig.platform, CL_DEVICE_TYPE_ALL, 1, &again, NULL));
	CHECK(again == rig.device);
}

static void others(void) {
	CALL(clUnloadPlatformCompiler(rig.platform));
	CHECK(clGetExtensionFunctionAddressForPlatform(rig.platform, "clNoSuchFunctionVC") == NULL);
	cl_uint count = 0;
	CALL(clGetPlatformIDs(0, NULL, &count));
	CHECK(count >= 1);
	CALL(clGetPlatformIDs(0, NULL, NULL));
}

int main(void) {
	vc_rig_init();
	info();
	extensions();
	devices();
	others();
	return vc_rig_finish();
}
