/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordhw_cfg.c - stores to configuration entries into CFG_ events: the words stored, and what that made of the entry. Each store is looked
 * at by itself, as hardware may read the entry between any two. Attachments that no store made (there from the start, or behind an entry
 * that has just become valid) are told when lifting finds them. A tag that another table had before is told as ID_ALLOC.
 * Does not model: halves of words, root entries (but for their words), which fields of a word are used (whole words count).
 */
#include "check/ordhw_int.h"
#include <string.h>
#include "core/base/bits.h"

static const uint8_t kind_of[LIFT_KINDS] = {
	[LIFT_ROOT] = ORD_K_ROOT, [LIFT_CTX] = ORD_K_CTX, [LIFT_PASIDDIR] = ORD_K_PASIDDIR, [LIFT_PASIDE] = ORD_K_PASIDE,
	[LIFT_L1STD] = ORD_K_L1STD, [LIFT_STE] = ORD_K_STE, [LIFT_L1CD] = ORD_K_L1CD, [LIFT_CD] = ORD_K_CD,
	[LIFT_DTE] = ORD_K_DTE, [LIFT_GCR3DIR] = ORD_K_GCR3,
	[LIFT_GCR3] = ORD_K_GCR3,
};

void ordhw_key(struct ordhw_cfg *c, enum ord_key k, uint64_t v)
{
	c->has |= UINT64_C(1) << k;
	c->v[k] = v;
}

/* ---- what has been told ---- */

static size_t known_at(const struct ordhw *h, uint8_t kind, uint32_t rid, uint32_t pasid)
{
	size_t i = 0;

	while (i < h->n_known && (h->known[i].rid != rid || h->known[i].pasid != pasid || h->known[i].kind != kind))
		i++;
	return i;
}
static void know(struct ordhw *h, const struct ordhw_cfg *c, bool on)
{
	size_t i = known_at(h, c->kind, c->rid, c->pasid);

	if (!on) {
		if (i < h->n_known)
			h->known[i] = h->known[--h->n_known];
		return;
	}
	if (i == h->n_known && !ordhw_grow(h, &h->known, h->n_known, &h->cap_known, sizeof(*h->known)))
		return;
	h->n_known += i == h->n_known;
	h->known[i] = (struct ordhw_known){ c->root, 0, c->rid, c->pasid, c->kind };
}

/* ---- events ---- */

