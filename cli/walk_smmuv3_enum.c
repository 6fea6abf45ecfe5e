/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_smmuv3_enum.c - our own enumeration of SMMUv3 streams and mappings (Arm SMMUv3, IHI 0070; VMSAv8-64 tables). Reads the structures by
 * itself, without the unit's walk, so that each checks the other: linear and two-level stream tables and CD tables, stage 1 through both
 * halves, stage 2 with concatenated start tables, stage 1 over stage 2 (cut to the smaller page), granules of 4, 16 and 64 KiB.
 * A mapping is what an unprivileged data access may use (a privileged one where PRIVCFG says so). An entry that would fault maps nothing:
 * illegal STE or CD, access flag clear, address beyond the output size, block where the level has none.
 * Not read: see walk_smmuv3_cfg.c; PAN; INSTCFG; tagged addresses (TBI) are listed once, with the tag of the half.
 */
#include "walk_smmuv3.h"
#include "core/base/bits.h"
#include <string.h>

struct en {
	struct walk_unit *w;
	const struct sw *v;
	walk_requester_fn *each_req; /* one of the three */
	walk_map_fn *each_map;
	uint64_t *want; /* copy the STE of stream rid to here */
	bool found;
	void *arg;
	struct err *e;
	uint32_t rid, pasid;
	struct sw_ste ste;
	struct sw_stage s2; /* if config & 2 */
	bool nested; /* stage 1 in hand, over s2 */
	uint64_t tables, maps;
};

static const uint64_t *words_at(struct walk_unit *w, uint64_t spa)
{
	const uint64_t *p = mem_page(w->m, spa & ~UINT64_C(4095));

	if (!p)
		w->outside++;
	return p ? p + (spa >> 3 & 511) : NULL;
}

static bool no_memory(const struct en *n)
{
	return err_set(n->e, ERR_MACHINE, "out of memory");
}

/* --- descriptors --- */
enum kind { D_NONE, D_TABLE, D_LEAF };

static unsigned span_lg2(const struct sw_stage *s, int level)
{
	return s->gran + (s->gran - 3) * (unsigned)(3 - level);
}

static enum kind kind_of(const struct sw_stage *s, int level, uint64_t d)
{
	if (!(d & 1))
		return D_NONE;
	if (level == 3)
		return d & 2 ? D_LEAF : D_NONE;
	if (d & 2)
		return D_TABLE;
	return level == 2 || (level == 1 && (s->gran == 12 || s->wide)) ? D_LEAF : D_NONE;
}

/* The address in @d, @lg2 bits aligned. False: beyond the output size. */
static bool address_of(const struct sw_stage *s, uint64_t d, unsigned lg2, uint64_t *pa)
{
	*pa = d & bits_mask(47, lg2);
	if (s->wide)
		*pa |= bits_get(d, 15, 12) << 48;
	return !(*pa >> s->oa_bits);
}

/* @limits: APTable so far, bit 0 no unprivileged access, bit 1 read-only. */
static unsigned leaf_perm(const struct en *n, const struct sw_stage *s, uint64_t d, unsigned limits)
{
	bool dirty = s->dirty && (d >> 51 & 1), open = (d >> 6 & 1) && !(limits & 1);
	unsigned perm;

	if (!(d >> 10 & 1) && !s->af_ignored)
		return 0;
	if (s->s2)
		return (d >> 6 & 3) | (dirty ? XL_W : 0); /* S2AP as XL_R, XL_W */
	perm = XL_R | ((d >> 7 & 1) && !dirty ? 0 : XL_W);
	if (limits & 2)
		perm &= ~(unsigned)XL_W;
	return open || n->ste.priv || n->ste.el2 ? perm : 0;
}

/* --- stage 2, one address --- */
struct found {
	uint64_t spa, desc;
	unsigned size_lg2, perm; /* size also where nothing is found: how far that goes */
};

