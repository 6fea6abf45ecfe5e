/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_amdvi_enum.c - our own enumeration of AMD-Vi requesters and mappings (AMD 48882, "Device Table Entry", "I/O Page Tables for Host
 * Translations"). Reads the structures by itself, without the unit's walk, so that each checks the other: segmented device table, host (v1)
 * tables of 1 to 6 levels, skipped levels, page sizes by next level 7. An entry that would fault maps nothing. Of a DTE the plain reserved
 * bits and encodings are checked, not those that are reserved because a feature is absent.
 * Not read: guest (v2) tables, the exclusion range, special address ranges: a mapping is listed although requests to it are not translated.
 */
#include "walk_amdvi.h"
#include "core/base/bits.h"

enum { LEAF_DEFAULT = 0, LEAF_SIZED = 7, TOP_LEVEL = 6 };
#define DTE_RSV (BIT64(63) | bits_mask(6, 2))
#define DTE_GV BIT64(55)
#define DTE_SATS BIT64(42)
#define EFR_SATS BIT64(31)
#define PDE_RSV bits_mask(60, 52)
#define PTE_RSV bits_mask(58, 52)

static uint64_t reg_of(const struct image *im, uint32_t off)
{
	for (size_t i = 0; i < im->n_reg; i++)
		if (im->reg[i].off == off)
			return im->reg[i].val;
	return 0;
}

void aw_read(const struct image *im, struct aw *v)
{
	v->control = reg_of(im, 0x18);
	v->efr = reg_of(im, 0x30);
	v->table[0] = reg_of(im, 0);
	for (unsigned i = 1; i < ARRAY_LEN(v->table); i++)
		v->table[i] = reg_of(im, 0x100 + 8 * (i - 1));
}

static const uint64_t *words_at(struct walk_unit *w, uint64_t spa)
{
	const uint64_t *p = mem_page(w->m, spa & ~UINT64_C(4095));

	if (!p)
		w->outside++;
	return p ? p + (spa >> 3 & 511) : NULL;
}

const uint64_t *walk_amdvi_dte(struct walk_unit *w, uint32_t rid)
{
	const struct aw *v = w->own;
	unsigned seg = (unsigned)bits_get(v->control, 36, 34);
	uint64_t base, index;

	if (seg > 3 || rid > 0xffff)
		return NULL;
	base = v->table[rid >> (16 - seg)];
	index = rid & low_mask(16 - seg);
	return index < (bits_get(base, 8, 0) + 1) * 128 ? words_at(w, (base & bits_mask(51, 12)) + 32 * index) : NULL;
}

struct en {
	struct walk_unit *w;
	walk_requester_fn *each_req; /* either of the two */
	walk_map_fn *each_map;
	void *arg;
	struct err *e;
	uint32_t rid;
	uint64_t tables, maps;
};

static bool no_memory(const struct en *n)
{
	return err_set(n->e, ERR_MACHINE, "out of memory");
}

static unsigned span_lg2(unsigned level) /* bytes one entry covers; level 1 is the last table */
{
	return 12 + 9 * (level - 1);
}

static bool emit(struct en *n, uint64_t iova, uint64_t pa, unsigned size_lg2, unsigned perm)
{
	struct walk_map m = { .iova = iova, .pa = pa, .rid = n->rid, .pasid = WQ_NO_PASID, .perm = (uint8_t)perm };

	m.size = UINT64_C(1) << size_lg2;
	if (++n->maps > WALK_MAX_MAPPINGS)
		return err_set(n->e, ERR_INPUT, "more than %d mappings at requester 0x%x: does a table point to itself?", WALK_MAX_MAPPINGS, n->rid);
	return n->each_map(n->arg, &m) || no_memory(n);
}

/* Next level 7: the ones from bit 12 upwards are the size; 0 if that is none for @level. */
static unsigned sized_lg2(unsigned level, uint64_t e)
{
	unsigned lg2 = 13;

	while (lg2 < 52 && (e >> (lg2 - 1) & 1))
		lg2++;
	return lg2 > span_lg2(level) && lg2 < span_lg2(level + 1) ? lg2 : 0;
}

/* Are all entries of the group that a sized page at @i must fill the same, but for A and D? */
static bool replicated(const uint64_t *p, unsigned i, unsigned count)
{
	uint64_t ad = 0x60;

	i &= ~(count - 1);
	for (unsigned k = 1; k < count; k++)
		if ((p[i] ^ p[i + k]) & ~ad)
			return false;
	return true;
}

/* A sized page is listed once; where its entries are not all the same, each that has it is listed for what it covers itself. */
static bool emit_sized(struct en *n, const uint64_t *p, unsigned i, unsigned level, uint64_t at, unsigned perm)
{
	unsigned lg2 = sized_lg2(level, p[i]), count;
	uint64_t pa;

	if (!lg2)
		return true;
	count = 1u << (lg2 - span_lg2(level));
	pa = p[i] & bits_mask(51, lg2);
	if (!replicated(p, i, count))
		return emit(n, at, pa | (at & low_mask(lg2)), span_lg2(level), perm);
	return (i & (count - 1)) || emit(n, at, pa, lg2, perm);
}

static bool each_entry(struct en *n, uint64_t table, unsigned level, uint64_t iova, unsigned perm)
{
	const uint64_t *p = words_at(n->w, table);

	if (!p)
		return true;
	if (++n->tables > WALK_MAX_TABLES)
		return err_set(n->e, ERR_INPUT, "requester 0x%x has more than %d tables: does a table point to itself?", n->rid, WALK_MAX_TABLES);
	for (unsigned i = 0; i < (level == TOP_LEVEL ? 128 : 512); i++) {
		unsigned next = (unsigned)bits_get(p[i], 11, 9), got = perm & (unsigned)bits_get(p[i], 62, 61);
		bool leaf = next == LEAF_DEFAULT || next == LEAF_SIZED, ok = true;
		uint64_t at = iova + ((uint64_t)i << span_lg2(level));

		if (!(p[i] & 1) || (p[i] & (leaf ? PTE_RSV : PDE_RSV)) || !got || (leaf && level == TOP_LEVEL))
			continue;
		if (next == LEAF_DEFAULT)
			ok = emit(n, at, p[i] & bits_mask(51, span_lg2(level)), span_lg2(level), got);
		else if (next == LEAF_SIZED)
			ok = emit_sized(n, p, i, level, at, got);
		else if (next < level)
			ok = each_entry(n, p[i] & bits_mask(51, 12), next, at, got);
		if (!ok)
			return false;
	}
	return true;
}

static const char *type_of(const struct aw *v, const uint64_t *d)
{
	unsigned mode = (unsigned)bits_get(d[0], 11, 9), hats = (unsigned)bits_get(v->efr, 11, 10);

	if ((d[0] & DTE_RSV) || ((d[1] & DTE_SATS) && !(v->efr & EFR_SATS)) || bits_get(d[0], 8, 7) == 2)
		return "illegal";
	if (mode == 7 || mode > (hats < 3 ? 4 + hats : 0) || ((d[0] & DTE_GV) && bits_get(d[0], 57, 56) > bits_get(v->efr, 15, 14)))
		return "illegal";
	if (!(d[0] & 2) || (!mode && !bits_get(d[0], 62, 61)))
		return "blocked";
	if ((d[0] >> 54 & 3) == 3 && (v->control >> 16 & 1))
		return "guest"; /* GV and GIoV: by tables that are not read here */
	return mode ? "translate" : "passthrough";
}

static bool one_dte(struct en *n, uint32_t rid, const uint64_t *d)
{
	const char *type = type_of(n->w->own, d);
	struct walk_requester q = { .rid = rid, .pasid = WQ_NO_PASID, .did = (uint32_t)bits_get(d[1], 15, 0), .type = type };

	n->rid = rid;
	if (n->each_req)
		return n->each_req(n->arg, &q) || no_memory(n);
	n->tables = 0;
	return *type != 't' || each_entry(n, d[0] & bits_mask(51, 12), (unsigned)bits_get(d[0], 11, 9), 0, (unsigned)bits_get(d[0], 62, 61));
}

static bool enumerate(struct en *n)
{
	const struct aw *v = n->w->own;
	const uint64_t *d = NULL;

	n->w->outside = 0;
	if (!(v->control & 1))
		return true;
	for (uint32_t rid = 0; rid <= 0xffff; rid++) {
		if (!(rid & 127)) /* a page of the table */
			d = walk_amdvi_dte(n->w, rid);
		if (d && (d[4 * (rid & 127)] & 1) && !one_dte(n, rid, d + 4 * (rid & 127)))
			return false;
	}
	return true;
}

bool walk_amdvi_requesters(struct walk_unit *w, walk_requester_fn *fn, void *arg, struct err *e)
{
	struct en n = { .w = w, .each_req = fn, .arg = arg, .e = e };

	return enumerate(&n);
}

bool walk_amdvi_mappings(struct walk_unit *w, walk_map_fn *fn, void *arg, struct err *e)
{
	struct en n = { .w = w, .each_map = fn, .arg = arg, .e = e };

	return enumerate(&n);
}
