/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_vcmdq.c - virtual command queues (NVIDIA Tegra241 CMDQV in outline): the block at SMMUV3_CMDQV_OFF. Each virtual interface
 * (VINTF) has logical queues given to it by CMDQ_ALLOC; a queue is reached through the global pages and, under its logical number, through
 * its VINTF's.
 * Models: a guest's queues (HYP_OWN = 0) issue TLBI_NH_VA, TLBI_NH_ASID, ATC_INV and CMD_SYNC, everything else is CERROR_ILL; the VMID of
 * the VINTF replaces the command's; the StreamID of ATC_INV is looked up in the VINTF's table. Errors as in the main queue, with GERROR
 * and GERRORN of the queue.
 * Unconfirmed, ours: the layout of the StreamID table (SID_MATCH(n) at VINTF + 0x40 + 4n: vSID << 1 | enable, SID_REPLACE(n) at + 0x80 + 4n:
 * pSID, n = 0..15) and that an unknown vSID is CERROR_ILL.
 * Does not model: who writes (HYP_OWN can be set by everybody; in hardware a guest reads 0 back), interrupts of the block (VINTF_INT_MASK is
 * storage), the copy of the read index at CONS_INDX_BASE (storage). BASE, CONS and CMDQ_ALLOC change only while the queue is off.
 * Spec: no public document; names and offsets as the Linux driver has them.
 */
#include <stdlib.h>
#include "smmuv3/smmuv3_cmdq.h"

enum {
	V_CONFIG = 0x0, V_PARAM = 0x4, V_STATUS = 0x8, V_VINTF_ERR_MAP = 0x14, V_VINTF_INT_MASK = 0x1c, V_CMDQ_ERR_MAP = 0x24,
	V_CMDQ_ALLOC = 0x200, V_VINTF = 0x1000, V_VINTF_STRIDE = 0x100, V_GLOBAL = 0x10000, V_ALIAS = 0x30000, V_ALIAS_STRIDE = 0x20000,
	V_PAGE = 0x10000, V_QUEUE_STRIDE = 0x80
};
enum { I_CONFIG = 0x0, I_STATUS = 0x4, I_SID_MATCH = 0x40, I_SID_REPLACE = 0x80, I_ERR_MAP = 0xc0, I_SIDS = 16, I_LOGICAL = 128 };
enum { Q_CONS = 0x0, Q_PROD = 0x4, Q_CONFIG = 0x8, Q_STATUS = 0xc, Q_GERROR = 0x10, Q_GERRORN = 0x14, Q_BASE = 0x0, Q_CONS_INDX = 0x8 };
enum { EN = 1, HYP_OWN = 1 << 17, ALLOCATED = 1, INDEX = 0xfffff };

struct vcmdq {
	struct smmuv3_cmdq q; /* first */
	uint32_t alloc, config, gerror, gerrorn;
	uint64_t cons_indx;
	bool on; /* STATUS.ENABLED */
};
struct vintf {
	uint32_t config, match[I_SIDS], replace[I_SIDS];
};
struct smmuv3_vcmdqs {
	uint32_t config;
	uint64_t int_mask;
	unsigned n_q, n_vintf;
	struct vintf *vintf;
	struct vcmdq q[];
};

static const struct vcmdq *vq_of(const struct smmuv3_cmdq *q)
{
	return (const struct vcmdq *)q;
}

static struct vintf *vintf_of(const struct vcmdq *q)
{
	struct smmuv3_vcmdqs *v = q->q.s->cq->v;
	unsigned i = (unsigned)bits_get(q->alloc, 20, 15);

	return (q->alloc & ALLOCATED) && i < v->n_vintf ? &v->vintf[i] : NULL;
}

static bool wanted(const struct vcmdq *q)
{
	const struct vintf *i = vintf_of(q);

	return i && (q->config & q->q.s->cq->v->config & i->config & EN);
}

static bool vq_enabled(const struct smmuv3_cmdq *q)
{
	return vq_of(q)->on && wanted(vq_of(q));
}

static bool vq_failed(const struct smmuv3_cmdq *q)
{
	return (vq_of(q)->gerror ^ vq_of(q)->gerrorn) & 1;
}

static void vq_error(struct smmuv3_cmdq *q, unsigned reason)
{
	q->cons = (uint32_t)bits_put(q->cons, 30, 24, reason);
	((struct vcmdq *)q)->gerror ^= 1;
}

