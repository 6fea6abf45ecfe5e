/* SPDX-License-Identifier: Apache-2.0 */
/* imp_qemu_sum.c - the summary of an import: every line of the log is in exactly one column of the table. */
#include <inttypes.h>
#include <stdlib.h>
#include "import/imp_qemu.h"

static int by_total(const void *a, const void *b)
{
	const struct imp_kind *x = *(const struct imp_kind *const *)a, *y = *(const struct imp_kind *const *)b;

	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return (x > y) - (x < y); /* equal numbers: in order of appearance */
}
static void print_table(FILE *o, const struct imp_sum *s, const struct imp_kind *const *k)
{
	struct imp_kind all = { 0 };

	fprintf(o, "%-34s %10s %10s %10s %10s %10s %10s\n", "kind", "lines", "before", "used", "checked", "not-used", "unreadable");
	for (unsigned i = 0; i < s->n_kind; i++) {
		fprintf(o, "%-34s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", k[i]->name, k[i]->total,
			k[i]->before, k[i]->used, k[i]->checked, k[i]->unused, k[i]->unreadable);
		all.total += k[i]->total;
		all.before += k[i]->before;
		all.used += k[i]->used;
		all.checked += k[i]->checked;
		all.unused += k[i]->unused;
		all.unreadable += k[i]->unreadable;
	}
	fprintf(o, "%-34s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", "all", all.total, all.before, all.used,
		all.checked, all.unused, all.unreadable);
}
static void print_notes(FILE *o, const struct imp_sum *s)
{
	if (s->unreadable) {
		fprintf(o, "unreadable lines, left out: %" PRIu64 "; the first: ", s->unreadable);
		for (unsigned i = 0; i < IMP_BAD_LINES && i < s->unreadable; i++)
			fprintf(o, "%s%" PRIu64, i ? ", " : "", s->bad_line[i]);
		fputc('\n', o);
	}
	if (s->cut)
		fprintf(o, "lines cut at 4 MiB: %" PRIu64 "\n", s->cut);
	fprintf(o, "DMAs: %" PRIu64 " with the result of QEMU as expectation, %" PRIu64 " not compared%s\n", s->expected, s->not_compared,
		s->not_compared > s->no_page ? " (the contents of the tables are not known)" : "");
	if (s->no_offset)
		fprintf(o, "translations without a hit or update line, offset 0 assumed: %" PRIu64 "\n", s->no_offset);
	if (s->no_page)
		fprintf(o, "translations to a page the tables of the trace do not have, not compared: %" PRIu64 "\n", s->no_page);
	if (s->desc_written)
		fprintf(o, "descriptors written into the ring, because no store did: %" PRIu64 "%s\n", s->desc_written,
			s->own_ring ? " (a ring of our own: the log does not say where it is)" : "");
	if (s->own_length)
		fputs("the command buffer is where the log says, its length is assumed: no line has it\n", o);
	if (s->cmd_untold)
		fprintf(o, "of them without their fields, a wider or an idle command in their place: %" PRIu64 "\n", s->cmd_untold);
	if (s->desc_missing)
		fprintf(o, "moves of the tail over descriptors the log does not have: %" PRIu64 "\n", s->desc_missing);
	if (s->desc_differ)
		fprintf(o, "descriptors that differ from what the stores left in the ring: %" PRIu64 "\n", s->desc_differ);
}
void imp_sum_print(FILE *o, const struct imp_sum *s)
{
	const struct imp_kind *k[IMP_KINDS];

	for (unsigned i = 0; i < s->n_kind; i++)
		k[i] = &s->kind[i];
	qsort(k, s->n_kind, sizeof(k[0]), by_total);
	fprintf(o, "import qemu %s%s%s: %" PRIu64 " lines, %" PRIu64 " up to the pause\n", s->log, *s->image ? " --image " : "", s->image, s->lines,
		s->pause < s->lines ? s->pause : s->lines);
	fputs("events:", o);
	for (unsigned i = 0; i < s->n_kind; i++)
		fprintf(o, "%s %s %" PRIu64, i ? "," : "", k[i]->name, k[i]->total);
	fputs("\nrecords:", o);
	for (unsigned i = 0, n = 0; i < TRC_KINDS; i++)
		if (s->recs[i])
			fprintf(o, "%s %s %" PRIu64, n++ ? "," : "", i == TRC_COMMENT ? "#" : trc_kind_name[i], s->recs[i]);
	fputc('\n', o);
	print_table(o, s, k);
	print_notes(o, s);
}
