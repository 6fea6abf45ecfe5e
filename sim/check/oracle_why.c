/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle_why.c - the class of a difference, and its chain.
 * The tables are walked backwards in time: of the words that the walk reads, the newest change is undone, and the walk done again,
 * until it says what the device was told. The change undone last is the one that ended the truth of that answer. (A refusal is explained
 * by the newest change without which the tables would refuse, for the same reason if there is one: an older cause cannot be told apart.)
 * Memory is as before when this returns. If no change of the requester's own path explains the answer, the other contexts of the unit are
 * asked: what their tables say now, and, for those with the same tag, what they said before.
 */
#include "check/oracle_int.h"

enum { PATH_MAX_WORDS = 512, UNDO_MAX = 64, OTHERS_BACK = 64, OTHERS_NOW = 4096 };

struct path {
	uint64_t addr[PATH_MAX_WORDS];
	bool table[PATH_MAX_WORDS]; /* of a translation table, not of a configuration structure */
	unsigned n;
};
struct undo {
	struct word *w;
	uint64_t was;
};

struct back { /* what going back found */
	const struct word *word;
	const struct change *change;
	bool table; /* of a translation table */
	bool lost;
	uint64_t oldest; /* lost: before this */
};

static void path_step(void *arg, const struct xl *x)
{
	struct path *p = arg;

	for (unsigned i = 0; i < x->mem_words && p->n < PATH_MAX_WORDS; i++) {
		p->table[p->n] = x->tagged;
		p->addr[p->n++] = x->mem_spa + 8 * i;
	}
}

static struct oracle_ans walk(struct oracle_unit *ou, const struct xl_req *q, struct path *p)
{
	struct xl_res r;

	p->n = 0;
	iommu_walk_now(ou->u, q, &r, path_step, p);
	return oracle_ans_of(q, &r);
}

/* The word of the path with the newest change that is not yet undone. */
static struct word *newest(struct oracle *o, const struct path *p, struct back *b)
{
	struct word *best = NULL;
	uint64_t seq = 0;

	for (unsigned i = 0; i < p->n; i++) {
		const uint32_t *at = omap_get(&o->by_word, p->addr[i]);
		struct word *w = at ? &o->word[*at] : NULL;
		bool gone = false;
		const struct change *c = w ? olog_last(w, &gone) : NULL;

		if (gone) {
			uint64_t first = w->c[w->n % ORACLE_HISTORY].seq; /* the oldest one kept */

			b->lost = true;
			b->oldest = first > b->oldest ? first : b->oldest;
		}
		if (c && c->seq > seq) {
			seq = c->seq;
			best = w;
			b->table = p->table[i];
		}
	}
	return best;
}

/* @strict: refused for the same reason, if refused. */
static bool go_back(struct oracle_unit *ou, const struct xl_req *q, struct oracle_ans want, bool strict, struct back *b)
{
	struct oracle *o = ou->o;
	struct undo undo[UNDO_MAX];
	struct oracle_ans then;
	struct path p;
	unsigned n = 0;
	bool found = false;

	*b = (struct back){ 0 };
	(void)walk(ou, q, &p);
	while (n < UNDO_MAX && !found) {
		struct word *w = newest(o, &p, b);

		if (!w)
			break;
		b->word = w;
		b->change = olog_last(w, &b->lost);
		undo[n].w = w;
		(void)mem_read(o->mem, w->addr, &undo[n++].was, 1);
		(void)mem_write(o->mem, w->addr, &b->change->old, 1);
		w->undone++;
		then = walk(ou, q, &p);
		found = oracle_same(then, want) && (!strict || then.code == want.code);
	}
	while (n--) {
		(void)mem_write(o->mem, undo[n].w->addr, &undo[n].was, 1);
		undo[n].w->undone--;
	}
	return found;
}

static void set_store(const struct oracle *o, const struct back *b, struct oracle_finding *f)
{
	f->has_store = true;
	f->store = (struct oracle_store){ .addr = b->word->addr, .old = b->change->old, .new_ = olog_new(o, b->word, b->change),
					  .line = b->change->line, .seq = b->change->seq, .at = b->change->at };
}

/* ---- other contexts ---- */

static bool same_tag(const struct xl *x, const struct oracle_finding *f, const struct ctx *own, const struct ctx *c)
{
	if (f->atc)
		return c->rid == f->req.rid;
	if (x->tagged)
		return c->tagged && c->did == x->tag.did && c->asid == x->tag.asid && c->vmid == x->tag.vmid;
	return own && own->tagged && c->tagged && c->did == own->did && c->asid == own->asid && c->vmid == own->vmid;
}

static const struct ctx *own_ctx(const struct oracle *o, const struct oracle_finding *f)
{
	for (uint32_t i = 0; i < o->by_ctx.n; i++) {
		const struct ctx *c = &o->ctx[i];

		if (c->unit == f->unit && c->rid == f->req.rid && c->has_pasid == f->req.has_pasid &&
		    (!c->has_pasid || c->pasid == f->req.pasid))
			return c;
	}
	return NULL;
}

