/* SPDX-License-Identifier: Apache-2.0 */
#include "amdvi_tables.h"

#define HEAP UINT64_C(0x1000000) /* behind the device table */
#define ADDR UINT64_C(0x000ffffffffff000)

/* ---- the unit ---- */

static const struct at_opt *opening; /* rig_new() passes no argument on */

static void configure(struct amdvi_cfg *c)
{
	struct xc_cfg *all[] = { &c->iotlb, &c->dtc, &c->pdc, &c->nested, &c->gcr3, &c->idmap };

	for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
		all[i]->entries = opening->caches;
		all[i]->ways = 0;
	}
	c->efr = (c->efr & ~opening->efr_clr) | opening->efr_set;
	if (opening->tweak)
		opening->tweak(c);
}

static void segments(struct at *t)
{
	static const uint16_t most[] = { 0x1ff, 0xff, 0x7f, 0x3f };
	uint64_t bytes = (uint64_t)(most[t->o.seg_lg2] + 1) << 12;

	for (unsigned s = 0; s < 1u << t->o.seg_lg2; s++)
		wr64(t->r, s ? 0x100 + 8 * (s - 1) : 0, (RIG_DEVTAB + s * bytes) | most[t->o.seg_lg2]);
}

void at_open(struct at *t, const struct at_opt *o)
{
	memset(t, 0, sizeof *t);
	t->o = *o;
	opening = o;
	t->r = rig_new(configure);
	t->bump = HEAP;
	rig_on(t->r, o->ctl | (o->no_gt ? 0 : AT_GTEN) | (uint64_t)o->seg_lg2 << 34);
	segments(t);
}

void at_close(struct at *t)
{
	rig_free(t->r);
}

uint64_t at_alloc(struct at *t, unsigned lg2)
{
	t->bump = (t->bump + AT_B(lg2) - 1) & ~(AT_B(lg2) - 1);
	t->bump += AT_B(lg2);
	return t->bump - AT_B(lg2);
}

/* ---- host tables ---- */

struct at_host at_h_new(struct at *t, unsigned mode)
{
	return (struct at_host){ .root = at_alloc(t, 12), .mode = mode };
}

static uint64_t slot_of(uint64_t table, uint64_t ia, unsigned level)
{
	return table + 8 * (ia >> at_shift(level) & (level == 6 ? 0x7f : 0x1ff));
}

uint64_t at_h_entry(struct at *t, const struct at_host *h, uint64_t ia, unsigned level)
{
	uint64_t table = h->root, e;
	unsigned l = h->mode, next;

	while (l > level) {
		uint64_t at = slot_of(table, ia, l);

		e = at_get(t, at);
		if (!(e & AT_PR)) {
			next = l - 1;
			while (next > level && (h->skip >> next & 1))
				next--;
			e = at_alloc(t, 12) | (uint64_t)next << 9 | AT_RW;
			at_put(t, at, e);
		}
		table = e & ADDR;
		l = e >> 9 & 7;
		must(l >= level && l < 7, "a leaf or skipped level is in the way at %lx level %u", ia, level);
	}
	return slot_of(table, ia, level);
}

uint64_t at_h_map(struct at *t, const struct at_host *h, uint64_t ia, uint64_t spa, unsigned level, uint64_t bits)
{
	uint64_t at = at_h_entry(t, h, ia, level);

	at_put(t, at, spa | bits);
	return at;
}

uint64_t at_sized(uint64_t spa, unsigned lg2)
{
	return (spa & ~(AT_B(lg2) - 1)) | ((AT_B(lg2 - 1) - 1) & ~UINT64_C(0xfff)) | 7 << 9;
}

uint64_t at_h_sized(struct at *t, const struct at_host *h, uint64_t ia, uint64_t spa, unsigned lg2, uint64_t bits)
{
	unsigned level = 1;
	uint64_t first;

	while (lg2 >= at_shift(level + 1))
		level++;
	first = at_h_entry(t, h, ia, level);
	for (unsigned i = 0; i < 1u << (lg2 - at_shift(level)); i++)
		at_put(t, first + 8 * i, at_sized(spa, lg2) | bits);
	return first;
}

