/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_tag.c - tag numbers given back and handed out: did, vmid, domid, asid, pasid. A number may be flushed as late as when it is handed
 * out again: what is open when it is given back is kept, and told if it is not handed out by the end of the trace, or is still open then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/ord_rel.h"

/* Does the obligation stand under the tag that @e frees or hands out? */
static bool under_tag(const struct ord_chk *c, const struct ord_ev *e, const struct ord_obl *o)
{
	uint64_t dom = ord_val(e, ORD_KEY_DID, ord_val(e, ORD_KEY_VMID, ord_val(e, ORD_KEY_DOMID, ORD_NONE)));
	uint64_t sub = ord_val(e, ORD_KEY_ASID, ORD_NONE), pasid = ord_val(e, ORD_KEY_PASID, ORD_NONE);

	if (o->np || (dom == ORD_NONE && sub == ORD_NONE && pasid == ORD_NONE) || ((e->have & ORD_P_UNIT) && o->unit != e->unit))
		return false;
	if (dom != ORD_NONE && o->dom != dom && !(o->what == ORD_O_ATC && o->teardown && o->att && o->att->a.dom == dom))
		return false;
	if (sub != ORD_NONE && !(o->sub == sub && o->what != ORD_O_ATC) &&
	    !(o->what == ORD_O_ATC && o->teardown && o->att && o->att->a.sub == sub))
		return false;
	if (pasid == ORD_NONE)
		return true;
	return o->pasid == pasid || (c->arch != ORD_SMMUV3 && o->what != ORD_O_ATC && o->sub == pasid);
}
static bool names_tag(const struct ord_chk *c, const struct ord_ev *e, const struct ord_att *a)
{
	uint64_t dom = ord_val(e, ORD_KEY_DID, ord_val(e, ORD_KEY_VMID, ord_val(e, ORD_KEY_DOMID, ORD_NONE)));
	uint64_t sub = ord_val(e, ORD_KEY_ASID, ORD_NONE), pasid = ord_val(e, ORD_KEY_PASID, ORD_NONE);

	(void)c;
	if (!a->live || (dom == ORD_NONE && sub == ORD_NONE && pasid == ORD_NONE) || ((e->have & ORD_P_UNIT) && a->unit != e->unit))
		return false;
	return (dom == ORD_NONE || a->dom == dom) && (sub == ORD_NONE || a->sub == sub) && (pasid == ORD_NONE || a->pasid == pasid);
}
/* The list that holds everything under the tag of @e; NULL: it names none. @other: a second list, of entries told by PASID but cached by
 * address space. */
static struct ord_head *tag_head(struct ord_chk *c, const struct ord_ev *e, struct ord_head **other)
{
	uint64_t dom = ord_val(e, ORD_KEY_DID, ord_val(e, ORD_KEY_VMID, ord_val(e, ORD_KEY_DOMID, ORD_NONE)));

	*other = NULL;
	if (e->has & ORD_HAS(PASID)) {
		*other = ord_ix_head(c, ORD_IX_SUB, (uint32_t)e->v[ORD_KEY_PASID], false);
		return ord_ix_head(c, ORD_IX_PASID, (uint32_t)e->v[ORD_KEY_PASID], false);
	}
	if (e->has & ORD_HAS(ASID))
		return ord_ix_head(c, ORD_IX_SUB, (uint32_t)e->v[ORD_KEY_ASID], false);
	return dom != ORD_NONE ? ord_ix_head(c, ORD_IX_DOM, (uint32_t)dom, false) : NULL;
}
static bool blame_list(struct ord_chk *c, const struct ord_ev *e, struct ord_in *list, enum ord_ix which, struct ord_told *told)
{
	bool any = false;

	for (struct ord_in *n = list; n && told->seen < ORD_BLAMES; n = n->next) {
		struct ord_obl *o = (struct ord_obl *)(void *)((char *)n - offsetof(struct ord_obl, ix) - which * sizeof(*n));

		if (!under_tag(c, e, o) || (o->what == ORD_O_ATC && ord_atc_forgiven(c, o)))
			continue;
		any = true;
		ord_blame_one(c, e, o, ORD_GEN_14, told, NULL);
	}
	return any;
}
static bool blame_tag(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_told told = { .n = 0 };
	struct ord_head *other, *h = tag_head(c, e, &other);
	enum ord_ix which = e->has & ORD_HAS(PASID) ? ORD_IX_PASID : e->has & ORD_HAS(ASID) ? ORD_IX_SUB : ORD_IX_DOM;
	bool any = h && blame_list(c, e, h->obls, which, &told);

	if (other)
		any |= blame_list(c, e, other->obls, ORD_IX_SUB, &told);
	return any;
}
/* An entry that still names the tag. */
static const struct ord_att *named_by(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_head *other, *h = tag_head(c, e, &other);
	enum ord_ix which = e->has & ORD_HAS(PASID) ? ORD_IX_PASID : e->has & ORD_HAS(ASID) ? ORD_IX_SUB : ORD_IX_DOM;

	for (struct ord_in *n = h ? h->atts : NULL; n; n = n->next) {
		const struct ord_atx *a = (const struct ord_atx *)(void *)((char *)n - offsetof(struct ord_atx, ix) - which * sizeof(*n));

		if (names_tag(c, e, &a->a))
			return &a->a;
	}
	return NULL;
}
/* A number may be flushed as late as when it is handed out again: what is open now is a finding only if it is not, by the end of the trace,
 * or is still open then. */
