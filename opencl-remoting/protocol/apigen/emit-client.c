/* SPDX-License-Identifier: Apache-2.0 */
/* The header and the client's half. */
#include "api.h"

#include <string.h>

static const char *result_type(const struct function *f) {
	const struct arg *made = api_find(f, NEW);
	return made ? api_handle_type(made->type) : "cl_int";
}

/* One parameter of vc_call_NAME(), as OpenCL declares it. */
static void emit_parameter(const struct arg *a, FILE *out) {
	switch (a->kind) {
	case VAL:
		fprintf(out, "%s %s", a->type, a->name);
		break;
	case OBJ:
		fprintf(out, "%s %s", api_handle_type(a->type), a->name);
		break;
	case OBJS:
		fprintf(out, "const %s *%s", api_handle_type(a->type), a->name);
		break;
	case VALS:
		/* clEnqueueFillImage() takes whatever the image holds. */
		fprintf(out, "const %s *%s", strcmp(a->type, "cl_uint4") == 0 ? "void" : a->type, a->name);
		break;
	case BYTES:
	case LATE:
	case SHAREDIN:
	case ADDRESS:
		fprintf(out, "const void *%s", a->name);
		break;
	case STR:
		fprintf(out, "const char *%s", a->name);
		break;
	case STRS:
		fprintf(out, "const char **%s", a->name);
		break;
	case BLOBS:
		fprintf(out, "const unsigned char **%s", a->name);
		break;
	case COOKIE:
		fprintf(out, "cl_ulong %s", a->name);
		break;
	case SHARED:
		fprintf(out, "void *%s", a->name);
		break;
	case OUT:
	case OUTS:
		fprintf(out, "%s *%s", a->type, a->name);
		break;
	case FOUND:
	case MADE:
		fprintf(out, "%s *%s", api_handle_type(a->type), a->name);
		break;
	case INFO:
		fputs("size_t param_value_size, void *param_value, size_t *param_value_size_ret", out);
		break;
	case WAIT:
		fputs("cl_uint num_events_in_wait_list, const cl_event *event_wait_list, cl_event *event", out);
		break;
	case NEW:
		fputs("cl_int *errcode_ret", out);
		break;
	case ARG_KINDS:
		break;
	}
}

static void emit_prototype(const struct function *f, FILE *out) {
	fprintf(out, "%s CL_API_CALL vc_call_%s(", result_type(f), f->name);
	for (int i = 0; i < f->nargs; i++) {
		if (i > 0)
			fputs(", ", out);
		emit_parameter(&f->args[i], out);
	}
	fputs(")", out);
}

void emit_header(const struct api *api, FILE *out) {
	fputs("#ifndef VC_OPENCL_API_H\n#define VC_OPENCL_API_H\n\n#include \"cl.h\"\n\n", out);
	fputs("/* What a request asks for. */\nenum vc_cl_op {\n\tVC_OP_NONE,\n", out);
	for (int i = 0; i < api->count; i++)
		fprintf(out, "\tVC_OP_%s,\n", api->functions[i].name);
	fputs("\tVC_OPS,\n};\n\n/* The client's half: calls of the worker. */\n", out);
	for (int i = 0; i < api->count; i++) {
		emit_prototype(&api->functions[i], out);
		fputs(";\n", out);
	}
	fputs("\n#endif\n", out);
}

