/* SPDX-License-Identifier: Apache-2.0 */
#include "lexer.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static bool is_space(char c) {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}
static bool is_letter(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool dbc_fail(struct dbc_lexer *l, int line, const char *format, ...) {
	if (l->error[0])
		return false;
	int n = snprintf(l->error, DBC_ERROR_MAX, "%.128s:%d: ", l->name, line);
	va_list args;
	va_start(args, format);
	vsnprintf(l->error + n, DBC_ERROR_MAX - (size_t)n, format, args);
	va_end(args);
	return false;
}

static bool lex_string(struct dbc_lexer *l) {
	size_t n = 0;
	l->token.kind = DBC_STRING;
	for (l->at++; l->at < l->end && *l->at != '"'; l->at++) {
		if (*l->at == '\n')
			l->line++;
		if (n < DBC_TEXT_MAX - 1)
			l->token.text[n++] = *l->at;
	}
	l->token.text[n] = '\0';
	if (l->at == l->end)
		return dbc_fail(l, l->token.line, "string has no closing quote");
	l->at++;
	return true;
}

/* Copies while @more says so. */
static bool lex_run(struct dbc_lexer *l, bool (*more)(char), const char *what) {
	size_t n = 0;
	while (l->at < l->end && more(*l->at)) {
		if (n == DBC_NAME_MAX - 1)
			return dbc_fail(l, l->token.line, "%s is longer than %d characters", what, DBC_NAME_MAX - 1);
		l->token.text[n++] = *l->at++;
	}
	l->token.text[n] = '\0';
	return true;
}

static bool in_word(char c) {
	return is_letter(c) || is_digit(c);
}
static bool in_number(char c) {
	return is_digit(c) || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E';
}

/* "0|8@1+" must not swallow the "+": a sign belongs to a number only at its start or after an exponent. */
static bool lex_number(struct dbc_lexer *l) {
	const char *start = l->at;
	const char *stop = l->at + 1;
	while (stop < l->end && in_number(*stop) &&
	       ((*stop != '+' && *stop != '-') || stop[-1] == 'e' || stop[-1] == 'E'))
		stop++;
	size_t n = (size_t)(stop - start);
	if (n >= DBC_NAME_MAX)
		return dbc_fail(l, l->token.line, "number is longer than %d characters", DBC_NAME_MAX - 1);
	memcpy(l->token.text, start, n);
	l->token.text[n] = '\0';
	char *rest;
	l->token.kind = DBC_NUMBER;
	l->token.number = strtod(l->token.text, &rest);
	l->at = stop;
	if (*rest || !isfinite(l->token.number))
		return dbc_fail(l, l->token.line, "\"%s\" is not a number", l->token.text);
	return true;
}

bool dbc_next(struct dbc_lexer *l) {
	if (l->error[0])
		return false;
	while (l->at < l->end && is_space(*l->at))
		if (*l->at++ == '\n')
			l->line++;
	l->token = (struct dbc_token){.kind = DBC_END, .line = l->line};
	if (l->at == l->end)
		return true;
	char c = *l->at;
	if (c == '"')
		return lex_string(l);
	if (is_letter(c)) {
		l->token.kind = DBC_WORD;
		return lex_run(l, in_word, "name");
	}
	bool sign = (c == '-' || c == '+') && l->at + 1 < l->end && (is_digit(l->at[1]) || l->at[1] == '.');
	if (is_digit(c) || sign)
		return lex_number(l);
	l->token.kind = DBC_CHARACTER;
	l->token.character = c;
	l->at++;
	return true;
}

void dbc_lexer_init(struct dbc_lexer *l, const char *name, const char *text, size_t size, char *error) {
	*l = (struct dbc_lexer){.name = name, .at = text, .end = text + size, .line = 1, .error = error};
	error[0] = '\0';
	dbc_next(l);
}

bool dbc_is_word(const struct dbc_lexer *l, const char *word) {
	return l->token.kind == DBC_WORD && strcmp(l->token.text, word) == 0;
}

bool dbc_is_character(const struct dbc_lexer *l, char character) {
	return l->token.kind == DBC_CHARACTER && l->token.character == character;
}

/* "… expected, found X". */
static bool unexpected(struct dbc_lexer *l, const char *wanted) {
	const struct dbc_token *t = &l->token;
	switch (t->kind) {
	case DBC_END:
		return dbc_fail(l, t->line, "%s expected, but the file ends", wanted);
	case DBC_CHARACTER:
		if (t->character < ' ' || t->character > '~')
			return dbc_fail(l, t->line, "%s expected, found byte 0x%02x", wanted,
					(unsigned char)t->character);
		return dbc_fail(l, t->line, "%s expected, found '%c'", wanted, t->character);
	case DBC_STRING:
		return dbc_fail(l, t->line, "%s expected, found a string", wanted);
	default:
		return dbc_fail(l, t->line, "%s expected, found \"%.60s\"", wanted, t->text);
	}
}

bool dbc_take_character(struct dbc_lexer *l, char character) {
	char wanted[] = {'\'', character, '\'', '\0'};
	if (!dbc_is_character(l, character))
		return unexpected(l, wanted);
	return dbc_next(l);
}

static bool take_text(struct dbc_lexer *l, char *out, size_t size) {
	if (out)
		snprintf(out, size, "%s", l->token.text);
	return dbc_next(l);
}

bool dbc_take_word(struct dbc_lexer *l, char *out, size_t size) {
	return l->token.kind == DBC_WORD ? take_text(l, out, size) : unexpected(l, "a name");
}

bool dbc_take_string(struct dbc_lexer *l, char *out, size_t size) {
	return l->token.kind == DBC_STRING ? take_text(l, out, size) : unexpected(l, "a string");
}

bool dbc_take_number(struct dbc_lexer *l, double *out) {
	if (l->token.kind != DBC_NUMBER)
		return unexpected(l, "a number");
	*out = l->token.number;
	return dbc_next(l);
}

bool dbc_take_integer(struct dbc_lexer *l, int64_t min, int64_t max, int64_t *out) {
	double number = l->token.number;
	int line = l->token.line;
	if (!dbc_take_number(l, &number))
		return false;
	if (number != floor(number) || number < (double)min || number > (double)max)
		return dbc_fail(l, line, "%g is not a whole number from %lld to %lld", number, (long long)min,
				(long long)max);
	*out = (int64_t)number;
	return true;
}
