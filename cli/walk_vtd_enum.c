/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_vtd_enum.c - our own enumeration of VT-d requesters and mappings. Reads the structures by itself, without the unit's walk, so that each
 * checks the other. It lists what present entries map; an entry with an address beyond the host address width, a misaligned or
 * unsupported large page, or a configuration the unit refuses maps nothing. It does not check the other reserved bits.
 */
#include "walk_vtd.h"
#include "core/base/bits.h"

static const uint64_t *words_at(struct walk_unit *w, uint64_t spa)
{
	const uint64_t *p = mem_page(w->m, spa & ~UINT64_C(4095));

	if (!p)
		w->outside++;
	return p ? p + (spa >> 3 & 511) : NULL;
}

const uint64_t *walk_vtd_context(struct walk_unit *w, uint32_t rid)
{
	const struct vw *v = vw_of(w);
	const uint64_t *root = words_at(w, v->root + 16 * (rid >> 8 & 0xff)), *ctx;
	uint64_t half;

	if (!root)
		return NULL;
	half = root[v->scalable ? rid >> 7 & 1 : 0];
	if (!(half & 1))
		return NULL;
	ctx = words_at(w, (half & bits_mask(63, 12)) + (v->scalable ? 32 * (rid & 0x7f) : 16 * (rid & 0xff)));
	return ctx && (ctx[0] & 1) ? ctx : NULL;
}

enum pgtt { PGTT_FS = 1, PGTT_SS, PGTT_NESTED };
struct stage {
	uint64_t root;
	unsigned levels, ia_bits;
	bool first;
};
struct en {
	struct walk_unit *w;
	walk_requester_fn *each_req; /* either of the two */
	walk_map_fn *each_map;
	void *arg;
	struct err *e;
	uint32_t rid, pasid;
	bool nested;
	struct stage fs, ss;
	uint64_t tables, maps;
};

static bool no_memory(const struct en *n)
{
	return err_set(n->e, ERR_MACHINE, "out of memory");
}

static uint64_t span(unsigned level) /* bytes one entry of a table covers; level 1 is the last table */
{
	return UINT64_C(1) << (12 + 9 * (level - 1));
}

static unsigned entry_perm(const struct stage *s, uint64_t e)
{
	if (!s->first)
		return e & 3; /* R, W as XL_R, XL_W */
	return e & 4 ? XL_R | (e & 2) : 0; /* U/S = 0: nothing for a user request */
}

static bool entry_present(const struct stage *s, uint64_t e)
{
	return s->first ? e & 1 : e & 3;
}

/* A page of this size at @level: does the unit have it, is the address in range and aligned? */
static bool leaf_valid(const struct en *n, const struct stage *s, unsigned level, uint64_t e)
{
	const struct vw *v = vw_of(n->w);
	uint64_t pa = e & bits_mask(51, s->first && level > 1 ? 13 : 12);

	if (level > 3 || (level == 2 && !s->first && !(v->cap >> 34 & 1)))
		return false;
	if (level == 3 && !(s->first ? v->cap >> 56 & 1 : v->cap >> 35 & 1))
		return false;
	return !(pa & (span(level) - 1)) && ((n->nested && s->first) || !(pa >> v->haw));
}

/* Second-stage lookup of one address, for nested tables. */
static bool ss_find(const struct en *n, uint64_t gpa, uint64_t *spa, uint64_t *size, unsigned *perm)
{
	uint64_t table = n->ss.root;

	*perm = XL_R | XL_W;
	if (gpa >> n->ss.ia_bits)
		return false;
	for (unsigned level = n->ss.levels; level; level--) {
		const uint64_t *p = words_at(n->w, table + 8 * (gpa / span(level) & 511));

		if (!p || !entry_present(&n->ss, *p))
			return false;
		*perm &= entry_perm(&n->ss, *p);
		if (level == 1 || (*p & 0x80)) {
			if (!leaf_valid(n, &n->ss, level, *p))
				return false;
			*size = span(level);
			*spa = (*p & bits_mask(51, 12)) | (gpa & (*size - 1));
			return true;
		}
		table = *p & bits_mask(51, 12);
	}
	return false;
}

