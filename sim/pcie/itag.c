/* SPDX-License-Identifier: Apache-2.0 */
/* itag.c - ITags of invalidate requests, timed-out ones among them; see itag.h. */
#include "pcie/itag.h"

static void due(struct sim_event *e);

void itag_init(struct itags *t, struct sim_kernel *k, uint64_t hold_ps, void (*freed)(struct itags *t, uint32_t rid))
{
	t->k = k;
	t->hold_ps = hold_ps;
	t->freed = freed;
	sim_event_init(&t->ev, due);
}

void itag_fini(struct itags *t)
{
	if (t->k)
		sim_cancel(t->k, &t->ev);
}

static void plan(struct itags *t)
{
	sim_time first = UINT64_MAX;

	for (unsigned i = 0; i < ITAG_LOST; i++)
		if (t->lost[i].open && t->lost[i].at < first)
			first = t->lost[i].at;
	if (first != UINT64_MAX && !sim_pending(&t->ev))
		sim_at(t->k, first + t->hold_ps, &t->ev);
}

static void due(struct sim_event *e)
{
	struct itags *t = container_of(e, struct itags, ev);
	sim_time now = sim_now(t->k);

	for (unsigned i = 0; i < ITAG_LOST; i++) {
		struct itag_lost *l = &t->lost[i];

		if (!l->open || l->at + t->hold_ps > now)
			continue;
		l->open = false;
		t->freed(t, l->rid);
	}
	plan(t);
}

unsigned itag_choose(const struct itags *t, uint32_t rid, uint32_t used, bool *lost)
{
	uint32_t avoid = 0;

	for (unsigned i = 0; i < ITAG_LOST; i++)
		if (t->lost[i].open && t->lost[i].rid == rid)
			avoid |= UINT32_C(1) << t->lost[i].itag;
	*lost = false;
	if (~(used | avoid))
		return (unsigned)__builtin_ctz(~(used | avoid));
	*lost = ~used;
	return ~used && !t->hold_ps ? (unsigned)__builtin_ctz(~used) : ITAGS;
}

void itag_timed_out(struct itags *t, uint32_t rid, unsigned itag, unsigned left)
{
	t->lost[t->next++ % ITAG_LOST] = (struct itag_lost){ .at = sim_now(t->k), .rid = rid, .itag = (uint8_t)itag, .left = (uint8_t)left, .open = true };
	if (t->hold_ps)
		plan(t);
}

/* The oldest request with this ITag that timed out. */
bool itag_late(struct itags *t, uint32_t rid, unsigned itag, unsigned cc)
{
	for (unsigned i = 0; i < ITAG_LOST; i++) {
		struct itag_lost *l = &t->lost[(t->next + i) % ITAG_LOST];

		if (!l->open || l->rid != rid || l->itag != itag)
			continue;
		l->open = !itag_count(&l->left, cc);
		return !l->open && t->hold_ps;
	}
	return false;
}