static uint64_t native(const struct sw_stage *s, uint64_t d)
{
	return s->big_endian ? __builtin_bswap64(d) : d;
}

static bool s2_find(const struct en *n, uint64_t ipa, struct found *f)
{
	const struct sw_stage *s = &n->s2;
	uint64_t table = s->root, mask = low_mask(s->start_bits), pa;

	f->size_lg2 = s->gran;
	if (ipa >> s->ia_bits)
		return false;
	for (int level = s->start; level <= 3; level++) {
		const uint64_t *p;
		enum kind kind;

		f->size_lg2 = span_lg2(s, level);
		p = words_at(n->w, table + 8 * (ipa >> f->size_lg2 & mask));
		if (!p)
			return false;
		f->desc = native(s, *p);
		kind = kind_of(s, level, f->desc);
		if (kind == D_NONE || !address_of(s, f->desc, kind == D_LEAF ? f->size_lg2 : s->gran, &pa))
			return false;
		if (kind == D_LEAF) {
			f->spa = pa | (ipa & low_mask(f->size_lg2));
			f->perm = leaf_perm(n, s, f->desc, 0);
			return f->perm != 0;
		}
		table = pa;
		mask = low_mask(s->gran - 3);
	}
	return false;
}

/* Where the SMMU itself reads a structure or a stage 1 table at @addr: an IPA if there is a stage 2. */
static const uint64_t *read_at(const struct en *n, uint64_t addr)
{
	struct found f;
	bool device;

	if (!(n->ste.config & 2))
		return words_at(n->w, addr);
	if (!s2_find(n, addr, &f) || !(f.perm & XL_R))
		return NULL;
	device = n->s2.fwb ? !(f.desc & 0x10) : !(f.desc & 0x30);
	return n->s2.ptw && device ? NULL : words_at(n->w, f.spa);
}

/* --- one set of tables --- */
static bool emit(struct en *n, uint64_t iova, uint64_t pa, unsigned size_lg2, unsigned perm)
{
	struct walk_map m = { .iova = iova, .pa = pa, .size = UINT64_C(1) << size_lg2, .rid = n->rid, .pasid = n->pasid, .perm = (uint8_t)perm };

	if (++n->maps > WALK_MAX_MAPPINGS)
		return err_set(n->e, ERR_INPUT, "more than %d mappings at stream 0x%x: does a table point to itself?", WALK_MAX_MAPPINGS, n->rid);
	return n->each_map(n->arg, &m) || no_memory(n);
}

static bool emit_leaf(struct en *n, uint64_t iova, uint64_t pa, unsigned size_lg2, unsigned perm)
{
	uint64_t size = UINT64_C(1) << size_lg2, step;
	struct found f;

	if (!perm)
		return true;
	if (!n->nested)
		return emit(n, iova, pa, size_lg2, perm);
	for (uint64_t off = 0; off < size; off += step) {
		bool hit = s2_find(n, pa + off, &f);

		if (f.size_lg2 > size_lg2)
			f.size_lg2 = size_lg2;
		step = UINT64_C(1) << f.size_lg2;
		if (hit && (f.perm & perm) && !emit(n, iova + off, f.spa, f.size_lg2, f.perm & perm))
			return false;
	}
	return true;
}