static bool emit(struct en *n, uint64_t iova, uint64_t pa, uint64_t size, unsigned perm)
{
	struct walk_map m = { .iova = iova, .pa = pa, .size = size, .rid = n->rid, .pasid = n->pasid, .perm = (uint8_t)perm };

	if (++n->maps > WALK_MAX_MAPPINGS)
		return err_set(n->e, ERR_INPUT, "more than %d mappings at requester 0x%x: does a table point to itself?", WALK_MAX_MAPPINGS, n->rid);
	return n->each_map(n->arg, &m) || no_memory(n);
}

static bool emit_leaf(struct en *n, const struct stage *s, uint64_t iova, uint64_t pa, uint64_t size, unsigned perm)
{
	uint64_t step = size, spa, ss_size;
	unsigned ss_perm;

	if (s->first && iova >> (s->ia_bits - 1))
		iova |= ~low_mask(s->ia_bits); /* canonical */
	else if (!s->first && (iova | (size - 1)) >> s->ia_bits)
		return true;
	if (!s->first || !n->nested)
		return emit(n, iova, pa, size, perm);
	for (uint64_t off = 0; off < size; off += step) {
		step = 4096;
		if (!ss_find(n, pa + off, &spa, &ss_size, &ss_perm))
			continue;
		step = ss_size < size ? ss_size : size;
		if (!emit(n, iova + off, spa, step, perm & ss_perm))
			return false;
	}
	return true;
}

static bool each_entry(struct en *n, const struct stage *s, uint64_t table, unsigned level, uint64_t iova, unsigned perm)
{
	const uint64_t *p;
	uint64_t size, next;
	unsigned table_perm;

	if (n->nested && s->first && !ss_find(n, table, &table, &size, &table_perm))
		return true;
	p = words_at(n->w, table);
	if (!p)
		return true;
	if (++n->tables > WALK_MAX_TABLES)
		return err_set(n->e, ERR_INPUT, "requester 0x%x has more than %d tables: does a table point to itself?", n->rid, WALK_MAX_TABLES);
	for (unsigned i = 0; i < 512; i++) {
		bool leaf = level == 1 || (p[i] & 0x80);
		unsigned got = perm & entry_perm(s, p[i]);
		uint64_t at = iova + i * span(level);

		if (!entry_present(s, p[i]) || (leaf && !leaf_valid(n, s, level, p[i])))
			continue;
		next = p[i] & bits_mask(51, leaf && level > 1 ? 13 : 12);
		if (leaf ? !emit_leaf(n, s, at, next, span(level), got) : !each_entry(n, s, next, level - 1, at, got))
			return false;
	}
	return true;
}

static bool ss_stage(const struct vw *v, uint64_t root, unsigned aw, struct stage *s)
{
	unsigned width = 30 + 9 * aw;

	*s = (struct stage){ .root = root & bits_mask(63, 12), .levels = aw + 2, .ia_bits = width < v->mgaw ? width : v->mgaw };
	return aw >= 1 && aw <= 3 && (v->cap >> (8 + aw) & 1);
}

static bool tell_requester(struct en *n, uint32_t did, const char *type)
{
	struct walk_requester q = { .rid = n->rid, .pasid = n->pasid, .did = did, .type = type };

	return n->each_req(n->arg, &q) || no_memory(n);
}

static bool legacy_requester(struct en *n, const uint64_t *ctx)
{
	static const char *const type[] = { "translate", "translate-ats", "passthrough", "reserved" };
	unsigned tt = (unsigned)bits_get(ctx[0], 3, 2);

	n->pasid = WQ_NO_PASID;
	if (n->each_req)
		return tell_requester(n, (uint32_t)bits_get(ctx[1], 23, 8), type[tt]);
	if (tt > 1 || (tt == 1 && !(vw_of(n->w)->ecap >> 2 & 1)) || !ss_stage(vw_of(n->w), ctx[0], (unsigned)bits_get(ctx[1], 2, 0), &n->ss))
		return true;
	n->nested = false;
	n->tables = 0;
	return each_entry(n, &n->ss, n->ss.root, n->ss.levels, 0, XL_R | XL_W);
}

