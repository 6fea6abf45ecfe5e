/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_core.c - host time per operation of the hot paths, each beside a plain loop that does the least for the same answer (ideal.h).
 * Prints CSV: name,param,ops,ns_per_op,ideal_ns,ratio,build,min_ns,max_ns,bound. ns_per_op, ideal_ns and ratio are medians of five
 * repetitions, min_ns and max_ns their spread; ideal and ours alternate, and the ratio is taken within a repetition, so a change of the
 * machine's speed during the run moves both. What the ratios should be: bench/expect.md.
 * Does not measure: the command line, the driver model, SystemC.
 * Usage: bench_core [NAME[,PARAM]]: only the rows whose name, or name and parameter as printed, begin so; IOMMUSIM_BENCH_SCALE=PERCENT of
 * the operations.
 */
#include <time.h>
#include <unistd.h>
#include <zstd.h>
#include "import/imp_qemu.h"
#include "bench_archs.h"

enum { REPS = 5, LINES = 200000, IN_FLIGHT_MAX = 4096 };

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* others on this machine do not count */
	return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static uint64_t sink; /* what is computed must be used */
static const char *only;
static unsigned scale = 100;

/* ---- one row ---- */

typedef void run_fn(void *arg, uint64_t ops);

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double time_of(run_fn *fn, void *arg, uint64_t ops)
{
	double t = now_ns();

	fn(arg, ops);
	return (now_ns() - t) / (double)ops;
}

static bool wanted(const char *name, const char *param)
{
	char what[128];

	snprintf(what, sizeof(what), "%s,%s", name, param);
	return !only || !strncmp(what, only, strlen(only));
}

static void row(const char *name, const char *param, uint64_t ops, const char *bound, run_fn *ours, void *arg, run_fn *ideal, void *iarg)
{
	double o[REPS], i[REPS], r[REPS];

	if (!wanted(name, param))
		return;
	if (ops != LINES) /* text comes as whole files */
		ops = ops * scale / 100;
	ideal(iarg, ops / 10 + 1); /* warm */
	ours(arg, ops / 10 + 1);
	for (unsigned k = 0; k < REPS; k++) {
		i[k] = time_of(ideal, iarg, ops);
		o[k] = time_of(ours, arg, ops);
		r[k] = o[k] / i[k];
	}
	qsort(o, REPS, sizeof(*o), by_value);
	qsort(i, REPS, sizeof(*i), by_value);
	qsort(r, REPS, sizeof(*r), by_value);
	printf("%s,%s,%llu,%.2f,%.2f,%.2f,%s%s,%.2f,%.2f,%s\n", name, param, (unsigned long long)ops, o[REPS / 2], i[REPS / 2], r[REPS / 2],
#ifdef __clang__
	       "clang-" __clang_version__,
#else
	       "gcc-" __VERSION__,
#endif
#ifdef __OPTIMIZE__
	       " optimized",
#else
	       " not optimized",
#endif
	       o[0], o[REPS - 1], bound);
	fflush(stdout);
}

/* ---- look-ups ---- */

struct look {
	struct xcache *x;
	struct ideal_tlb t;
	uint64_t addr[4096];
};

static void look_ours(void *arg, uint64_t ops)
{
	struct look *l = arg;

	for (uint64_t i = 0; i < ops; i++) {
		uint32_t slot = xc_lookup(l->x, l->addr[i % 4096], 7);

		sink += *(uint64_t *)xc_payload(l->x, slot);
	}
}

static void look_ideal(void *arg, uint64_t ops)
{
	struct look *l = arg;

	for (uint64_t i = 0; i < ops; i++)
		sink += (&l->t.pa[0][0])[ideal_lookup(&l->t, l->addr[i % 4096] >> 12)];
}

static void look_fill(struct look *l, struct rng *r)
{
	ideal_tlb_init(&l->t);
	for (unsigned i = 0; i < 256; i++)
		ideal_fill(&l->t, (IOVA >> 12) + i, i);
	for (unsigned i = 0; i < 4096; i++)
		l->addr[i] = IOVA + 4096 * rng_below(r, 256) + rng_below(r, 4096);
}