/* ---- guest tables ---- */

static uint64_t guest_page(struct at *t, struct at_host *under, uint64_t off)
{
	uint64_t p = at_alloc(t, 12);

	if (under)
		at_h_map(t, under, p + off, p, 1, AT_RW);
	return p;
}

struct at_guest at_g_new(struct at *t, unsigned levels, struct at_host *under, uint64_t off)
{
	return (struct at_guest){ .root = guest_page(t, under, off), .levels = levels, .under = under, .off = under ? off : 0 };
}

uint64_t at_g_entry(struct at *t, const struct at_guest *g, uint64_t ia, unsigned level)
{
	uint64_t table = g->root;

	for (unsigned l = g->levels; l > level; l--) {
		uint64_t at = table + 8 * (ia >> at_shift(l) & 0x1ff), e = at_get(t, at);

		if (!(e & AT_P)) {
			e = (guest_page(t, g->under, g->off) + g->off) | AT_G;
			at_put(t, at, e);
		}
		table = (e & ADDR) - g->off;
	}
	return table + 8 * (ia >> at_shift(level) & 0x1ff);
}

uint64_t at_g_map(struct at *t, const struct at_guest *g, uint64_t ia, uint64_t oa, unsigned level, uint64_t bits)
{
	uint64_t at = at_g_entry(t, g, ia, level);

	at_put(t, at, oa | bits | (level > 1 ? AT_PS : 0));
	return at;
}

struct at_gcr3 at_c_new(struct at *t, unsigned glx, struct at_host *under, uint64_t off)
{
	return (struct at_gcr3){ .root = guest_page(t, under, off), .glx = glx, .under = under, .off = under ? off : 0 };
}

uint64_t at_c_entry(struct at *t, const struct at_gcr3 *c, uint32_t pasid, unsigned level)
{
	uint64_t table = c->root;

	for (unsigned l = c->glx; l > level; l--) {
		uint64_t at = table + 8 * (pasid >> 9 * l & 0x1ff), e = at_get(t, at);

		if (!(e & 1)) {
			e = (guest_page(t, c->under, c->off) + c->off) | 1;
			at_put(t, at, e);
		}
		table = (e & ADDR) - c->off;
	}
	return table + 8 * (pasid >> 9 * level & 0x1ff);
}

/* ---- devices ---- */

uint64_t at_dte_at(const struct at *t, uint32_t rid)
{
	(void)t; /* segments lie one behind the other */
	return RIG_DEVTAB + 32 * (uint64_t)rid;
}

void at_put_dte(struct at *t, const struct at_dev *d)
{
	must(mem_write(t->r->m, at_dte_at(t, d->rid), d->dte, 4) == MEM_OK, "DTE of %x", d->rid);
}

/* qw0[60:58] = root[14:12], qw1[31:16] = root[30:15], qw1[63:43] = root[51:31]; GLX qw0[57:56]; GuestPagingMode qw2[55:54] */
void at_dte_guest(struct at_dev *d)
{
	uint64_t root = d->c.root + d->c.off;

	d->dte[0] &= ~(UINT64_C(0x1f) << 56);
	d->dte[0] |= AT_GV | (uint64_t)d->c.glx << 56 | (root >> 12 & 7) << 58;
	d->dte[1] &= UINT64_C(0x000007ff0000ffff);
	d->dte[1] |= (root >> 15 & 0xffff) << 16 | (root >> 31) << 43;
	d->dte[2] = (uint64_t)(d->g.levels == 5) << 54;
}

void at_host_dev(struct at *t, struct at_dev *d, uint32_t rid, uint16_t dom, unsigned mode)
{
	*d = (struct at_dev){ .rid = rid, .h = at_h_new(t, mode) };
	d->dte[0] = 3 | (uint64_t)mode << 9 | d->h.root | AT_IR | AT_IW;
	d->dte[1] = dom;
	at_put_dte(t, d);
}

