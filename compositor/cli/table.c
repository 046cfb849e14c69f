/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <stdarg.h>
#include <string.h>

void vc_table_init(struct vc_table *table, const char *const *heads) {
	memset(table, 0, sizeof(*table));
	for (; heads[table->columns] && table->columns < VC_TABLE_COLUMNS_MAX; table->columns++) {
		const char *head = heads[table->columns];
		table->right[table->columns] = head[0] == '>';
		table->head[table->columns] = head[0] == '>' ? head + 1 : head;
	}
}

void vc_table_row(struct vc_table *table) {
	if (table->rows < VC_TABLE_ROWS_MAX)
		table->rows++;
	table->next = 0;
}

void vc_table_cell(struct vc_table *table, enum vc_table_colour colour, const char *format, ...) {
	if (table->rows == 0 || table->next >= table->columns)
		return;
	struct vc_table_cell *cell = &table->cell[table->rows - 1][table->next++];
	cell->colour = colour;
	va_list args;
	va_start(args, format);
	vsnprintf(cell->text, sizeof(cell->text), format, args);
	va_end(args);
}

static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last, const char *colour) {
	size_t pad = width - strlen(text);
	if (right)
		fprintf(out, "%*s", (int)pad, "");
	fprintf(out, "%s%s%s", colour, text, colour[0] ? "\033[0m" : "");
	if (!last)
		fprintf(out, "%*s", (int)(right ? 0 : pad) + 2, "");
}

void vc_table_print(const struct vc_table *table, FILE *out, bool colour) {
	static const char *const codes[] = {"", "\033[32m", "\033[33m", "\033[31m"};
	size_t width[VC_TABLE_COLUMNS_MAX] = {0};
	for (unsigned c = 0; c < table->columns; c++) {
		width[c] = strlen(table->head[c]);
		for (unsigned r = 0; r < table->rows; r++)
			if (strlen(table->cell[r][c].text) > width[c])
				width[c] = strlen(table->cell[r][c].text);
	}
	for (unsigned c = 0; c < table->columns; c++)
		print_cell(out, table->head[c], width[c], table->right[c], c + 1 == table->columns,
			   colour ? "\033[1m" : "");
	fputc('\n', out);
	for (unsigned r = 0; r < table->rows; r++) {
		for (unsigned c = 0; c < table->columns; c++) {
			const struct vc_table_cell *cell = &table->cell[r][c];
			print_cell(out, cell->text, width[c], table->right[c], c + 1 == table->columns,
				   colour ? codes[cell->colour] : "");
		}
		fputc('\n', out);
	}
}
