/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's half. */
#include "api.h"

#include <string.h>

static void emit_take(const struct arg *a, FILE *out) {
	const char *n = a->name, *t = a->type, *k = t ? api_handle_constant(t) : NULL,
		   *h = t ? api_handle_type(t) : NULL;
	switch (a->kind) {
	case VAL:
		fprintf(out, "\t%s %s = (%s)vc_take_val(q);\n", t, n, t);
		break;
	case COOKIE:
		fprintf(out, "\tcl_ulong %s = vc_take_val(q);\n", n);
		break;
	case OBJ:
		fprintf(out, "\t%s %s = vc_take_obj(q, %s);\n", h, n, k);
		break;
	case OBJS:
		fprintf(out, "\tsize_t n_%1$s;\n\tconst %2$s *%1$s = (const %2$s *)vc_take_objs(q, %3$s, &n_%1$s);\n",
			n, h, k);
		break;
	case VALS:
		fprintf(out, "\tsize_t n_%1$s;\n\tconst %2$s *%1$s = vc_take_bytes(q, &n_%1$s);\n", n, t);
		break;
	case LATE:
		fputs("\tvc_take_val(q);\n", out);
		__attribute__((fallthrough));
	case BYTES:
		fprintf(out, "\tsize_t n_%1$s;\n\tconst void *%1$s = vc_take_bytes(q, &n_%1$s);\n", n);
		break;
	case STR:
		fprintf(out, "\tconst char *%s = vc_take_str(q);\n", n);
		break;
	case STRS:
		fprintf(out, "\tsize_t n_%1$s;\n\tconst char **%1$s = vc_take_strs(q, &n_%1$s);\n", n);
		break;
	case BLOBS:
		fprintf(out,
			"\tsize_t n_%1$s;\n\tconst unsigned char **%1$s = vc_take_blobs(q, %2$s, n_%2$s / "
			"sizeof(size_t), &n_%1$s);\n",
			n, a->more);
		break;
	case ADDRESS:
	case SHARED:
	case SHAREDIN:
		fprintf(out, "\tvoid *%s = (void *)(uintptr_t)vc_take_val(q);\n", n);
		break;
	case OUT:
		fprintf(out, "\t%1$s v_%2$s = 0, *%2$s = vc_take_val(q) ? &v_%2$s : NULL;\n", t, n);
		break;
	case OUTS:
		fprintf(out, "\t%1$s *%2$s = vc_take_room(q, sizeof(%1$s), (size_t)%3$s);\n", t, n, a->count);
		break;
	case FOUND:
		fprintf(out, "\t%1$s *%2$s = vc_take_room(q, sizeof(%1$s), (size_t)%3$s);\n", h, n, a->count);
		break;
	case MADE:
		fprintf(out, "\tuint64_t *ids_%1$s;\n\t%2$s *%1$s = vc_take_made(q, (size_t)%3$s, &ids_%1$s);\n", n, h,
			a->count);
		break;
	case INFO:
		fputs("\tstruct vc_info info;\n\tvc_take_info(q, &info);\n", out);
		break;
	case WAIT:
		fputs("\tstruct vc_wait wait;\n\tvc_take_wait(q, &wait);\n", out);
		break;
	case NEW:
		fputs("\tuint64_t id = vc_take_val(q);\n\tcl_int errcode = CL_SUCCESS;\n", out);
		break;
	case ARG_KINDS:
		break;
	}
}

/* What could not be checked before all arguments were there. */
static void emit_check(const struct arg *a, FILE *out) {
	const char *n = a->name;
	switch (a->kind) {
	case OBJS:
	case STRS:
		fprintf(out, "\tvc_need(q, !%1$s || n_%1$s >= (size_t)(%2$s));\n", n, a->count);
		break;
	case BLOBS:
		fprintf(out, "\tvc_need(q, !%1$s || n_%1$s >= (size_t)(%2$s));\n", n, a->count);
		break;
	case VALS:
		fprintf(out, "\tvc_need(q, !%1$s || n_%1$s / sizeof(%2$s) >= (size_t)(%3$s));\n", n, a->type, a->count);
		break;
	case BYTES:
	case LATE:
		fprintf(out, "\tvc_need(q, !%1$s || n_%1$s >= (size_t)(%2$s));\n", n, a->count);
		break;
	case SHARED:
	case SHAREDIN:
		fprintf(out, "\tvc_need(q, !%1$s || vc_arena_holds(%1$s, %2$s));\n", n, a->count);
		break;
	default:
		break;
	}
}

