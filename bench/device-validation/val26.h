/* SPDX-License-Identifier: Apache-2.0 */
/*
 * val26.h - VAL-26 and VAL-27, the translation cache of Intel DSA 1.0 (artifact dsa-reversing, 1000 samples each): completion latency of a
 * no-op 488 cycles with a hit, 1026 with a miss; each engine has its own cache, in which each descriptor field remembers one page, whatever PASID
 * used it; entries never translate for another PASID.
 * Input: the preset "one entry for each of 5 fields of each of 4 engines" (atc.partition = request), the hit's latency (fixed_time), and the
 * link's latency, such that a miss of one process that alternates between two pages costs 1026 cycles. A cycle is taken as 0.5 ns; everything
 * is calibrated in cycles, so its length does not matter. Predicted: hits and misses of every sequence, and the latencies in the other ones.
 */
#ifndef IOMMUSIM_BENCH_DEVICE_VAL26_H
#define IOMMUSIM_BENCH_DEVICE_VAL26_H
#include "core/mem/mem.h"
#include "rows.h"
#include "software/pf_host.h"
#include "pcie/dev.h"
#include "vtd/vtd.h"

enum { V26_CYCLE_PS = 500, V26_SAMPLES = 1000, V26_ENGINES = 4, V26_FIELDS = 5, V26_PAGES = 1 << 16, V26_MEM_PS = 90000 };
struct v26 {
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port port;
	struct vtd_cfg vc;
	struct pf_cfg pc;
	struct pf_host h;
	struct iommu *u;
	struct dev_cfg dc;
	struct dev *d;
	struct xl_res res;
	sim_time at;
	unsigned done;
	bool failed; /* an access was refused or met a page of another PASID */
};
struct v26_probe { uint32_t page, pasid, engine, field, offset; };
struct v26_result {
	uint64_t hits, misses;
	double median_hit, median_miss; /* cycles */
	bool ok;
};
struct v26_cal { uint64_t fixed_ps, link_ps; };

static inline void v26_done(void *arg, const struct dev_dma *q, const struct xl_res *r)
{
	struct v26 *v = arg;

	(void)q;
	v->res = *r;
	v->at = sim_now(v->k);
	v->done++;
}

static inline void v26_init(struct v26 *v, const struct v26_cal *cal, bool shared)
{
	struct mem_port_cfg pc = { .lat_ps = V26_MEM_PS };
	struct err e = { 0 };

	*v = (struct v26){ .k = sim_kernel_create(), .m = mem_create(0, false) };
	cfg_defaults(vtd_opts, &v->vc);
	v->vc.cap = 0xd1d2078c40780c06;
	v->vc.ecap = 0x0433ef9ea4f050df;
	v->vc.ver = 0x60;
	v->vc.iotlb.entries = 1 << 17; /* every page of both processes: a miss of the device hits here */
	v->vc.iotlb.ways = 8;
	cfg_defaults(pf_opts, &v->pc);
	v->pc.devices = 1;
	v->pc.pasids = 2;
	v->pc.absent = 0;
	v->pc.pages = V26_PAGES;
	cfg_defaults(dev_opts, &v->dc);
	v->dc.rid = PF_RID0;
	v->dc.link_lat_ps = cal->link_ps;
	v->dc.fixed_ps = cal->fixed_ps;
	v->dc.atc.cache.entries = V26_ENGINES * V26_FIELDS;
	v->dc.atc.partition = shared ? ATC_PART_NONE : ATC_PART_REQUEST;
	v->dc.atc.slices = V26_ENGINES * V26_FIELDS;
	if (!v->k || !v->m || !mem_port_init(&v->port, &pc, &e) || !(v->u = vtd_create(&v->vc, "vtd0", v->k, v->m, &v->port, 1, &e)) ||
	    !pf_host_init(&v->h, &v->pc, v->u, false, 1, &e) || !(v->d = dev_create(&v->dc, v->u, v26_done, v, &e)))
		rows_die(e.msg);
	sim_run(v->k);
}

static inline void v26_fini(struct v26 *v)
{
	v->u->ops->destroy(v->u);
	dev_destroy(v->d);
	pf_host_fini(&v->h);
	mem_port_fini(&v->port);
	mem_destroy(v->m);
	sim_kernel_destroy(v->k);
}

/* A no-op with a completion record: one write of 32 bytes. Returns: its latency, ps. */
static inline uint64_t v26_probe(struct v26 *v, const struct v26_probe *p)
{
	uint64_t iova = PF_IOVA + 4096 * (uint64_t)p->page + p->offset;
	sim_time t = sim_now(v->k);
	unsigned was = v->done;

	dev_submit(v->d, &(struct dev_dma){ .iova = iova, .len = 32, .pasid = 1 + p->pasid, .has_pasid = true, .dir = 'w',
					    .slice = (uint8_t)(p->engine * V26_FIELDS + p->field) });
	sim_run(v->k);
	if (v->done != was + 1 || !v->res.ok || v->res.spa != pf_host_spa(&v->pc, 0, p->pasid, p->page) + p->offset)
		v->failed = true;
	return v->at - t;
}

static inline int v26_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static inline double v26_median(uint64_t *t, size_t n)
{
	if (!n)
		return 0;
	qsort(t, n, sizeof(*t), v26_cmp);
	return (double)t[n / 2] / V26_CYCLE_PS;
}

