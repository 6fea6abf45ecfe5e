/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invalidations against walks in flight, through the command buffer (support/races.h), and random guests (support/race_guests.h): the wait
 * is COMPLETION_WAIT, over once it has stored.
 */
#include "amdvi_tables.h"
#include "amdvi_vrig.h"

enum change { H_LEAF, G_LEAF, H_TABLE, G_TABLE, G_TABLE_GPA, C_ENTRY, C_TABLE, C_TABLE_GPA, DTE_WORDS };
enum { HOST = 1, GUEST = 2, NESTED = 3, TRP = 7 /* nested, GCR3TRPMode 1 */ };
struct kind {
	const char *name;
	unsigned stages;
	enum change what;
	unsigned lg2;      /* of the leaf that changes */
	uint64_t w0, w1;   /* command; w1 with the bits of GPA_OF: the GPA of the table is added */
	uint64_t w0b, w1b; /* second command */
};
#define TAB(f) at_##f
#define RACE_OWN                                                                                                               \
	struct at t;                                                                                                           \
	struct at_host h;                                                                                                      \
	struct at_dev d, n; /* n: what a new GCR3 entry or DTE leads to */                                                     \
	uint64_t copy; /* of the last guest or GCR3 table, with new contents */
#include "races.h"

#define GPA UINT64_C(0x1766600000)
enum { PASID = 0x246, DOM = 0x105, DOM2 = 0x106 };
#define GPA_OF UINT64_C(0x10)
#define HP     AT_PAGES(DOM, 0)
#define GP     AT_PAGES(DOM, PASID)
#define ALL0   (AT_ALL)
#define ALL1   (AT_ALL | AT_GN)
#define GNP    (AT_GN | AT_PDE)
static const struct kind kinds[] = {
	{ "host leaf", HOST, H_LEAF, 12, HP, VA, 0, 0 },
	{ "host leaf, PDE", HOST, H_LEAF, 12, HP, VA | AT_PDE, 0, 0 },
	{ "host leaf, all", HOST, H_LEAF, 12, HP, ALL0, 0, 0 },
	{ "host leaf, 16 KB", HOST, H_LEAF, 12, HP, VA | 0x1000 | 1, 0, 0 },
	{ "host leaf, INVALIDATE_IOMMU_ALL", HOST, H_LEAF, 12, AT_INV_ALL, 0, 0 },
	{ "host 64 KB, another address of it", HOST, H_LEAF, 16, HP, VA + 0x9000, 0, 0 },
	{ "host 64 KB, a range that touches it", HOST, H_LEAF, 16, HP, (VA + 0xe000) | 1, 0, 0 },
	{ "host 2 MB, another address of it", HOST, H_LEAF, 21, HP, VA + 0x5000, 0, 0 },
	{ "host 2 MB, its last page", HOST, H_LEAF, 21, HP, (VA + 0x1ff000) | AT_PDE, 0, 0 },
	{ "host table, PDE", HOST, H_TABLE, 12, HP, VA | AT_PDE, 0, 0 },
	{ "host table, all", HOST, H_TABLE, 12, HP, ALL0 | AT_PDE, 0, 0 },
	{ "guest leaf", GUEST, G_LEAF, 12, GP, VA | AT_GN, 0, 0 },
	{ "guest leaf, all PDE", GUEST, G_LEAF, 12, GP, ALL1 | AT_PDE, 0, 0 },
	{ "guest 2 MB, another address of it", GUEST, G_LEAF, 21, GP, (VA + 0x5000) | AT_GN, 0, 0 },
	{ "guest table", GUEST, G_TABLE, 12, GP, VA | GNP, 0, 0 },
	{ "guest leaf, INVALIDATE_IOMMU_ALL", GUEST, G_LEAF, 12, AT_INV_ALL, 0, 0 },
	{ "GCR3 entry", GUEST, C_ENTRY, 12, GP, ALL1 | AT_PDE, 0, 0 },
	{ "GCR3 table", GUEST, C_TABLE, 12, GP, ALL1 | AT_PDE, 0, 0 },
	{ "GCR3 entry, one page", GUEST, C_ENTRY, 12, GP, VA | GNP, 0, 0 },
	{ "nested, guest leaf", NESTED, G_LEAF, 12, GP, VA | AT_GN, 0, 0 },
	{ "nested, guest leaf, all", NESTED, G_LEAF, 12, GP, ALL1 | AT_PDE, 0, 0 },
	{ "nested, guest 2 MB", NESTED, G_LEAF, 21, GP, (VA + 0x3000) | AT_GN, 0, 0 },
	{ "nested, guest table", NESTED, G_TABLE, 12, GP, VA | GNP, 0, 0 },
	{ "nested, host leaf", NESTED, H_LEAF, 12, HP, GPA, 0, 0 },
	{ "nested, host leaf, PDE", NESTED, H_LEAF, 12, HP, GPA | AT_PDE, 0, 0 },
	{ "nested, host leaf, all", NESTED, H_LEAF, 12, HP, ALL0 | AT_PDE, 0, 0 },
	{ "nested, host 2 MB", NESTED, H_LEAF, 21, HP, GPA + 0x7000, 0, 0 },
	{ "nested, host 64 KB", NESTED, H_LEAF, 16, HP, GPA + 0x7000, 0, 0 },
	{ "nested, host table", NESTED, H_TABLE, 12, HP, GPA | AT_PDE, 0, 0 },
	{ "nested, GPA of a guest table", NESTED, G_TABLE_GPA, 12, HP, GPA_OF | AT_PDE, 0, 0 },
	{ "nested, GPA of a guest table, ALL", NESTED, G_TABLE_GPA, 12, AT_INV_ALL, 0, 0 },
	{ "nested, GCR3 entry", NESTED, C_ENTRY, 12, GP, ALL1 | AT_PDE, 0, 0 },
	{ "nested, GCR3 table", NESTED, C_TABLE, 12, GP, ALL1 | AT_PDE, 0, 0 },
	{ "TRP 1, guest leaf", TRP, G_LEAF, 12, GP, VA | AT_GN, 0, 0 },
	{ "TRP 1, host leaf", TRP, H_LEAF, 12, HP, GPA, 0, 0 },
	{ "TRP 1, host table", TRP, H_TABLE, 12, HP, GPA | AT_PDE, 0, 0 },
	{ "TRP 1, GCR3 entry", TRP, C_ENTRY, 12, GP, ALL1 | AT_PDE, 0, 0 },
	{ "TRP 1, GCR3 table", TRP, C_TABLE, 12, GP, ALL1 | AT_PDE, 0, 0 },
	{ "TRP 1, GPA of a GCR3 table", TRP, C_TABLE_GPA, 12, HP, GPA_OF | AT_PDE, GP, ALL1 | AT_PDE },
	{ "TRP 1, GPA of a GCR3 table, ALL", TRP, C_TABLE_GPA, 12, AT_INV_ALL, 0, 0 },
	{ "TRP 1, GPA of a guest table", TRP, G_TABLE_GPA, 12, HP, GPA_OF | AT_PDE, 0, 0 },
	{ "DTE, host", HOST, DTE_WORDS, 12, AT_DEVTAB(AT_DEV), 0, 0 },
	{ "DTE, guest", GUEST, DTE_WORDS, 12, AT_DEVTAB(AT_DEV), 0, 0 },
	{ "DTE, nested", NESTED, DTE_WORDS, 12, AT_DEVTAB(AT_DEV), 0, 0 },
	{ "DTE, TRP 1", TRP, DTE_WORDS, 12, AT_DEVTAB(AT_DEV), 0, 0 },
	{ "DTE, INVALIDATE_IOMMU_ALL", NESTED, DTE_WORDS, 12, AT_INV_ALL, 0, 0 },
};
#undef HP
#undef GP
enum { KINDS = ARRAY_LEN(kinds) };

