/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_vtd.c - VT-d images: the unit over the image, the one table of QEMU's fault codes, and our own enumeration of mappings.
 * The enumeration reads the structures by itself, without the unit's walk. It lists what present entries map; an entry with an address
 * beyond the host address width, a misaligned or unsupported large page, or a configuration the unit refuses maps nothing. It does not
 * check the other reserved bits.
 * Not modelled: requests with PASID are only made for PASIDs other than the context entry's RID_PASID.
 * ECAP.RPS: QEMU 10.0.2 reports 0 and uses the RID_PASID field all the same, where the specification uses PASID 0. Images are walked
 * as their unit walked, with RPS = 1 (struct walk_unit.note says so). Software that heeds RPS = 0 leaves the field 0: no difference.
 */
#include "walk_check.h"
#include "core/base/bits.h"
#include "vtd/vtd.h"
#include <stdlib.h>
#include <string.h>

enum { R_CAP = 0x8, R_ECAP = 0x10, R_GSTS = 0x1c, R_RTADDR = 0x20, HAW_MAX = 52, RPS_BIT = 49 };
enum pgtt { PGTT_FS = 1, PGTT_SS, PGTT_NESTED, PGTT_PT };
struct vw {
	struct vtd_cfg cfg;
	uint64_t cap, ecap, root;
	unsigned haw, mgaw;
	bool scalable, te, ready;
};
static struct vw *vw_of(const struct walk_unit *w)
{
	return w->own;
}

/* --- fault codes --- */
/*
 * In scalable mode QEMU reports legacy-mode codes for the root and context entry and for the second stage; the specification has codes
 * of its own ("Fault Conditions"). In legacy mode the codes are the specification's: no row.
 */
static const struct {
	bool scalable;
	uint8_t qemu, spec;
	const char *why;
} qemu_code[] = {
	{ true, 0x01, 0x39, "root entry not present" },
	{ true, 0x02, 0x41, "context entry not present" },
	{ true, 0x03, 0x43, "context entry invalid" },
	{ true, 0x03, 0x7b, "top second-stage table unreadable" },
	{ true, 0x04, 0x83, "pass-through address beyond the host address width" },
	{ true, 0x04, 0x84, "second-stage input beyond its width" },
	{ true, 0x05, 0x79, "second-stage entry without R and W, met by a write" },
	{ true, 0x05, 0x85, "no write permission" },
	{ true, 0x06, 0x79, "second-stage entry without R and W, met by a read" },
	{ true, 0x06, 0x86, "no read permission" },
	{ true, 0x07, 0x78, "lower second-stage table unreadable" },
	{ true, 0x08, 0x38, "root entry unreadable" },
	{ true, 0x09, 0x40, "context entry unreadable" },
	{ true, 0x0a, 0x3a, "reserved bits of the root entry" },
	{ true, 0x0b, 0x42, "reserved bits of the context entry" },
	{ true, 0x0c, 0x7a, "reserved bits of a second-stage entry" },
	{ true, 0x0e, 0x87, "result in the interrupt range" },
};

const char *walk_vtd_explains(bool scalable, unsigned qemu, unsigned spec)
{
	for (size_t i = 0; i < ARRAY_LEN(qemu_code); i++)
		if (qemu_code[i].scalable == scalable && qemu_code[i].qemu == qemu && qemu_code[i].spec == spec)
			return qemu_code[i].why;
	return NULL;
}

static enum walk_reason vtd_reason(struct walk_unit *w, const struct wq_row *r, const struct xl_res *got, const char **why)
{
	if (r->no_record)
		return got->no_record ? WALK_REASON_EQUAL : WALK_REASON_DIFFERENT;
	if (!r->reason)
		return WALK_REASON_NONE;
	if (got->no_record)
		return WALK_REASON_DIFFERENT;
	if (r->reason == got->code)
		return WALK_REASON_EQUAL;
	*why = walk_vtd_explains(vw_of(w)->scalable, r->reason, got->code);
	return *why ? WALK_REASON_EXPLAINED : WALK_REASON_DIFFERENT;
}

/* --- the unit --- */
static uint64_t reg_of(const struct image *im, uint32_t off)
{
	for (size_t i = 0; i < im->n_reg; i++)
		if (im->reg[i].off == off)
			return im->reg[i].val;
	return 0;
}