static void emit_argument(const struct arg *a, FILE *out) {
	switch (a->kind) {
	case INFO:
		fputs("info.size, info.value, &info.size_ret", out);
		break;
	case WAIT:
		fputs("wait.count, wait.list, wait.event", out);
		break;
	case NEW:
		fputs("&errcode", out);
		break;
	default:
		fputs(a->name, out);
	}
}

static void emit_reply(const struct arg *a, FILE *out) {
	const char *n = a->name;
	switch (a->kind) {
	case OUT:
		fprintf(out, "\tvc_reply_out(q, &v_%1$s, sizeof(v_%1$s));\n", n);
		break;
	case OUTS:
		fprintf(out, "\tvc_reply_outs(q, %1$s, sizeof(%2$s), (size_t)%3$s);\n", n, a->type, a->count);
		break;
	case FOUND:
		fprintf(out, "\tvc_reply_found(q, %s, (void **)%s, (size_t)%s);\n", api_handle_constant(a->type), n,
			a->count);
		break;
	case MADE:
		fprintf(out, "\tvc_reply_made(q, %1$s, (void **)%2$s, ids_%2$s, (size_t)%3$s);\n",
			api_handle_constant(a->type), n, a->count);
		break;
	case INFO:
		fprintf(out, "\tvc_reply_info(q, VC_INFO_%s, param_name, &info);\n", n);
		break;
	case NEW:
		fprintf(out, "\tvc_reply_new(q, %s, id, made);\n", api_handle_constant(a->type));
		break;
	default:
		break;
	}
}

static void emit_arguments(const struct function *f, FILE *out) {
	if (f->served)
		fputs("q", out);
	for (int i = 0; i < f->nargs; i++) {
		if (i > 0 || f->served)
			fputs(", ", out);
		emit_argument(&f->args[i], out);
	}
}

static void emit_serve(const struct function *f, FILE *out) {
	const struct arg *made = api_find(f, NEW), *wait = api_find(f, WAIT);
	fprintf(out, "static void serve_%s(struct vc_request *q) {\n", f->name);
	for (int i = 0; i < f->nargs; i++)
		emit_take(&f->args[i], out);
	for (int i = 0; i < f->nargs; i++)
		emit_check(&f->args[i], out);
	fputs("\tif (!vc_request_good(q))\n\t\treturn;\n", out);
	if (f->blocks)
		fputs("\tvc_request_leave(q);\n", out);
	const char *prefix = f->served ? "vc_serve_" : "";
	if (made)
		fprintf(out, "\t%s made = %s%s(", api_handle_type(made->type), prefix, f->name);
	else
		fprintf(out, "\tcl_int errcode = %s%s(", prefix, f->name);
	emit_arguments(f, out);
	fputs(");\n\tvc_reply_result(q, errcode);\n", out);
	if (wait)
		fputs("\tvc_reply_wait(q, &wait, command_queue, errcode);\n", out);
	for (int i = 0; i < f->nargs; i++)
		emit_reply(&f->args[i], out);
	fputs("}\n\n", out);
}

void emit_worker(const struct api *api, FILE *out) {
	fputs("#include \"lists.h\"\n#include \"opencl-api.h\"\n#include \"request.h\"\n#include "
	      "\"served.h\"\n#include \"state.h\"\n\n",
	      out);
	for (int i = 0; i < api->count; i++)
		emit_serve(&api->functions[i], out);
	fputs("const vc_serve vc_serve_table[VC_OPS] = {\n", out);
	for (int i = 0; i < api->count; i++)
		fprintf(out, "\t[VC_OP_%1$s] = serve_%1$s,\n", api->functions[i].name);
	fputs("};\n", out);
}
