/* SPDX-License-Identifier: Apache-2.0 */
/* Splits DBC text into words, numbers, strings and single characters. */
#ifndef VC_DBC_LEXER_H
#define VC_DBC_LEXER_H

#include "dbc.h"

#define DBC_TEXT_MAX 512

enum dbc_token_kind { DBC_END, DBC_WORD, DBC_NUMBER, DBC_STRING, DBC_CHARACTER };

struct dbc_token {
	enum dbc_token_kind kind;
	int line;
	char text[DBC_TEXT_MAX]; /* of a word, number or string; strings are cut to fit */
	double number;
	char character;
};

struct dbc_lexer {
	const char *name, *at, *end;
	int line;
	struct dbc_token token; /* the current one */
	char *error;            /* DBC_ERROR_MAX bytes; empty while all is well */
};

void dbc_lexer_init(struct dbc_lexer *lexer, const char *name, const char *text, size_t size, char *error);

/* Each returns false once there is an error; the first one is kept. */
bool dbc_next(struct dbc_lexer *lexer);
bool dbc_fail(struct dbc_lexer *lexer, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Take the current token if it is what is wanted, and go on to the next. */
bool dbc_take_character(struct dbc_lexer *lexer, char character);
bool dbc_take_word(struct dbc_lexer *lexer, char *out, size_t size);
bool dbc_take_number(struct dbc_lexer *lexer, double *out);
bool dbc_take_integer(struct dbc_lexer *lexer, int64_t min, int64_t max, int64_t *out);
bool dbc_take_string(struct dbc_lexer *lexer, char *out, size_t size);

bool dbc_is_word(const struct dbc_lexer *lexer, const char *word);
bool dbc_is_character(const struct dbc_lexer *lexer, char character);

#endif
