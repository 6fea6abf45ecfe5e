/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_info.c - `iommusim trace info`: what is in a trace, counted in one pass.
 * Memory grows with the number of devices and of distinct pages touched, not with the length of the trace.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "cli_trace.h"
#include "core/iommu.h"
#include "core/trace/trc.h"

static const char help[] =
	"Usage: iommusim trace info FILE\n"
	"Count what is in a trace: records by kind, devices, pages, time span, expectations, directions and lengths not recorded.\n"
	"FILE - is standard input.\n\n"
	"      --help   print this\n\n"
	"Example: iommusim trace info traces/example.iot\n";

struct set { /* of pairs of numbers; a slot with count 0 is free */
	struct slot { uint64_t a, b, count; } *s;
	size_t n, cap;
};
/* The slot of (a, b), free if it is not a member; there is always a free one. */
static struct slot *set_slot(const struct set *s, uint64_t a, uint64_t b)
{
	uint64_t h = (a * UINT64_C(0x9e3779b97f4a7c15) ^ b) * UINT64_C(0xbf58476d1ce4e5b9);
	size_t i = (h ^ h >> 32) & (s->cap - 1);

	while (s->s[i].count && (s->s[i].a != a || s->s[i].b != b))
		i = (i + 1) & (s->cap - 1);
	return &s->s[i];
}
static bool set_grow(struct set *s)
{
	struct set big = { .n = s->n, .cap = s->cap ? 2 * s->cap : 1024 };

	big.s = calloc(big.cap, sizeof(*big.s));
	if (!big.s)
		return false;
	for (size_t i = 0; i < s->cap; i++)
		if (s->s[i].count)
			*set_slot(&big, s->s[i].a, s->s[i].b) = s->s[i];
	free(s->s);
	*s = big;
	return true;
}
static bool set_add(struct set *s, uint64_t a, uint64_t b, uint64_t count)
{
	struct slot *p;

	if (2 * s->n >= s->cap && !set_grow(s))
		return false;
	p = set_slot(s, a, b);
	if (!p->count) {
		s->n++;
		p->a = a;
		p->b = b;
	}
	p->count += count;
	return true;
}
static int by_key(const void *x, const void *y)
{
	const struct slot *p = x, *q = y;

	return p->a < q->a ? -1 : p->a > q->a;
}
struct info {
	uint64_t kind[TRC_KINDS], timed, first, last;
	uint64_t dir_unknown, len_unknown, bytes, dir[3] /* read, write, other */;
	uint64_t exp_ok, exp_fault, exp_none, unit_max;
	struct set devices /* (rid, 0), counting dma */, pages /* (rid, iova >> 12) */, initial /* (pa, 0) */;
};
static bool count_dma(struct info *n, const struct trc_rec *r)
{
	uint64_t first = r->u.dma.iova >> 12, last = r->u.dma.len ? (r->u.dma.iova + r->u.dma.len - 1) >> 12 : first;

	if (last < first) /* wraps around the end of the address space: count its first page only */
		last = first;
	n->dir_unknown += r->u.dma.dir == '?';
	n->len_unknown += !r->u.dma.len;
	n->bytes += r->u.dma.len;
	n->dir[r->u.dma.dir == 'r' ? 0 : r->u.dma.dir == 'w' ? 1 : 2] += r->u.dma.dir != '?';
	n->exp_ok += r->u.dma.expect == TRC_EXP_OK;
	n->exp_fault += r->u.dma.expect == TRC_EXP_FAULT;
	n->exp_none += r->u.dma.expect == TRC_EXP_NONE;
	for (uint64_t p = first; p <= last; p++)
		if (!set_add(&n->pages, r->u.dma.rid, p, 1))
			return false;
	return set_add(&n->devices, r->u.dma.rid, 0, 1);
}
static bool count(struct info *n, const struct trc_rec *r)
{
	n->kind[r->kind]++;
	if (r->unit > n->unit_max)
		n->unit_max = r->unit;
	if (r->at != TRC_NO_TIME) {
		n->first = !n->timed || r->at < n->first ? r->at : n->first;
		n->last = !n->timed || r->at > n->last ? r->at : n->last;
		n->timed++;
	}
	if (r->kind == TRC_PAGE)
		return set_add(&n->initial, r->u.page.pa, 0, 1);
	return r->kind != TRC_DMA || count_dma(n, r);
}
static void row(const char *name, uint64_t v, const char *note)
{
	printf("%-24s %12" PRIu64 "%s%s\n", name, v, *note ? "  " : "", note);
}
static void print(struct info *n, uint64_t records)
{
	struct slot *d = n->devices.s;
	size_t m = 0;

	row("records", records, "");
	for (unsigned k = 0; k < TRC_KINDS; k++)
		if (n->kind[k])
			row(k == TRC_COMMENT ? "comment" : trc_kind_name[k], n->kind[k], "");
	row("units", n->unit_max + 1, "highest unit number + 1");
	row("timed records", n->timed, "");
	if (n->timed) {
		row("first time", n->first, "ps");
		row("last time", n->last, "ps");
	}
	row("initial pages", n->initial.n, "distinct, 4 KiB");
	row("pages touched by dma", n->pages.n, "distinct (device, 4 KiB page)");
	row("bytes moved by dma", n->bytes, "where the length is known");
	row("dma reads", n->dir[0], "");
	row("dma writes", n->dir[1], "");
	row("dma fetch or atomic", n->dir[2], "");
	row("direction unknown", n->dir_unknown, "assumed in replay");
	row("length unknown", n->len_unknown, "assumed in replay");
	row("expected address", n->exp_ok, "");
	row("expected fault", n->exp_fault, "");
	row("no expectation", n->exp_none, "");
	row("devices with dma", n->devices.n, "");
	for (size_t i = 0; i < n->devices.cap; i++)
		if (d[i].count)
			d[m++] = d[i];
	if (m)
		qsort(d, m, sizeof(*d), by_key);
	for (size_t i = 0; i < m; i++) {
		char name[32];
		unsigned rid = (unsigned)d[i].a;

		if (rid > 0xffff)
			snprintf(name, sizeof(name), "  0x%x", rid);
		else
			snprintf(name, sizeof(name), "  %02x:%02x.%x", rid >> 8, rid >> 3 & 31, rid & 7);
		row(name, d[i].count, "dma");
	}
}
int trace_info(int argc, char **argv)
{
	static const struct option lo[] = { { "help", no_argument, 0, 'h' }, { 0 } };
	struct info n = { 0 };
	struct err e = { 0 };
	struct trc_reader *in;
	struct trc_rec r;
	uint64_t records = 0;
	int c, rc;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, "h", lo, NULL)) != -1) {
		if (c != 'h')
			return cli_usage("trace info", "%s is not an option", argv[optind - 1]);
		fputs(help, stdout);
		return cli_out(0);
	}
	if (optind + 1 != argc)
		return cli_usage("trace info", "expected the name of one trace");
	in = trc_open(argv[optind], &e);
	if (!in)
		return cli_fail(&e);
	while ((rc = trc_next(in, &r, &e)) > 0) {
		records++;
		if (!count(&n, &r)) {
			err_set(&e, ERR_MACHINE, "no memory to count pages");
			rc = -1;
			break;
		}
	}
	trc_close(in);
	if (rc == 0)
		print(&n, records);
	free(n.devices.s);
	free(n.pages.s);
	free(n.initial.s);
	return rc < 0 ? cli_fail(&e) : cli_out(0);
}
