/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_check.c - events for measuring the ordering checker: a driver that maps, unmaps, flushes, waits and frees, rightly.
 * Usage: bench_check text EVENTS    the events as a trace on standard output
 *        bench_check api EVENTS     straight into the checker; prints CSV: path,events,seconds,events_per_s,max_rss_KiB,open_max,findings
 * 16 page tables behind two units, half of the requesters with ATS, up to 64 unmapped ranges outstanding, one wait for eight commands.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "check/ord.h"

enum { DOMAINS = 16, DEPTH = 8, PAGE = 4096 };

struct feed {
	struct ord_chk *c; /* NULL: text */
	uint64_t n, limit, wait;
	uint32_t dom[DOMAINS];
};
static bool done(const struct feed *f)
{
	return f->n >= f->limit;
}
/* @fmt: the event as text, made only where text is wanted. */
PRINTF_LIKE(3, 4) static void put(struct feed *f, struct ord_ev *e, const char *fmt, ...)
{
	va_list ap;

	f->n++;
	if (!f->c) {
		va_start(ap, fmt);
		vprintf(fmt, ap);
		va_end(ap);
		putchar('\n');
		return;
	}
	e->line = f->n;
	if (!ord_event(f->c, e, NULL))
		exit(3);
}
/* Set-up goes the text way in both cases. */
static void setup(struct feed *f, const char *text)
{
	struct ord_ev e;
	const char *end;

	if (f->c && ord_parse(text, &end, &e, ord_names(f->c)))
		exit(3);
	put(f, &e, "%s", text);
}
static void begin(struct feed *f)
{
	char s[128];

	for (unsigned i = 0; i < DOMAINS; i++) {
		snprintf(s, sizeof(s), "CFG_SET@u%u CTX 0%x:00.0 dom=d%u did=%u type=legacy ats=1", i & 1, i, i, i + 1);
		setup(f, s);
		snprintf(s, sizeof(s), "CFGINV@u%u CTX 0%x:00.0", i & 1, i);
		setup(f, s);
		snprintf(s, sizeof(s), "WAIT@u%u", i & 1);
		setup(f, s);
		snprintf(s, sizeof(s), "DONE@u%u", i & 1);
		setup(f, s);
		if (i & 2) {
			snprintf(s, sizeof(s), "DEV_CFG@u%u 0%x:00.0 ATS=1", i & 1, i);
			setup(f, s);
		}
		snprintf(s, sizeof(s), "d%u", i);
		f->dom[i] = f->c ? ord_name(ord_names(f->c), s, strlen(s)) : 0;
	}
}
static uint64_t iova_of(uint64_t turn, unsigned i)
{
	return (turn * DEPTH + i) % (1 << 18) * PAGE;
}
static void leaf(struct feed *f, uint8_t op, unsigned d, uint64_t iova)
{
	struct ord_ev e = { .op = op,
		            .have = ORD_P_DOM | ORD_P_RANGE,
		            .d = f->dom[d],
		            .lo = iova,
		            .last = iova + PAGE - 1,
		            .rid = ORD_NONE,
		            .pasid = ORD_NONE };
	uint64_t pa = UINT64_C(0x100000000) + ((uint64_t)d << 32) + iova;

	if (op == ORD_PTE_SET) {
		e.have |= ORD_P_PAGE;
		e.pa = pa;
		put(f, &e, "PTE_SET d%u 0x%llx/4K 0x%llx rw", d, (unsigned long long)iova, (unsigned long long)pa);
	} else if (op == ORD_PAGE_FREE) {
		e.have = ORD_P_PAGE;
		e.pa = pa;
		put(f, &e, "PAGE_FREE 0x%llx", (unsigned long long)pa);
	} else {
		put(f, &e, "PTE_CLR d%u 0x%llx/4K", d, (unsigned long long)iova);
	}
}
static void flush(struct feed *f, uint8_t op, unsigned d, uint64_t iova)
{
	struct ord_ev e = { .op = op,
		            .have = ORD_P_RANGE | ORD_P_UNIT,
		            .unit = d & 1,
		            .lo = iova,
		            .last = iova + PAGE - 1,
		            .rid = ORD_NONE,
		            .pasid = ORD_NONE };

	if (op == ORD_TLBINV) {
		ord_put(&e, ORD_KEY_DID, d + 1);
		e.flags = ORD_F(LEAF);
		put(f, &e, "TLBINV@u%u did=%u 0x%llx/4K leaf", d & 1, d + 1, (unsigned long long)iova);
	} else {
		e.rid = d << 8;
		e.have |= ORD_P_RID;
		put(f, &e, "ATCINV@u%u 0%x:00.0 0x%llx/4K", d & 1, d, (unsigned long long)iova);
	}
}
static void wait_for(struct feed *f, uint8_t op, unsigned d)
{
	struct ord_ev e = {
		.op = op, .have = ORD_P_WAIT | ORD_P_UNIT, .unit = d & 1, .w = ORD_WAIT_NO(f->wait), .rid = ORD_NONE, .pasid = ORD_NONE
	};

	put(f, &e, "%s@u%u w%llu", ord_op_name[op], d & 1, (unsigned long long)f->wait);
}
static void feed(struct feed *f)
{
	begin(f);
	for (uint64_t turn = 0; !done(f); turn++) {
		unsigned d = (unsigned)(turn % DOMAINS);

		for (unsigned i = 0; i < DEPTH; i++)
			leaf(f, ORD_PTE_SET, d, iova_of(turn, i));
		for (unsigned i = 0; i < DEPTH; i++)
			leaf(f, ORD_PTE_CLR, d, iova_of(turn, i));
		for (unsigned i = 0; i < DEPTH; i++) {
			flush(f, ORD_TLBINV, d, iova_of(turn, i));
			if (d & 2)
				flush(f, ORD_ATCINV, d, iova_of(turn, i));
		}
		wait_for(f, ORD_WAIT, d);
		wait_for(f, ORD_DONE, d);
		f->wait = (f->wait + 1) % 1000000000;
		for (unsigned i = 0; i < DEPTH; i++)
			leaf(f, ORD_PAGE_FREE, d, iova_of(turn, i));
	}
}
static void measure(struct feed *f)
{
	struct ord_knobs k = { 0 };
	struct ord_stats s;
	struct timespec a, b;
	struct rusage u;
	double t;

	cfg_defaults(ord_knob_opts, &k);
	f->c = ord_open(ORD_VTD, &k, NULL, NULL, NULL);
	if (!f->c)
		exit(3);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	feed(f);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	t = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
	getrusage(RUSAGE_SELF, &u);
	ord_stats(f->c, &s);
	printf("api,%llu,%.3f,%.0f,%ld,%llu,%llu\n", (unsigned long long)s.events, t, (double)s.events / t, u.ru_maxrss,
	       (unsigned long long)s.open_max, (unsigned long long)s.findings);
	ord_close(f->c);
	cfg_free(ord_knob_opts, &k);
}
int main(int argc, char **argv)
{
	struct feed f = { .limit = argc == 3 ? strtoull(argv[2], NULL, 10) : 0 };

	if (!f.limit || (strcmp(argv[1], "text") && strcmp(argv[1], "api"))) {
		fputs("usage: bench_check text|api EVENTS\n", stderr);
		return 2;
	}
	if (!strcmp(argv[1], "api")) {
		measure(&f);
		return 0;
	}
	puts("#iotrace 1\n# arch: vtd");
	feed(&f);
	return fflush(stdout) ? 3 : 0;
}
