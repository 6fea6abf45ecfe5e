/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chaos.h - any bytes as a hostile host and hostile guests of one unit: the part that is the same for every architecture. An architecture's
 * header (amdvi_chaos.h, smmuv3_chaos.h, vtd_chaos.h) defines the constants of chaos_req(), CHAOS_PAGES, CHAOS_TIMES_OUT, `struct
 * chaos_arch`, includes this one, and then defines the functions declared below. Checks only what must hold for every input: each request
 * is answered once; hits and misses add up to requests, in the unit and in its caches; the unit comes to rest after a bounded number of
 * events, once every device-TLB invalidation was answered if it does not stop waiting by itself (CHAOS_TIMES_OUT); with no cache a timed
 * answer equals the zero-time one.
 */
#ifndef IOMMUSIM_CHAOS_H
#define IOMMUSIM_CHAOS_H
#include <stdlib.h>
#include <string.h>
#include "core/iommu.h"
#include "core/pt/pt.h"

enum { CHAOS_FLIGHTS = 16, CHAOS_EVENTS = 4000, CHAOS_REST = 400000, CHAOS_INVS = 1024 };
#define CHAOS_BASE UINT64_C(0x10000)
struct chaos;
struct chaos_flight {
	struct xl x;
	struct chaos *c;
	bool busy, stalled; /* stalled: waits for software */
};
struct chaos {
	const uint8_t *p, *end;
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port port;
	struct iommu *u;
	struct chaos_arch a;
	struct chaos_flight f[CHAOS_FLIGHTS];
	struct ats_inv inv[CHAOS_INVS]; /* the last ones of n_inv */
	uint64_t sent, answered, compared, stalled, n_inv, recent;
};

/* ---- what an architecture defines ---- */

static inline uint64_t chaos_iova(struct chaos *c); /* an address the tables may translate: few, so that caches are hit */
static inline void chaos_settings(struct chaos *c);
static inline void chaos_tables(struct chaos *c); /* page tables, linked at random */
static inline struct iommu *chaos_create(struct chaos *c, struct err *e);
static inline bool chaos_cached(const struct chaos *c); /* has it a cache of translations? */
static inline void chaos_bring_up(struct chaos *c); /* structures and registers, legal in the main */
static inline void chaos_cmd(struct chaos *c); /* a command or a part of one */
static inline void chaos_act(struct chaos *c); /* one thing that happens: chaos_do() or its own */
static inline void chaos_end(struct chaos *c); /* what holds at rest, beside chaos_rest() */

/* ---- bytes, memory, registers ---- */

static inline void chaos_must(bool ok)
{
	if (!ok)
		abort();
}
static inline uint64_t chaos_take(struct chaos *c, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes && c->p < c->end; i++)
		v |= (uint64_t)*c->p++ << 8 * i;
	return v;
}
static inline uint64_t chaos_at(unsigned page)
{
	return CHAOS_BASE + page * 4096u;
}
static inline uint64_t chaos_page(struct chaos *c)
{
	return chaos_at((unsigned)chaos_take(c, 1) % CHAOS_PAGES);
}
static inline void chaos_steps(struct chaos *c, unsigned n)
{
	while (n-- && sim_run_one(c->k))
		;
}
static inline void chaos_put(struct chaos *c, uint64_t spa, uint64_t w)
{
	(void)mem_write(c->m, spa & ~UINT64_C(7), &w, 1); /* beyond memory: nothing */
}
static inline void chaos_wr(struct chaos *c, uint32_t off, unsigned bytes, uint64_t v)
{
	c->u->ops->mmio_write(c->u, off, bytes, v);
}
static inline bool chaos_idle(const struct chaos *c)
{
	return !iommu_inflight(c->u) && c->u->ops->commands_idle(c->u);
}
/* Until no command is under way, @events at most. */
static inline void chaos_commands(struct chaos *c, unsigned events)
{
	while (events-- && !c->u->ops->commands_idle(c->u) && sim_run_one(c->k))
		;
}

/* ---- requests ---- */