static void prefetch_sup(struct amdvi_cfg *c)
{
	c->efr |= 1;
}
static void l1(struct amdvi_cfg *c)
{
	prefetch_sup(c);
	c->unit.ports = 3;
	c->l1.entries = 4;
	c->link_cyc = 8;
}
static void sets(struct amdvi_cfg *c)
{
	struct xc_cfg *all[] = { &c->iotlb, &c->dtc, &c->pdc, &c->nested, &c->gcr3 };

	prefetch_sup(c);
	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		all[i]->ways = 4;
}
static void tiny(struct amdvi_cfg *c)
{
	struct xc_cfg *all[] = { &c->iotlb, &c->dtc, &c->pdc, &c->nested, &c->gcr3 };

	l1(c);
	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		all[i]->entries = all[i]->ways = i == 0 ? 2 : 1;
	c->unit.merge = false;
	c->unit.walkers = 1;
}
static void (*const shapes[])(struct amdvi_cfg *c) = { prefetch_sup, l1, sets, tiny };
enum { SHAPES = ARRAY_LEN(shapes) };

static unsigned level_of(unsigned lg2)
{
	return (lg2 - 12) / 9 + 1;
}

static void h_leaf(struct at *t, const struct at_host *h, uint64_t ia, uint64_t spa, unsigned lg2)
{
	if (lg2 == 16)
		at_h_sized(t, h, ia, spa, lg2, AT_RW);
	else
		at_h_map(t, h, ia, spa, level_of(lg2), AT_RW);
}