static bool each_entry(struct en *n, const struct sw_stage *s, uint64_t table, int level, uint64_t iova, unsigned limits)
{
	unsigned lg2 = span_lg2(s, level), count = 1u << (level == s->start ? s->start_bits : s->gran - 3);
	const uint64_t *p = NULL;
	uint64_t d, next, at;
	enum kind kind;

	if (++n->tables > WALK_MAX_TABLES)
		return err_set(n->e, ERR_INPUT, "stream 0x%x has more than %d tables: does a table point to itself?", n->rid, WALK_MAX_TABLES);
	for (unsigned i = 0; i < count; i++) {
		if (!i || !((table + 8 * (uint64_t)i) & 4095)) /* a table is one or more pages, each where stage 2 puts it */
			p = s->s2 ? words_at(n->w, table + 8 * (uint64_t)i) : read_at(n, table + 8 * (uint64_t)i);
		if (!p) {
			i |= 511;
			continue;
		}
		d = native(s, *p++);
		kind = kind_of(s, level, d);
		if (kind == D_NONE || !address_of(s, d, kind == D_LEAF ? lg2 : s->gran, &next))
			continue;
		at = iova + ((uint64_t)i << lg2);
		if (kind == D_LEAF ? !emit_leaf(n, at, next, lg2, leaf_perm(n, s, d, limits)) :
				     !each_entry(n, s, next, level + 1, at, limits | (s->s2 || s->had ? 0 : (unsigned)bits_get(d, 62, 61))))
			return false;
	}
	return true;
}

static bool each_table(struct en *n, const struct sw_stage *s)
{
	n->tables = 0;
	n->nested = !s->s2 && (n->ste.config & 2);
	return each_entry(n, s, s->root, s->start, s->upper ? ~low_mask(s->ia_bits) : 0, 0);
}

/* --- streams and context descriptors --- */
static bool tell(struct en *n, uint32_t did, const char *type)
{
	struct walk_requester q = { .rid = n->rid, .pasid = n->pasid, .did = did, .type = type };

	return n->each_req(n->arg, &q) || no_memory(n);
}

static bool one_cd(struct en *n, const uint64_t *cd)
{
	struct sw_stage half[2];
	bool on[2], legal = sw_cd_legal(n->v, &n->ste, cd);

	for (unsigned i = 0; i < 2; i++)
		legal = sw_half(n->v, &n->ste, cd, i, &half[i], &on[i]) && legal;
	if (n->each_req)
		return !(cd[0] >> 31 & 1) || tell(n, (uint32_t)bits_get(cd[0], 63, 48), n->ste.config == 7 ? "nested" : "stage1");
	for (unsigned i = 0; legal && i < 2; i++)
		if (on[i] && !each_table(n, &half[i]))
			return false;
	return true;
}

static bool each_cd(struct en *n)
{
	unsigned fmt = n->ste.cd_max ? (unsigned)bits_get(n->ste.d[0], 5, 4) : 0, dss = (unsigned)bits_get(n->ste.d[1], 1, 0);
	unsigned leaf = fmt == 1 ? 6 : fmt == 2 ? 10 : n->ste.cd_max;
	uint64_t base = n->ste.d[0] & bits_mask(55, 6), ptr = base;
	const uint64_t *p;

	if (!(fmt % 3))
		ptr &= ~low_mask(leaf + 6);
	for (uint32_t ssid = 0; !(ssid >> n->ste.cd_max); ssid++) {
		if (leaf < 32 && fmt % 3 && !(ssid & low_mask(leaf))) {
			p = read_at(n, base + 8 * (uint64_t)(ssid >> leaf));
			if (!p || !(*p & 1)) {
				ssid |= (uint32_t)low_mask(leaf);
				continue;
			}
			ptr = *p & bits_mask(55, leaf + 6);
		}
		p = read_at(n, ptr + 64 * (ssid & low_mask(leaf)));
		n->pasid = ssid || (n->ste.cd_max && dss != 2) ? ssid : WQ_NO_PASID;
		if (p && !one_cd(n, p))
			return false;
	}
	return true;
}