static void bench_lookup(const char *param, uint32_t entries, uint32_t ways)
{
	struct xc_cfg c = { .entries = entries, .ways = ways, .policy = XC_LRU };
	struct look *l = calloc(1, sizeof(*l));
	struct rng r;

	rng_seed(&r, 1);
	if (!l || !(l->x = xc_create(&c, 8, 1, NULL)))
		die("out of memory");
	look_fill(l, &r);
	for (unsigned i = 0; i < 256; i++) {
		struct xc_tag t = { .first = IOVA + 4096 * i, .id = 7, .size_lg2 = 12 };

		*(uint64_t *)xc_payload(l->x, xc_fill(l->x, &t)) = i;
	}
	row("xcache_hit", param, 8000000, "1.5", look_ours, l, look_ideal, l);
	xc_destroy(l->x);
	free(l);
}

/* ---- events ---- */

struct events {
	struct sim_kernel *k;
	struct sim_event ev[IN_FLIGHT_MAX];
	uint32_t delay[8192];
	uint64_t n, left;
	struct ideal_wheel w;
};
static struct events *ev; /* of the row being measured: sim_fn has no argument of its own */

static void ev_fire(struct sim_event *e)
{
	if (--ev->left == 0)
		sim_stop(ev->k);
	sim_at(ev->k, sim_now(ev->k) + ev->delay[ev->n++ % 8192], e);
}

static void ev_ours(void *arg, uint64_t ops)
{
	(void)arg;
	ev->left = ops;
	sim_run(ev->k);
}

static void ev_ideal(void *arg, uint64_t ops)
{
	struct events *v = arg;

	for (uint64_t i = 0; i < ops; i++) {
		int32_t e = ideal_pop(&v->w);

		ideal_at(&v->w, e, v->w.now + v->delay[i % 8192]);
	}
	sink += v->w.now;
}

static void ev_setup(unsigned pending)
{
	struct rng r;

	ev = calloc(1, sizeof(*ev));
	if (!ev || !(ev->k = sim_kernel_create()))
		die("out of memory");
	rng_seed(&r, 2);
	ideal_wheel_init(&ev->w);
	for (unsigned i = 0; i < 8192; i++)
		ev->delay[i] = (uint32_t)(1 + rng_below(&r, 200000));
	for (unsigned i = 0; i < pending; i++) {
		sim_event_init(&ev->ev[i], ev_fire);
		sim_at(ev->k, ev->delay[i], &ev->ev[i]);
		ideal_at(&ev->w, (int32_t)i, ev->delay[i]);
	}
}

static void ev_free(void)
{
	sim_kernel_destroy(ev->k);
	free(ev);
	ev = NULL;
}

static void bench_events(void)
{
	static const unsigned pending[] = { 1, 32, 512, 4096 };
	char param[32];

	for (unsigned i = 0; i < ARRAY_LEN(pending); i++) {
		ev_setup(pending[i]);
		snprintf(param, sizeof(param), "%u pending", pending[i]);
		row("event", param, 4000000, "2", ev_ours, NULL, ev_ideal, ev);
		ev_free();
	}
}

/* One translation through the vendor's steps with all caches, in zero time: what iommu.c does without its events. */
static void unit_ours(void *arg, uint64_t ops)
{
	static const struct xl_now now;
	struct machine *b = arg;
	struct xl *x = &b->x;

	x->now = &now;

	for (uint64_t i = 0; i < ops; i++) {
		enum xl_act act;

		x->req = (struct xl_req){ .iova = b->addr[b->n++ % b->span], .len = 64, .rid = RID, .acc = XL_R };
		x->ov_first = UINT64_MAX; /* no range invalidated */
		x->reads = 0;
		act = b->u->ops->begin(b->u, x);
		while (act == XL_ACT_READ) {
			x->mem_st = (uint8_t)mem_read(b->m, x->mem_spa, x->data, x->mem_words);
			x->reads++;
			act = b->u->ops->next(b->u, x);
		}
		if (act != XL_ACT_DONE)
			die("a translation failed");
		b->reads += x->reads;
		sink += x->res.spa;
	}
}

static void unit_hit_ideal(void *arg, uint64_t ops)
{
	struct machine *b = arg;

	for (uint64_t i = 0; i < ops; i++) {
		uint64_t vpn = b->addr[i % b->span] >> 12;
		int slot = ideal_lookup(&b->it, vpn);

		if (slot < 0)
			ideal_fill(&b->it, vpn, ideal_nested(&b->iw, vpn));
		else
			sink += (&b->it.pa[0][0])[slot];
	}
}

static void walk_now_ours(void *arg, uint64_t ops)
{
	struct machine *b = arg;

	for (uint64_t i = 0; i < ops; i++) {
		struct xl_req q = { .iova = b->addr[i % PAGES], .len = 64, .rid = RID, .acc = XL_R };
		struct xl_res r;

		iommu_walk_now(b->u, &q, &r, NULL, NULL);
		if (!r.ok)
			die("a walk failed");
		sink += r.spa;
	}
}