void at_guest_dev(struct at *t, struct at_dev *d, uint32_t rid, uint16_t dom, unsigned levels, unsigned glx)
{
	*d = (struct at_dev){ .rid = rid };
	d->g = at_g_new(t, levels, NULL, 0);
	d->c = at_c_new(t, glx, NULL, 0);
	d->dte[0] = 3 | AT_IR | AT_IW;
	d->dte[1] = dom;
	at_dte_guest(d);
	at_put_dte(t, d);
}

void at_nested_dev(struct at *t, struct at_dev *d, uint32_t rid, uint16_t dom, const struct at_host *h, unsigned levels, unsigned glx)
{
	uint64_t off = -HEAP;

	*d = (struct at_dev){ .rid = rid, .h = *h };
	d->g = at_g_new(t, levels, &d->h, off);
	d->c = at_c_new(t, glx, t->o.ctl & AT_TRP ? &d->h : NULL, off);
	d->dte[0] = 3 | (uint64_t)h->mode << 9 | h->root | AT_IR | AT_IW;
	d->dte[1] = dom;
	at_dte_guest(d);
	at_put_dte(t, d);
}

void at_pasid(struct at *t, const struct at_dev *d, const struct at_guest *g, uint32_t pasid)
{
	at_put(t, at_c_entry(t, &d->c, pasid, 0), (g->root + g->off) | 1);
}

/* ---- requests ---- */

struct xl_req at_req(uint32_t rid, uint64_t iova, unsigned acc)
{
	return (struct xl_req){ .iova = iova, .len = 8, .rid = rid, .acc = (uint8_t)acc };
}

struct xl_req at_preq(uint32_t rid, uint32_t pasid, uint64_t iova, unsigned acc)
{
	struct xl_req q = at_req(rid, iova, acc);

	q.has_pasid = true;
	q.pasid = pasid;
	return q;
}

static void answered(struct xl *x)
{
	struct at *t = container_of(x, struct at, x);

	t->answers++;
	iommu_retire(t->r->u, x);
}

struct xl_res at_run(struct at *t, const struct xl_req *q)
{
	unsigned n = t->answers + 1;

	t->x.req = *q;
	t->x.done = answered;
	iommu_translate(t->r->u, &t->x);
	while (t->answers < n && sim_run_one(t->r->k))
		;
	must(t->answers == n, "no answer");
	return t->x.res;
}

struct xl_res at_now(struct at *t, const struct xl_req *q)
{
	struct xl_res r;

	iommu_walk_now(t->r->u, q, &r, NULL, NULL);
	return r;
}

/* ---- events and commands ---- */

bool at_event(struct at *t, uint64_t rec[2])
{
	unsigned n = 1u << RIG_LG2;

	if (rd32(t->r, 0x2018) / 16 == t->event)
		return false;
	rec[0] = at_get(t, RIG_EVT + 16 * t->event);
	rec[1] = at_get(t, RIG_EVT + 16 * t->event + 8);
	t->event = (t->event + 1) % n;
	wr32(t->r, 0x2010, 16 * t->event);
	return true;
}

unsigned at_drop_events(struct at *t)
{
	uint64_t rec[2];
	unsigned n = 0;

	while (at_event(t, rec))
		n++;
	return n;
}

void at_cmd(struct at *t, uint64_t w0, uint64_t w1)
{
	uint64_t d[2] = { w0, w1 };

	must(mem_write(t->r->m, RIG_CMD + 16 * t->r->slot, d, 2) == MEM_OK, "command buffer");
	t->r->slot = (t->r->slot + 1) % (1u << RIG_LG2);
}

void at_put_wait(struct at *t)
{
	at_cmd(t, UINT64_C(1) << 60 | RIG_SEM | 1, ++t->seq);
}

bool at_waited(const struct at *t)
{
	return at_get(t, RIG_SEM) == t->seq;
}

void at_sync(struct at *t)
{
	at_put_wait(t);
	tail(t->r);
	while (!at_waited(t) && sim_run_one(t->r->k))
		;
	must(at_waited(t), "COMPLETION_WAIT did not complete");
}