static void vq_rest(struct smmuv3_cmdq *q)
{
	((struct vcmdq *)q)->on = wanted(vq_of(q));
}

/* May the queue issue q->cmd? A guest's commands get the VMID and the StreamID of the machine. */
static bool vq_screen(struct smmuv3_cmdq *q)
{
	const struct vintf *i = vintf_of(vq_of(q));
	uint32_t vsid = (uint32_t)bits_get(q->cmd[0], 63, 32);

	if (!i)
		return false;
	if (i->config & HYP_OWN)
		return true;
	switch (bits_get(q->cmd[0], 7, 0)) {
	case CMD_SYNC: return true;
	case CMD_TLBI_NH_VA:
	case CMD_TLBI_NH_ASID: q->cmd[0] = bits_put(q->cmd[0], 47, 32, bits_get(i->config, 16, 1)); return true;
	case CMD_ATC_INV:
		for (unsigned n = 0; n < I_SIDS; n++) {
			if ((i->match[n] & EN) && i->match[n] >> 1 == vsid) {
				q->cmd[0] = bits_put(q->cmd[0], 63, 32, i->replace[n]);
				return true;
			}
		}
	}
	return false;
}
static const struct smmuv3_cmdq_kind vcmdq_kind = {
	.enabled = vq_enabled, .failed = vq_failed, .error = vq_error, .rest = vq_rest, .screen = vq_screen, .max_lg2 = 19
};

/* ---- registers of a queue ---- */

static uint64_t half(uint64_t w, uint32_t off, unsigned bytes)
{
	return bytes == 8 ? w : off & 4 ? w >> 32 : w & UINT32_MAX;
}

static uint64_t page0_read(const struct vcmdq *q, uint32_t reg)
{
	switch (reg) {
	case Q_CONS: return q->q.cons;
	case Q_PROD: return q->q.prod;
	case Q_CONFIG: return q->config;
	case Q_STATUS: return q->on;
	case Q_GERROR: return q->gerror;
	case Q_GERRORN: return q->gerrorn;
	}
	return 0;
}

static void page0_write(struct vcmdq *q, uint32_t reg, uint32_t v)
{
	switch (reg) {
	case Q_CONS:
		if (!(q->config & EN) && !q->on)
			q->q.cons = (q->q.cons & ~(uint32_t)INDEX) | (v & INDEX);
		break;
	case Q_PROD: q->q.prod = v & INDEX; break;
	case Q_CONFIG: q->config = v & EN; break;
	case Q_GERRORN: q->gerrorn = v & 1; break;
	}
	cmdq_step(&q->q);
}

static uint64_t queue_read(const struct vcmdq *q, bool page1, uint32_t reg, unsigned bytes)
{
	if (page1)
		return reg < Q_CONS_INDX ? half(q->q.base, reg, bytes) : reg < 0x10 ? half(q->cons_indx, reg, bytes) : 0;
	return bytes == 8 ? page0_read(q, reg) | page0_read(q, reg + 4) << 32 : page0_read(q, reg);
}

static void queue_write(struct vcmdq *q, bool page1, uint32_t reg, unsigned bytes, uint64_t v)
{
	if (page1 && reg < Q_CONS_INDX) {
		if (!(q->config & EN) && !q->on)
			q->q.base = cmdq_part(q->q.base, reg, bytes, v) & (bits_mask(47, 5) | 0x1f);
	} else if (page1) {
		if (reg < 0x10)
			q->cons_indx = cmdq_part(q->cons_indx, reg, bytes, v);
	} else {
		page0_write(q, reg, (uint32_t)v);
		if (bytes == 8)
			page0_write(q, reg + 4, (uint32_t)(v >> 32));
	}
}

/* The queue of the VINTF and logical number, NULL if none was given. */
static struct vcmdq *logical(struct smmuv3_vcmdqs *v, unsigned vintf, unsigned lv)
{
	for (unsigned i = 0; i < v->n_q; i++)
		if (v->q[i].alloc == ((uint32_t)vintf << 15 | lv << 1 | ALLOCATED))
			return &v->q[i];
	return NULL;
}

