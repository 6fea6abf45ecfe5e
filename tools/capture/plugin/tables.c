/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.c - see tables.h. Sources: Intel VT-d Architecture Specification, "Translation Structure Formats" and "Register Descriptions";
 * Arm IHI 0070 (SMMUv3), "Stream Table Entry", "Context Descriptor", memory map; AMD 48882, "Device Table", "I/O Page Tables", MMIO
 * registers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tables.h"

#define ADDR_51 UINT64_C(0x000ffffffffff000)

static uint64_t field(uint64_t v, unsigned hi, unsigned lo)
{
	return v >> lo & ((UINT64_C(2) << (hi - lo)) - 1);
}
static uint32_t pages_of(uint64_t bytes)
{
	return (uint32_t)((bytes + 4095) >> 12);
}
static struct tab_ref one(uint64_t pa, enum tab_kind kind, unsigned height)
{
	return (struct tab_ref){ pa & ADDR_51, 1, (uint8_t)kind, (uint8_t)height, 12 };
}
static struct tab_ref many(uint64_t pa, uint64_t bytes, enum tab_kind kind)
{
	return (struct tab_ref){ pa & ADDR_51, pages_of(bytes), (uint8_t)kind, 0, 12 };
}
static const struct tab_ref none;

/* ---- what an entry points to; @e is the whole entry ---- */

static struct tab_ref root_entry(const uint64_t *e, const struct tab_page *p)
{
	return e[0] & 1 ? one(e[0], p->kind == TAB_ROOT ? TAB_CTX : TAB_SCTX, 0) : none;
}
static struct tab_ref ctx_entry(const uint64_t *e, const struct tab_page *p)
{
	(void)p;
	/* P, translation type not pass-through; address width 1 is three levels */
	return (e[0] & 1) && field(e[0], 3, 2) < 2 ? one(e[0], TAB_SL, (unsigned)field(e[1], 2, 0) + 2) : none;
}
static struct tab_ref sctx_entry(const uint64_t *e, const struct tab_page *p)
{
	(void)p;
	return e[0] & 1 ? many(e[0], UINT64_C(8) << (field(e[0], 11, 9) + 7), TAB_PDIR) : none;
}
static struct tab_ref pdir_entry(const uint64_t *e, const struct tab_page *p)
{
	(void)p;
	return e[0] & 1 ? one(e[0], TAB_PASID, 0) : none;
}
static struct tab_ref pasid_entry(const uint64_t *e, const struct tab_page *p)
{
	uint64_t pgtt = field(e[0], 8, 6);

	(void)p;
	if (!(e[0] & 1))
		return none;
	if (pgtt == 1)
		return one(e[2], TAB_FL, (unsigned)field(e[2], 3, 2) + 4);
	return pgtt == 2 ? one(e[0], TAB_SL, (unsigned)field(e[0], 4, 2) + 2) : none;
}
static struct tab_ref vtd_pte(const uint64_t *e, const struct tab_page *p)
{
	bool present = p->kind == TAB_SL ? (e[0] & 3) != 0 : (e[0] & 1) != 0;
	bool leaf = p->height == 1 || (p->height <= 3 && (e[0] & 0x80));

	return present && !leaf ? one(e[0], p->kind, p->height - 1u) : none;
}
static struct tab_ref stel1_entry(const uint64_t *e, const struct tab_page *p)
{
	uint64_t span = field(e[0], 4, 0);

	(void)p;
	return span ? many(e[0], UINT64_C(64) << (span - 1), TAB_STE) : none;
}
static unsigned granule(uint64_t tg)
{
	return tg == 0 ? 12 : tg == 1 ? 16 : 14;
}
static struct tab_ref ste_entry(const uint64_t *e, const struct tab_page *p)
{
	uint64_t cfg = field(e[0], 3, 1), n = field(e[0], 63, 59), fmt = field(e[0], 5, 4), bytes = 0;
	struct tab_ref r = none;

