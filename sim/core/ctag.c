/* SPDX-License-Identifier: Apache-2.0 */
/* ctag.c - cache-tag rules; see ctag.h for what is modelled. */
#include "core/ctag.h"
#include "core/base/bits.h"
#include "core/pt/pt.h"

#include <stdlib.h>
#include <string.h>

#define STAT_STRUCT struct ctag_stats
const struct stat_def ctag_stat_defs[] = {
	CTAG_STATS(STAT_ROW){ "duplicates", "ratio", "repeated / sampled", offsetof(struct ctag_stats, repeated), STAT_RATIO,
			      offsetof(struct ctag_stats, sampled) },
	{ 0 },
};
#undef STAT_STRUCT

enum { CACHES = 64, IDS = INV_PASID | INV_DID | INV_ASID | INV_VMID };
struct own { /* per slot */
	struct xl_req req; /* that filled it */
	bool shared;
};
struct watched {
	struct xcache *x;
	struct own *own;
	uint32_t since; /* fills since the last search */
	uint32_t *seen; /* tag.audit: hash of slots (slot + 1), 4 times the entries rounded up */
	uint32_t seen_mask;
};
struct ctag {
	struct iommu *u;
	const struct ctag_cfg *cfg;
	const uint8_t *ids;
	unsigned n_ids, n;
	struct watched w[CACHES];
	struct ctag_stats st;
};

bool ctag_create(struct iommu *u, const struct ctag_cfg *c, const uint8_t *ids, unsigned n_ids, struct ctag **out, struct err *e)
{
	*out = NULL;
	if (c->rule == CTAG_SPEC && !c->bits && !c->audit)
		return true;
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return err_set(e, ERR_MACHINE, "out of memory");
	**out = (struct ctag){ .u = u, .cfg = c, .ids = ids, .n_ids = n_ids };
	return true;
}

bool ctag_watch(struct ctag *t, struct xcache *x, struct err *e)
{
	uint32_t entries, n = 4;
	struct watched *w;

	if (!t || !x || !xc_config(x)->entries)
		return true;
	SIM_ASSERT(t->n < CACHES);
	entries = xc_config(x)->entries;
	while (n < 2 * entries)
		n *= 2;
	w = &t->w[t->n++];
	*w = (struct watched){ .x = x, .own = calloc(entries, sizeof(*w->own)), .seen_mask = n - 1 };
	if (t->cfg->audit)
		w->seen = malloc(n * sizeof(*w->seen));
	return (w->own && (w->seen || !t->cfg->audit)) || err_set(e, ERR_MACHINE, "out of memory");
}

void ctag_destroy(struct ctag *t)
{
	for (unsigned i = 0; t && i < t->n; i++) {
		free(t->w[i].own);
		free(t->w[i].seen);
	}
	free(t);
}

enum ctag_rule ctag_rule(const struct ctag *t)
{
	return (enum ctag_rule)t->cfg->rule;
}

struct ctag_stats *ctag_stats_of(struct ctag *t)
{
	return &t->st;
}

/* ---- tags ---- */

static uint64_t mix(uint64_t v)
{
	v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
	return v ^ v >> 31;
}

static uint64_t fold(const struct ctag *t, uint64_t id)
{
	if (!t->cfg->bits)
		return id;
	return (t->cfg->fold == CTAG_MIX ? mix(id + 1) : id) & low_mask(t->cfg->bits);
}

uint32_t ctag_fold_id(const struct ctag *t, uint32_t id)
{
	return (uint32_t)fold(t, id);
}

void ctag_scope(const struct ctag *t, struct inv_scope *s)
{
	if (!t)
		return;
	if (t->cfg->rule == CTAG_TABLE)
		s->by &= ~(uint32_t)INV_PASID;
	if (!t->cfg->bits)
		return;
	s->did = (uint16_t)fold(t, s->did);
	s->pasid = (uint32_t)fold(t, s->pasid);
	s->asid = (uint16_t)fold(t, s->asid);
	s->vmid = (uint16_t)fold(t, s->vmid);
	if (s->vmid_ignore && t->cfg->fold == CTAG_MIX) /* a hash has no bits that could be left out */
		s->by &= ~(uint32_t)INV_VMID;
}

