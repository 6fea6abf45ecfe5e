/* SPDX-License-Identifier: Apache-2.0 */
/*
 * races.h - invalidations against walks in flight, through the queue as software does it: store, commands, the command that waits, tail.
 * The rule tested at every event of a walk: once the last wait has completed no request uses the old translation, and none that uses it is
 * still in flight. A test defines TAB(f) (the name of function f of its tables: at_f, st_f), `struct kind` (what changes, and the
 * commands) and RACE_OWN (members: its tables `t` and what lies in them), includes this header, and defines the functions declared below.
 */
#ifndef IOMMUSIM_RACES_H
#define IOMMUSIM_RACES_H

#define VA  UINT64_C(0x2345600000)
#define OLD UINT64_C(0x40000000)
#define NEW UINT64_C(0x80000000)
struct race;
struct flight {
	struct xl x;
	struct sim_event retire;
	struct race *r;
	bool done, retired;
};
enum { FLIGHTS = 24, DMA_PS = 150000, PREFETCHED = 90 /* events after which a prefetch is over */ };
struct race {
	RACE_OWN
	struct flight f[FLIGHTS];
	unsigned n_f;
	bool sent, completed;
};
enum how { DMA, ATS, PREFETCH, HOWS };

static void build(struct race *r, const struct kind *k, bool ad, void (*set)(rig_cfg *c)); /* @ad: hardware sets accessed and dirty */
static void change(struct race *r, const struct kind *k); /* the new contents and the commands */
static struct xl_req request(struct race *r, const struct kind *k, enum how how);
static void prefetch(struct race *r, const struct xl_req *q); /* the command */
static uint64_t elsewhere(const struct kind *k); /* distance of another address in the page; 0: none */

static inline bool is_old(const struct xl *x)
{
	return x->res.ok && x->res.perm && (x->res.spa & ~UINT64_C(0x1fffff)) == OLD;
}

static inline void retire(struct sim_event *e)
{
	struct flight *f = container_of(e, struct flight, retire);

	f->retired = true;
	iommu_retire(f->r->t.r->u, &f->x);
}

static inline void answered(struct xl *x)
{
	struct flight *f = container_of(x, struct flight, x);

	f->done = true;
	must(!f->r->completed || !is_old(x), "answered with the old address after the wait");
	/* later ones use their answer longer: whoever waits for the first only would be found out */
	sim_at(f->r->t.r->k, sim_now(f->r->t.r->k) + DMA_PS * (1 + (f - f->r->f) % 4), &f->retire);
}

static inline void send(struct race *r, struct xl_req q)
{
	struct flight *f = &r->f[r->n_f++];

	f->r = r;
	f->x.req = q;
	f->x.done = answered;
	sim_event_init(&f->retire, retire);
	iommu_translate(r->t.r->u, &f->x);
}

/* The wait has completed. */
static inline void complete(struct race *r)
{
	r->completed = true;
	for (unsigned i = 0; i < r->n_f; i++)
		must(!r->f[i].done || r->f[i].retired || !is_old(&r->f[i].x), "request %u still uses the old address", i);
}

/* One event; notices the completion of the wait. */
static inline bool step(struct race *r)
{
	bool more = sim_run_one(r->t.r->k);

	if (r->sent && !r->completed && TAB(waited)(&r->t))
		complete(r);
	return more;
}

/* Returns: false once the request was over before the invalidation came. */
static inline bool race_at(const struct kind *k, unsigned at, enum how how, bool ad, void (*set)(rig_cfg *c), bool ignore)
{
	static struct race r;
	struct xl_req q;
	struct xl_res res;
	bool over;

	build(&r, k, ad, set);
	r.t.r->c.ignore_invalidations = ignore;
	q = request(&r, k, how);
	if (how == PREFETCH) {
		prefetch(&r, &q);
		tail(r.t.r);
	} else {
		send(&r, q);
	}
	for (unsigned i = 0; i < at; i++)
		(void)step(&r);
	over = how == PREFETCH ? at > PREFETCHED : r.f[0].retired;
	change(&r, k);
	for (unsigned i = 0; step(&r); i++)
		if (!ignore && r.n_f < FLIGHTS && i % 2 == 0)
			send(&r, q);
	must(TAB(waited)(&r.t), "%s: the wait did not complete", k->name);
	res = TAB(run)(&r.t, &q);
	must(res.ok && res.perm, "%s: event 0x%x %lx", k->name, res.code, res.info[0]);
	if (ignore)
		must(res.spa == OLD + 0x80, "%s: dropped in spite of the negative control", k->name);
	else
		must(res.spa == NEW + 0x80, "%s, event %u, how %d, A/D %d: stale after the wait", k->name, at, how, ad);
	q.iova += elsewhere(k);
	if (!ignore)
		must(TAB(run)(&r.t, &q).spa - (q.iova & 0x1fffff) == NEW, "%s, event %u: stale elsewhere in the page", k->name, at);
	must(r.t.r->u->st.hits + r.t.r->u->st.misses == r.t.r->u->st.requests, "counters");
	TAB(close)(&r.t);
	return !over;
}

/* @modes of: DMA without and with hardware accessed and dirty, the same of ATS, of a prefetch. */
static inline void race_every_event(const struct kind *k, void (*set)(rig_cfg *c), unsigned modes)
{
	for (unsigned m = 0; m < modes; m++) {
		unsigned at = 0;

		while (race_at(k, at, (enum how)(m >> 1), m & 1, set, false))
			at++;
		ck_assert_uint_gt(at, 4);
	}
}

/* The wait completes no earlier than the DMA that uses the dropped entry. */
static inline void race_drains(const struct kind *k, void (*set)(rig_cfg *c))
{
	static struct race r;

	build(&r, k, false, set);
	send(&r, request(&r, k, DMA));
	while (!r.f[0].done)
		ck_assert(step(&r));
	change(&r, k);
	while (!r.completed) {
		ck_assert(step(&r));
		ck_assert(!r.completed || r.f[0].retired);
	}
	TAB(close)(&r.t);
}
#endif