static void fill(struct ordhw *h, struct ord_ev *e, const struct ordhw_cfg *c, bool keys)
{
	e->kind = c->kind;
	ordhw_rid(e, c->rid, c->pasid);
	if (!c->valid || !keys)
		return;
	e->has |= c->has;
	memcpy(e->v, c->v, sizeof(e->v));
	if (c->type)
		ord_put(e, ORD_KEY_TYPE, c->type);
	if (c->root) {
		ord_put(e, ORD_KEY_ROOT, c->root);
		ord_put(e, ORD_KEY_DOM, ordhw_table(h, c->root));
	}
	if (c->tbl)
		ord_put(e, ORD_KEY_TBL, c->tbl);
}
/* Which table had the tag before? */
static void tag_used(struct ordhw *h, const struct ordhw_cfg *c)
{
	static const uint8_t keys[] = { ORD_KEY_DID, ORD_KEY_DOMID, ORD_KEY_ASID, ORD_KEY_VMID };
	uint64_t key = 0;
	struct ord_ev e;
	size_t i = 0;
	unsigned k = 0;

	while (k < ARRAY_LEN(keys) && !(c->has >> keys[k] & 1))
		k++;
	/* a tag with a PASID names many tables */
	if (k == ARRAY_LEN(keys) || !c->root || c->has >> ORD_KEY_PASID & 1)
		return;
	key = (uint64_t)keys[k] << 48 | (keys[k] == ORD_KEY_ASID && c->has >> ORD_KEY_VMID & 1 ? c->v[ORD_KEY_VMID] << 16 : 0) | c->v[keys[k]];
	while (i < h->n_tag && h->tag[i].key != key)
		i++;
	if (i == h->n_tag) {
		if (ordhw_grow(h, &h->tag, h->n_tag, &h->cap_tag, sizeof(*h->tag)))
			h->tag[h->n_tag++] = (struct ordhw_tag){ key, c->root };
		return;
	}
	if (h->tag[i].root == c->root || !h->settled)
		return;
	h->tag[i].root = c->root;
	ordhw_new(h, &e, ORD_ID_ALLOC);
	ord_put(&e, (enum ord_key)keys[k], c->v[keys[k]]);
	if (keys[k] == ORD_KEY_ASID && c->has >> ORD_KEY_VMID & 1)
		ord_put(&e, ORD_KEY_VMID, c->v[ORD_KEY_VMID]);
	e.name = ordhw_table(h, c->root);
	e.have |= ORD_P_NAME;
	h->sum.id_alloc++;
	ordhw_emit(h, &e);
}
static void attachment(struct ordhw *h, const struct ordhw_cfg *c)
{
	struct ord_ev e;

	tag_used(h, c);
	ordhw_new(h, &e, ORD_CFG_SET);
	fill(h, &e, c, true);
	e.flags |= ORD_F(INHERITED); /* no store made it valid just now */
	ordhw_emit(h, &e);
	know(h, c, true);
}
static void decode(struct ordhw *h, const struct lift_upper *u, uint32_t i, const uint64_t *w, struct ordhw_cfg *c)
{
	bool by_pasid = u->pasid != TRC_NO_PASID;

	memset(c, 0, sizeof(*c));
	c->kind = kind_of[u->kind];
	c->rid = by_pasid ? u->rid : u->rid + i * u->step;
	c->pasid = by_pasid ? u->pasid + i * u->step : ORD_NONE;
	h->arch->cfg(h, u, i, w, c);
}
/* Words that a cache may still use: those of the last valid view of an entry that is read in pieces. Returns: a bit each. */
static uint32_t stale_words(struct ordhw *h, const struct lift_upper *u, const uint64_t *was, const struct ordhw_cfg *a, const struct ordhw_cfg *b)
{
	size_t i = 0;

	if (u->kind != LIFT_STE && u->kind != LIFT_CD && u->kind != LIFT_PASIDE)
		return 0;
	while (i < h->n_stale && (h->stale[i].rid != b->rid || h->stale[i].pasid != b->pasid || h->stale[i].kind != b->kind))
		i++;
	if (b->valid) {
		if (i < h->n_stale)
			h->stale[i] = h->stale[--h->n_stale];
		return 0;
	}
	if (a->valid && i == h->n_stale && ordhw_grow(h, &h->stale, h->n_stale, &h->cap_stale, sizeof(*h->stale)))
		h->stale[h->n_stale++] = (struct ordhw_stale){ b->rid, b->pasid, h->arch->used(u, was), b->kind };
	return i < h->n_stale ? h->stale[i].used : 0;
}
/* The page table keeps its name under its new top. */
static void grow(struct ordhw *h, const struct ordhw_cfg *a, const struct ordhw_cfg *b)
{
	uint32_t name = ordhw_table(h, a->root);
	struct ord_ev e;

	if (name != ordhw_table(h, b->root) && ordhw_grow(h, &h->top, h->n_top, &h->cap_top, sizeof(*h->top)))
		h->top[h->n_top++] = (struct ordhw_top){ b->root, name };
	ordhw_new(h, &e, ORD_PT_TOP);
	e.d = name;
	e.have |= ORD_P_DOM;
	ord_put(&e, ORD_KEY_ROOT, b->root);
	ord_put(&e, ORD_KEY_MODE, b->v[ORD_KEY_MODE]);
	ordhw_emit(h, &e);
}
/* The words @mask of the entry were stored, @old before. */
static void entry(struct ordhw *h, const struct lift_upper *u, uint64_t pa, uint32_t mask, const uint64_t *old)
{
	uint32_t i = (uint32_t)((pa - u->pa) >> u->lg2), first = (uint32_t)__builtin_ctz(mask);
	uint64_t base = u->pa + ((uint64_t)i << u->lg2), now[ORDHW_ENTRY_WORDS] = { 0 }, was[ORDHW_ENTRY_WORDS];
	struct ordhw_cfg a, b;
	struct ord_ev e;
	bool idle;

	if (mem_read(lift_mem(h->l), base, now, 1u << (u->lg2 - 3)) != MEM_OK)
		return;
	memcpy(was, now, sizeof(was));
	for (unsigned k = 0; k < ORDHW_ENTRY_WORDS; k++)
		if (mask >> k & 1)
			was[k] = *old++; /* NOLINT(clang-analyzer-core.uninitialized.Assign): as many words as @mask has bits */
	if (!memcmp(was, now, sizeof(was)))
		return;
	decode(h, u, i, was, &a);
	decode(h, u, i, now, &b);
	if (a.valid && b.valid && h->arch->grown && h->arch->grown(h, &a, &b))
		grow(h, &a, &b);
	idle = !(mask & (h->arch->used(u, was) | h->arch->used(u, now) | stale_words(h, u, was, &a, &b)));
	if (!a.valid && b.valid)
		tag_used(h, &b);
	ordhw_new(h, &e, ORD_CFG_WR);
	fill(h, &e, &b, !idle);
	ord_put(&e, ORD_KEY_QW, mask | (uint64_t)first << 24);
	e.flags |= (mask & (mask - 1) ? ORD_F(ATOMIC) : 0) | (idle ? ORD_F(UNUSED) : 0);
	if (mask & 1 && (a.valid || b.valid))
		ord_put(&e, ORD_KEY_V, b.valid);
	ordhw_emit(h, &e);
	if (b.leaf || !b.valid)
		know(h, &b, b.valid);
	h->ended |= a.valid && !b.valid;
}
void ordhw_half_end(struct ordhw *h)
{
	uint64_t line = h->line;

	h->half.on = false;
	h->line = h->half.line;
	entry(h, &h->half.u, h->half.pa, 1u << ((h->half.pa >> 3) & ((1u << (h->half.u.lg2 - 3)) - 1)), &h->half.old);
	h->line = line;
}
void ordhw_upper(void *who, const struct lift_upper *u, uint64_t pa, uint64_t old, uint64_t val)
{
	struct ordhw *h = who;
	uint32_t words = 1u << (u->lg2 - 3), qw = (uint32_t)((pa - u->pa) >> 3) & (words - 1);

	if (!h->begun)
		return;
	if (h->half.on && pa != h->half.pa + 8) /* a page of the trace came between, and changes another word */
		ordhw_half_end(h);
	if (h->half.on) { /* this is the second one */
		uint64_t both[2] = { h->half.old, old };

		h->half.on = false;
		h->sum.pairs++;
		entry(h, u, pa - 8, 3u << (qw - 1), both);
	} else if (h->arch->pairs && u->kind == LIFT_DTE && !(qw & 1)) {
		h->half.on = true;
		h->half.u = *u;
		h->half.pa = pa;
		h->half.old = old;
		h->half.line = h->line;
	} else if (old != val) {
		entry(h, u, pa, 1u << qw, &old);
	}
}
void ordhw_attach(void *who, const struct lift_att *t, bool on)
{
	struct ordhw *h = who;
	struct ordhw_cfg c = { .valid = true, .leaf = true, .rid = t->rid, .pasid = t->pasid == TRC_NO_PASID ? ORD_NONE : t->pasid };
	size_t i;

	h->sum.nested += on && t->type == LIFT_NESTED;
	if (!h->arch->attached(h, t, &c))
		return;
	if (t->t.levels) {
		c.root = t->t.root;
		if (on)
			ordhw_used(h, c.root, ordhw_table(h, c.root));
		else if (!t->dom->refs)
			ordhw_gone(h, c.root, ordhw_table(h, c.root), true);
	}
	i = known_at(h, c.kind, c.rid, c.pasid);
	if (!on && i < h->n_known)
		h->known[i].off = h->line; /* either a store above it ended it, or it comes again with another tag */
	else if (on && (i == h->n_known || h->known[i].root != c.root || (h->known[i].off && h->known[i].off != h->line)))
		attachment(h, &c);
	else if (on)
		h->known[i].off = 0;
}