static uint64_t table_key(const struct pt_table *t)
{
	if (!t || !t->fmt)
		return 1;
	return mix(mix(t->root) + ((uint64_t)t->opt << 32 | (uint64_t)t->levels << 24 | (uint64_t)t->ia_bits << 16 | (uint64_t)t->oa_bits << 8 | t->grain_lg2));
}

uint64_t ctag_root(const struct pt_table *s1, const struct pt_table *s2, uint64_t more)
{
	return mix(mix(mix(table_key(s1)) + table_key(s2)) + more);
}

uint64_t ctag_id(const struct ctag *t, const struct xl *x, const struct ctag_key *k)
{
	uint64_t pasid = (uint64_t)x->req.has_pasid << 32 | (x->req.has_pasid ? fold(t, x->req.pasid) : 0);

	switch (t->cfg->rule) {
	case CTAG_PASID:
		return mix(mix(mix(k->mode) + k->spec) + pasid);
	case CTAG_DEVICE:
		return mix(mix(mix(k->mode) + pasid) + fold(t, x->req.rid));
	case CTAG_TABLE:
		return mix(mix(k->mode) + k->table);
	case CTAG_ROOT:
		return mix(mix(k->mode) + fold(t, k->root));
	default:
		return k->spec;
	}
}

uint64_t ctag_walk_id(const struct ctag *c, const struct xl *x, const struct pt_table *t, uint64_t spec, uint64_t table)
{
	uint64_t who = (uint64_t)x->req.has_pasid << 32 | (x->req.has_pasid ? x->req.pasid : 0);

	switch (ctag_rule_of(c)) {
	case CTAG_PASID:
		return mix(mix(spec) + who);
	case CTAG_DEVICE:
		return mix(mix(spec) + (who | (uint64_t)x->req.rid << 33));
	case CTAG_TABLE:
		return table;
	case CTAG_ROOT:
		return mix(mix(spec) + table_key(t));
	default:
		return spec;
	}
}

/* ---- entries ---- */

static struct watched *watched_of(struct ctag *t, const struct xcache *x)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->w[i].x == x)
			return &t->w[i];
	return NULL;
}

/* Would a command that names @x by identifiers miss the entry? */
static bool other_ids(const struct ctag *t, const struct xc_tag *e, const struct xl *x)
{
	unsigned by = e->kind < t->n_ids ? t->ids[e->kind] : IDS;

	if (t->cfg->rule == CTAG_TABLE)
		by &= ~(unsigned)INV_PASID;
	return ((by & INV_PASID) && e->pasid != x->tag.pasid) || ((by & INV_DID) && e->did != x->tag.did) || ((by & INV_ASID) && e->asid != x->tag.asid) ||
	       ((by & INV_VMID) && e->vmid != x->tag.vmid);
}

static void note_user(struct ctag *t, struct own *o, const struct xc_tag *e, const struct xl *x)
{
	if (o->shared || !other_ids(t, e, x))
		return;
	o->shared = true;
	t->st.shared++;
}

void ctag_hit(struct ctag *t, struct xcache *c, uint32_t slot, const struct xl *x)
{
	struct watched *w = watched_of(t, c);
	struct own *o;

	if (!w)
		return;
	o = &w->own[slot];
	if (o->req.rid != x->req.rid || o->req.has_pasid != x->req.has_pasid || o->req.pasid != x->req.pasid)
		t->st.other_hits++;
	note_user(t, o, xc_tag_of(c, slot), x);
}

static uint64_t page_of(struct xcache *x, uint32_t slot)
{
	uint64_t page;

	memcpy(&page, xc_payload(x, slot), sizeof(page));
	return page;
}

static bool same_page(struct xcache *x, uint32_t a, uint32_t b)
{
	const struct xc_tag *p = xc_tag_of(x, a), *q = xc_tag_of(x, b);

	return p->first == q->first && p->size_lg2 == q->size_lg2 && page_of(x, a) == page_of(x, b);
}