static inline void chaos_done(struct xl *x)
{
	struct chaos_flight *f = (struct chaos_flight *)(void *)x;

	chaos_must(f->busy && !f->stalled);
	f->busy = false;
	f->c->answered++;
	iommu_retire(f->c->u, x);
}
static inline void chaos_stall(void *arg, struct xl *x, bool on)
{
	struct chaos *c = arg;
	struct chaos_flight *f = (struct chaos_flight *)(void *)x;

	chaos_must(f->busy && f->stalled != on);
	f->stalled = on;
	c->stalled += on ? 1 : UINT64_MAX;
}
static inline struct xl_req chaos_req(struct chaos *c)
{
	struct xl_req q = { .iova = chaos_iova(c), .rid = (uint32_t)chaos_take(c, 1) };
	unsigned b = (unsigned)chaos_take(c, 2);

	q.rid = q.rid < 250 ? q.rid % 4 : q.rid << 8;
	q.len = b & 1 ? 64 : b & 2 ? 4 : 0;
	q.acc = (uint8_t)(q.len ? b >> 2 & 0x0f : XL_R);
	if (!(q.acc & 7))
		q.acc |= XL_R;
	if (b & 0x40 && q.len)
		q.acc = XL_R | XL_W | XL_ATOMIC;
	q.has_pasid = (b & CHAOS_PASID_MASK) == 0x80;
	q.pasid = q.has_pasid ? b >> 8 & 3 : 0;
	if (q.has_pasid && (b >> 12) == 7)
		q.pasid = 0xfffff;
	q.at = b >> 10 & 3;
	if (q.at > XL_TRANSLATED || !(b & CHAOS_AT_MASK))
		q.at = XL_UNTRANSLATED;
	if (q.len && (q.iova & 0xfff) > 4096 - q.len)
		q.iova &= ~UINT64_C(0xfff);
	return q;
}
static inline void chaos_go(struct chaos *c, struct chaos_flight *f, const struct xl_req *q)
{
	f->busy = true;
	f->stalled = false;
	f->c = c;
	f->x.req = *q;
	f->x.done = chaos_done;
	c->sent++;
	c->recent = q->iova;
	iommu_translate(c->u, &f->x);
}
/* @n + 1 equal requests */
static inline void chaos_send(struct chaos *c, unsigned n)
{
	struct xl_req q = chaos_req(c);

	for (unsigned i = 0; i < CHAOS_FLIGHTS; i++)
		if (!c->f[i].busy) {
			chaos_go(c, &c->f[i], &q);
			if (!n--)
				return;
		}
}
/* Reads of requesters @rid up to @last, on the page used last, some steps into their walks. */
static inline void chaos_walks(struct chaos *c, uint32_t rid, uint32_t last, unsigned steps)
{
	struct xl_req q = { .iova = c->recent & ~UINT64_C(0xfff), .len = 4, .rid = rid, .acc = XL_R };

	for (unsigned i = 0; i < CHAOS_FLIGHTS && q.rid <= last; i++)
		if (!c->f[i].busy) {
			chaos_go(c, &c->f[i], &q);
			q.rid++;
		}
	chaos_steps(c, steps);
}
/*
 * Alone and without caches the two clocks agree: tables do not change meanwhile, except for accessed and dirty. A page that holds a table of the
 * walk too may become dirty by it, and then grants writing: as it does afterwards in zero time.
 */
static inline void chaos_compare(struct chaos *c)
{
	struct xl_req q = chaos_req(c);
	struct xl_res r;
	struct chaos_flight *f = &c->f[0];
	const struct xl_res *x = &f->x.res;
	uint64_t want = c->answered + 1, left = CHAOS_EVENTS;

	if (chaos_cached(c) || f->busy || !chaos_idle(c))
		return;
	iommu_walk_now(c->u, &q, &r, NULL, NULL);
	chaos_go(c, f, &q);
	while (c->answered != want && !f->stalled && left-- && sim_run_one(c->k))
		;
	chaos_must(c->answered == want || f->stalled);
	chaos_must(x->ok == r.ok && x->code == r.code);
	chaos_must(!f->stalled || !r.ok);
	if (r.ok && x->perm != r.perm)
		iommu_walk_now(c->u, &q, &r, NULL, NULL);
	chaos_must(!r.ok || (x->spa == r.spa && x->size_lg2 == r.size_lg2 && x->memtype == r.memtype && x->perm == r.perm));
	c->compared += !f->stalled;
}

/* ---- devices ---- */

static inline void chaos_inv(void *arg, const struct ats_inv *q)
{
	struct chaos *c = arg;

	chaos_must(q->first <= q->last && q->itag < 32);
	c->inv[c->n_inv++ % CHAOS_INVS] = *q;
	if (q->rid & 1) /* some answer from inside the call */
		c->u->ops->ats_cpl(c->u, q->rid, UINT32_C(1) << q->itag, 1);
}
/* A page request, memory that fails, or an answer to an invalidation. */
static inline void chaos_other(struct chaos *c)
{
	struct page_req p = { .rid = (uint32_t)chaos_take(c, 1) & 3, .addr = chaos_iova(c) };
	unsigned b = (unsigned)chaos_take(c, 1);
	const struct ats_inv *q = &c->inv[(c->n_inv - 1) % CHAOS_INVS];

	p.has_pasid = b & 1;
	p.pasid = p.has_pasid ? b & 3 : 0;
	p.last = b & 4;
	p.r = !(b & 0x40);
	p.w = b & 0x80;
	if (b & 8)
		c->u->ops->page_request(c->u, &p);
	else if (b & 16)
		mem_poison(c->m, chaos_page(c) + 8 * (b >> 5), b & 1);
	else
		c->u->ops->ats_cpl(c->u, b & 2 ? q->rid : p.rid, b & 32 ? 1u << q->itag : (uint32_t)chaos_take(c, 4), b >> 6);
}
/* Every device answers in full; what that lets go may send more. */
static inline void chaos_answers(struct chaos *c)
{
	for (unsigned i = 0; i < c->n_inv && i < CHAOS_INVS; i++)
		for (unsigned n = 0; n < 8; n++)
			c->u->ops->ats_cpl(c->u, c->inv[i].rid, UINT32_C(1) << c->inv[i].itag, 1);
}