/* A copy of the table at @from with entry @index changed. */
static uint64_t copy_of(struct at *t, uint64_t from, unsigned index, uint64_t e)
{
	uint64_t to = at_alloc(t, 12);

	for (unsigned i = 0; i < 512; i++)
		if (at_get(t, from + 8 * i))
			at_put(t, to + 8 * i, at_get(t, from + 8 * i));
	at_put(t, to + 8 * index, e);
	return to;
}

static void build(struct race *r, const struct kind *k, bool ad, void (*set)(struct amdvi_cfg *c))
{
	struct at_opt o = { .caches = 32, .tweak = set, .ctl = k->stages == TRP ? AT_TRP : 0 };
	uint64_t set_ad = ad ? 0 : AT_A | AT_D, out = k->stages == GUEST ? OLD : GPA, out2 = k->stages == GUEST ? NEW : GPA + AT_B(21);
	bool host = k->stages & HOST, guest = k->stages & GUEST;
	struct at *t = &r->t;
	struct at_dev *d = &r->d;
	unsigned glg = k->what == G_LEAF ? k->lg2 : 12, hlg = k->what == H_LEAF || k->what == G_LEAF ? k->lg2 : 12;
	uint64_t at;

	memset(r, 0, sizeof *r);
	at_open(t, &o);
	for (unsigned i = 0; i < 2; i++) {
		d = i ? &r->n : &r->d;
		if (k->stages == HOST) {
			at_host_dev(t, d, AT_DEV, i ? DOM2 : DOM, 4);
		} else if (k->stages == GUEST) {
			at_guest_dev(t, d, AT_DEV, i ? DOM2 : DOM, 4, 1);
		} else {
			if (!i)
				r->h = at_h_new(t, 4);
			at_nested_dev(t, d, AT_DEV, i ? DOM2 : DOM, &r->h, 4, 1);
		}
		d->dte[0] |= ad && host ? AT_HAD(3) : 0;
		d->dte[1] |= AT_I;
		if (guest) {
			at_pasid(t, d, &d->g, PASID);
			at_g_map(t, &d->g, VA, i ? out2 : out, level_of(glg), AT_G | set_ad);
		} else {
			h_leaf(t, &d->h, VA, i ? NEW : OLD, i ? 12 : hlg);
		}
	}
	if (host && guest) {
		h_leaf(t, &r->h, GPA, OLD, hlg);
		h_leaf(t, &r->h, GPA + AT_B(21), NEW, hlg);
	}
	at_put_dte(t, &r->d);
	d = &r->d;
	if (k->what == G_TABLE || k->what == G_TABLE_GPA) {
		at = at_g_entry(t, &d->g, VA, 1);
		r->copy = copy_of(t, at & ~UINT64_C(0xfff), at >> 3 & 511, out2 | AT_G | set_ad);
	} else if (k->what == C_TABLE || k->what == C_TABLE_GPA) {
		at = at_c_entry(t, &d->c, PASID, 0);
		r->copy = copy_of(t, at & ~UINT64_C(0xfff), at >> 3 & 511, (r->n.g.root + r->n.g.off) | 1);
	} else if (k->what == H_TABLE) {
		at = at_h_entry(t, &d->h, guest ? GPA : VA, 1);
		r->copy = copy_of(t, at & ~UINT64_C(0xfff), at >> 3 & 511, NEW | AT_RW);
	}
	if (r->copy && k->stages >= NESTED && k->what != H_TABLE)
		at_h_map(t, &r->h, r->copy + d->g.off, r->copy, 1, AT_RW);
}

