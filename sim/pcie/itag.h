/* SPDX-License-Identifier: Apache-2.0 */
/*
 * itag.h - which ITag the next invalidate request of a unit gets: 32 for each requester, and those that timed out.
 * A request that timed out may still be answered. Its ITag is given out again last; an answer to the old request would be taken for one to the
 * new. With hold_ps it is not given out at all until it has been answered in full (every traffic class) or that long has passed.
 * Does not model: more than ITAG_LOST time-outs remembered (the oldest is forgotten, and its ITag free).
 * Spec: PCI Express Base, ch. 10 "Invalidation Protocol".
 */
#ifndef IOMMUSIM_ITAG_H
#define IOMMUSIM_ITAG_H
#include "core/cfg/cfg.h"
#include "core/kernel/sim_kernel.h"

enum { ITAGS = 32, ITAG_LOST = 256 };
#define ITAG_OPT(t, m)                                                                                                             \
	{ "inv.itag_hold", CFG_TIME, offsetof(t, m), 0, 0, UINT64_C(1) << 62, "ps",                                                  \
	  "An ITag that timed out is not used again for this long, or until its late answer; 0: as soon as no other is left.", 0 }
#define ITAG_STATS(X)                                                                                                              \
	X(itags_reused, "count", "invalidate requests with an ITag whose earlier request timed out and may still be answered")      \
	X(itag_waits, "count", "times an invalidate request found no ITag because timed-out ones are held back")
struct itags {
	struct sim_kernel *k;
	uint64_t hold_ps;
	void (*freed)(struct itags *t, uint32_t rid); /* a held ITag of @rid may be used again */
	struct sim_event ev; /* the oldest held one is due */
	struct itag_lost {
		sim_time at;
		uint32_t rid;
		uint8_t itag, left; /* completions still to come; 0: not known */
		bool open;
	} lost[ITAG_LOST];
	uint32_t next;
};
void itag_init(struct itags *t, struct sim_kernel *k, uint64_t hold_ps, void (*freed)(struct itags *t, uint32_t rid));
void itag_fini(struct itags *t);
/** itag_choose() - @used: of @rid, in flight. Returns: the ITag, or ITAGS: none; *@lost: it timed out before, or (ITAGS) such ones are held back. */
unsigned itag_choose(const struct itags *t, uint32_t rid, uint32_t used, bool *lost);
/** itag_timed_out() - @left: completions of it still to come if one has come, else 0. */
void itag_timed_out(struct itags *t, uint32_t rid, unsigned itag, unsigned left);
/** itag_late() - a completion with @cc that belongs to nothing outstanding. Returns: its ITag may be used again, and was held. */
bool itag_late(struct itags *t, uint32_t rid, unsigned itag, unsigned cc);
/** itag_count() - one completion with count @cc arrived where *@left were to come (0: the first one; it says how many, 0 meaning 8). Returns: it was the last. */
static inline bool itag_count(uint8_t *left, unsigned cc)
{
	*left = (uint8_t)((*left ? *left : cc & 7 ? cc & 7 : 8) - 1);
	return !*left;
}
#endif