/* The queue whose registers are at @at of the block; *@page1 and *@reg tell which. NULL: none there. */
static struct vcmdq *find(struct smmuv3_vcmdqs *v, uint32_t at, bool *page1, uint32_t *reg)
{
	uint32_t in = at - (at < V_ALIAS ? V_GLOBAL : V_ALIAS), n;

	*page1 = in / V_PAGE & 1;
	*reg = in % V_QUEUE_STRIDE;
	n = in % V_PAGE / V_QUEUE_STRIDE;
	if (at < V_ALIAS)
		return n < v->n_q ? &v->q[n] : NULL;
	return in / V_ALIAS_STRIDE < v->n_vintf && n < I_LOGICAL ? logical(v, in / V_ALIAS_STRIDE, n) : NULL;
}

/* ---- the configuration page ---- */

static uint64_t err_map(const struct smmuv3_vcmdqs *v, unsigned first, unsigned n)
{
	uint64_t map = 0;

	for (unsigned i = first; i < first + n && i < v->n_q; i++)
		map |= vq_failed(&v->q[i].q) ? BIT64(i - first) : 0;
	return map;
}

/* Bit per VINTF with a failed queue; @vintf < n_vintf: bit per logical queue of it, from @first on. */
static uint64_t vintf_err_map(const struct smmuv3_vcmdqs *v, unsigned vintf, unsigned first)
{
	uint64_t map = 0;

	for (unsigned i = 0; i < v->n_q; i++) {
		unsigned of = (unsigned)bits_get(v->q[i].alloc, 20, 15), lv = (unsigned)bits_get(v->q[i].alloc, 7, 1);

		if (!(v->q[i].alloc & ALLOCATED) || !vq_failed(&v->q[i].q))
			continue;
		if (vintf == v->n_vintf)
			map |= BIT64(of);
		else if (of == vintf && lv / 64 == first / 64)
			map |= BIT64(lv % 64);
	}
	return map;
}

static uint64_t vintf_read(const struct smmuv3_vcmdqs *v, unsigned n, uint32_t reg)
{
	const struct vintf *i = &v->vintf[n];

	if (reg == I_CONFIG)
		return i->config;
	if (reg == I_STATUS)
		return i->config & v->config & EN;
	if (reg >= I_SID_MATCH && reg < I_SID_MATCH + 4 * I_SIDS)
		return i->match[(reg - I_SID_MATCH) / 4];
	if (reg >= I_SID_REPLACE && reg < I_SID_REPLACE + 4 * I_SIDS)
		return i->replace[(reg - I_SID_REPLACE) / 4];
	if (reg >= I_ERR_MAP && reg < I_ERR_MAP + 16)
		return half(vintf_err_map(v, n, (reg - I_ERR_MAP) / 8 * 64), reg, 4);
	return 0;
}

static void vintf_write(struct vintf *i, uint32_t reg, uint32_t w)
{
	if (reg == I_CONFIG)
		i->config = w & (HYP_OWN | 0x1ffff);
	else if (reg >= I_SID_MATCH && reg < I_SID_MATCH + 4 * I_SIDS)
		i->match[(reg - I_SID_MATCH) / 4] = w;
	else if (reg >= I_SID_REPLACE && reg < I_SID_REPLACE + 4 * I_SIDS)
		i->replace[(reg - I_SID_REPLACE) / 4] = w;
}

static uint64_t config_read(const struct smmuv3 *s, uint32_t reg)
{
	const struct smmuv3_vcmdqs *v = s->cq->v;

	if (reg >= V_VINTF)
		return reg < V_VINTF + v->n_vintf * V_VINTF_STRIDE ? vintf_read(v, (reg - V_VINTF) / V_VINTF_STRIDE, reg % V_VINTF_STRIDE) : 0;
	if (reg >= V_CMDQ_ALLOC)
		return (reg - V_CMDQ_ALLOC) / 4 < v->n_q ? v->q[(reg - V_CMDQ_ALLOC) / 4].alloc : 0;
	if (reg >= V_CMDQ_ERR_MAP)
		return err_map(v, (reg - V_CMDQ_ERR_MAP) / 4 * 32, 32);
	switch (reg) {
	case V_CONFIG:
	case V_STATUS: return v->config;
	case V_PARAM: return s->cfg->cmdqv_vintf_lg2 << 8 | s->cfg->cmdqv_vcmdq_lg2 << 4;
	/* 64-bit registers at odd multiples of 4 */
	case V_VINTF_ERR_MAP: return vintf_err_map(v, v->n_vintf, 0) & UINT32_MAX;
	case V_VINTF_ERR_MAP + 4: return vintf_err_map(v, v->n_vintf, 0) >> 32;
	case V_VINTF_INT_MASK: return v->int_mask & UINT32_MAX;
	case V_VINTF_INT_MASK + 4: return v->int_mask >> 32;
	}
	return 0;
}