	(void)p;
	if (!(e[0] & 1) || cfg < 5)
		return none;
	if (cfg == 5) { /* stage 1 only: a CD, or a table of 2^S1CDMax of them */
		if (!fmt)
			return many(e[0], UINT64_C(64) << n, TAB_CD);
		bytes = n > (fmt == 1 ? 6u : 10u) ? UINT64_C(8) << (n - (fmt == 1 ? 6 : 10)) : 8;
		r = many(e[0], bytes, TAB_CDL1);
		r.shift = fmt == 1 ? 12 : 16;
		return r;
	} else {
		unsigned g = granule(field(e[2], 47, 46)), in = 64 - (unsigned)field(e[2], 37, 32);
		unsigned sl0 = (unsigned)field(e[2], 39, 38), height = g == 12 ? sl0 + 2 : sl0 + 1;
		unsigned span = g + (g - 3) * (height - 1); /* log2 of what one entry of the first table covers */

		bytes = in > span ? UINT64_C(8) << (in - span) : 8;
		r = many(e[3], bytes > UINT64_C(1) << g ? bytes : UINT64_C(1) << g, TAB_S2);
		r.height = (uint8_t)height;
		r.shift = (uint8_t)g;
		return r;
	}
}
static struct tab_ref cdl1_entry(const uint64_t *e, const struct tab_page *p)
{
	return e[0] & 1 ? many(e[0], UINT64_C(1) << p->shift, TAB_CD) : none;
}
static struct tab_ref cd_entry(const uint64_t *e, const struct tab_page *p)
{
	unsigned g = granule(field(e[0], 7, 6)), in = 64 - (unsigned)field(e[0], 5, 0);
	struct tab_ref r;

	(void)p;
	if (!(e[0] & UINT64_C(1) << 31) || (e[0] & 1 << 14)) /* V, EPD0 */
		return none;
	r = many(e[1] & UINT64_C(0x0000fffffffff000), UINT64_C(1) << g, TAB_S1);
	r.height = (uint8_t)((in - g + g - 4) / (g - 3));
	r.shift = (uint8_t)g;
	return r;
}
static struct tab_ref lpae_entry(const uint64_t *e, const struct tab_page *p)
{
	struct tab_ref r;

	if (p->height == 1 || (e[0] & 3) != 3)
		return none;
	r = many(e[0] & UINT64_C(0x0000fffffffff000) & ~((UINT64_C(1) << p->shift) - 1), UINT64_C(1) << p->shift, p->kind);
	r.height = (uint8_t)(p->height - 1);
	r.shift = p->shift;
	return r;
}
static struct tab_ref dte_entry(const uint64_t *e, const struct tab_page *p)
{
	uint64_t mode = field(e[0], 11, 9);

	(void)p;
	return (e[0] & 3) == 3 && mode >= 1 && mode <= 6 ? one(e[0], TAB_HPT, (unsigned)mode) : none;
}
static struct tab_ref hpt_entry(const uint64_t *e, const struct tab_page *p)
{
	uint64_t next = field(e[0], 11, 9);

	(void)p;
	return (e[0] & 1) && next >= 1 && next <= 6 ? one(e[0], TAB_HPT, (unsigned)next) : none;
}

static const struct {
	const char *name;
	uint8_t words; /* of an entry */
	struct tab_ref (*entry)(const uint64_t *e, const struct tab_page *p); /* NULL: points to nothing */
} kinds[TAB_KINDS] = {
	[TAB_ROOT] = { "root", 2, root_entry },	   [TAB_SROOT] = { "root", 1, root_entry },  [TAB_CTX] = { "context", 2, ctx_entry },
	[TAB_SCTX] = { "context", 4, sctx_entry }, [TAB_PDIR] = { "pasiddir", 1, pdir_entry }, [TAB_PASID] = { "pasidtab", 8, pasid_entry },
	[TAB_SL] = { "sl", 1, vtd_pte },	   [TAB_FL] = { "fl", 1, vtd_pte },	     [TAB_STEL1] = { "stel1", 1, stel1_entry },
	[TAB_STE] = { "ste", 8, ste_entry },	   [TAB_CDL1] = { "cdl1", 1, cdl1_entry },   [TAB_CD] = { "cd", 8, cd_entry },
	[TAB_S1] = { "s1_l", 1, lpae_entry },	   [TAB_S2] = { "s2_l", 1, lpae_entry },     [TAB_DTE] = { "dte", 4, dte_entry },
	[TAB_HPT] = { "pt", 1, hpt_entry },	   [TAB_QUEUE] = { "queue", 1, NULL },	     [TAB_IRT] = { "irt", 1, NULL },
};
const char *tab_kind_name(char *buf, const struct tab_page *p)
{
	unsigned n = p->kind == TAB_S1 || p->kind == TAB_S2 ? 4u - p->height : p->height;

	snprintf(buf, 16, p->height ? "%s%u" : "%s", kinds[p->kind].name, n);
	return buf;
}

/* ---- pages ---- */