static bool other_says(struct oracle_unit *ou, const struct ctx *c, struct oracle_finding *f, bool back)
{
	struct xl_req q = f->req;
	struct path p;
	struct back b;

	q.rid = c->rid;
	q.pasid = c->pasid;
	q.has_pasid = c->has_pasid;
	if (back) {
		if (!go_back(ou, &q, f->got, true, &b))
			return false;
		set_store(ou->o, &b, f);
	} else if (!oracle_same(walk(ou, &q, &p), f->got)) {
		return false;
	}
	f->has_other = true;
	f->other_rid = c->rid;
	f->other_pasid = c->pasid;
	f->other_has_pasid = c->has_pasid;
	return true;
}

/* Those with the same tag first, then what those said before, then the others. */
static bool alias(struct oracle_unit *ou, const struct xl *x, struct oracle_finding *f)
{
	struct oracle *o = ou->o;
	const struct ctx *own = own_ctx(o, f);

	if (!f->got.ok)
		return false;
	for (unsigned pass = 0; pass < 3; pass++) {
		unsigned left = pass == 1 ? OTHERS_BACK : OTHERS_NOW;

		for (uint32_t i = 0; i < o->by_ctx.n && left; i++) {
			const struct ctx *c = &o->ctx[i];

			if (c->unit != f->unit || c == own || same_tag(x, f, own, c) != (pass < 2))
				continue;
			left--;
			if (!other_says(ou, c, f, pass == 1))
				continue;
			f->same_tag = pass < 2;
			f->did = c->did;
			f->asid = c->asid;
			f->vmid = c->vmid;
			return true;
		}
	}
	return false;
}

/* ---- classes ---- */

/* What the answer was about: the page of the cache entry, or of the request. */
static struct oracle_page page_of(const struct xl *x, const struct oracle_finding *f)
{
	uint64_t first = f->req.iova & ~UINT64_C(0xfff);

	if (f->atc || !x->tagged)
		return (struct oracle_page){ .first = first, .last = first | 0xfff };
	return (struct oracle_page){ .first = x->tag.first, .last = x->tag.first + ((UINT64_C(1) << (x->tag.size_lg2 & 63)) - 1),
				     .has_did = true, .did = x->tag.did };
}

/*
 * By what became of the commands behind the change with number @seq: a change of a table entry needs an invalidation of translations,
 * one of a configuration structure one of configurations; the device's cache one of its own besides.
 */
static enum oracle_class by_commands(const struct oracle_unit *ou, const struct xl *x, uint64_t seq, bool table,
				     struct oracle_finding *f)
{
	struct oracle_page page = page_of(x, f);
	uint8_t need = (table ? ORACLE_TLB : ORACLE_CFG) | (f->atc ? ORACLE_DEV : 0);
	uint64_t first = olog_first(ou, seq), v = ocmd_first(ou, first);

	for (uint64_t i = first; i < ou->n_cmd; i++) {
		const struct oracle_cmd *c = &ou->cmd[i % CMDS];

		for (; need && v < ou->n_inv && ou->inv_ring[v % ORACLE_INVS].cmd == i; v++) {
			const struct oracle_inv *inv = &ou->inv_ring[v % ORACLE_INVS];

			if (!(inv->kinds & need) || !ocmd_covers(inv, &page))
				continue;
			need &= (uint8_t)~inv->kinds;
			f->inv_line = c->line;
			f->inv_pos = inv->pos;
		}
		if (c->done && (!need || !f->has_cmd)) {
			f->has_cmd = true;
			f->cmd = *c;
		}
		if (c->done && !need)
			return ORACLE_STALE;
	}
	if (!f->has_cmd || !need) {
		f->has_cmd = false;
		return ORACLE_WINDOW;
	}
	/* what was submitted so long ago that it is forgotten may have covered the address */
	if (ou->n_cmd > CMDS && first == ou->n_cmd - CMDS)
		return ORACLE_STALE;
	return ou->n_inv > ORACLE_INVS && ou->inv_ring[ou->n_inv % ORACLE_INVS].cmd > first ? ORACLE_STALE : ORACLE_MISSING;
}

static bool reused(const struct oracle *o, struct oracle_finding *f)
{
	const uint32_t *i = f->got.ok ? omap_get(&o->by_frame, f->got.spa >> 12 & UINT64_C(0xffffffffff)) : NULL;
	const struct frame *fr = i ? &o->frame[*i] : NULL;

	if (!fr || fr->seq <= f->store.seq || fr->word == f->store.addr)
		return false;
	f->has_reuse = true;
	f->reuse_line = fr->line;
	f->reuse_word = fr->word;
	return true;
}

void oracle_explain(struct oracle_unit *ou, const struct xl *x, struct oracle_finding *f)
{
	struct oracle *o = ou->o;
	struct back b;

	olog_progress(o, ou->index);
	if (go_back(ou, &f->req, f->got, true, &b) || (!f->got.ok && go_back(ou, &f->req, f->got, false, &b))) {
		set_store(o, &b, f);
		f->class = by_commands(ou, x, f->store.seq, b.table, f);
		if (reused(o, f))
			f->class = ORACLE_REUSE;
	} else if (alias(ou, x, f)) {
		f->class = ORACLE_ALIAS;
	} else if (o->regs_any && o->regs_at >= x->t_start) {
		f->class = ORACLE_WINDOW; /* a register changed while the request was on its way */
	} else if (b.lost) {
		f->lost = true;
		f->class = by_commands(ou, x, b.oldest, true, f);
	} else {
		f->class = ORACLE_UNEXPLAINED;
	}
}