static bool one_ste(struct en *n, uint32_t sid, const uint64_t *d)
{
	bool legal;

	if (n->want) {
		n->found = sid == n->rid;
		if (n->found)
			memcpy(n->want, d, sizeof(n->ste.d));
		return !n->found;
	}
	if (!(d[0] & 1))
		return true;
	n->rid = sid;
	n->pasid = WQ_NO_PASID;
	memcpy(n->ste.d, d, sizeof(n->ste.d));
	legal = sw_ste(n->v, &n->ste);
	if (n->each_req && (!legal || n->ste.config < 5))
		return tell(n, 0, !legal ? "illegal" : n->ste.config < 4 ? "abort" : "bypass");
	if (!legal || n->ste.config < 5)
		return true;
	if ((n->ste.config & 2) && !sw_stage2(n->v, d, &n->s2))
		return true;
	if (n->ste.config == 6 || (n->ste.config == 7 && n->ste.cd_max && bits_get(d[1], 1, 0) == 1)) { /* stage 2 alone */
		if (!(n->each_req ? tell(n, (uint32_t)bits_get(d[2], 15, 0), "stage2") : each_table(n, &n->s2)))
			return false;
	}
	return n->ste.config == 6 || each_cd(n);
}

static bool some_stes(struct en *n, uint32_t sid, uint64_t at, uint64_t count, uint64_t limit)
{
	const uint64_t *d = NULL;

	for (uint64_t k = 0; k < count && sid + k < limit; k++, at += 64) {
		if (!k || !(at & 4095))
			d = words_at(n->w, at);
		else
			d += 8;
		if (!d) { /* a page that the image does not hold */
			k += (4096 - (at & 4095)) / 64 - 1;
			at |= 4095 & ~63;
			continue;
		}
		if (!one_ste(n, (uint32_t)(sid + k), d))
			return false;
	}
	return true;
}

static bool two_level(struct en *n, unsigned log2size, uint64_t limit)
{
	unsigned split = (unsigned)bits_get(n->v->strtab_cfg, 10, 6), top;
	uint64_t base;

	if (split != 6 && split != 8 && split != 10)
		split = 6;
	top = log2size > split ? log2size - split : 0;
	base = n->v->strtab_base & bits_mask(55, 6) & ~low_mask(top + 3);
	for (uint64_t i = 0; i < UINT64_C(1) << top && i << split < limit; i++) {
		const uint64_t *l1 = words_at(n->w, base + 8 * i);
		unsigned stes = l1 ? (unsigned)bits_get(*l1, 4, 0) : 0;

		if (!l1)
			i |= 511; /* a page of the table that the image does not hold */
		if (!stes || stes > split + 1)
			continue;
		if (!some_stes(n, (uint32_t)(i << split), *l1 & bits_mask(55, 6) & ~low_mask(stes + 5), UINT64_C(1) << (stes - 1), limit))
			return false;
	}
	return true;
}

static bool enumerate(struct en *n)
{
	unsigned log2size = (unsigned)bits_get(n->v->strtab_cfg, 5, 0), sidsize = (unsigned)bits_get(n->v->idr1, 5, 0);
	uint64_t limit;

	n->w->outside = 0;
	if (!(n->v->cr0 & 1))
		return true;
	if (sidsize > 32)
		sidsize = 32;
	limit = UINT64_C(1) << (log2size < sidsize ? log2size : sidsize);
	if (bits_get(n->v->strtab_cfg, 17, 16) == 1)
		return two_level(n, log2size, limit);
	return some_stes(n, 0, n->v->strtab_base & bits_mask(55, 6) & ~low_mask(log2size + 6), limit, limit);
}

bool walk_smmuv3_requesters(struct walk_unit *w, walk_requester_fn *fn, void *arg, struct err *e)
{
	struct en n = { .w = w, .v = w->own, .each_req = fn, .arg = arg, .e = e };

	return enumerate(&n);
}

bool walk_smmuv3_mappings(struct walk_unit *w, walk_map_fn *fn, void *arg, struct err *e)
{
	struct en n = { .w = w, .v = w->own, .each_map = fn, .arg = arg, .e = e };

	return enumerate(&n);
}

bool walk_smmuv3_ste(struct walk_unit *w, uint32_t sid, uint64_t ste[8])
{
	struct en n = { .w = w, .v = w->own, .want = ste, .rid = sid };

	(void)!enumerate(&n); /* stops at the stream */
	return n.found && (ste[0] & 1);
}