static bool vtd_open(struct walk_unit *w, unsigned haw, struct err *e)
{
	struct vw *v = calloc(1, sizeof(*v));

	if (!v)
		return err_set(e, ERR_MACHINE, "out of memory");
	w->own = v;
	cfg_defaults(vtd_opts, &v->cfg);
	v->ready = true;
	v->cfg.haw = haw;
	v->cap = reg_of(w->im, R_CAP);
	v->ecap = reg_of(w->im, R_ECAP);
	v->root = reg_of(w->im, R_RTADDR) & bits_mask(63, 12);
	v->scalable = bits_get(reg_of(w->im, R_RTADDR), 11, 10) == 1;
	v->te = reg_of(w->im, R_GSTS) >> 31 & 1;
	v->mgaw = (unsigned)bits_get(v->cap, 21, 16) + 1;
	v->haw = haw ? haw : v->mgaw;
	if (v->haw > HAW_MAX)
		v->haw = HAW_MAX;
	if (!v->cap)
		return err_set(e, ERR_INPUT, "the image has no CAP register: what the unit can do is not known");
	if (v->scalable && !(v->ecap >> RPS_BIT & 1)) {
		v->ecap |= BIT64(RPS_BIT);
		w->note = "ECAP.RPS is 0; the RID_PASID field is used all the same, as QEMU does";
	}
	w->u = vtd_create(&v->cfg, "vtd0", w->k, w->m, &w->port, 0, e);
	if (!w->u)
		return false;
	for (size_t i = 0; i < w->im->n_reg; i++) {
		const struct image_reg *r = &w->im->reg[i];

		if (!w->u->ops->restore(w->u, r->off, r->bytes, r->off == R_ECAP ? v->ecap : r->val, e))
			return false;
	}
	return true;
}

static void vtd_close(struct walk_unit *w)
{
	struct vw *v = vw_of(w);

	if (w->u)
		w->u->ops->destroy(w->u);
	if (v && v->ready)
		cfg_free(vtd_opts, &v->cfg);
	free(v);
	w->u = NULL;
	w->own = NULL;
}

/* --- the configuration structures, read here once more --- */
static const uint64_t *words_at(struct walk_unit *w, uint64_t spa)
{
	const uint64_t *p = mem_page(w->m, spa & ~UINT64_C(4095));

	if (!p)
		w->outside++;
	return p ? p + (spa >> 3 & 511) : NULL;
}

/* The context entry of @rid: 2 words, 4 in scalable mode; NULL if not present. */
static const uint64_t *context_of(struct walk_unit *w, uint32_t rid)
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

static void vtd_request(struct walk_unit *w, uint32_t rid, uint32_t pasid, struct xl_req *q)
{
	const uint64_t *ctx;

	q->rid = rid;
	if (pasid == WQ_NO_PASID)
		return;
	ctx = vw_of(w)->scalable ? context_of(w, rid) : NULL;
	if (ctx && bits_get(ctx[1], 19, 0) == pasid)
		return; /* what a request without PASID uses */
	q->has_pasid = true;
	q->pasid = pasid;
}

/* QEMU leaves pass-through to the machine and checks nothing there; the specification checks width and programming. */
static const char *vtd_by_spec(struct walk_unit *w, const struct wq_row *r, const struct xl_res *got)
{
	const struct vw *v = vw_of(w);
	const uint64_t *ctx = r->expect == WQ_NOLOG ? context_of(w, r->rid) : NULL;
	unsigned aw, limit = v->haw;

	if (!ctx || got->ok)
		return NULL;
	if (v->scalable)
		return got->code == 0x83 && r->iova >> limit ? "let through: pass-through in QEMU checks no address width (SGN.4)" : NULL;
	if (bits_get(ctx[0], 3, 2) != 2)
		return NULL;
	aw = (unsigned)bits_get(ctx[1], 2, 0);
	if (got->code == 0x03 && bits_get(v->cap, 12, 8) >> (aw + 1))
		return "let through: pass-through in QEMU takes any supported AW, the specification asks for the largest (LCT.4)";
	if (30 + 9 * aw < limit)
		limit = 30 + 9 * aw;
	return got->code == 0x04 && r->iova >> limit ? "let through: pass-through in QEMU checks no address width (LGN.1)" : NULL;
}

/* --- enumeration --- */
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
	uint64_t tables;
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
			const uint64_t *ctx = half & 1 ? context_of(n->w, bus << 8 | devfn) : NULL;

			n->rid = bus << 8 | devfn;
			if (ctx && !(v->scalable ? scalable_requester(n, ctx) : legacy_requester(n, ctx)))
				return false;
		}
	}
	return true;
}

static bool vtd_requesters(struct walk_unit *w, walk_requester_fn *fn, void *arg, struct err *e)
{
	struct en n = { .w = w, .each_req = fn, .arg = arg, .e = e };

	return enumerate(&n);
}

static bool vtd_mappings(struct walk_unit *w, walk_map_fn *fn, void *arg, struct err *e)
{
	struct en n = { .w = w, .each_map = fn, .arg = arg, .e = e };

	return enumerate(&n);
}

const struct walk_arch walk_arch_vtd = {
	.kind = "vtd",
	.open = vtd_open,
	.close = vtd_close,
	.requesters = vtd_requesters,
	.mappings = vtd_mappings,
	.request = vtd_request,
	.reason = vtd_reason,
	.by_spec = vtd_by_spec,
	.code_name = vtd_fault_name,
	.code_text = vtd_fault_text,
};
