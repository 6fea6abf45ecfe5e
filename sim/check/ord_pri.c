/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_pri.c - rules of the ordering checker: family PRI (page requests). Statements: ord_rules.def.
 * Modelled: groups of requests per requester from the first request to the response, drains, the overflow bit, and mappings a response relies on.
 * Not modelled: whether a function wants the PASID in its responses (a response without PASID to a request with one is accepted);
 * answered groups are remembered up to group 511 (the index has nine bits).
 */
#include "check/ord_pri.h"

enum { PRG_MAX = 511 };

struct group { /* key: requester, group */
	uint64_t line, seq;
	uint32_t pasid;
	bool last, answered, automatic, counted;
};
struct fn { uint64_t reset_seq, drained_seq, stopm_seq; uint32_t open, d; }; /* key: requester; open: groups not answered; d: page table without PASID */
struct user { /* key: requester, PASID; without PASID: requester, page table. Who can have page requests on the way */
	struct user *next; /* users of the same PASID, or without one of the same page table */
	uint32_t rid, pasid, d, open;
	uint8_t unit;
	uint64_t gone_seq, drained_seq, preq_seq, stop_seq;
	bool live, told, freed, realloc;
	uint64_t free_line;
};
struct pri {
	struct ord_tab groups, fns, users, by_pasid, by_dom; /* by_: first user */
	struct pri_watch watch;
	uint64_t all_drained;
	struct { bool over, unread; uint64_t line; } ovf[256]; /* by unit */
};
static uint64_t max64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}
static struct fn *fn_of(struct ord_chk *c, struct pri *s, uint32_t rid)
{
	return ord_tab_put(c, &s->fns, rid, 0, sizeof(struct fn));
}
static uint64_t drained(const struct pri *s, const struct user *u)
{
	const struct fn *f = ord_tab_get(&s->fns, u->rid, 0);

	return max64(max64(s->all_drained, u->drained_seq), f ? max64(f->drained_seq, f->reset_seq) : 0);
}
static uint64_t user_key(uint32_t pasid, uint32_t d)
{
	return pasid != ORD_NONE ? pasid : UINT64_C(1) << 63 | d;
}
static struct user *user_get(const struct pri *s, uint32_t rid, uint32_t pasid)
{
	const struct fn *f = ord_tab_get(&s->fns, rid, 0);
	struct user *const *u = ord_tab_get(&s->users, rid, user_key(pasid, f ? f->d : 0));

	return u ? *u : NULL;
}
/* The list a user stands in: that of its PASID, or without one that of its page table. */
static struct user **list_of(struct ord_chk *c, struct pri *s, const struct user *u)
{
	if (u->pasid != ORD_NONE)
		return ord_tab_put(c, &s->by_pasid, u->pasid, 0, sizeof(struct user *));
	return ord_tab_put(c, &s->by_dom, u->d, 0, sizeof(struct user *));
}
static struct user *user_put(struct ord_chk *c, struct pri *s, uint32_t rid, uint32_t pasid, uint32_t d)
{
	uint64_t key = user_key(pasid, d);
	struct user **slot = ord_tab_put(c, &s->users, rid, key, sizeof(*slot)), **list, *u;