/* ---- caches ---- */

static inline void chaos_entries(struct xc_cfg *const *x, size_t n, unsigned entries)
{
	for (size_t i = 0; i < n; i++) {
		x[i]->entries = entries;
		x[i]->ways = 0;
	}
}
static inline uint32_t chaos_count(struct xcache *x, const struct inv_scope *s)
{
	return x ? xc_invalidate(x, s) : 0;
}
static inline void chaos_sum(struct xcache *const *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		chaos_must(!x[i] || xc_stats_of(x[i])->hits + xc_stats_of(x[i])->misses == xc_stats_of(x[i])->lookups);
}
static inline void chaos_sum_pt(const struct pt_caches *p)
{
	for (unsigned st = 0; st < 2; st++)
		chaos_sum(p->psc[st], PT_LEVELS);
	chaos_sum(&p->nested, 1);
}
/* May a request that is under way still begin to read (@tables: tables; structures of the configuration do not matter)? */
static inline bool chaos_may_begin(const struct chaos *c, bool tables)
{
	for (const struct xl *x = c->u->oldest; x; x = x->next)
		if (x->state == XL_LOOKUP || x->state == XL_MERGED ||
		    (tables && (x->state == XL_WALK || x->state == XL_MISSQ) && !x->tagged))
			return true;
	return c->u->held;
}

/* ---- a run ---- */

/* @what is one of 1 to 31; @b has more to say in its three highest bits. */
static inline void chaos_do(struct chaos *c, unsigned what, unsigned b)
{
	switch (what) {
	case 1: chaos_put(c, chaos_page(c) + chaos_take(c, 2) % 512 * 8, chaos_take(c, 8)); break;
	case 2: chaos_put(c, chaos_page(c) + chaos_take(c, 1) % 8 * 8, chaos_page(c) | (chaos_take(c, 2) & 0xfff)); break;
	case 3: case 4: case 5: case 6: chaos_cmd(c); break;
	case 8: chaos_other(c); break;
	case 10: case 11: case 12: chaos_compare(c); break;
	case 14: case 15: case 16: chaos_steps(c, 1 + (b >> 5) * 8); break;
	default: chaos_send(c, b >> 6); break;
	}
}
static inline bool chaos_open(struct chaos *c)
{
	static const struct mem_port_cfg port = { .lat_ps = 80000 };
	struct err e;

	chaos_settings(c);
	c->k = sim_kernel_create();
	c->m = mem_create(UINT64_C(1) << 40, false);
	chaos_must(c->k && c->m && mem_port_init(&c->port, &port, &e));
	c->u = chaos_create(c, &e);
	if (c->u)
		c->u->env = (struct iommu_env){ .arg = c, .ats_inv = chaos_inv, .stall = chaos_stall };
	return c->u;
}
static inline void chaos_rest(struct chaos *c)
{
	(void)c->u->ops->mmio_read(c->u, 0, 4); /* after a restore: the queues go on */
	for (unsigned round = 0; round < 64 && !chaos_idle(c); round++) {
		for (unsigned i = 0; i < CHAOS_REST / 64 && !chaos_idle(c) && sim_run_one(c->k); i++)
			;
		if (!CHAOS_TIMES_OUT)
			chaos_answers(c);
	}
	chaos_must(chaos_idle(c) && c->sent == c->answered + c->stalled && c->u->st.hits + c->u->st.misses == c->u->st.requests);
}
/** chaos_run() - one input from begin to end. Returns: requests answered and compared, added up. */
static inline uint64_t chaos_run(const uint8_t *data, size_t n)
{
	struct chaos *c = calloc(1, sizeof(*c));
	uint64_t score;

	chaos_must(c != NULL);
	c->p = data;
	c->end = data + n;
	if (chaos_open(c)) {
		chaos_tables(c);
		chaos_bring_up(c);
		while (c->p < c->end)
			chaos_act(c);
		chaos_rest(c);
		chaos_end(c);
		c->u->ops->destroy(c->u);
	}
	score = c->answered + c->compared;
	mem_port_fini(&c->port);
	mem_destroy(c->m);
	sim_kernel_destroy(c->k);
	free(c);
	return score;
}
#endif
