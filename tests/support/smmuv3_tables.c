/* SPDX-License-Identifier: Apache-2.0 */
/* smmuv3_tables.c - see smmuv3_tables.h. Bit numbers are written out: this file is a second reading of the specification. */
#include "smmuv3_tables.h"

enum { BUMP = 0x100000, ST_LG2 = 8, SPLIT = 6 };
int st_s2_leaf = 3;
static const struct st_opt *opening;

static uint32_t edit(uint32_t v, uint32_t clr, uint32_t set)
{
	return (v & ~clr) | set;
}

static void configure(struct smmuv3_cfg *c)
{
	const struct st_opt *o = opening;
	struct xc_cfg *all[] = { &c->tlb, &c->ipa, &c->l1std, &c->ste, &c->l1cd, &c->cd };

	c->idr0 = edit(c->idr0, o->idr0_clr, o->idr0_set);
	c->idr1 = edit(c->idr1, o->idr1_clr, o->idr1_set);
	c->idr3 = edit(c->idr3, o->idr3_clr, o->idr3_set);
	c->idr5 = edit(c->idr5, o->idr5_clr, o->idr5_set);
	if (o->aidr)
		c->aidr = o->aidr < 0 ? 0 : (uint32_t)o->aidr;
	for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
		all[i]->entries = o->caches;
		all[i]->ways = 0;
	}
	for (unsigned i = 0; i < 3; i++)
		c->walk_s1[i] = c->walk_s2[i] = o->no_walk_caches ? 0 : o->caches;
	c->walk.entries = o->no_walk_caches ? 0 : o->caches;
	c->walk.ways = 0;
	if (o->no_walk_caches)
		c->ipa.entries = 0;
	if (o->tweak)
		o->tweak(c);
}

void st_open(struct st *t, const struct st_opt *o)
{
	*t = (struct st){ .o = *o, .bump = BUMP, .sid = ST_SID };
	opening = o;
	t->r = rig_new(configure);
	if (o->two_level) {
		t->l2_strtab = st_alloc(t, ST_LG2 + 6);
		wr64(t->r, 0x80, RIG_STRTAB);
		wr32(t->r, 0x88, 1 << 16 | SPLIT << 6 | ST_LG2);
		for (unsigned i = 0; i < 1u << (ST_LG2 - SPLIT); i++) /* Span 7: 64 STEs */
			st_put(t, RIG_STRTAB + 8 * i, (t->l2_strtab + 64 * 64 * i) | 7);
	} else {
		rig_strtab(t->r, ST_LG2);
	}
	wr32(t->r, 0x2c, o->cr2);
	rig_queues(t->r, o->cr0 | !o->disabled);
}

void st_close(struct st *t)
{
	rig_free(t->r);
}

uint64_t st_alloc(struct st *t, unsigned lg2)
{
	uint64_t size = UINT64_C(1) << lg2, at = (t->bump + size - 1) & ~(size - 1);

	t->bump = at + size;
	must(t->bump < 0x10000000, "out of memory");
	return at;
}

/* ---- tables ---- */

int st_s1_start(unsigned g, unsigned bits)
{
	return 3 - (int)((bits - 1 - g) / (g - 3));
}

struct st_tab st_tab_new(struct st *t, unsigned g, unsigned bits, int start, bool s2, struct st_tab *under, uint64_t off)
{
	struct st_tab p = { .g = g, .bits = bits, .start = s2 ? start : st_s1_start(g, bits), .s2 = s2, .under = under, .off = off };
	unsigned lg2;

	p.top = bits - st_shift(&p, p.start);
	lg2 = p.top + 3 < g ? g : p.top + 3; /* whole granules, so that a stage 2 can map it */
	p.root = st_alloc(t, lg2);
	for (uint64_t a = 0; under && a < ST_B(lg2); a += 4096)
		st_map(t, under, p.root + off + a, p.root + a, st_s2_leaf, ST_S2);
	return p;
}

static uint64_t index_of(const struct st_tab *p, uint64_t ia, int level)
{
	unsigned n = level == p->start ? p->top : p->g - 3;

	return ia >> st_shift(p, level) & (ST_B(n) - 1);
}

static uint64_t swap(const struct st_tab *p, uint64_t v)
{
	return p->be ? __builtin_bswap64(v) : v;
}

