/* SPDX-License-Identifier: Apache-2.0 */
/* Grammar after the published descriptions of the DBC format; one function a statement. */
#include "lexer.h"

#include <string.h>

#define ID_EXTENDED 0x80000000u

struct parser {
	struct dbc_lexer lexer;
	struct dbc *dbc;
};

static bool take_name(struct parser *p, char out[DBC_NAME_MAX]) {
	return dbc_take_word(&p->lexer, out, DBC_NAME_MAX);
}

/* Goes past the next ';'. */
static bool skip_statement(struct parser *p) {
	while (p->lexer.token.kind != DBC_END) {
		if (dbc_is_character(&p->lexer, ';'))
			return dbc_next(&p->lexer);
		if (!dbc_next(&p->lexer))
			return false;
	}
	return dbc_fail(&p->lexer, p->lexer.token.line, "';' expected, but the file ends");
}

/* NS_: and BU_: list names to the end of their section; nothing here needs them. */
static bool is_keyword(const struct dbc_lexer *l) {
	static const char *const words[] = {"VERSION", "NS_",  "BS_",     "BU_",         "BO_", "SG_",
					    "CM_",     "VAL_", "BA_DEF_", "BA_DEF_DEF_", "BA_"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (dbc_is_word(l, words[i]))
			return true;
	return false;
}

/* Entries of NS_ stand indented on lines of their own and look like keywords: it ends where a keyword has a follower. */
static bool parse_symbols(struct parser *p) {
	if (!dbc_take_character(&p->lexer, ':'))
		return false;
	int line = p->lexer.token.line;
	while (p->lexer.token.kind == DBC_WORD) {
		struct dbc_lexer ahead = p->lexer;
		if (!dbc_next(&ahead))
			return false;
		bool alone = ahead.token.line != p->lexer.token.line || ahead.token.kind == DBC_END;
		if (!alone && p->lexer.token.line != line)
			return true;
		line = p->lexer.token.line;
		p->lexer = ahead;
	}
	return true;
}

static bool parse_nodes(struct parser *p) {
	if (!dbc_take_character(&p->lexer, ':'))
		return false;
	while (p->lexer.token.kind == DBC_WORD && !is_keyword(&p->lexer))
		if (!dbc_next(&p->lexer))
			return false;
	return true;
}

static bool parse_bit_timing(struct parser *p) {
	return dbc_take_character(&p->lexer, ':');
}

static struct dbc_message *find_message(struct parser *p, uint32_t id) {
	uint32_t number = id & ~ID_EXTENDED;
	bool extended = (id & ID_EXTENDED) != 0;
	for (unsigned i = 0; i < p->dbc->messages; i++)
		if (p->dbc->message[i].id == number && p->dbc->message[i].extended == extended)
			return &p->dbc->message[i];
	return NULL;
}

/* BO_ id name: size sender */
static bool parse_message(struct parser *p) {
	int64_t id, size;
	struct dbc_message *m = &p->dbc->message[p->dbc->messages];
	int line = p->lexer.token.line;
	if (p->dbc->messages == DBC_MESSAGES_MAX)
		return dbc_fail(&p->lexer, line, "more than %d messages", DBC_MESSAGES_MAX);
	*m = (struct dbc_message){.line = line};
	if (!dbc_take_integer(&p->lexer, 0, UINT32_MAX, &id) || !take_name(p, m->name) ||
	    !dbc_take_character(&p->lexer, ':') || !dbc_take_integer(&p->lexer, 1, 8, &size) ||
	    !dbc_take_word(&p->lexer, NULL, 0))
		return false;
	m->extended = ((uint32_t)id & ID_EXTENDED) != 0;
	m->id = (uint32_t)id & ~ID_EXTENDED;
	m->size = (unsigned)size;
	if (m->id > (m->extended ? 0x1fffffffu : 0x7ffu))
		return dbc_fail(&p->lexer, line, "id %lld of %s is no CAN id", (long long)id, m->name);
	if (find_message(p, (uint32_t)id))
		return dbc_fail(&p->lexer, line, "id %lld of %s is taken by another message", (long long)id, m->name);
	p->dbc->messages++;
	return true;
}

static bool parse_order(struct parser *p, struct dbc_signal *s) {
	int64_t order;
	if (!dbc_take_character(&p->lexer, '@') || !dbc_take_integer(&p->lexer, 0, 1, &order))
		return false;
	s->motorola = order == 0;
	s->is_signed = dbc_is_character(&p->lexer, '-');
	return dbc_take_character(&p->lexer, s->is_signed ? '-' : '+');
}

static bool parse_scale(struct parser *p, struct dbc_signal *s) {
	struct dbc_lexer *l = &p->lexer;
	if (!dbc_take_character(l, '(') || !dbc_take_number(l, &s->scale) || !dbc_take_character(l, ',') ||
	    !dbc_take_number(l, &s->offset) || !dbc_take_character(l, ')') || !dbc_take_character(l, '[') ||
	    !dbc_take_number(l, &s->min) || !dbc_take_character(l, '|') || !dbc_take_number(l, &s->max) ||
	    !dbc_take_character(l, ']'))
		return false;
	if (s->scale == 0)
		return dbc_fail(l, s->line, "signal %s has a factor of 0", s->name);
	if (s->min > s->max)
		return dbc_fail(l, s->line, "signal %s has its minimum above its maximum", s->name);
	return dbc_take_string(l, NULL, 0);
}

/* SG_ name : start|length@order sign (factor,offset) [min|max] "unit" receiver,receiver */
static bool parse_signal(struct parser *p) {
	struct dbc_lexer *l = &p->lexer;
	int line = l->token.line;
	if (p->dbc->messages == 0)
		return dbc_fail(l, line, "SG_ before any BO_");
	struct dbc_message *m = &p->dbc->message[p->dbc->messages - 1];
	if (m->signals == DBC_SIGNALS_MAX)
		return dbc_fail(l, line, "message %s has more than %d signals", m->name, DBC_SIGNALS_MAX);
	struct dbc_signal *s = &m->signal[m->signals];
	int64_t start, length;
	*s = (struct dbc_signal){.line = line};
	if (!take_name(p, s->name))
		return false;
	if (l->token.kind == DBC_WORD)
		return dbc_fail(l, line, "signal %s is multiplexed (\"%.8s\"), which is not supported", s->name,
				l->token.text);
	if (!dbc_take_character(l, ':') || !dbc_take_integer(l, 0, 63, &start) || !dbc_take_character(l, '|') ||
	    !dbc_take_integer(l, 1, 64, &length) || !parse_order(p, s) || !parse_scale(p, s))
		return false;
	s->start = (unsigned)start;
	s->length = (unsigned)length;
	if (!dbc_take_word(l, NULL, 0))
		return false;
	while (dbc_is_character(l, ','))
		if (!dbc_next(l) || !dbc_take_word(l, NULL, 0))
			return false;
	m->signals++;
	return true;
}

static struct dbc_message *take_message(struct parser *p) {
	int line = p->lexer.token.line;
	int64_t id;
	if (!dbc_take_integer(&p->lexer, 0, UINT32_MAX, &id))
		return NULL;
	struct dbc_message *m = find_message(p, (uint32_t)id);
	if (!m)
		dbc_fail(&p->lexer, line, "no message has the id %lld", (long long)id);
	return m;
}

/* VAL_ id signal value "label" value "label" ; */
static bool parse_labels(struct parser *p) {
	struct dbc_message *m = take_message(p);
	int line = p->lexer.token.line;
	char name[DBC_NAME_MAX];
	if (!m || !take_name(p, name))
		return false;
	struct dbc_signal *s = (struct dbc_signal *)(uintptr_t)dbc_find_signal(m, name);
	if (!s)
		return dbc_fail(&p->lexer, line, "message %s has no signal %s", m->name, name);
	while (!dbc_is_character(&p->lexer, ';')) {
		if (s->labels == DBC_LABELS_MAX)
			return dbc_fail(&p->lexer, line, "signal %s has more than %d labels", name, DBC_LABELS_MAX);
		struct dbc_label *label = &s->label[s->labels];
		if (!dbc_take_integer(&p->lexer, INT32_MIN, INT32_MAX, &label->value) ||
		    !dbc_take_string(&p->lexer, label->text, DBC_NAME_MAX))
			return false;
		s->labels++;
	}
	return dbc_next(&p->lexer);
}

/* BA_ "name" BO_ id value ; other attributes are passed over. */
static bool parse_attribute(struct parser *p) {
	char name[DBC_NAME_MAX];
	if (!dbc_take_string(&p->lexer, name, sizeof(name)))
		return false;
	bool cycle = strcmp(name, "GenMsgCycleTime") == 0, data_id = strcmp(name, "E2EDataId") == 0;
	if (!cycle && !data_id)
		return skip_statement(p);
	if (!dbc_is_word(&p->lexer, "BO_"))
		return dbc_fail(&p->lexer, p->lexer.token.line, "%s belongs to messages: BO_ expected", name);
	if (!dbc_next(&p->lexer))
		return false;
	struct dbc_message *m = take_message(p);
	return m && dbc_take_integer(&p->lexer, 0, UINT16_MAX, cycle ? &m->cycle_ms : &m->data_id) &&
	       dbc_take_character(&p->lexer, ';');
}

static bool parse_version(struct parser *p) {
	return dbc_take_string(&p->lexer, NULL, 0);
}

static bool parse_statement(struct parser *p) {
	static const struct {
		const char *word;
		bool (*parse)(struct parser *p);
	} statements[] = {
		{"VERSION", parse_version}, {"NS_", parse_symbols},          {"BS_", parse_bit_timing},
		{"BU_", parse_nodes},       {"BO_", parse_message},          {"SG_", parse_signal},
		{"CM_", skip_statement},    {"VAL_", parse_labels},          {"BA_DEF_", skip_statement},
		{"BA_", parse_attribute},   {"BA_DEF_DEF_", skip_statement},
	};
	struct dbc_token *t = &p->lexer.token;
	if (t->kind != DBC_WORD)
		return dbc_fail(&p->lexer, t->line, "a statement such as BO_ or SG_ expected");
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		if (strcmp(t->text, statements[i].word) == 0)
			return dbc_next(&p->lexer) && statements[i].parse(p);
	return dbc_fail(&p->lexer, t->line, "statement %.60s is not supported", t->text);
}

bool dbc_parse(struct dbc *dbc, const char *name, const char *text, size_t size, char *error) {
	struct parser p = {.dbc = dbc};
	dbc->messages = 0;
	dbc_lexer_init(&p.lexer, name, text, size, error);
	while (!error[0] && p.lexer.token.kind != DBC_END)
		if (!parse_statement(&p))
			return false;
	if (!error[0] && dbc->messages == 0)
		return dbc_fail(&p.lexer, p.lexer.line, "no message (BO_) in this file");
	return !error[0];
}
