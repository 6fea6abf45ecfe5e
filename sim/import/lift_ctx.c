/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lift_ctx.c - who is attached to what: the structures above the page tables scanned as a whole whenever one of them was written (that
 * is rare), and the difference to the scan before put out as detach and attach.
 */
#include <stdlib.h>
#include <string.h>
#include "core/base/bits.h"
#include "core/iommu.h"
#include "import/lift_int.h"

static const char *const type_name[] = { "legacy", "ss", "fs", "nested", "pt" };

/* Every word read in a scan comes out of a budget: tables may point to each other at will, a scan still ends. */
uint64_t lift_word(struct lift *l, uint64_t pa)
{
	const uint64_t *w = mem_page(l->mem, pa & ~UINT64_C(0xfff));

	if (!l->budget || !--l->budget) {
		lift_fail(l, ERR_INPUT, "more than 2^28 entries above the page tables: tables that contain themselves?");
		return 0;
	}
	return w ? w[pa >> 3 & 511] : 0;
}
bool lift_is_upper(const struct lift *l, uint64_t pa)
{
	for (size_t i = 0; l->filter[pa >> 18 & 63] >> (pa >> 12 & 63) & 1 && i < l->n_upper; i++)
		if (!((l->upper[i].pa ^ pa) & ~UINT64_C(0xfff)))
			return true;
	return false;
}
/* Without a tap a page is noted once; with one, for every requester that it serves. */
void lift_watch(struct lift *l, struct lift_upper u)
{
	if ((!l->tap && lift_is_upper(l, u.pa)) || !lift_grow(l, &l->upper, l->n_upper, &l->cap_upper, sizeof(*l->upper)))
		return;
	l->upper[l->n_upper++] = u;
	l->filter[u.pa >> 18 & 63] |= BIT64(u.pa >> 12 & 63);
}
/* What is left to cover of @n entries of 2^@lg2 bytes at @pa within its page. */
struct lift_upper lift_part_of(uint64_t pa, uint64_t n, unsigned lg2, enum lift_kind kind, uint32_t rid, uint32_t pasid)
{
	uint64_t room = (4096 - (pa & 0xfff)) >> lg2;

	return (struct lift_upper){ .pa = pa, .kind = (uint8_t)kind, .lg2 = (uint8_t)lg2, .n = (uint16_t)(n < room ? n : room),
				    .rid = rid, .pasid = pasid, .step = 1 };
}
uint64_t lift_place(const struct lift *l, enum lift_kind kind, uint32_t rid)
{
	for (size_t i = 0; i < l->n_upper; i++)
		if (l->upper[i].kind == kind && rid - l->upper[i].rid < l->upper[i].n * l->upper[i].step)
			return l->upper[i].pa + ((uint64_t)(rid - l->upper[i].rid) / l->upper[i].step << l->upper[i].lg2);
	return 0;
}
void lift_found(struct lift *l, struct lift_scan *s, struct lift_att a)
{
	if (lift_grow(l, &s->a, s->n, &s->cap, sizeof(*s->a)))
		s->a[s->n++] = a;
}
static bool same_tables(const struct lift_shape *x, const struct lift_shape *y)
{
	return x->did == y->did && x->root == y->root && x->levels == y->levels && x->page_lg2 == y->page_lg2 && x->bits == y->bits &&
	       x->fs == y->fs;
}
static struct lift_dom *domain(struct lift *l, const struct lift_att *a)
{
	struct lift_dom *d;
	bool taken = false;

	for (d = l->doms; d; d = d->next) {
		if (same_tables(&d->t, &a->t))
			return d;
		taken |= d->id == a->id;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		lift_fail(l, ERR_MACHINE, "out of memory");
		return NULL;
	}
	*d = (struct lift_dom){ .next = l->doms, .id = taken ? l->next_id++ : a->id, .t = a->t, .type = a->type };
	return l->doms = d;
}
static void put_att(struct lift *l, const struct lift_att *a, bool on)
{
	struct trc_rec r = { .kind = on ? TRC_ATTACH : TRC_DETACH, .at = l->now };

	if (l->tap) {
		l->tap->attach(l->tap->who, a, on);
		return;
	}
	r.u.sw.rid = a->rid;
	r.u.sw.pasid = a->pasid;
	r.u.sw.dom = a->dom->id;
	if (on)
		strcpy(r.u.sw.type, type_name[a->type]);
	lift_put(l, &r);
}
static void detach(struct lift *l, struct lift_att *a)
{
	struct lift_dom *d = a->dom;

	/* its owner may go on to change it: a tap is told until a page of it is used for something else */
	if (--d->refs || l->tap) {
		put_att(l, a, false);
		return;
	}
	if (d->t.levels)
		lift_pt_remove(l, d);
	put_att(l, a, false);
	lift_forget(l, d);
}
void lift_forget(struct lift *l, struct lift_dom *d)
{
	struct lift_dom **p = &l->doms;

	for (size_t i = 0; i < l->n_link; i++)
		if (l->link[i].dom == d) {
			l->link[i] = l->link[--l->n_link];
			i--;
		}
	while (*p != d)
		p = &(*p)->next;
	*p = d->next;
	free(d);
}
static void attach(struct lift *l, struct lift_att *a)
{
	bool first;

	a->dom = domain(l, a);
	if (!a->dom)
		return;
	first = !a->dom->refs++ && a->dom->t.levels;
	if (first && l->tap)
		lift_pt_bury(l, a->dom->t.root); /* what that page was part of is over before it is this */
	put_att(l, a, true);
	l->s->nested += a->type == LIFT_NESTED;
	if (first)
		lift_pt_add(l, a->dom); /* what is known of it already is not added again */
}
static int order(const struct lift_att *x, const struct lift_att *y)
{
	return x->rid != y->rid ? (x->rid > y->rid) - (x->rid < y->rid) : (x->pasid > y->pasid) - (x->pasid < y->pasid);
}
static int by_rid(const void *a, const void *b)
{
	return order(a, b);
}
static bool same(const struct lift_att *x, const struct lift_att *y)
{
	return x->type == y->type && same_tables(&x->t, &y->t);
}
/* Detaches first, then attaches, each in order of requester. */
void lift_rescan(struct lift *l)
{
	struct lift_scan s = { 0 };

	l->dirty = false;
	l->n_upper = 0;
	memset(l->filter, 0, sizeof(l->filter));
	l->budget = UINT64_C(1) << 28;
	l->arch->scan(l, &s);
	if (l->failed) {
		free(s.a);
		return;
	}
	if (s.n)
		qsort(s.a, s.n, sizeof(*s.a), by_rid);
	for (size_t i = 0, j = 0; i < l->n_att; i++) {
		while (j < s.n && order(&s.a[j], &l->att[i]) < 0)
			j++;
		if (j < s.n && !order(&s.a[j], &l->att[i]) && same(&s.a[j], &l->att[i])) {
			s.a[j].kept = true;
			s.a[j].dom = l->att[i].dom;
		} else {
			detach(l, &l->att[i]);
		}
	}
	free(l->att);
	for (size_t j = 0; j < s.n && !l->failed; j++) {
		if (!s.a[j].kept)
			attach(l, &s.a[j]);
		s.a[j].kept = false;
	}
	l->att = s.a;
	l->n_att = s.n;
}