static void change(struct race *r, const struct kind *k)
{
	uint64_t out2 = k->stages == GUEST ? NEW : GPA + AT_B(21), ia = k->stages == HOST ? VA : GPA, gpa = 0, at;
	struct at *t = &r->t;
	struct at_dev *d = &r->d;

	switch (k->what) {
	case H_LEAF:
		h_leaf(t, &d->h, ia, NEW, k->lg2);
		break;
	case G_LEAF:
		at_g_map(t, &d->g, VA, out2, level_of(k->lg2), AT_G);
		break;
	case H_TABLE:
		at_put(t, at_h_entry(t, &d->h, ia, 2), r->copy | 1 << 9 | AT_RW);
		break;
	case G_TABLE:
		at_put(t, at_g_entry(t, &d->g, VA, 2), (r->copy + d->g.off) | AT_G);
		break;
	case C_ENTRY:
		at_put(t, at_c_entry(t, &d->c, PASID, 0), (r->n.g.root + r->n.g.off) | 1);
		break;
	case C_TABLE:
		at_put(t, at_c_entry(t, &d->c, PASID, 1), (r->copy + d->c.off) | 1);
		break;
	case DTE_WORDS:
		at_put_dte(t, &r->n);
		break;
	case G_TABLE_GPA:
	case C_TABLE_GPA:
		at = k->what == G_TABLE_GPA ? at_g_entry(t, &d->g, VA, 1) : at_c_entry(t, &d->c, PASID, 0);
		gpa = (at & ~UINT64_C(0xfff)) + d->g.off;
		at_h_map(t, &r->h, gpa, r->copy, 1, AT_RW);
		break;
	}
	at_cmd(t, k->w0, k->w1 & GPA_OF ? (k->w1 & ~GPA_OF) | gpa : k->w1);
	if (k->w0b)
		at_cmd(t, k->w0b, k->w1b);
	at_put_wait(t);
	tail(t->r);
	r->sent = true;
}

static struct xl_req request(struct race *r, const struct kind *k, enum how how)
{
	struct xl_req q = at_preq(AT_DEV, k->stages & GUEST ? PASID : 0, VA + 0x80, how == DMA ? XL_W : XL_R);

	(void)r;
	q.has_pasid = q.pasid;
	q.at = how == ATS ? XL_TRANSLATION_REQ : XL_UNTRANSLATED;
	return q;
}

static void prefetch(struct race *r, const struct xl_req *q)
{
	at_cmd(&r->t, UINT64_C(6) << 60 | 1 << 24 | AT_DEV | (uint64_t)q->pasid << 32, VA | (q->has_pasid ? AT_GN : 0));
}

static uint64_t elsewhere(const struct kind *k)
{
	return k->stages == HOST || k->what == G_LEAF ? (k->lg2 == 21 ? 0x9000 : k->lg2 == 16 ? 0x3000 : 0) : 0;
}

START_TEST(every_event)
{
	race_every_event(&kinds[_i % KINDS], shapes[_i / KINDS], 2 * HOWS);
}
END_TEST

static void spares(struct amdvi_cfg *c)
{
	prefetch_sup(c);
	c->gn0_spares_nested = true;
}

/* With gn0_spares_nested software sends both forms; a walk that GN = 0 overtook must not leave its GPA behind for the time after GN = 1. */
START_TEST(spared_nested)
{
	static const struct kind k[] = {
		{ "nested, host leaf", NESTED, H_LEAF, 12, AT_PAGES(DOM, 0), GPA, AT_PAGES(DOM, PASID), AT_ALL | AT_GN },
		{ "nested, host 2 MB", NESTED, H_LEAF, 21, AT_PAGES(DOM, 0), GPA + 0x7000, AT_PAGES(DOM, PASID), AT_ALL | AT_GN },
		{ "nested, host table", NESTED, H_TABLE, 12, AT_PAGES(DOM, 0), GPA | AT_PDE, AT_PAGES(DOM, PASID), AT_ALL | AT_GN },
		{ "TRP 1, host leaf", TRP, H_LEAF, 12, AT_PAGES(DOM, 0), GPA | AT_PDE, AT_PAGES(DOM, PASID), VA | AT_GN },
	};

	race_every_event(&k[_i], spares, 2 * HOWS);
}
END_TEST

START_TEST(negative_control)
{
	(void)race_at(&kinds[_i], 1000, DMA, false, prefetch_sup, true);
}
END_TEST

START_TEST(drains_before_completion)
{
	race_drains(&kinds[_i], prefetch_sup);
}
END_TEST

/*
 * GN = 1 with PDE = 1 drops GCR3 entries of the PASID at any address. A walk for another address than the command's, which has read the
 * upper GCR3 entry, must not cache what the old lower table says.
 */