/* Output address bits of a descriptor (3.1). */
static uint64_t encode(const struct st_tab *p, uint64_t a)
{
	if (p->g == 16)
		return (a & (ST_B(48) - 1)) | (a >> 48 & 15) << 12;
	return p->ds ? (a & (ST_B(50) - 1)) | (a >> 50 & 3) << 8 : a & (ST_B(48) - 1);
}

static uint64_t decode(const struct st_tab *p, uint64_t d)
{
	uint64_t a = d & (ST_B(48) - 1) & ~(ST_B(p->g) - 1);

	if (p->g == 16)
		return a | (d >> 12 & 15) << 48;
	return p->ds ? a | (d & (UINT64_C(3) << 48)) | (d >> 8 & 3) << 50 : a;
}

uint64_t st_entry(struct st *t, const struct st_tab *p, uint64_t ia, int level)
{
	uint64_t at = p->root;

	for (int l = p->start; l < level; l++) {
		uint64_t d = swap(p, st_get(t, at + 8 * index_of(p, ia, l)));

		must((d & 3) == 3, "no table at level %d", l);
		at = decode(p, d) - p->off;
	}
	return at + 8 * index_of(p, ia, level);
}

uint64_t st_leaf(const struct st_tab *p, uint64_t oa, int level, uint64_t bits)
{
	return encode(p, oa & ~(ST_B(st_shift(p, level)) - 1)) | bits | (level == 3 ? 3 : 1);
}

uint64_t st_map(struct st *t, const struct st_tab *p, uint64_t ia, uint64_t oa, int level, uint64_t bits)
{
	uint64_t at = p->root;

	for (int l = p->start; l < level; l++) {
		uint64_t e = at + 8 * index_of(p, ia, l), d = swap(p, st_get(t, e));

		if ((d & 3) != 3) {
			uint64_t n = st_alloc(t, p->g);

			for (uint64_t a = 0; p->under && a < ST_B(p->g); a += 4096)
				st_map(t, p->under, n + p->off + a, n + a, st_s2_leaf, ST_S2);
			d = encode(p, n + p->off) | 3;
			st_put(t, e, swap(p, d));
		}
		at = decode(p, d) - p->off;
	}
	at += 8 * index_of(p, ia, level);
	st_put(t, at, swap(p, st_leaf(p, oa, level, bits)));
	return at;
}

/* ---- structures ---- */

unsigned st_ps(unsigned bits)
{
	static const uint8_t of[] = { 32, 36, 40, 42, 44, 48, 52, 56 };
	unsigned i = 0;

	while (of[i] < bits)
		i++;
	return i;
}

static unsigned tg0(unsigned g)
{
	return g == 12 ? 0 : g == 16 ? 1 : 2;
}

static unsigned sl0(unsigned g, int start)
{
	if (g == 12)
		return start == 2 ? 0 : start == 1 ? 1 : start == 0 ? 2 : start == 3 ? 3 : 0;
	return start == 3 ? 0 : start == 2 ? 1 : start == 1 ? 2 : 3;
}

void st_stage2(struct st *t, struct st_stream *s, unsigned g, unsigned bits, int start)
{
	s->s2 = st_tab_new(t, g, bits, start, true, NULL, 0);
	s->ste[0] |= 1 | 6 << 1;
	s->ste[2] |=
	    (uint64_t)(64 - bits) << 32 | (uint64_t)sl0(g, start) << 38 | (uint64_t)tg0(g) << 46 | UINT64_C(5) << 48 | ST_B(51) | ST_B(58);
	s->ste[3] |= s->s2.root | (start < 0 ? 4 : 0);
	if (!(s->ste[2] & 0xffff))
		s->ste[2] |= ST_VMID;
}

void st_stage1(struct st *t, struct st_stream *s, unsigned g, unsigned bits)
{
	bool nested = s->s2.g;
	uint64_t off = nested && s->s2.bits >= 40 ? ST_B(s->s2.bits - 1) : 0, cdp = st_alloc(t, 12);

	s->s1 = st_tab_new(t, g, bits, 0, false, nested ? &s->s2 : NULL, off);
	if (nested)
		st_map(t, &s->s2, cdp + off, cdp, st_s2_leaf, ST_S2);
	s->cdp = cdp;
	s->ste[0] |= 1 | 5 << 1 | (cdp + off);
	if (!(s->ste[2] & 0xffff))
		s->ste[2] |= ST_VMID;
	/* V, EPD1, IPS 48 bits, AA64, R, A, ASET, ASID */
	s->cd[0] = (64 - bits) | tg0(g) << 6 | ST_B(30) | ST_B(31) | UINT64_C(5) << 32 | ST_B(41) | ST_B(45) | ST_B(46) | ST_B(47) |
	           (uint64_t)ST_ASID << 48;
	s->cd[1] = s->s1.root + off;
	s->cd[3] = 0xff;
}