	if (!slot || *slot)
		return slot ? *slot : NULL;
	u = ord_alloc(c, sizeof(*u));
	*slot = u;
	if (!u) {
		ord_tab_del(&s->users, rid, key);
		return NULL;
	}
	*u = (struct user){ .rid = rid, .pasid = pasid, .d = d };
	list = list_of(c, s, u);
	if (list) {
		u->next = *list;
		*list = u;
	}
	return u;
}
static void user_del(struct ord_chk *c, struct pri *s, struct user *u)
{
	ord_tab_del(&s->users, u->rid, user_key(u->pasid, u->pasid == ORD_NONE ? u->d : 0));
	ord_release(c, u, sizeof(*u));
}
static void users_free(struct ord_chk *c, struct pri *s, struct ord_tab *t)
{
	uint64_t key[2];

	for (uint32_t i = t->n; i-- > 0;)
		for (struct user *u = *(struct user **)ord_tab_at(t, i, key), *next; u; u = next) {
			next = u->next;
			user_del(c, s, u);
		}
}
static void request(struct ord_chk *c, struct pri *s, const struct ord_ev *e)
{
	struct fn *f = fn_of(c, s, e->rid);
	struct user *u = f ? user_put(c, s, e->rid, e->pasid, e->pasid == ORD_NONE ? f->d : 0) : NULL;
	struct group *g;

	if (!u)
		return;
	if (u->freed || (!u->live && u->pasid != ORD_NONE && u->free_line)) {
		ord_report(c, ORD_PRI_01, u->realloc ? ORD_MANIFEST : ORD_VIOLATION, e, "drain page requests before the PASID is given back",
			   "a page request under PASID %u arrives after the PASID was freed (line %llu)", e->pasid, (unsigned long long)u->free_line);
		u->freed = false;
	}
	u->preq_seq = ord_seq(c);
	g = ord_tab_put(c, &s->groups, e->rid, e->num, sizeof(*g));
	if (!g)
		return;
	if (g->answered || g->automatic || g->seq < f->reset_seq)
		*g = (struct group){ 0 };
	if (!g->counted) {
		f->open++;
		u->open++;
		*g = (struct group){ .line = e->line, .pasid = e->pasid, .counted = true };
	}
	g->seq = ord_seq(c);
	g->last |= (e->flags & ORD_F(LAST)) != 0;
	pri_watch_request(c, &s->watch, e, u->d);
}
static void group_end(struct pri *s, struct group *g, uint32_t rid, uint64_t num)
{
	struct fn *f = ord_tab_get(&s->fns, rid, 0);
	struct user *u = user_get(s, rid, g->pasid);

	if (g->counted && f && f->open)
		f->open--;
	if (g->counted && u && u->open)
		u->open--;
	g->counted = false;
	if (num > PRG_MAX)
		ord_tab_del(&s->groups, rid, num);
}
static void response(struct ord_chk *c, struct pri *s, const struct ord_ev *e)
{
	struct group *g = ord_tab_get(&s->groups, e->rid, e->num);
	const struct fn *f = ord_tab_get(&s->fns, e->rid, 0);
	bool automatic = (e->flags & ORD_F(AUTO)) != 0;
	unsigned long long n = (unsigned long long)e->num;

	pri_watch_answer(c, &s->watch, e);
	if (g && f && g->seq < f->reset_seq)
		g = NULL;
	if (g && g->automatic && !automatic) {
		ord_report(c, ORD_PRI_05, ORD_VIOLATION, e, "treat the group as finished", "group %llu was answered by hardware already", n);
	} else if (!g || g->answered) {
		if (f && f->stopm_seq > (g ? g->seq : 0))
			ord_report(c, ORD_PRI_06, ORD_VIOLATION, e, "drop the stop marker", "a stop marker is answered (group %llu)", n);
		else if (g)
			ord_report(c, ORD_PRI_03, ORD_VIOLATION, e, "one response per group", "group %llu is answered a second time", n);
		else
			ord_report(c, ORD_PRI_04, ORD_VIOLATION, e, "answer outstanding groups only", "no request of group %llu is outstanding", n);
	} else if (e->pasid != ORD_NONE && e->pasid != g->pasid) {
		ord_report(c, ORD_PRI_04, ORD_VIOLATION, e, "the PASID of the requests", "PASID %u in the response to group %llu, whose requests had another", e->pasid, n);
	} else if (!g->last && !automatic) {
		ord_report(c, ORD_PRI_03, ORD_VIOLATION, e, "wait for the last request of the group", "group %llu is answered before its last request", n);
	} else {
		g->answered = !automatic;
		g->automatic = automatic;
		group_end(s, g, e->rid, e->num);
	}
}
/* VT-d: requests on their way to the queue are drained by a wait with PD behind the end of the entry; software can only drain the queue. */
static bool on_the_way(struct ord_chk *c, const struct user *u, const struct fn *f)
{
	return ord_arch_of(c) == ORD_VTD && ord_knobs_of(c)->prq_drain && u->pasid != ORD_NONE && u->gone_seq && ord_pd_done(c, u->unit) < u->gone_seq &&
	       !(f && f->reset_seq > u->gone_seq);
}
/* Could a page request of this user still be on its way or in a queue? */
static bool undrained(struct ord_chk *c, const struct pri *s, const struct user *u)
{
	const struct ord_dev *dev = ord_dev(c, u->rid, false);
	uint64_t last = drained(s, u);
	const struct fn *f = ord_tab_get(&s->fns, u->rid, 0);

	if (dev && dev->gone)
		return false;
	if (u->open && !(f && f->reset_seq > u->preq_seq))
		return true;
	return ((dev && dev->pri) || u->preq_seq > last) && (u->gone_seq ? last < u->gone_seq || on_the_way(c, u, f) : u->live || u->preq_seq > last);
}
static void id_free(struct ord_chk *c, struct pri *s, const struct ord_ev *e)
{
	uint32_t p = (uint32_t)ord_val(e, ORD_KEY_PASID, ORD_NONE);
	uint64_t rid = ord_val(e, ORD_KEY_RID, ORD_NONE);
	struct user **list = ord_tab_get(&s->by_pasid, p, 0), *keep = NULL;

	if (!list)
		return;
	for (struct user *u = *list, *next; u; u = next) {
		bool hit = rid == ORD_NONE || rid == u->rid, left = hit && !u->freed && undrained(c, s, u);

		next = u->next;
		if (left) {
			ord_report(c, ORD_PRI_01, ORD_VIOLATION, e, "stop the device, entry gone and flushed, PRQ_DRAINED, then free the PASID",
				   u->open ? "PASID %u is freed with %u groups of page requests open" : "PASID %u is freed without draining page requests", p, u->open);
			u->told = true;
		}
		if (!hit || u->live || u->open || left || u->freed || drained(s, u) < u->gone_seq) {
			if (hit) {
				u->freed = true;
				u->free_line = e->line;
			}
			u->next = keep;
			keep = u;
		} else {
			user_del(c, s, u);
		}
	}
	list = ord_tab_get(&s->by_pasid, p, 0);
	*list = keep;
	if (!keep)
		ord_tab_del(&s->by_pasid, p, 0);
}
static void id_alloc(struct pri *s, const struct ord_ev *e)
{
	struct user **list = ord_tab_get(&s->by_pasid, ord_val(e, ORD_KEY_PASID, ORD_NONE), 0);

	for (struct user *u = list ? *list : NULL; u; u = u->next)
		u->realloc |= u->freed;
}
static void dom_free(struct ord_chk *c, struct pri *s, const struct ord_ev *e)
{
	struct user **list = ord_tab_get(&s->by_dom, e->d, 0);

	if (!list)
		return;
	for (struct user *u = *list, *next; u; u = next) {
		next = u->next;
		if (undrained(c, s, u))
			ord_report(c, ORD_PRI_07, ORD_VIOLATION, e, "entry gone and flushed, PRQ_DRAINED, then free the domain",
				   "the domain is freed without draining the page requests (without PASID) that its handler serves");
		user_del(c, s, u);
	}
	ord_tab_del(&s->by_dom, e->d, 0);
}
/* An entry that names a page table comes or goes. */
static void entry(struct ord_chk *c, struct pri *s, const struct ord_ev *e, bool live)
{
	uint32_t d = (uint32_t)ord_val(e, ORD_KEY_DOM, 0);
	struct user *u, *old;
	struct fn *f;

	if (!(e->have & ORD_P_RID) || (e->op == ORD_CFG_WR && !(e->has & ORD_HAS(V))))
		return;
	f = fn_of(c, s, e->rid);
	if (!f)
		return;
	old = user_get(s, e->rid, e->pasid);
	if (live && d && e->pasid == ORD_NONE)
		f->d = d;
	u = live ? user_put(c, s, e->rid, e->pasid, e->pasid == ORD_NONE ? f->d : d) : old;
	if (old && old != u && old->live) {
		old->live = false;
		old->gone_seq = ord_seq(c);
	}
	if (!u)
		return;
	if (live) {
		if (d && u->pasid != ORD_NONE)
			u->d = d;
		u->freed = u->realloc = u->told = false;
		u->gone_seq = 0;
	} else if (u->live) {
		u->gone_seq = ord_seq(c);
	}
	u->live = live;
	u->unit = e->unit;
}
static bool blocks(const struct ord_ev *e)
{
	return (e->flags & ORD_F(BLOCK)) || ord_val(e, ORD_KEY_TYPE, 0) == ORD_T_BLOCK;
}
static void device(struct ord_chk *c, struct pri *s, const struct ord_ev *e)
{
	const struct ord_dev *dev = ord_dev(c, e->rid, false);
	const struct fn *f = ord_tab_get(&s->fns, e->rid, 0);

	if (ord_val(e, ORD_KEY_DEV_PRI, 0) && !(dev && dev->pri) && !ord_knobs_of(c)->prq_drain)
		ord_report(c, ORD_PRI_02, ORD_VIOLATION, e, "page requests stay off behind a unit that cannot drain them",
			   "page requests are enabled behind a unit that cannot drain them");
	if (ord_val(e, ORD_KEY_DEV_ATS, 1) == 0 && dev && dev->ats && ord_val(e, ORD_KEY_DEV_PRI, 1)) {
		if (dev->pri)
			ord_report(c, ORD_PRI_02, ORD_VIOLATION, e, "PRI=0, drain, then ATS=0", "ATS is turned off while page requests are on");
		else if (f && f->open)
			ord_report(c, ORD_PRI_02, ORD_VIOLATION, e, "PRI=0, drain, then ATS=0", "ATS is turned off with %u groups of page requests open", f->open);
	}
}
static void drain_event(struct ord_chk *c, struct pri *s, const struct ord_ev *e)
{
	struct user *u;
	struct fn *f;

	if (!(e->have & ORD_P_RID)) {
		s->all_drained = ord_seq(c);
	} else if (e->pasid == ORD_NONE) {
		f = fn_of(c, s, e->rid);
		if (f)
			f->drained_seq = ord_seq(c);
	} else {
		u = user_put(c, s, e->rid, e->pasid, 0);
		if (u)
			u->drained_seq = ord_seq(c);
	}
}
static void overflow(struct ord_chk *c, struct pri *s, const struct ord_ev *e)
{
	if (e->op == ORD_PRQ_OVF) {
		s->ovf[e->unit].over = s->ovf[e->unit].unread = true;
		s->ovf[e->unit].line = e->line;
	} else if (e->op == ORD_PRQ_READ) {
		s->ovf[e->unit].unread = false;
	} else {
		if (s->ovf[e->unit].unread)
			ord_report(c, ORD_PRI_05, ORD_VIOLATION, e, "read all entries, move the head, then clear the bit",
				   "the overflow bit (line %llu) is cleared with entries unread", (unsigned long long)s->ovf[e->unit].line);
		s->ovf[e->unit].over = s->ovf[e->unit].unread = false;
	}
}
static void before(struct ord_chk *c, void *st, const struct ord_ev *e)
{
	struct pri *s = st;
	struct fn *f;

	if (e->guest)
		return;
	switch (e->op) {
	case ORD_PTE_SET:
	case ORD_PTE_MOD:
		pri_watch_set(c, &s->watch, e);
		break;
	case ORD_PTE_CLR:
		pri_watch_forget(&s->watch, e);
		pri_watch_step(c, &s->watch, e);
		break;
	case ORD_CLFLUSH:
	case ORD_TLBINV:
	case ORD_DONE:
		pri_watch_step(c, &s->watch, e);
		break;
	case ORD_CFG_SET:
	case ORD_CFG_MOD:
		if (e->kind != ORD_K_VDEV && e->kind != ORD_K_DEVMAP && e->kind != ORD_K_DOMMAP && e->kind != ORD_K_IRTE && (e->has & ORD_HAS(DOM)))
			entry(c, s, e, !blocks(e));
		else if (blocks(e))
			entry(c, s, e, false);
		break;
	case ORD_CFG_CLR:
		entry(c, s, e, false);
		break;
	case ORD_CFG_WR:
		entry(c, s, e, ord_val(e, ORD_KEY_V, 0));
		break;
	case ORD_DEV_CFG:
		device(c, s, e);
		break;
	case ORD_DEV_GONE:
	case ORD_DEV_RST:
		if (e->op == ORD_DEV_GONE || (e->flags & ORD_F(END))) {
			f = fn_of(c, s, e->rid);
			if (f) {
				f->reset_seq = ord_seq(c);
				f->open = 0;
			}
		}
		break;
	case ORD_PREQ:
		request(c, s, e);
		break;
	case ORD_PRSP:
		response(c, s, e);
		break;
	case ORD_STOPM:
		f = fn_of(c, s, e->rid);
		if (f)
			f->stopm_seq = ord_seq(c);
		break;
	case ORD_PRQ_DRAINED:
		drain_event(c, s, e);
		break;
	case ORD_PRQ_OVF:
	case ORD_PRQ_READ:
	case ORD_PRQ_CLR:
		overflow(c, s, e);
		break;
	case ORD_ID_FREE:
		if (e->has & ORD_HAS(PASID))
			id_free(c, s, e);
		break;
	case ORD_ID_ALLOC:
		if (e->has & ORD_HAS(PASID))
			id_alloc(s, e);
		break;
	case ORD_DOM_FREE:
		dom_free(c, s, e);
		break;
	default:
		break;
	}
}
static void finish(struct ord_chk *c, void *st)
{
	struct pri *s = st;
	uint64_t key[2];

	for (uint32_t i = 0; i < s->groups.n; i++) {
		const struct group *g = ord_tab_at(&s->groups, i, key);
		const struct fn *f = ord_tab_get(&s->fns, key[0], 0);

		if (g->counted && g->last && !(f && g->seq < f->reset_seq))
			ord_report_as(c, ORD_PRI_08, ORD_VIOLATION, ORD_MEDIUM, 0, g->line, ORD_END, "a response to every last request",
				      "group %llu has had its last request and no response", (unsigned long long)key[1]);
	}
}
static void close(struct ord_chk *c, void *st)
{
	struct pri *s = st;

	users_free(c, s, &s->by_pasid);
	users_free(c, s, &s->by_dom);
	ord_tab_free(c, &s->groups);
	ord_tab_free(c, &s->fns);
	ord_tab_free(c, &s->users);
	ord_tab_free(c, &s->by_pasid);
	ord_tab_free(c, &s->by_dom);
}
const struct ord_family ord_fam_pri = { .name = "PRI", .state = sizeof(struct pri), .before = before, .finish = finish, .close = close };