START_TEST(gcr3_at_any_address)
{
	static const struct kind k[] = {
		{ "GCR3 table, elsewhere", GUEST, C_TABLE, 12, AT_PAGES(DOM, PASID), (VA + AT_B(30)) | GNP, 0, 0 },
		{ "nested, GCR3 table, elsewhere", NESTED, C_TABLE, 12, AT_PAGES(DOM, PASID), (VA + AT_B(30)) | GNP, 0, 0 },
		{ "TRP 1, GCR3 table, elsewhere", TRP, C_TABLE, 12, AT_PAGES(DOM, PASID), (VA + AT_B(30)) | GNP, 0, 0 },
	};
	static struct race r;
	bool over = false;

	for (unsigned at = 0; !over; at++) {
		struct xl_req q = request(&r, &k[_i], DMA);
		struct xl_res res;

		build(&r, &k[_i], false, prefetch_sup);
		for (unsigned i = 0; i < 2; i++) /* an address of another top-level entry: only the GCR3 entry is shared with VA */
			at_g_map(&r.t, i ? &r.n.g : &r.d.g, VA + AT_B(40),
			         k[_i].stages == GUEST ? (i ? NEW : OLD) : GPA + (i ? AT_B(21) : 0), 1, AT_G | AT_A | AT_D);
		send(&r, q);
		for (unsigned i = 0; i < at; i++)
			(void)step(&r);
		over = r.f[0].retired;
		change(&r, &k[_i]);
		while (step(&r))
			;
		q.iova += AT_B(40);
		res = at_run(&r.t, &q);
		must(res.ok && res.spa == NEW + 0x80, "%s, event %u: a stale GCR3 entry is used, %lx", k[_i].name, at, res.spa);
		at_close(&r.t);
	}
}
END_TEST

/* ---- a guest's command and COMPLETION_WAIT ---- */

static struct vrig *guest_of(struct race *r, unsigned what, bool pasid)
{
	struct vrig *w = guest7(prefetch_sup, what & 1, 0);
	struct at_host h;
	struct at *t = &r->t;

	memset(r, 0, sizeof *r);
	t->r = w->r;
	t->bump = 0x1000000;
	h = at_h_new(t, 4);
	if (pasid)
		at_nested_dev(t, &r->d, 0x300, 0x45, &h, 4, 0);
	else
		at_host_dev(t, &r->d, 0x300, 0x45, 4);
	r->h = pasid ? h : r->d.h;
	if (pasid) {
		r->d.g.under = &r->h;
		at_pasid(t, &r->d, &r->d.g, 9);
		at_g_map(t, &r->d.g, VA, GPA, 1, AT_G);
		at_h_map(t, &r->h, GPA, OLD, 1, AT_RW);
		at_h_map(t, &r->h, GPA + 0x1000, NEW, 1, AT_RW);
	} else {
		at_h_map(t, &r->h, VA, OLD, 1, AT_RW);
	}
	return w;
}

/* @_i: GstBufferTRPMode; host-only or nested. The guest's domain 3 is the host's 45h. */
START_TEST(guest_every_event)
{
	bool pasid = _i >> 1, over = false;
	static struct race r;

	for (unsigned at = 0; !over; at++) {
		struct vrig *w = guest_of(&r, (unsigned)_i, pasid);
		struct xl_req q = at_preq(0x300, pasid ? 9 : 0, VA + 0x80, XL_W);
		struct xl_res res;

		q.has_pasid = pasid;
		send(&r, q);
		for (unsigned i = 0; i < at; i++)
			(void)sim_run_one(r.t.r->k);
		over = r.f[0].retired;
		if (pasid)
			at_g_map(&r.t, &r.d.g, VA, GPA + 0x1000, 1, AT_G);
		else
			at_h_map(&r.t, &r.h, VA, NEW, 1, AT_RW);
		vr_put(w, G, AT_PAGES(3, pasid ? 9 : 0), VA | (pasid ? AT_GN : 0));
		vr_put_wait(w, G, 1);
		vr_tail(w, G);
		for (unsigned i = 0; sim_run_one(r.t.r->k); i++) {
			if (!r.completed && vr_sem(w, G) == 1)
				complete(&r);
			if (r.n_f < FLIGHTS && i % 3 == 0)
				send(&r, q);
		}
		must(r.completed, "the guest's COMPLETION_WAIT");
		res = at_run(&r.t, &q);
		must(res.ok && res.spa == NEW + 0x80, "event %u: stale, %lx", at, res.spa);
		vr_free(w);
	}
}
END_TEST

