/* SPDX-License-Identifier: Apache-2.0 */
/*
 * race_guests.h - random guests, behind races.h: whatever is stored and invalidated, after each wait the unit answers as its tables say. A
 * test defines GUESTS_OWN (members: its tables `t` and what lies in them), includes this header, and defines the functions declared below.
 */
#ifndef IOMMUSIM_RACE_GUESTS_H
#define IOMMUSIM_RACE_GUESTS_H
#include "core/base/rng.h"

enum { PENDING = 64, BUSY = 12 };
struct busy {
	struct xl x;
	bool busy;
};
struct chaos {
	GUESTS_OWN
	struct rng g;
	struct {
		uint64_t w0, w1;
	} pending[PENDING];
	unsigned n_pending;
	struct busy f[BUSY];
	uint64_t compared, wrong, agreed;
};

static void chaos_round(struct chaos *c); /* what begins each round */
static void chaos_change(struct chaos *c); /* something is stored; its commands are pending */
static struct xl_req chaos_req(struct chaos *c);
static void chaos_commands(struct chaos *c); /* what is pending, into the queue */
static bool same_cause(const struct xl_res *a, const struct xl_res *b); /* of a refusal, beside the code */

static inline unsigned pick(struct chaos *c, unsigned n)
{
	return (unsigned)(rng_next(&c->g) % n);
}

static inline void chaos_done(struct xl *x)
{
	container_of(x, struct busy, x)->busy = false;
	iommu_retire(x->u, x);
}

static inline void pending(struct chaos *c, uint64_t w0, uint64_t w1)
{
	must(c->n_pending < PENDING, "too many commands");
	c->pending[c->n_pending].w0 = w0;
	c->pending[c->n_pending++].w1 = w1;
}

static inline void chaos_send(struct chaos *c)
{
	unsigned i = pick(c, BUSY);

	if (c->f[i].busy)
		return;
	c->f[i].busy = true;
	c->f[i].x.req = chaos_req(c);
	c->f[i].x.done = chaos_done;
	iommu_translate(c->t.r->u, &c->f[i].x);
}

static inline void chaos_wait(struct chaos *c)
{
	chaos_commands(c);
	c->n_pending = 0;
	TAB(put_wait)(&c->t);
	tail(c->t.r);
	for (unsigned n = 0; !TAB(waited)(&c->t) && n < 10000; n++) {
		must(sim_run_one(c->t.r->k), "nothing to do");
		if (n % 3 == 0)
			chaos_send(c);
	}
	must(TAB(waited)(&c->t), "the wait did not complete");
}

/* Nothing is pending: the unit and its tables agree, on faults and their causes too. */
static inline void chaos_compare(struct chaos *c, bool may_fail)
{
	for (unsigned n = 0; n < 6; n++) {
		struct xl_req q = chaos_req(c);
		struct xl_res now, r;

		now = TAB(now)(&c->t, &q);
		r = TAB(run)(&c->t, &q);
		c->compared++;
		c->agreed += r.ok;
		if (r.ok == now.ok && r.code == now.code &&
		    (r.ok ? r.spa == now.spa && !((r.perm ^ now.perm) & XL_R) : same_cause(&r, &now)))
			continue;
		c->wrong++;
		must(may_fail,
		     "requester %x PASID %u address %lx access %x: ok %d 0x%x %lx %lx %lx perm %x, "
		     "tables say ok %d 0x%x %lx %lx %lx perm %x",
		     q.rid, q.pasid, q.iova, q.acc, r.ok, r.code, r.info[0], r.info[1], r.spa, r.perm, now.ok, now.code, now.info[0],
		     now.info[1], now.spa, now.perm);
	}
	TAB(drop_events)(&c->t);
}

static inline void chaos_run(struct chaos *c, unsigned rounds, bool may_fail)
{
	for (unsigned n = 0; n < rounds; n++) {
		chaos_round(c);
		for (unsigned i = 1 + pick(c, 4); i-- > 0;) {
			chaos_change(c);
			chaos_send(c);
			for (unsigned e = pick(c, 8); e-- > 0;)
				(void)sim_run_one(c->t.r->k);
		}
		chaos_wait(c);
		chaos_compare(c, may_fail);
	}
	run_all(c->t.r);
	for (unsigned i = 0; i < BUSY; i++)
		ck_assert(!c->f[i].busy);
	ck_assert(!iommu_inflight(c->t.r->u));
}
#endif
