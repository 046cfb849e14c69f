/* SPDX-License-Identifier: Apache-2.0 */
#include "conf.h"
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vc_figures_set(struct vc_figures *figures, const char *name, double value) {
	for (unsigned i = 0; i < figures->count; i++)
		if (strcmp(figures->figure[i].name, name) == 0) {
			figures->figure[i].value = value;
			return;
		}
	if (figures->count == VC_FIGURES_MAX)
		return;
	struct vc_figure *f = &figures->figure[figures->count++];
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->value = value;
}

const struct vc_figure *vc_figures_find(const struct vc_figures *figures, const char *name) {
	for (unsigned i = 0; i < figures->count; i++)
		if (strcmp(figures->figure[i].name, name) == 0)
			return &figures->figure[i];
	return NULL;
}

/* One column: "34", ">= 1", "baseline + 20", "none". Returns NULL or why not. */
static const char *parse_bound(const char *text, struct vc_bound *bound, bool *none) {
	static const char prefix[] = "baseline +";
	text += strspn(text, " \t");
	*none = strncmp(text, "none", 4) == 0;
	if (*none)
		return NULL;
	bound->kind = strncmp(text, ">=", 2) == 0 ? VC_AT_LEAST : VC_AT_MOST;
	if (bound->kind == VC_AT_LEAST)
		text += 2;
	bound->over_baseline = strncmp(text, prefix, sizeof(prefix) - 1) == 0;
	if (bound->over_baseline)
		text += sizeof(prefix) - 1;
	char *end;
	bound->value = strtod(text, &end);
	if (end == text || end[strspn(end, " \t")] != '\0')
		return "a bound is a number, \">= NUMBER\", \"baseline + NUMBER\" or \"none\"; two with a | between "
		       "are "
		       "for KVM and for emulation";
	return NULL;
}

static void drop(struct vc_budget *budget, unsigned i) {
	budget->bound[i] = budget->bound[--budget->count];
}

static const char *on_entry(void *data, const struct vc_conf_entry *e) {
	struct vc_budget *budget = data;
	bool mine = strcmp(e->kind, "fault") == 0 ? strcmp(e->name, budget->fault) == 0
		    : e->name[0] == '\0'          ? strcmp(e->kind, "all") == 0 || strcmp(e->kind, budget->class) == 0
						  : false;
	struct vc_bound bound = {0};
	char text[128];
	const char *bar = strchr(e->value, '|');
	snprintf(text, sizeof(text), "%.*s", bar ? (int)(bar - e->value) : (int)strlen(e->value), e->value);
	if (bar && budget->column == 1)
		snprintf(text, sizeof(text), "%s", bar + 1);
	bool none;
	const char *why = parse_bound(text, &bound, &none);
	if (why || !mine)
		return why;
	if (strlen(e->key) >= sizeof(bound.name))
		return "no figure has a name so long";
	strcpy(bound.name, e->key);
	for (unsigned i = 0; i < budget->count; i++)
		if (strcmp(budget->bound[i].name, bound.name) == 0)
			drop(budget, i--);
	if (none)
		return NULL;
	if (budget->count == VC_BOUNDS_MAX)
		return "too many bounds for one fault";
	budget->bound[budget->count++] = bound;
	return NULL;
}

bool vc_budget_read(struct vc_budget *budget, const char *path, char *error, size_t size) {
	return vc_conf_read(path, on_entry, budget, error, size);
}

bool vc_bound_holds(const struct vc_bound *bound, const struct vc_figures *figures, double *limit) {
	const struct vc_figure *figure = vc_figures_find(figures, bound->name);
	*limit = bound->value;
	if (bound->over_baseline) {
		char name[VC_WORD_MAX + sizeof("baseline_")];
		snprintf(name, sizeof(name), "baseline_%s", bound->name);
		const struct vc_figure *baseline = vc_figures_find(figures, name);
		if (!baseline)
			return false;
		*limit += baseline->value;
	}
	if (!figure)
		return false;
	return bound->kind == VC_AT_LEAST ? figure->value >= *limit : figure->value <= *limit;
}