static void walk_ideal(void *arg, uint64_t ops)
{
	struct machine *b = arg;

	for (uint64_t i = 0; i < ops; i++)
		sink += ideal_nested(&b->iw, b->addr[i % PAGES] >> 12);
}

static void bench_unit(const struct bench_arch *a)
{
	static const char *const name[] = { "second stage", "first stage", "nested" };
	struct machine *b;
	char param[64];

	for (unsigned m = SS; m <= NESTED; m++) {
		b = machine(a, (enum mode)m, true, 256);
		b->span = 128;
		snprintf(param, sizeof(param), "%s; %s", a->name, name[m]);
		row("functional_hit", param, 4000000, "2", unit_ours, b, unit_hit_ideal, b);
		machine_free(b);
	}
	b = machine(a, NESTED, false, 64); /* 512 pages in turn through 64 entries, LRU: never a hit */
	unit_ours(b, 1); /* context and PASID entry are cached from here on */
	b->reads = 0;
	unit_ours(b, 1000);
	b->iw.refs = 0;
	walk_ideal(b, 1000);
	if (b->reads != 24000 || b->iw.refs != 24000)
		die("a nested walk does not take 24 references");
	snprintf(param, sizeof(param), "%s; 24 reads", a->name);
	row("nested_miss", param, 400000, "2", unit_ours, b, unit_hit_ideal, b);
	snprintf(param, sizeof(param), "%s; %u reads", a->name, 24 + a->config_reads);
	row("nested_walk_now", param, 400000, "-", walk_now_ours, b, walk_ideal, b);
	machine_free(b);
}

/* ---- timed DMA ---- */

struct feed {
	struct machine *b;
	uint64_t left, n;
};

static int feed_next(void *arg, struct trc_rec *r, struct err *e)
{
	struct feed *f = arg;

	(void)e;
	if (!f->left)
		return 0;
	f->left--;
	*r = (struct trc_rec){ .kind = TRC_DMA, .at = TRC_NO_TIME, .line = ++f->n };
	r->u.dma.iova = f->b->addr[f->n % f->b->span];
	r->u.dma.rid = RID;
	r->u.dma.pasid = TRC_NO_PASID;
	r->u.dma.len = 64;
	r->u.dma.dir = f->n & 1 ? 'r' : 'w';
	return 1;
}

static void dma_ours(void *arg, uint64_t ops)
{
	struct machine *b = arg;
	struct feed f = { .b = b, .left = ops };
	struct err e = { 0 };
	const struct plat_stats *s;

	machine_new(b); /* a platform replays one trace; some 50 us */
	if (!plat_run(b->p, feed_next, &f, false, &e))
		die(e.msg);
	s = plat_statistics(b->p);
	if (s->dmas != ops || s->faults)
		die("a DMA failed");
	b->reads = sim_events_run(plat_kernel(b->p));
}

static void bench_dma(const struct bench_arch *a)
{
	static const struct {
		const char *what;
		enum mode mode;
		bool hit, walk_caches;
	} kind[] = { { "hit", SS, true, true }, { "miss with walk caches", SS, false, true }, { "nested miss 24 reads", NESTED, false, false } };
	static const unsigned flight[] = { 1, 32 };
	char param[64];

	for (unsigned k = 0; k < ARRAY_LEN(kind); k++)
		for (unsigned i = 0; i < ARRAY_LEN(flight); i++) {
			struct machine *b = machine(a, kind[k].mode, kind[k].walk_caches, kind[k].hit ? 256 : 64);

			b->span = kind[k].hit ? 128 : PAGES;
			b->pc.dev_default.outstanding = flight[i];
			snprintf(param, sizeof(param), "%s; %s; %u in flight", a->name, kind[k].what, flight[i]);
			ev_setup(flight[i]);
			row("timed_dma", param, k == 2 ? 100000 : 400000, k == 2 ? "-" : "50", dma_ours, b, ev_ideal, ev);
			ev_free();
			machine_free(b);
		}
}

/* ---- text ---- */

struct text {
	char path[64], *zst, *plain; /* the compressed file again, in memory */
	size_t zst_len, plain_len;
	bool log, compressed;
};

static void text_ours(void *arg, uint64_t ops)
{
	struct text *t = arg;
	struct trc_reader *r;
	struct trc_rec rec;
	struct err e = { 0 };
	uint64_t n = 0;

	for (uint64_t done = 0; done < ops; done += LINES) {
		r = trc_open(t->path, &e);
		if (!r)
			die(e.msg);
		while (trc_next(r, &rec, &e) > 0)
			n++;
		trc_close(r);
	}
	if (n < ops)
		die("the trace was not read to its end");
}