static void config_write(struct smmuv3_vcmdqs *v, uint32_t reg, uint32_t w)
{
	struct vcmdq *q;

	if (reg >= V_VINTF) {
		if (reg < V_VINTF + v->n_vintf * V_VINTF_STRIDE)
			vintf_write(&v->vintf[(reg - V_VINTF) / V_VINTF_STRIDE], reg % V_VINTF_STRIDE, w);
	} else if (reg >= V_CMDQ_ALLOC) {
		q = (reg - V_CMDQ_ALLOC) / 4 < v->n_q ? &v->q[(reg - V_CMDQ_ALLOC) / 4] : NULL;
		if (q && !q->on)
			q->alloc = w & (uint32_t)(bits_mask(20, 15) | bits_mask(7, 0));
	} else if (reg == V_CONFIG) {
		v->config = w & EN;
	} else if (reg == V_VINTF_INT_MASK || reg == V_VINTF_INT_MASK + 4) {
		v->int_mask = cmdq_part(v->int_mask, reg == V_VINTF_INT_MASK ? 0 : 4, 4, w);
	}
}

/* ---- the block ---- */

static bool ours(const struct smmuv3 *s, uint32_t off)
{
	return s->cq->v && off >= SMMUV3_CMDQV_OFF && off - SMMUV3_CMDQV_OFF < V_ALIAS + s->cq->v->n_vintf * V_ALIAS_STRIDE;
}

bool vcmdq_read(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t *v)
{
	uint32_t at = off - SMMUV3_CMDQV_OFF, reg;
	bool page1;
	const struct vcmdq *q;

	if (!ours(s, off))
		return false;
	*v = 0;
	if (at < V_GLOBAL) {
		*v = config_read(s, at) | (bytes == 8 ? config_read(s, at + 4) << 32 : 0);
		return true;
	}
	q = find(s->cq->v, at, &page1, &reg);
	if (q)
		*v = queue_read(q, page1, reg, bytes);
	return true;
}

bool vcmdq_write(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t v)
{
	uint32_t at = off - SMMUV3_CMDQV_OFF, reg;
	bool page1;
	struct vcmdq *q;

	if (!ours(s, off))
		return false;
	if (at < V_GLOBAL) {
		config_write(s->cq->v, at, (uint32_t)v);
		if (bytes == 8)
			config_write(s->cq->v, at + 4, (uint32_t)(v >> 32));
		for (unsigned i = 0; i < s->cq->v->n_q; i++)
			cmdq_step(&s->cq->v->q[i].q);
		return true;
	}
	q = find(s->cq->v, at, &page1, &reg);
	if (q)
		queue_write(q, page1, reg, bytes, v);
	return true;
}

bool vcmdq_create(struct smmuv3 *s)
{
	struct smmuv3_vcmdqs *v;
	unsigned n_q = 1u << s->cfg->cmdqv_vcmdq_lg2, n_vintf = 1u << s->cfg->cmdqv_vintf_lg2;

	if (!s->cfg->cmdqv)
		return true;
	v = calloc(1, sizeof *v + n_q * sizeof *v->q);
	if (!v)
		return false;
	s->cq->v = v;
	v->n_q = n_q;
	v->vintf = calloc(n_vintf, sizeof *v->vintf);
	if (!v->vintf)
		return false;
	v->n_vintf = n_vintf;
	for (unsigned i = 0; i < n_q; i++)
		cmdq_init(&v->q[i].q, s, &vcmdq_kind);
	return true;
}

void vcmdq_destroy(struct smmuv3 *s)
{
	struct smmuv3_vcmdqs *v = s->cq->v;

	if (!v)
		return;
	for (unsigned i = 0; i < v->n_q; i++)
		sim_cancel(s->u.k, &v->q[i].q.ev);
	free(v->vintf);
	free(v);
}