/* ---- random guests ---- */

enum { DEVS = 7, PAGES = 12, PASIDS = 3 };
#define GUESTS_OWN                                                                                                             \
	struct at t;                                                                                                           \
	struct at_dev d[DEVS], alt[DEVS]; /* alt: another DTE, of DomainID 100h + i */                                         \
	struct at_guest gt[DEVS][PASIDS][2]; /* PASIDs 0 (GIoV), 1, 2: two tables each */                                      \
	struct at_host shared;
#include "race_guests.h"

/* Every address keeps its page size: 4 KB, but 2 MB for 5 and 9, 64 KB (host tables) for 10. */
static uint64_t va_of(unsigned i)
{
	static const uint64_t at[PAGES] = { 0x10001000, 0x10002000, 0x10003000,        0x10200000,        0x10205000, 0x10400000,
		                            0x50000000, 0x50001000, 0x8000000000 >> 2, 0x8000200000 >> 2, 0x10610000, 0x10630000 };

	return at[i] & ~UINT64_C(0xfff);
}

static unsigned lg2_of(unsigned i, bool host)
{
	return i == 5 || i == 9 ? (i == 9 ? 12 : 21) : i == 10 && host ? 16 : 12;
}

static unsigned dom_of(unsigned i)
{
	return i == 6 ? 0x10 + 4 : 0x10 + i; /* 6, a host device, shares the nested 4's DomainID and table */
}

static bool nested_dev(unsigned i)
{
	return i == 4 || i == 5;
}

static bool guest_dev(unsigned i)
{
	return i == 2 || i == 3 || nested_dev(i);
}

/* The page of address i: a page, a page within a larger one, a range that touches it, all. */
static uint64_t form(struct chaos *c, uint64_t ia, unsigned lg2)
{
	switch (pick(c, 6)) {
	case 0:
		return AT_ALL;
	case 1:
		return ia + AT_B(lg2) - 0x1000;
	case 2:
		return at_range(ia, lg2 + 1 + pick(c, 4));
	case 3:
		return at_range(ia + AT_B(lg2) - 0x1000, 13);
	default:
		return ia;
	}
}

static void host_change(struct chaos *c, unsigned i)
{
	const struct at_host *h = nested_dev(i) || i == 6 ? &c->shared : &c->d[i].h;
	unsigned n = pick(c, PAGES), lg2 = lg2_of(n, true), kind = pick(c, 6);
	uint64_t ia = va_of(n), spa = OLD + UINT64_C(0x200000) * pick(c, 8) + (lg2 == 12 ? UINT64_C(0x1000) * pick(c, 8) : 0), bits = AT_RW,
	         w1;

	bits &= kind == 1 ? ~AT_IW : kind == 2 ? ~AT_IR : kind == 3 ? 0 : ~UINT64_C(0);
	if (lg2 == 16)
		at_h_sized(&c->t, h, ia, spa, 16, bits);
	else
		at_h_map(&c->t, h, ia, spa, level_of(lg2), bits);
	w1 = form(c, ia, lg2) | (pick(c, 2) ? AT_PDE : 0);
	pending(c, AT_PAGES(dom_of(i), 0), w1);
	if (h == &c->shared)
		pending(c, AT_PAGES(dom_of(i) == dom_of(4) ? dom_of(5) : dom_of(4), 0), form(c, ia, lg2));
}

static void guest_change(struct chaos *c, unsigned i)
{
	unsigned p = pick(c, PASIDS), n = pick(c, PAGES), lg2 = lg2_of(n, false), kind = pick(c, 6);
	uint64_t ia = va_of(n), oa = nested_dev(i) ? va_of(pick(c, PAGES)) : OLD + UINT64_C(0x1000) * pick(c, 64),
	         bits = AT_G | (pick(c, 2) ? AT_A | AT_D : 0);

	if (lg2 == 21)
		oa = nested_dev(i) ? UINT64_C(0x10000000) + AT_B(21) * pick(c, 4) : OLD + AT_B(21) * pick(c, 4);
	bits &= kind == 1 ? ~AT_W : kind == 2 ? ~AT_U : kind == 3 ? ~AT_P : ~UINT64_C(0);
	at_g_map(&c->t, &c->gt[i][p][0], ia, oa, level_of(lg2), bits);
	pending(c, AT_PAGES(dom_of(i), p), form(c, ia, lg2) | AT_GN | (pick(c, 2) ? AT_PDE : 0));
}