void ord_tag_free(struct ord_chk *c, const struct ord_ev *e)
{
	const struct ord_att *a = named_by(c, e);

	if (a) {
		ord_report(c, c->arch == ORD_SMMUV3 ? ORD_SMM_24 : ORD_GEN_14, ORD_VIOLATION, e,
		           "the entry cleared and its tag flushed first", "a tag is given back that the %s set at line %llu still names",
		           ord_kind_name[a->kind], (unsigned long long)a->line);
		return;
	}
	c->hold = e;
	blame_tag(c, e);
	c->hold = NULL;
}
static const uint8_t tag_keys[ORD_TAG_KEYS] = { ORD_KEY_PASID, ORD_KEY_ASID, ORD_KEY_DID, ORD_KEY_VMID, ORD_KEY_DOMID };

/* What the event names, and where it is kept: under the first of its numbers. */
static uint64_t held_key(const struct ord_ev *e, uint32_t tag[ORD_TAG_KEYS])
{
	uint64_t key = 0;

	for (unsigned i = 0; i < ORD_TAG_KEYS; i++) {
		tag[i] = (uint32_t)ord_val(e, tag_keys[i], ORD_NONE);
		if (!key && tag[i] != ORD_NONE)
			key = (uint64_t)(i + 1) << 32 | tag[i];
	}
	return key;
}
void ord_hold(struct ord_chk *c, const struct ord_finding *f)
{
	uint32_t tag[ORD_TAG_KEYS];
	uint64_t key = held_key(c->hold, tag);
	struct ord_held *first = ord_map_get(&c->held, key), *h;
	size_t n = strlen(f->what) + 1;

	for (h = first; h; h = h->next)
		if (h->f.rule == f->rule && !memcmp(h->tag, tag, sizeof(tag)))
			return; /* freed twice: told once */
	h = calloc(1, sizeof(*h) + n);
	if (!h || !ord_map_put(&c->held, key, h)) {
		free(h);
		ord_oom(c);
		return;
	}
	h->f = *f;
	memcpy(h->tag, tag, sizeof(tag));
	memcpy(h->text, f->what, n);
	h->next = first;
	h->older = c->held_new;
	if (h->older)
		h->older->newer = h;
	else
		c->held_old = h;
	c->held_new = h;
}
static void unhold(struct ord_chk *c, struct ord_held *h, bool tell)
{
	if (tell) {
		h->f.what = h->text;
		ord_emit(c, &h->f);
	}
	if (h->older)
		h->older->newer = h->newer;
	else
		c->held_old = h->newer;
	if (h->newer)
		h->newer->older = h->older;
	else
		c->held_new = h->older;
	free(h);
}
void ord_tag_alloc(struct ord_chk *c, const struct ord_ev *e)
{
	const struct ord_att *a = named_by(c, e);
	bool open = blame_tag(c, e);
	uint32_t tag[ORD_TAG_KEYS];
	uint64_t key = held_key(e, tag);
	struct ord_held *keep = NULL;

	if (a)
		ord_report(c, ORD_GEN_14, ORD_VIOLATION, e, "the entry cleared and its tag flushed first",
		           "a tag is handed out that the %s set at line %llu still names", ord_kind_name[a->kind],
		           (unsigned long long)a->line);
	for (struct ord_held *h = ord_map_get(&c->held, key), *next; h; h = next) {
		next = h->next;
		if (memcmp(h->tag, tag, sizeof(tag))) {
			h->next = keep;
			keep = h;
		} else {
			unhold(c, h, open); /* told if it was not flushed in the meantime either */
		}
	}
	ord_map_del(&c->held, key);
	if (keep && !ord_map_put(&c->held, key, keep))
		ord_oom(c);
}
void ord_rel_finish(struct ord_chk *c)
{
	while (c->held_old)
		unhold(c, c->held_old, true);
}
void ord_rel_close(struct ord_chk *c)
{
	while (c->held_old)
		unhold(c, c->held_old, false); /* NOLINT(clang-analyzer-unix.Malloc): that makes the next one held_old; the oldest has none older */
	ord_map_free(&c->held);
}
