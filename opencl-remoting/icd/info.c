/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Info queries. Three ways, from the quickest: answers that the client knows (its objects' handles and counts), answers that never
 * change and were given before, and the worker.
 */
#include "info.h"

#include "call.h"
#include "entry.h"

#include <CL/cl_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ASK = 4096, CACHE = 1024, CACHE_MAX = 16384 };

/* An answer that never changes. */
struct known {
	struct known *next;
	uint64_t hash, extra; /* of the request's bytes, in two ways */
	size_t size;
	uint8_t bytes[];
};

static struct known *cache[CACHE];
static unsigned cached;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void hash_request(const struct vc_call *c, uint64_t *hash, uint64_t *extra) {
	uint64_t h = c->head.op, e = 0xcbf29ce484222325u + c->head.op;
	for (size_t i = 0; i < c->used; i++) {
		h = (h ^ c->data[i]) * 0x100000001b3u;
		e = (e + c->data[i]) * 0xff51afd7ed558ccdu;
	}
	*hash = h;
	*extra = e;
}

/* Answers as the API wants it: section "info queries" of each object in the specification. */
static cl_int give(const void *bytes, size_t have, size_t size, void *value, size_t *size_ret) {
	if (value && size < have)
		return CL_INVALID_VALUE;
	if (value && have > 0)
		memcpy(value, bytes, have);
	if (size_ret)
		*size_ret = have;
	return CL_SUCCESS;
}

static bool give_known(uint64_t hash, uint64_t extra, size_t size, void *value, size_t *size_ret, cl_int *result) {
	bool found = false;
	pthread_mutex_lock(&lock);
	for (struct known *k = cache[hash % CACHE]; k && !found; k = k->next)
		if (k->hash == hash && k->extra == extra) {
			*result = give(k->bytes, k->size, size, value, size_ret);
			found = true;
		}
	pthread_mutex_unlock(&lock);
	return found;
}

static void remember(uint64_t hash, uint64_t extra, const void *bytes, size_t size) {
	struct known *k = malloc(sizeof(*k) + size);
	if (!k)
		return;
	*k = (struct known){.hash = hash, .extra = extra, .size = size};
	memcpy(k->bytes, bytes, size);
	pthread_mutex_lock(&lock);
	if (cached < CACHE_MAX) {
		k->next = cache[hash % CACHE];
		cache[hash % CACHE] = k;
		cached++;
		k = NULL;
	}
	pthread_mutex_unlock(&lock);
	free(k);
}

/* Extensions that need nothing of the client: language features and properties. Others bring functions or handles that are not
 * passed on, so they are not announced. */
static bool extension_works(const char *name, size_t length) {
	static const char *const works[] = {
		"cl_khr_icd",
		"cl_khr_byte_addressable_store",
		"cl_khr_global_int32_base_atomics",
		"cl_khr_global_int32_extended_atomics",
		"cl_khr_local_int32_base_atomics",
		"cl_khr_local_int32_extended_atomics",
		"cl_khr_int64_base_atomics",
		"cl_khr_int64_extended_atomics",
		"cl_khr_fp64",
		"cl_khr_fp16",
		"cl_khr_3d_image_writes",
		"cl_khr_il_program",
		"cl_khr_subgroups",
		"cl_khr_subgroup_ballot",
		"cl_khr_subgroup_shuffle",
		"cl_khr_subgroup_shuffle_relative",
		"cl_khr_subgroup_extended_types",
		"cl_khr_subgroup_non_uniform_arithmetic",
		"cl_khr_subgroup_non_uniform_vote",
		"cl_khr_subgroup_clustered_reduce",
		"cl_khr_subgroup_rotate",
		"cl_khr_integer_dot_product",
		"cl_khr_expect_assume",
		"cl_khr_extended_bit_ops",
		"cl_khr_spirv_no_integer_wrap_decoration",
		"cl_khr_spirv_linkonce_odr",
		"cl_khr_work_group_uniform_arithmetic",
		"cl_khr_mipmap_image",
		"cl_khr_depth_images",
		"cl_khr_device_uuid",
		"cl_khr_pci_bus_info",
		"cl_khr_extended_versioning",
		"cl_khr_priority_hints",
		"cl_khr_throttle_hints",
		"cl_khr_select_fprounding_mode",
		"cl_ext_float_atomics",
		"cl_intel_subgroups",
		"cl_intel_subgroups_short",
		"cl_intel_subgroups_char",
		"cl_intel_subgroups_long",
		"cl_intel_required_subgroup_size",
		"cl_nv_compiler_options",
		"cl_nv_device_attribute_query",
		"cl_nv_pragma_unroll",
		"cl_nv_copy_opts",
	};
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
		if (strlen(works[i]) == length && strncmp(works[i], name, length) == 0)
			return true;
	return false;
}

static size_t keep_words(char *text, size_t size) {
	size_t out = 0;
	char *rest = NULL;
	if (size == 0 || text[size - 1] != '\0')
		return size;
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		size_t n = strlen(word);
		if (!extension_works(word, n))
			continue;
		if (out > 0)
			text[out++] = ' ';
		memmove(text + out, word, n);
		out += n;
	}
	text[out] = '\0';
	return out + 1;
}

static size_t keep_versions(cl_name_version *list, size_t size) {
	size_t out = 0;
	for (size_t i = 0; i < size / sizeof(*list); i++)
		if (extension_works(list[i].name, strnlen(list[i].name, sizeof(list[i].name))))
			list[out++] = list[i];
	return out * sizeof(*list);
}