/* The GCR3 entry leads to the other table, or nowhere. */
static void gcr3_change(struct chaos *c, unsigned i)
{
	unsigned p = pick(c, PASIDS);
	struct at_guest g = c->gt[i][p][0];

	c->gt[i][p][0] = c->gt[i][p][1];
	c->gt[i][p][1] = g;
	at_pasid(&c->t, &c->d[i], &c->gt[i][p][0], p);
	if (pick(c, 4) == 0)
		at_put(&c->t, at_c_entry(&c->t, &c->d[i].c, p, 0), 0);
	pending(c, AT_PAGES(dom_of(i), p), AT_ALL | AT_GN | AT_PDE);
}

/* Valid; V = 0; V alone; another domain; no write permission. */
static void dte_change(struct chaos *c, unsigned i)
{
	struct at_dev d = pick(c, 3) ? c->d[i] : c->alt[i];

	switch (pick(c, 8)) {
	case 0:
		d.dte[0] &= ~UINT64_C(1);
		break;
	case 1:
		d.dte[0] &= ~UINT64_C(2);
		break;
	case 2:
		d.dte[0] &= ~AT_IW;
		break;
	}
	at_put_dte(&c->t, &d);
	pending(c, AT_DEVTAB(d.rid));
}

static void chaos_change(struct chaos *c)
{
	unsigned i = pick(c, DEVS);

	if (!pick(c, 6))
		dte_change(c, i);
	else if (guest_dev(i) && !pick(c, 6))
		gcr3_change(c, i);
	else if (guest_dev(i) && (!nested_dev(i) || pick(c, 2)))
		guest_change(c, i);
	else
		host_change(c, i);
	if (!pick(c, 60))
		pending(c, AT_INV_ALL);
}

static struct xl_req chaos_req(struct chaos *c)
{
	unsigned i = pick(c, DEVS), p = guest_dev(i) ? pick(c, PASIDS) : 0;
	struct xl_req q =
	    at_preq(c->d[i].rid, p, va_of(pick(c, PAGES)) + 64 * pick(c, 4) + (pick(c, 4) ? 0 : 0x4000), pick(c, 2) ? XL_R : XL_W);

	q.has_pasid = p;
	q.acc |= pick(c, 4) ? 0 : XL_PRIV;
	q.at = pick(c, 8) ? XL_UNTRANSLATED : XL_TRANSLATION_REQ; /* of a device whose I is 0: refused; else answered with what it may do */
	return q;
}

static void chaos_round(struct chaos *c)
{
	(void)c;
}

static void chaos_commands(struct chaos *c)
{
	for (unsigned i = 0; i < c->n_pending; i++)
		at_cmd(&c->t, c->pending[i].w0, c->pending[i].w1);
}

static bool same_cause(const struct xl_res *a, const struct xl_res *b)
{
	return !((a->info[0] ^ b->info[0]) & (AEV_F_PR | AEV_F_PE | AEV_F_RZ | AEV_F_GN)) && a->info[1] == b->info[1];
}

static void make_alt(struct chaos *c, unsigned i)
{
	at_host_dev(&c->t, &c->alt[i], c->d[i].rid, (uint16_t)(0x100 + i), 4);
	for (unsigned n = 0; n < PAGES; n += 2)
		at_h_map(&c->t, &c->alt[i].h, va_of(n), NEW + UINT64_C(0x200000) * n, level_of(lg2_of(n, false)), AT_RW);
}