/* How many entries repeat another one: same page, size and result under another tag. Done once per as many fills as there are entries. */
static void search(struct ctag *t, struct watched *w)
{
	uint32_t entries = xc_config(w->x)->entries;

	w->since = 0;
	t->st.samples++;
	memset(w->seen, 0, (w->seen_mask + 1) * sizeof(*w->seen));
	for (uint32_t s = 0; s < entries; s++) {
		uint32_t h;

		if (!xc_is_live(w->x, s))
			continue;
		t->st.sampled++;
		h = (uint32_t)mix(xc_tag_of(w->x, s)->first ^ mix(page_of(w->x, s))) & w->seen_mask;
		while (w->seen[h] && !same_page(w->x, w->seen[h] - 1, s))
			h = (h + 1) & w->seen_mask;
		t->st.repeated += w->seen[h] != 0;
		w->seen[h] = s + 1;
	}
}

void ctag_fill(struct ctag *t, struct xcache *c, uint32_t slot, const struct xl *x)
{
	struct watched *w = slot == XC_MISS ? NULL : watched_of(t, c);

	if (!w)
		return;
	w->own[slot] = (struct own){ .req = x->req };
	t->st.fills++;
	note_user(t, &w->own[slot], xc_tag_of(c, slot), x);
	if (t->cfg->audit && ++w->since >= xc_config(c)->entries)
		search(t, w);
}

/* ---- invalidation ---- */

/* Do the tables still give the page of this entry? */
static bool good(const struct ctag *t, const struct watched *w, uint32_t slot)
{
	const struct xl_req *q = &w->own[slot].req;
	struct xl_res r;

	iommu_walk_now(t->u, q, &r, NULL, NULL);
	return r.ok && ((r.spa ^ page_of(w->x, slot)) & ~low_mask(xc_tag_of(w->x, slot)->size_lg2)) == 0;
}

static void drop(struct ctag *t, struct watched *w, uint32_t slot)
{
	t->st.dropped++;
	if (t->cfg->audit && good(t, w, slot))
		t->st.dropped_good++;
	xc_drop(w->x, slot);
}

void ctag_invalidate(struct ctag *t, struct xcache *c, const struct inv_scope *s)
{
	struct watched *w = watched_of(t, c);
	struct inv_scope anyone = *s;

	if (!w) {
		xc_invalidate(c, s);
		return;
	}
	anyone.by &= INV_RANGE;
	xc_stats_of(c)->invalidations++;
	for (uint32_t slot = 0; slot < xc_config(c)->entries; slot++) {
		const struct xc_tag *e = xc_tag_of(c, slot);
		bool named;

		if (!xc_is_live(c, slot) || !inv_covers(&anyone, e))
			continue;
		named = inv_covers(s, e);
		if (!named && !w->own[slot].shared)
			continue;
		t->st.dropped_shared += !named;
		drop(t, w, slot);
	}
}

/* By what the request that filled an entry was, not by identifiers that may have been shortened. */
static bool config_covers(const struct inv_scope *s, const struct own *o, const struct xc_tag *e)
{
	return !((s->by & INV_RID) && ((s->rid ^ o->req.rid) & s->rid_mask)) && !((s->by & INV_PASID) && o->req.has_pasid && s->pasid != o->req.pasid) &&
	       !((s->by & INV_DID) && s->did != e->did);
}

void ctag_config(struct ctag *t, const struct inv_scope *s)
{
	struct inv_scope c = *s;

	if (!t || t->cfg->rule != CTAG_DEVICE)
		return;
	if (t->cfg->bits)
		c.by &= ~(uint32_t)INV_DID;
	for (unsigned i = 0; i < t->n; i++) {
		struct watched *w = &t->w[i];

		for (uint32_t slot = 0; slot < xc_config(w->x)->entries; slot++) {
			if (!xc_is_live(w->x, slot) || !config_covers(&c, &w->own[slot], xc_tag_of(w->x, slot)))
				continue;
			t->st.dropped_config++;
			drop(t, w, slot);
		}
	}
}