uint64_t st_ste_at(const struct st *t, uint32_t sid)
{
	return (t->o.two_level ? t->l2_strtab : RIG_STRTAB) + 64 * (uint64_t)sid;
}

void st_put_ste(struct st *t, const struct st_stream *s)
{
	for (unsigned i = 8; i-- > 0;)
		st_put(t, st_ste_at(t, s->sid) + 8 * i, s->ste[i]);
}

void st_put_cd(struct st *t, const struct st_stream *s)
{
	for (unsigned i = 8; i-- > 0 && s->cdp;)
		st_put(t, s->cdp + 8 * i, s->cd[i]);
}

void st_put_both(struct st *t, const struct st_stream *s)
{
	st_put_cd(t, s);
	st_put_ste(t, s);
}

void st_only1(struct st *t, struct st_stream *s, uint32_t sid)
{
	*s = (struct st_stream){ .sid = sid };
	st_stage1(t, s, 12, 48);
	st_put_both(t, s);
}

void st_only2(struct st *t, struct st_stream *s, uint32_t sid)
{
	*s = (struct st_stream){ .sid = sid };
	st_stage2(t, s, 12, 48, 0);
	st_put_ste(t, s);
}

void st_nested(struct st *t, struct st_stream *s, uint32_t sid)
{
	*s = (struct st_stream){ .sid = sid };
	st_stage2(t, s, 12, 48, 0);
	st_stage1(t, s, 12, 48);
	st_put_both(t, s);
}

/* ---- requests, events, commands ---- */

struct xl_req st_req(const struct st *t, uint64_t iova, unsigned acc)
{
	return (struct xl_req){ .iova = iova, .len = 4, .rid = t->sid, .acc = (uint8_t)acc };
}

static void answered(struct xl *x)
{
	struct st *t = container_of(x, struct st, x);

	t->answers++;
	iommu_retire(x->u, x);
}

bool st_try(struct st *t, const struct xl_req *q, struct xl_res *r)
{
	unsigned before = t->answers;

	memset(&t->x, 0, sizeof(t->x));
	t->x.req = *q;
	t->x.done = answered;
	iommu_translate(t->r->u, &t->x);
	run_all(t->r);
	*r = t->x.res;
	return t->answers != before;
}

struct xl_res st_run(struct st *t, const struct xl_req *q)
{
	struct xl_res r;

	must(st_try(t, q, &r), "no answer");
	return r;
}

struct xl_res st_now(struct st *t, const struct xl_req *q)
{
	struct xl_res r;

	iommu_walk_now(t->r->u, q, &r, NULL, NULL);
	return r;
}

bool st_event(struct st *t, uint64_t rec[4])
{
	unsigned mask = (2u << RIG_LG2) - 1, prod = rd32(t->r, 0x100a8) & mask;

	if (prod == t->event)
		return false;
	must(mem_read(t->r->m, RIG_EVENTQ + (t->event & (mask >> 1)) * 32, rec, 4) == MEM_OK, "event queue");
	t->event = (t->event + 1) & mask;
	wr32(t->r, 0x100ac, t->event);
	return true;
}

unsigned st_drop_events(struct st *t)
{
	uint64_t rec[4];
	unsigned n = 0;

	while (st_event(t, rec))
		n++;
	return n;
}

void st_cmd(struct st *t, uint64_t w0, uint64_t w1)
{
	uint64_t at = RIG_CMDQ + (t->r->prod & ((1u << RIG_LG2) - 1)) * 16;

	st_put(t, at, w0);
	st_put(t, at + 8, w1);
	t->r->prod = (t->r->prod + 1) & ((2u << RIG_LG2) - 1);
}

void st_put_wait(struct st *t)
{
	st_cmd(t, 0x46, 0);
}

bool st_waited(const struct st *t)
{
	return (rd32(t->r, 0x9c) & 0xfffff) == t->r->prod;
}

void st_sync(struct st *t)
{
	st_put_wait(t);
	tail(t->r);
	run_all(t->r);
	must(st_waited(t), "command refused: CMDQ_CONS %08x", rd32(t->r, 0x9c));
}