struct tab_page *tab_page_of(const struct tab *t, uint64_t pa)
{
	return pa - t->base < t->size ? t->page[(pa - t->base) >> 12] : NULL;
}
static void take(struct tab *t, struct tab_ref r)
{
	char name[16];

	for (uint32_t i = 0; i < r.pages; i++) {
		uint64_t pa = r.pa + (uint64_t)i * 4096;
		struct tab_page *p, **slot;

		if (pa - t->base >= t->size)
			return; /* not memory: the driver's mistake, and the hardware's fault */
		slot = &t->page[(pa - t->base) >> 12];
		if (*slot) {
			(*slot)->refs++;
			continue;
		}
		p = *slot = calloc(1, sizeof(*p));
		if (!p)
			abort();
		p->kind = r.kind;
		p->height = r.height;
		p->shift = r.shift;
		p->refs = 1;
		/* its children first: a table is announced before the entry that links it */
		for (unsigned w = 0; kinds[p->kind].entry && w < 512; w += kinds[p->kind].words)
			tab_link(t, pa + w * 8);
		t->on_page(t, pa, tab_kind_name(name, p));
	}
}
void tab_unlink(struct tab *t, struct tab_ref old)
{
	for (uint32_t i = 0; i < old.pages; i++) {
		uint64_t pa = old.pa + (uint64_t)i * 4096;
		struct tab_page *p = tab_page_of(t, pa);

		if (!p || --p->refs)
			continue;
		t->page[(pa - t->base) >> 12] = NULL;
		t->on_drop(t, pa);
		for (unsigned w = 0; w < 512; w++)
			tab_unlink(t, p->child[w]);
		free(p);
	}
}
struct tab_ref tab_link(struct tab *t, uint64_t pa)
{
	struct tab_page *p = tab_page_of(t, pa);
	unsigned words, w;
	struct tab_ref now, old;

	if (!p || !kinds[p->kind].entry)
		return none;
	words = kinds[p->kind].words;
	w = (unsigned)(pa >> 3 & 511) / words * words;
	now = kinds[p->kind].entry((const uint64_t *)(const void *)(t->ram + ((pa & ~UINT64_C(0xfff)) - t->base)) + w, p);
	old = p->child[w];
	if (now.pa == old.pa && now.pages == old.pages)
		return none;
	p->child[w] = now;
	take(t, now);
	return old;
}

/* ---- registers ---- */

static void vtd_reg(struct tab *t, uint32_t off)
{
	uint64_t iqa = t->reg[0x90 / 8], rt = t->reg[0x20 / 8], irta = t->reg[0xb8 / 8], gcmd = t->reg[0x18 / 8];

	if ((off & ~7u) == 0x90)
		take(t, many(iqa, UINT64_C(4096) << field(iqa, 2, 0), TAB_QUEUE));
	if (off != 0x18)
		return;
	if (gcmd >> 30 & 1) /* SRTP */
		take(t, one(rt, field(rt, 11, 10) == 1 ? TAB_SROOT : TAB_ROOT, 0));
	if (gcmd >> 24 & 1) /* SIRTP */
		take(t, many(irta, UINT64_C(32) << field(irta, 3, 0), TAB_IRT));
}
static void smmu_reg(struct tab *t, uint32_t off)
{
	uint64_t cr0 = t->reg[0x20 / 8] & 0xffffffff, st = t->reg[0x80 / 8], cfg = t->reg[0x88 / 8], q = t->reg[0x90 / 8];
	unsigned n = (unsigned)field(cfg, 5, 0), split = (unsigned)field(cfg, 10, 6);

	if (off != 0x20)
		return;
	if (cr0 >> 3 & 1) /* CMDQEN */
		take(t, many(q, UINT64_C(16) << field(q, 4, 0), TAB_QUEUE));
	if (!(cr0 & 1)) /* SMMUEN */
		return;
	if (field(cfg, 17, 16))
		take(t, many(st, n > split ? UINT64_C(8) << (n - split) : 8, TAB_STEL1));
	else
		take(t, many(st, UINT64_C(64) << n, TAB_STE));
}
static void amd_reg(struct tab *t, uint32_t off)
{
	uint64_t dt = t->reg[0], cb = t->reg[1], control = t->reg[3];

	if ((off & ~7u) != 0x18)
		return;
	if (control & 1) /* IommuEn */
		take(t, many(dt, (field(dt, 8, 0) + 1) * 4096, TAB_DTE));
	if (control >> 12 & 1) /* CmdBufEn */
		take(t, many(cb, UINT64_C(16) << field(cb, 59, 56), TAB_QUEUE));
}
void tab_reg_write(struct tab *t, enum tab_arch a, uint32_t off, unsigned bytes, uint64_t val)
{
	static void (*const hook[])(struct tab *, uint32_t) = { [TAB_VTD] = vtd_reg, [TAB_SMMUV3] = smmu_reg, [TAB_AMDVI] = amd_reg };
	unsigned char *shadow = (unsigned char *)t->reg;

	if (off + bytes > sizeof(t->reg))
		return;
	memcpy(shadow + off, &val, bytes);
	hook[a](t, off);
}
