/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hyp_ring.c - what a tail write hands to a unit: how many commands, how many of them for devices' TLBs and for whom, how many waits.
 * The ring is known from the register writes that set it up, its content from memory. A VCMDQ is known by the page of its virtual
 * interface, a guest's buffer of AMD-Vi by its GuestID. Other further rings (ECMDQ) are not looked at.
 * Spec: VT-d, "Invalidation Queue Address Register"; SMMUv3, "SMMU_CMDQ_BASE", "SMMU_CMDQ_PROD"; AMD-Vi, "Command Buffer Base Address".
 */
#include <string.h>
#include "amdvi/amdvi.h"
#include "core/base/bits.h"
#include "software/amd_private.h"
#include "software/hyp_int.h"

static bool ring_vtd(struct hyp_ring *r, uint32_t off, uint64_t val)
{
	enum { IQT = 0x88, IQA = 0x90 };

	if (off == IQA) {
		r->wide = bits_get(val, 11, 11);
		r->base = val & bits_mask(51, 12);
		r->size = UINT64_C(4096) << bits_get(val, 2, 0);
		r->tail = 0;
	}
	return off == IQT;
}

enum { AMD_CMD_BASE = 0x08, AMD_CMD_TAIL = 0x2008, NOTHING = UINT16_MAX };

/* Registers of a guest of AMD-Vi, as if they were the unit's own with its addresses. Its bases are guest-physical. */
static struct hyp_ring *which_amdvi(struct hyp_unit *u, uint32_t *off, uint64_t *val)
{
	const bool vf = *off >= AMDVI_VF_OFF;
	const uint32_t from = *off - (vf ? AMDVI_VF_OFF : AMDVI_VFCNTL_OFF), stride = vf ? AMDP_VF_BYTES : AMDP_C_BYTES, reg = from % stride;
	const uint64_t base = (*val & bits_mask(51, 12)) - u->s2_offset, len = bits_get(*val, 3, 0);
	struct hyp_ring *r = &u->vintf[from / stride];

	if (*off < AMDVI_VFCNTL_OFF)
		return &u->main;
	*off = NOTHING;
	if (from / stride >= HYP_VINTFS)
		return &u->main;
	if (vf && reg == AMDP_VF_CMD_TAIL) {
		*off = AMD_CMD_TAIL;
	} else if (!vf && reg == AMDP_C_CMD) {
		*off = AMD_CMD_BASE;
		*val = base | len << 56;
	} else if (!vf && reg == AMDP_C_EVT) {
		r->log = base;
		r->log_size = UINT64_C(16) << len;
	}
	return r;
}

/* The ring a write is about: of a unit, or of a virtual interface (pages of 64 KiB, two for each, registers of logical queue 0). */
static struct hyp_ring *which(struct hyp_unit *u, const char *arch, uint32_t *off, uint64_t *val)
{
	enum { BLOCK = 0x4000000 + 0x30000, STRIDE = 0x20000, PAGE1 = 0x10000 };
	uint32_t in = *off - BLOCK;

	if (!strcmp(arch, "amdvi"))
		return which_amdvi(u, off, val);
	if (strcmp(arch, "smmuv3") || *off < BLOCK || in / STRIDE >= HYP_VINTFS)
		return &u->main;
	*off = in % STRIDE == PAGE1 ? 0x90 : in % STRIDE == 4 ? 0x98 : 0; /* BASE, PROD */
	return &u->vintf[in / STRIDE];
}

static bool ring_smmuv3(struct hyp_ring *r, uint32_t off, uint64_t val)
{
	enum { CMDQ_BASE = 0x90, CMDQ_PROD = 0x98 };

	if (off == CMDQ_BASE) {
		r->base = val & bits_mask(51, 5);
		r->size = UINT64_C(16) << bits_get(val, 4, 0);
		r->tail = 0;
	}
	return off == CMDQ_PROD;
}

static bool ring_amdvi(struct hyp_ring *r, uint32_t off, uint64_t val)
{
	enum { DEVTAB = 0x00 };

	if (off == DEVTAB) {
		r->devtab = val & bits_mask(51, 12);
		r->devtab_end = r->devtab + 4096 * (1 + bits_get(val, 8, 0));
	}
	if (off == AMD_CMD_BASE) {
		r->base = val & bits_mask(51, 12);
		r->size = UINT64_C(16) << bits_get(val, 59, 56);
		r->tail = 0;
	}
	return off == AMD_CMD_TAIL;
}

/* By the first word: is it for a device's TLB, is it a wait? */
static void count_vtd(uint64_t w, struct hyp_batch *b)
{
	uint64_t type = bits_get(w, 3, 0) | bits_get(w, 11, 9) << 4;

	b->devtlb += type == 3 || type == 8;
	b->waits += type == 5;
}

static void count_smmuv3(uint64_t w, struct hyp_batch *b)
{
	b->devtlb += bits_get(w, 7, 0) == 0x40;
	b->waits += bits_get(w, 7, 0) == 0x46;
}