/* 0, 1: host (1: HAD 3, a skipped level); 2, 3: guest, GIoV; 4, 5: nested over one host table (5: HAD 3); 6: host, that table. */
static void chaos_open(struct chaos *c, uint64_t seed, void (*set)(struct amdvi_cfg *c), bool trp)
{
	struct at_opt o = { .caches = 16, .tweak = set, .ctl = trp ? AT_TRP : 0 };

	memset(c, 0, sizeof *c);
	rng_seed(&c->g, seed);
	at_open(&c->t, &o);
	c->shared = at_h_new(&c->t, 4);
	for (unsigned i = 0; i < DEVS; i++) {
		struct at_dev *d = &c->d[i];
		uint32_t rid = 0x30 + i;

		make_alt(c, i);
		c->alt[i].rid = rid;
		if (nested_dev(i))
			at_nested_dev(&c->t, d, rid, (uint16_t)dom_of(i), &c->shared, 4, i - 4);
		else if (guest_dev(i))
			at_guest_dev(&c->t, d, rid, (uint16_t)dom_of(i), 4 + (i == 3), i - 2);
		else
			at_host_dev(&c->t, d, rid, (uint16_t)dom_of(i), 5);
		d->rid = rid;
		if (i == 1)
			d->h.skip = 1 << 4;
		if (i == 6) {
			d->dte[0] = 3 | 4 << 9 | c->shared.root | AT_IR | AT_IW;
			d->h = c->shared;
		}
		d->dte[1] |= i % 2 ? AT_I : 0;
		d->dte[0] |= (i == 1 || i == 5 ? AT_HAD(3) : 0) | (guest_dev(i) ? AT_GIOV : 0);
		c->alt[i].rid = rid;
		at_put_dte(&c->t, d);
		for (unsigned p = 0; guest_dev(i) && p < PASIDS; p++) {
			for (unsigned k = 0; k < 2; k++)
				c->gt[i][p][k] = at_g_new(&c->t, d->g.levels, d->g.under, d->g.off);
			at_pasid(&c->t, d, &c->gt[i][p][0], p);
		}
	}
	for (unsigned i = 0; i < 500; i++) {
		c->n_pending = 0;
		chaos_change(c);
	}
	c->n_pending = 0;
	for (unsigned i = 0; i < DEVS; i++)
		at_put_dte(&c->t, &c->d[i]);
}

static void over_domain(struct amdvi_cfg *c)
{
	c->over = AMDVI_OVER_DOMAIN;
}
static void over_all(struct amdvi_cfg *c)
{
	l1(c);
	c->over = AMDVI_OVER_ALL;
}
static void l1_only(struct amdvi_cfg *c)
{
	l1(c);
	c->iotlb.entries = 0;
}
static void narrow(struct amdvi_cfg *c)
{
	c->unit.walkers = 2;
	c->unit.missq = 2;
	c->unit.slots = 2;
	c->unit.ports = 3;
	c->l1.entries = 8;
}
static void no_walk_caches(struct amdvi_cfg *c)
{
	c->pdc.entries = c->nested.entries = c->gcr3.entries = 0;
}
static void (*const chaos_shapes[])(struct amdvi_cfg *c) = { prefetch_sup, l1,      sets,   tiny,          over_domain,
	                                                     over_all,     l1_only, narrow, no_walk_caches };

START_TEST(random_guests)
{
	static struct chaos c;

	for (uint64_t seed = 1; seed <= 6; seed++) {
		chaos_open(&c, seed * 1000 + (uint64_t)_i, chaos_shapes[_i], seed & 1);
		chaos_run(&c, 150, false);
		must(c.agreed > c.compared / 8, "%lu of %lu translated", c.agreed, c.compared);
		at_close(&c.t);
	}
}
END_TEST

static void np(struct amdvi_cfg *c)
{
	c->np_cache = true;
}

/* Refusals are cached as well, and obey the same commands. */
START_TEST(random_guests_np)
{
	static struct chaos c;

	for (uint64_t seed = 1; seed <= 6; seed++) {
		chaos_open(&c, seed * 1000, np, seed & 1);
		chaos_run(&c, 150, false);
		at_close(&c.t);
	}
}
END_TEST

static void ignore(struct amdvi_cfg *c)
{
	c->ignore_invalidations = true;
}

START_TEST(random_guests_ignored)
{
	static struct chaos c;

	chaos_open(&c, 77, ignore, false);
	chaos_run(&c, 150, true);
	must(c.wrong > c.compared / 20, "%lu of %lu wrong", c.wrong, c.compared);
	at_close(&c.t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("amdvi_races");
	TCase *t = tcase_create("races");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, every_event, 0, (int)(KINDS * SHAPES));
	tcase_add_loop_test(t, spared_nested, 0, 4);
	tcase_add_loop_test(t, negative_control, 0, KINDS);
	tcase_add_loop_test(t, drains_before_completion, 0, KINDS);
	tcase_add_loop_test(t, gcr3_at_any_address, 0, 3);
	tcase_add_loop_test(t, guest_every_event, 0, 4);
	tcase_add_loop_test(t, random_guests, 0, (int)ARRAY_LEN(chaos_shapes));
	tcase_add_test(t, random_guests_np);
	tcase_add_test(t, random_guests_ignored);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