static void emit_put(const struct function *f, const struct arg *a, FILE *out) {
	const char *n = a->name, *k = a->type ? api_handle_constant(a->type) : NULL;
	switch (a->kind) {
	case VAL:
	case COOKIE:
		fprintf(out, "\tvc_put_val(&c, (uint64_t)%s);\n", n);
		break;
	case OBJ:
		fprintf(out, "\tvc_put_obj(&c, %s, %s);\n", k, n);
		break;
	case OBJS:
		fprintf(out, "\tvc_put_objs(&c, %s, %s, %s);\n", k, n, a->count);
		break;
	case VALS:
		fprintf(out, "\tvc_put_bytes(&c, %1$s, %1$s ? sizeof(%2$s) * (size_t)(%3$s) : 0);\n", n, a->type,
			a->count);
		break;
	case BYTES:
		fprintf(out, "\tvc_put_bytes(&c, %s, %s);\n", n, a->count);
		break;
	case LATE: /* whether there is a value belongs to the shape */
		fprintf(out, "\tvc_put_val(&c, %1$s != NULL);\n\tvc_put_late(&c);\n\tvc_put_bytes(&c, %1$s, %2$s);\n",
			n, a->count);
		break;
	case ADDRESS:
		fprintf(out, "\tvc_put_late(&c);\n\tvc_put_val(&c, (uint64_t)(uintptr_t)%s);\n", n);
		break;
	case SHARED:
	case SHAREDIN:
		fprintf(out, "\tvc_put_val(&c, (uint64_t)(uintptr_t)%s);\n", n);
		break;
	case STR:
		fprintf(out, "\tvc_put_str(&c, %s);\n", n);
		break;
	case STRS:
		fprintf(out, "\tvc_put_strs(&c, %s, %s);\n", n, a->count);
		break;
	case BLOBS:
		fprintf(out, "\tvc_put_blobs(&c, %s, %s, %s);\n", n, a->more, a->count);
		break;
	case OUT:
		fprintf(out, "\tvc_put_val(&c, %s != NULL);\n\tvc_call_expect(&c, sizeof(%s));\n", n, a->type);
		break;
	case OUTS:
		fprintf(out,
			"\tvc_put_val(&c, %1$s != NULL);\n\tvc_call_expect(&c, %1$s ? sizeof(%2$s) * (size_t)%3$s : "
			"0);\n",
			n, a->type, a->count);
		break;
	case FOUND:
		fprintf(out, "\tvc_put_val(&c, %1$s != NULL);\n\tvc_call_expect(&c, %1$s ? 8 * (size_t)%2$s : 0);\n", n,
			a->count);
		break;
	case MADE:
		fprintf(out, "\tvc_put_made(&c, %s, (void **)%s, %s, %s);\n", k, n, a->count, f->args[0].name);
		break;
	case WAIT:
		fprintf(out,
			"\tvc_put_late(&c);\n\tvc_put_wait(&c, %s, num_events_in_wait_list, event_wait_list, event);\n",
			f->args[0].name);
		break;
	case NEW:
		fprintf(out, "\tvc_put_late(&c);\n\t%s made = vc_put_new(&c, %s, %s);\n", api_handle_type(a->type), k,
			f->args[0].kind == OBJ ? f->args[0].name : "NULL");
		break;
	case INFO:
	case ARG_KINDS:
		break;
	}
}

static void emit_get(const struct arg *a, FILE *out) {
	switch (a->kind) {
	case OUT:
		fprintf(out, "\tvc_get_out(&c, %s, sizeof(%s));\n", a->name, a->type);
		break;
	case OUTS:
		fprintf(out, "\tvc_get_outs(&c, %1$s, %1$s ? sizeof(%2$s) * (size_t)%3$s : 0);\n", a->name, a->type,
			a->count);
		break;
	case FOUND:
		fprintf(out, "\tvc_get_found(&c, %s, (void **)%s, %s);\n", api_handle_constant(a->type), a->name,
			a->count);
		break;
	case MADE:
		fputs("\tvc_get_made(&c);\n", out);
		break;
	default:
		break;
	}
}

static void emit_call(const struct function *f, FILE *out) {
	emit_prototype(f, out);
	fprintf(out, " {\n\tstruct vc_call c;\n\tvc_call_begin(&c, VC_OP_%s, %s);\n", f->name,
		f->sync ? "VC_CALL_SYNC" : (f->shaped ? "VC_CALL_SHAPED" : "VC_CALL_ONEWAY"));
	for (int i = 0; i < f->nargs; i++)
		emit_put(f, &f->args[i], out);
	const struct arg *info = api_find(f, INFO), *made = api_find(f, NEW);
	if (info) {
		fprintf(out,
			"\treturn vc_call_info(&c, VC_INFO_%s, (void *)%s, param_name, param_value_size, param_value, "
			"param_value_size_ret);\n}\n\n",
			info->name, f->args[0].name);
		return;
	}
	fputs("\tvc_call_run(&c);\n", out);
	for (int i = 0; i < f->nargs; i++)
		emit_get(&f->args[i], out);
	if (made)
		fputs("\treturn vc_call_end_new(&c, made, errcode_ret);\n}\n\n", out);
	else
		fputs("\treturn vc_call_end(&c);\n}\n\n", out);
}

void emit_client(const struct api *api, FILE *out) {
	fputs("#include \"call.h\"\n#include \"entry.h\"\n#include \"lists.h\"\n#include \"opencl-api.h\"\n\n", out);
	for (int i = 0; i < api->count; i++)
		emit_call(&api->functions[i], out);
	fputs("const struct _cl_icd_dispatch vc_dispatch = {\n\tVC_ENTRIES_BY_HAND,\n", out);
	for (int i = 0; i < api->count; i++)
		if (!api->functions[i].hand)
			fprintf(out, "\t.%1$s = vc_call_%1$s,\n", api->functions[i].name);
	fputs("};\n", out);
}

void emit_names(const struct api *api, FILE *out) {
	fputs("#include \"op-names.h\"\n\nconst char *const vc_cl_op_names[] = {\n\t\"none\",\n", out);
	for (int i = 0; i < api->count; i++)
		fprintf(out, "\t\"%s\",\n", api->functions[i].name);
	fprintf(out, "};\nconst unsigned vc_cl_op_count = %d;\n", api->count + 1);
}