static bool pasid_requester(struct en *n, const uint64_t *pe)
{
	static const char *const type[] = { "reserved", "first-level", "second-level", "nested", "passthrough", "reserved", "reserved", "reserved" };
	const struct vw *v = vw_of(n->w);
	unsigned pgtt = (unsigned)bits_get(pe[0], 8, 6), five = (unsigned)bits_get(pe[2], 3, 2);

	if (n->each_req)
		return tell_requester(n, (uint32_t)bits_get(pe[1], 15, 0), type[pgtt]);
	n->nested = pgtt == PGTT_NESTED;
	n->tables = 0;
	if (pgtt == PGTT_SS || n->nested) {
		if (!(v->ecap >> 46 & 1) || (n->nested && !(v->ecap >> 26 & 1)) || !ss_stage(v, pe[0], (unsigned)bits_get(pe[0], 4, 2), &n->ss))
			return true;
		if (!n->nested)
			return each_entry(n, &n->ss, n->ss.root, n->ss.levels, 0, XL_R | XL_W);
	} else if (pgtt != PGTT_FS) {
		return true;
	}
	if (!(v->ecap >> 47 & 1) || five > 1 || (five && !(v->cap >> 60 & 1)))
		return true;
	n->fs = (struct stage){ .root = pe[2] & bits_mask(63, 12), .levels = 4 + five, .ia_bits = 48 + 9 * five, .first = true };
	return each_entry(n, &n->fs, n->fs.root, n->fs.levels, 0, XL_R | XL_W);
}

static bool scalable_requester(struct en *n, const uint64_t *ctx)
{
	unsigned last = 128u << bits_get(ctx[0], 11, 9);

	for (unsigned i = 0; i < last; i++) {
		const uint64_t *dir = words_at(n->w, (ctx[0] & bits_mask(63, 12)) + 8 * (uint64_t)i), *tab;

		if (!dir && !(i & 511))
			i += 511; /* a page of the directory that the image does not hold */
		if (!dir || !(*dir & 1))
			continue;
		tab = words_at(n->w, *dir & bits_mask(63, 12));
		for (unsigned k = 0; tab && k < 64; k++) {
			n->pasid = i << 6 | k;
			if ((tab[8 * k] & 1) && !pasid_requester(n, tab + 8 * k))
				return false;
		}
	}
	return true;
}

static bool enumerate(struct en *n)
{
	const struct vw *v = vw_of(n->w);

	n->w->outside = 0;
	if (!v->te)
		return true;
	for (unsigned bus = 0; bus < 256; bus++) {
		const uint64_t *root = words_at(n->w, v->root + 16 * (uint64_t)bus);

		if (!root)
			return true; /* the root table itself is not in the image */
		for (unsigned devfn = 0; devfn < 256; devfn++) {
			uint64_t half = root[v->scalable && devfn >= 128];
			const uint64_t *ctx = half & 1 ? walk_vtd_context(n->w, bus << 8 | devfn) : NULL;

			n->rid = bus << 8 | devfn;
			if (ctx && !(v->scalable ? scalable_requester(n, ctx) : legacy_requester(n, ctx)))
				return false;
		}
	}
	return true;
}

bool walk_vtd_requesters(struct walk_unit *w, walk_requester_fn *fn, void *arg, struct err *e)
{
	struct en n = { .w = w, .each_req = fn, .arg = arg, .e = e };

	return enumerate(&n);
}

bool walk_vtd_mappings(struct walk_unit *w, walk_map_fn *fn, void *arg, struct err *e)
{
	struct en n = { .w = w, .each_map = fn, .arg = arg, .e = e };

	return enumerate(&n);
}