static void count_amdvi(uint64_t w, struct hyp_batch *b)
{
	b->devtlb += bits_get(w, 63, 60) == 4;
	b->waits += bits_get(w, 63, 60) == 1;
}

/* Whom a device-TLB command is for. Returns: false if it is none. */
static bool target_vtd(const uint64_t *w, struct hyp_target *t)
{
	uint64_t type = bits_get(w[0], 3, 0) | bits_get(w[0], 11, 9) << 4;

	t->rid = (uint32_t)(type == 3 ? bits_get(w[0], 47, 32) : bits_get(w[0], 31, 16));
	t->pasid = type == 3 ? TRC_NO_PASID : (uint32_t)bits_get(w[0], 51, 32);
	return type == 3 || type == 8;
}

static bool target_smmuv3(const uint64_t *w, struct hyp_target *t)
{
	t->rid = (uint32_t)bits_get(w[0], 63, 32);
	t->pasid = bits_get(w[0], 11, 11) ? (uint32_t)bits_get(w[0], 31, 12) : TRC_NO_PASID;
	return bits_get(w[0], 7, 0) == 0x40;
}

static bool target_amdvi(const uint64_t *w, struct hyp_target *t)
{
	t->rid = (uint32_t)bits_get(w[0], 15, 0);
	t->pasid = (uint32_t)(bits_get(w[0], 55, 48) | bits_get(w[0], 23, 16) << 8 | bits_get(w[0], 59, 56) << 16);
	if (!bits_get(w[1], 2, 2) || !t->pasid) /* GN; PASID 0 is what requests without one have */
		t->pasid = TRC_NO_PASID;
	return bits_get(w[0], 63, 60) == 4;
}

static const struct {
	const char *name;
	bool (*ring)(struct hyp_ring *r, uint32_t off, uint64_t val);
	void (*count)(uint64_t w, struct hyp_batch *b);
	bool (*target)(const uint64_t *w, struct hyp_target *t);
	uint8_t tail_lg2; /* unit of the tail, bytes */
} rings[] = {
	{ "vtd", ring_vtd, count_vtd, target_vtd, 0 },
	{ "smmuv3", ring_smmuv3, count_smmuv3, target_smmuv3, 4 },
	{ "amdvi", ring_amdvi, count_amdvi, target_amdvi, 0 },
};

bool hyp_ring_target(const char *arch, const uint64_t w[2], struct hyp_target *t)
{
	*t = (struct hyp_target){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(rings); i++)
		if (!strcmp(arch, rings[i].name))
			return rings[i].target(w, t);
	return false;
}

static void add_target(struct hyp_targets *all, const char *arch, const uint64_t *w, bool is_virtual)
{
	struct hyp_target t;

	if (!hyp_ring_target(arch, w, &t) || all->n == HYP_TARGETS)
		return;
	t.is_virtual = is_virtual;
	for (unsigned i = 0; i < all->n; i++)
		if (all->t[i].rid == t.rid && all->t[i].pasid == t.pasid && all->t[i].is_virtual == is_virtual)
			return;
	all->t[all->n++] = t;
}

/* A guest's COMPLETION_WAIT that stores. */
static void remember_wait(const struct hyp_unit *u, struct hyp_ring *r, const uint64_t *w, struct hyp_batch *b)
{
	if (w[0] >> 60 != 1 || !(w[0] & 1))
		return;
	b->asked |= !r->wait_at;
	r->wait_at = (w[0] & bits_mask(51, 3)) - u->s2_offset;
	r->wait_val = w[1];
}

bool hyp_ring_write(struct hyp_unit *unit, const struct iommu *u, const struct mem *m, uint32_t off, uint64_t val, struct hyp_batch *b,
		    struct hyp_targets *t)
{
	struct hyp_ring *r = which(unit, u->ops->arch, &off, &val);

	*b = (struct hyp_batch){ .guest = r == &unit->main ? NULL : r };
	for (size_t i = 0; i < ARRAY_LEN(rings); i++) {
		uint64_t tail, step, w[2];

		if (strcmp(u->ops->arch, rings[i].name))
			continue;
		if (!rings[i].ring(r, off, val) || !r->size)
			return false;
		tail = (val << rings[i].tail_lg2) & (r->size - 1);
		step = r->wide ? 32 : 16;
		for (; r->tail != tail; r->tail = (r->tail + step) & (r->size - 1)) {
			if (mem_read(m, r->base + r->tail, w, 2) != MEM_OK)
				break;
			b->commands++;
			rings[i].count(w[0], b);
			if (b->guest && !strcmp(u->ops->arch, "amdvi"))
				remember_wait(unit, r, w, b);
			if (t)
				add_target(t, u->ops->arch, w, r != &unit->main);
		}
		r->tail = tail;
		return true;
	}
	return false;
}