/* Makes the host's answer the client's: what isn't passed on isn't announced. Returns the new size. */
static size_t adapt(enum vc_info_table table, cl_uint param, void *value, size_t size) {
	cl_ulong bits = 0;
	(void)table;
	switch (param) {
	case CL_PLATFORM_EXTENSIONS:
	case CL_DEVICE_EXTENSIONS:
		return keep_words(value, size);
	case CL_PLATFORM_EXTENSIONS_WITH_VERSION:
	case CL_DEVICE_EXTENSIONS_WITH_VERSION:
		return keep_versions(value, size);
	case CL_PLATFORM_ICD_SUFFIX_KHR:
		return (size_t)snprintf(value, FIRST_ASK, "VCKP") + 1;
	case CL_DEVICE_SVM_CAPABILITIES:
		if (size == sizeof(bits)) {
			memcpy(&bits, value, sizeof(bits));
			/* SVM is shared memory that the device works in; the program's own memory is not. */
			bits = (bits & CL_DEVICE_SVM_FINE_GRAIN_SYSTEM) && !getenv("VCOCKPIT_CL_STAGED")
				       ? bits & ~(cl_ulong)CL_DEVICE_SVM_FINE_GRAIN_SYSTEM
				       : 0;
			memcpy(value, &bits, sizeof(bits));
		}
		return size;
	case CL_DEVICE_EXECUTION_CAPABILITIES:
		if (size == sizeof(bits)) {
			memcpy(&bits, value, sizeof(bits));
			bits &= ~(cl_ulong)CL_EXEC_NATIVE_KERNEL;
			memcpy(value, &bits, sizeof(bits));
		}
		return size;
	default:
		return size;
	}
}

/* Numbers become handles. */
static void name_handles(enum vc_cl_kind kind, uint8_t *bytes, size_t size) {
	for (size_t i = 0; i + sizeof(uint64_t) <= size; i += sizeof(uint64_t)) {
		uint64_t id;
		memcpy(&id, bytes + i, sizeof(id));
		void *object = vc_object_named(kind, id);
		memcpy(bytes + i, &object, sizeof(object));
	}
}

/* Asks the worker for up to @ask bytes. Returns the result; *bytes is malloc()ed when it is CL_SUCCESS. */
static cl_int ask(struct vc_call *c, enum vc_info_table table, cl_uint param, size_t ask_size, bool want,
		  uint8_t **bytes, size_t *got, size_t *size_ret) {
	vc_put_val(c, ask_size);
	vc_put_val(c, want);
	vc_call_expect(c, 16 + (want ? ask_size : 0));
	vc_call_run(c);
	*size_ret = (size_t)vc_get_val(c);
	*got = (size_t)vc_get_val(c);
	*bytes = NULL;
	if (c->result == CL_SUCCESS) {
		if (*got > c->answer_size - c->answer_at || *got > ask_size)
			*got = 0; /* a worker that lies */
		*bytes = calloc(1, (*got > FIRST_ASK ? *got : FIRST_ASK) + 1);
		if (!*bytes) {
			vc_call_end(c);
			return CL_OUT_OF_HOST_MEMORY;
		}
		if (*got > 0)
			memcpy(*bytes, c->answer + c->answer_at, *got);
		enum vc_info_class class = vc_info_class(table, param);
		if (class == VC_INFO_DEVICES)
			name_handles(VC_CL_DEVICE, *bytes, *got);
		else if (class == VC_INFO_PLATFORM_)
			name_handles(VC_CL_PLATFORM, *bytes, *got);
	}
	return vc_call_end(c);
}

cl_int vc_call_info(struct vc_call *c, enum vc_info_table table, void *object, cl_uint param, size_t size, void *value,
		    size_t *size_ret) {
	enum vc_info_class class = vc_info_class(table, param);
	union vc_info_value local;
	size_t n = 0;
	uint64_t hash, extra;
	cl_int result = CL_SUCCESS;
	const void *answer = vc_info_local(table, object, param, &local, &n);
	if (answer && !c->failed) {
		atomic_fetch_add_explicit(&c->link->channel->counters.local, 1, memory_order_relaxed);
		vc_call_end(c);
		return give(answer, n, size, value, size_ret);
	}
	bool fixed = class != VC_INFO_CHANGES && class != VC_INFO_LOCAL && !c->failed;
	hash_request(c, &hash, &extra);
	if (fixed && give_known(hash, extra, size, value, size_ret, &result)) {
		atomic_fetch_add_explicit(&c->link->channel->counters.local, 1, memory_order_relaxed);
		vc_call_end(c);
		return result;
	}
	/* A fixed answer is fetched whole, whatever was asked for. If it is longer than that, the caller's own question is put. */
	struct vc_call again;
	if (fixed) {
		again = *c;
		again.data = c->data == c->small ? again.small : NULL;
	}
	uint8_t *bytes;
	size_t got, have;
	result = ask(c, table, param, fixed ? FIRST_ASK : size, fixed || value, &bytes, &got, &have);
	if (fixed && result == CL_SUCCESS && got == have) {
		got = adapt(table, param, bytes, got);
		remember(hash, extra, bytes, got);
		result = give(bytes, got, size, value, size_ret);
	} else if (fixed && result == CL_INVALID_VALUE && again.data && (value ? size : FIRST_ASK + 1) > FIRST_ASK) {
		result = ask(&again, table, param, size, value != NULL, &bytes, &got, &have);
		if (result == CL_SUCCESS && value && got > 0)
			memcpy(value, bytes, got);
		if (result == CL_SUCCESS && size_ret)
			*size_ret = have;
	} else if (result == CL_SUCCESS && fixed) {
		result = CL_OUT_OF_RESOURCES; /* an answer that contradicts itself */
	} else if (result == CL_SUCCESS) {
		if (value && got > 0)
			memcpy(value, bytes, got);
		if (size_ret)
			*size_ret = have;
	}
	free(bytes);
	return result;
}
