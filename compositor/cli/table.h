/* SPDX-License-Identifier: Apache-2.0 */
/* Small aligned text tables. */
#ifndef VC_CLI_TABLE_H
#define VC_CLI_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#define VC_TABLE_COLUMNS_MAX 14
#define VC_TABLE_ROWS_MAX 16
#define VC_TABLE_CELL_MAX 80

enum vc_table_colour { VC_TABLE_PLAIN, VC_TABLE_GOOD, VC_TABLE_WARN, VC_TABLE_BAD };

struct vc_table_cell {
	char text[VC_TABLE_CELL_MAX];
	enum vc_table_colour colour;
};

struct vc_table {
	unsigned columns, rows, next;     /* next: column that the next cell of the last row goes to */
	bool right[VC_TABLE_COLUMNS_MAX]; /* numbers stand on the right */
	const char *head[VC_TABLE_COLUMNS_MAX];
	struct vc_table_cell cell[VC_TABLE_ROWS_MAX][VC_TABLE_COLUMNS_MAX];
};

/* @heads: NULL-terminated; a leading '>' makes the column right-aligned. They must stay valid. */
void vc_table_init(struct vc_table *table, const char *const *heads);

/* Starts the next row. Rows beyond VC_TABLE_ROWS_MAX overwrite the last. */
void vc_table_row(struct vc_table *table);

/* Adds a cell to the row. */
void vc_table_cell(struct vc_table *table, enum vc_table_colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* @colour: whether to use terminal colours. */
void vc_table_print(const struct vc_table *table, FILE *out, bool colour);

#endif