static void log_ours(void *arg, uint64_t ops)
{
	struct text *t = arg;
	struct imp_qemu_in in = { .log = t->path };
	static struct imp_sum s;
	struct err e = { 0 };

	for (uint64_t done = 0; done < ops; done += LINES) {
		struct trc_writer *w = trc_create("/dev/null", TRC_BINARY, &e);

		memset(&s, 0, sizeof(s));
		if (!w || !imp_qemu(&in, w, &s, &e))
			die(e.msg);
		trc_abandon(w);
		if (s.unreadable || s.lines != LINES)
			die("the log was not read");
	}
}

static void scan_ideal(void *arg, uint64_t ops)
{
	struct text *t = arg;

	for (uint64_t done = 0; done < ops; done += LINES) {
		const char *p, *end;

		if (t->compressed && ZSTD_isError(ZSTD_decompress(t->plain, t->plain_len, t->zst, t->zst_len)))
			die("decompression failed");
		p = t->plain;
		end = p + t->plain_len;
		while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
			p++;
			sink++;
		}
	}
}

static char *text_make(bool log, size_t *len)
{
	char *s = malloc((size_t)LINES * 128 + 64);
	struct rng r;
	size_t n = 0;

	if (!s)
		die("out of memory");
	rng_seed(&r, 4);
	if (!log)
		n += (size_t)sprintf(s, "#iotrace 1\n");
	for (unsigned i = 0; i < LINES; i++) {
		unsigned long long iova = 0xf0000000 + 4096 * rng_below(&r, 65536), pa = 0x100000000 + 4096 * rng_below(&r, 1 << 20);

		if (log)
			n += (size_t)(i % 2 ? sprintf(s + n, "vtd_dmar_translate dev 00:02.00 iova 0x%llx -> gpa 0x%llx mask 0xfff\n", iova, pa) :
					      sprintf(s + n, "vtd_iotlb_page_hit IOTLB page hit sid 0x10 iova 0x%llx slpte 0x%llx domain 0x1\n", iova, pa | 3));
		else
			n += (size_t)sprintf(s + n, "dma 00:02.0 %c 0x%llx+64 -> 0x%llx\n", i % 2 ? 'r' : 'w', iova, pa);
	}
	*len = n;
	return s;
}

static void bench_text(const char *name, const char *param, bool log, bool compressed, const char *bound)
{
	struct text t = { .path = "/tmp/iommusim-bench-XXXXXX", .log = log, .compressed = compressed };
	size_t cap;
	int fd;

	if (!wanted(name, param))
		return;
	t.plain = text_make(log, &t.plain_len);
	cap = ZSTD_compressBound(t.plain_len);
	t.zst = malloc(cap);
	if (!t.zst)
		die("out of memory");
	t.zst_len = ZSTD_compress(t.zst, cap, t.plain, t.plain_len, 3);
	fd = mkstemp(t.path);
	if (fd < 0 || ZSTD_isError(t.zst_len) || write(fd, compressed ? t.zst : t.plain, compressed ? t.zst_len : t.plain_len) < 0)
		die("cannot write a file in /tmp");
	close(fd);
	row(name, param, LINES, bound, log ? log_ours : text_ours, &t, scan_ideal, &t);
	unlink(t.path);
	free(t.zst);
	free(t.plain);
}

int main(int argc, char **argv)
{
	const char *s = getenv("IOMMUSIM_BENCH_SCALE");

	only = argc > 1 ? argv[1] : NULL;
	scale = s && atoi(s) > 0 ? (unsigned)atoi(s) : 100;
	puts("name,param,ops,ns_per_op,ideal_ns,ratio,build,min_ns,max_ns,bound");
	bench_lookup("8 ways", 256, 8);
	bench_lookup("fully associative", 256, 0);
	bench_events();
	for (unsigned i = 0; i < ARRAY_LEN(bench_archs); i++)
		bench_unit(&bench_archs[i]);
	for (unsigned i = 0; i < ARRAY_LEN(bench_archs); i++)
		bench_dma(&bench_archs[i]);
	bench_text("trace_text", "zstd", false, true, "5");
	bench_text("trace_text", "plain", false, false, "-");
	bench_text("import_qemu", "zstd", true, true, "5");
	return sink == 1; /* never; keeps sink alive */
}