/* The pages are translated once in the unit before, through a field that is not probed; then @n probes in turn, V26_SAMPLES together. */
static inline struct v26_result v26_sequence(const struct v26_cal *cal, bool shared, const struct v26_probe *p, unsigned n)
{
	static uint64_t hit[V26_SAMPLES], miss[V26_SAMPLES];
	struct v26_result r = { 0 };
	struct v26 *v = calloc(1, sizeof(*v));

	if (!v)
		rows_die("out of memory");
	v26_init(v, cal, shared);
	for (unsigned i = 0; i < n; i++) {
		struct v26_probe warm = p[i];

		warm.field = V26_FIELDS - 1;
		warm.engine = V26_ENGINES - 1;
		(void)v26_probe(v, &warm);
	}
	for (unsigned i = 0; i < V26_SAMPLES; i++) {
		uint64_t before = dev_atc_stats(v->d)->misses, t = v26_probe(v, &p[i % n]);

		if (dev_atc_stats(v->d)->misses == before)
			hit[r.hits++] = t;
		else
			miss[r.misses++] = t;
	}
	r.median_hit = v26_median(hit, r.hits);
	r.median_miss = v26_median(miss, r.misses);
	r.ok = !v->failed;
	v26_fini(v);
	free(v);
	return r;
}

static const struct v26_probe v26_a = { .page = 16 }, v26_ab[2] = { { .page = 16 }, { .page = 17 } };

/* Fixed time from the hit, then link latency from the miss of A, B, A, B; the model is linear in both. */
static inline struct v26_cal v26_calibrate(void)
{
	const double hit = 488, miss = 1026;
	struct v26_cal c = { 0, 0 };
	double h0, g0, h1, g1;

	h0 = v26_sequence(&c, false, &v26_a, 1).median_hit;
	g0 = v26_sequence(&c, false, v26_ab, 2).median_miss - h0;
	c.link_ps = 10000;
	h1 = v26_sequence(&c, false, &v26_a, 1).median_hit;
	g1 = v26_sequence(&c, false, v26_ab, 2).median_miss - h1;
	if (g1 <= g0)
		rows_die("VAL-26: the cost of a miss does not grow with the link");
	/* a miss crosses the device's path once more, too: with f of it in the gap as in the hit, gap = g(link) + fixed, hit = h(link) + fixed */
	c.link_ps = (uint64_t)llround(10000 * ((miss - hit - g0) - (hit - h0)) / ((g1 - g0) - (h1 - h0)));
	c.fixed_ps = 0;
	h1 = v26_sequence(&c, false, &v26_a, 1).median_hit;
	c.fixed_ps = (uint64_t)llround((hit - h1) * V26_CYCLE_PS);
	return c;
}

static inline int v26_row(const char *what, const struct v26_cal *c, const struct v26_probe *p, unsigned n, uint64_t hits)
{
	struct v26_result r = v26_sequence(c, false, p, n);
	char text[160];
	int bad;

	snprintf(text, sizeof(text), "%s: hits", what);
	bad = row_exact("VAL-27", text, hits, r.hits);
	if (!r.ok)
		rows_die("VAL-27: an access was refused, or met a page of another process");
	if (r.misses > V26_SAMPLES / 2) {
		snprintf(text, sizeof(text), "%s: median of misses less 488 (cycles)", what);
		bad |= row_percent("VAL-26", text, 538, r.median_miss - 488, 5);
	} else {
		snprintf(text, sizeof(text), "%s: median of hits (cycles)", what);
		bad |= row_percent("VAL-26", text, 488, r.median_hit, 5);
	}
	return bad;
}

static inline int val26(void)
{
	static const struct v26_probe fields[5] = { { .page = 16 }, { .page = 17, .field = 1 }, { .page = 18, .field = 2 }, { .page = 19, .field = 3 },
						    { .page = 20, .field = 4 } };
	static const struct v26_probe same[2] = { { .page = 16, .pasid = 0 }, { .page = 16, .pasid = 1 } };
	static const struct v26_probe engines[2] = { { .page = 16, .pasid = 0 }, { .page = 17, .pasid = 1, .engine = 1 } };
	static const struct v26_probe offset[2] = { { .page = 16 }, { .page = 16, .offset = 0xfe0 } };
	struct v26_cal c = v26_calibrate();
	struct v26_result r;
	char text[120];
	int bad;

	printf("input,\"VAL-26: fixed time fitted to 488 cycles (ns)\",,%.6g,,\n", (double)c.fixed_ps / 1000);
	printf("input,\"VAL-26: link latency fitted to 1026 cycles (ns)\",,%.6g,,\n", (double)c.link_ps / 1000);
	bad = v26_row("A A A", &c, &v26_a, 1, V26_SAMPLES - 1);
	bad |= v26_row("A B A B in one field (calibration)", &c, v26_ab, 2, 0);
	bad |= v26_row("two offsets of one page", &c, offset, 2, V26_SAMPLES - 1);
	bad |= v26_row("one page in each of 5 fields", &c, fields, 5, V26_SAMPLES - 5);
	bad |= v26_row("two processes, one engine", &c, same, 2, 0);
	bad |= v26_row("two processes, two engines", &c, engines, 2, V26_SAMPLES - 2);
	for (unsigned b = 0; b < 16; b++) {
		const struct v26_probe flip[2] = { { .page = 16 }, { .page = 16 ^ 1u << b } };

		snprintf(text, sizeof(text), "address bit %u flipped: hits", 12 + b);
		bad |= row_exact("VAL-27", text, 0, v26_sequence(&c, false, flip, 2).hits);
	}
	r = v26_sequence(&c, true, v26_ab, 2);
	printf("control,\"VAL-27: A B A B with one shared cache of as many entries, hits, must miss\",0,%llu,exact,%s\n",
	       (unsigned long long)r.hits, r.hits ? "pass" : "FAIL");
	return bad | !r.hits;
}
#endif
