/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_exec.c - commands: which are legal, how long they occupy the execution unit, what they do. ATC_INV and CMD_SYNC: smmuv3_atc.c.
 * Does not model: VMS and device permission tables (their invalidations take their time and drop nothing), implementation defined
 * commands (illegal), wake-up events (CS = 2 completes as CS = 0). RES0 bits are ignored unless cfg->cmd_res0_ill. StreamIDs and
 * SubstreamIDs out of range (CONSTRAINED UNPREDICTABLE): no effect.
 * Prefetches are hints: what finds no room (CMDQ_PREFETCHES in flight) is dropped. Stride of PREFETCH_ADDR is in bits 9:5 of the second
 * word, the VMID of CFGI_VMS_PIDM in bits 47:32 of the first: one source each.
 * Spec: Arm IHI 0070, "Commands", "Range-based invalidation and level hint", "TLB invalidation".
 */
#include "smmuv3/smmuv3_cmdq.h"

enum need { NEVER, ALWAYS, S1P, S2P, HYP, ATS, PRI, STALL, MPAM, DPT };
enum what { NOTHING, PREFETCH, CFGI, TLBI, TLBI_ADDR, ATC, RESP, STALLED, SYNC };
static const struct {
	uint8_t need, what;
	bool ssec; /* the command has SSec */
} cmds[] = {
	[CMD_PREFETCH_CONFIG] = { ALWAYS, PREFETCH, true },
	[CMD_PREFETCH_ADDR] = { ALWAYS, PREFETCH, true },
	[CMD_CFGI_STE] = { ALWAYS, CFGI, true },
	[CMD_CFGI_STE_RANGE] = { ALWAYS, CFGI, true },
	[CMD_CFGI_CD] = { S1P, CFGI, true },
	[CMD_CFGI_CD_ALL] = { S1P, CFGI, true },
	[CMD_CFGI_VMS_PIDM] = { MPAM, CFGI, true },
	[CMD_TLBI_NH_ALL] = { S1P, TLBI, false },
	[CMD_TLBI_NH_ASID] = { S1P, TLBI, false },
	[CMD_TLBI_NH_VA] = { S1P, TLBI_ADDR, false },
	[CMD_TLBI_NH_VAA] = { S1P, TLBI_ADDR, false },
	[CMD_TLBI_EL2_ALL] = { HYP, TLBI, false },
	[CMD_TLBI_EL2_ASID] = { HYP, TLBI, false },
	[CMD_TLBI_EL2_VA] = { HYP, TLBI_ADDR, false },
	[CMD_TLBI_EL2_VAA] = { HYP, TLBI_ADDR, false },
	[CMD_TLBI_S12_VMALL] = { S2P, TLBI, false },
	[CMD_TLBI_S2_IPA] = { S2P, TLBI_ADDR, false },
	[CMD_TLBI_NSNH_ALL] = { ALWAYS, TLBI, false },
	[CMD_ATC_INV] = { ATS, ATC, false },
	[CMD_PRI_RESP] = { PRI, RESP, false },
	[CMD_RESUME] = { STALL, STALLED, true },
	[CMD_STALL_TERM] = { STALL, STALLED, true },
	[CMD_SYNC] = { ALWAYS, SYNC, false },
	[CMD_DPTI_ALL] = { DPT, NOTHING, false },
	[CMD_DPTI_PA] = { DPT, NOTHING, false },
};

static unsigned op_of(const uint64_t cmd[2])
{
	return (unsigned)bits_get(cmd[0], 7, 0);
}

static unsigned what_of(const uint64_t cmd[2])
{
	unsigned op = op_of(cmd);

	return op < ARRAY_LEN(cmds) ? cmds[op].what : NOTHING;
}

static uint32_t sid_of(const uint64_t cmd[2])
{
	return (uint32_t)bits_get(cmd[0], 63, 32);
}

static bool have(const struct smmuv3_caps *c, unsigned need)
{
	switch (need) {
	case ALWAYS: return true;
	case S1P: return c->s1p;
	case S2P: return c->s2p;
	case HYP: return c->hyp;
	case ATS: return c->ats;
	case PRI: return c->pri;
	case STALL: return c->stall_model != 1;
	case MPAM: return c->mpam;
	case DPT: return c->dpt;
	}
	return false;
}

/* ---- ranges ---- */

static unsigned tg_of(const struct smmuv3_caps *c, const uint64_t cmd[2])
{
	return c->ril ? (unsigned)bits_get(cmd[1], 11, 10) : 0;
}

static unsigned scale_of(const struct smmuv3_caps *c, const uint64_t cmd[2])
{
	unsigned scale = (unsigned)bits_get(cmd[0], c->ds ? 25 : 24, 20);

	return scale < 39 ? scale : 39;
}

static unsigned ttl_of(const struct smmuv3_caps *c, const uint64_t cmd[2])
{
	unsigned ttl = (unsigned)bits_get(cmd[1], 9, 8);

	return ttl == 1 && tg_of(c, cmd) == 2 && !c->ds ? 0 : ttl; /* 16 KiB has blocks at level 1 with DS only */
}

/* One granule and no level: reserved. */
static bool range_legal(const struct smmuv3_caps *c, const uint64_t cmd[2])
{
	return !tg_of(c, cmd) || bits_get(cmd[0], 16, 12) || bits_get(cmd[0], c->ds ? 25 : 24, 20) || ttl_of(c, cmd);
}

void smmuv3_cmd_range(const struct smmuv3_caps *c, const uint64_t cmd[2], struct smmuv3_tlbi *t)
{
	bool ipa = op_of(cmd) == CMD_TLBI_S2_IPA;
	unsigned tg = tg_of(c, cmd), granule = tg ? 10 + 2 * tg : 12;
	uint64_t bytes = UINT64_C(1) << granule, addr = cmd[1] & bits_mask(ipa ? 55 : 63, 12), end;

	t->leaf = cmd[1] & 1;
	t->tg = (uint8_t)tg;
	t->level = 0;
	if (tg) {
		t->level = (uint8_t)ttl_of(c, cmd);
		bytes = (bits_get(cmd[0], 16, 12) + 1) << (scale_of(c, cmd) + granule);
	}
	t->first = addr & ~low_mask(granule);
	t->last = t->first + bytes - 1;
	/* A range ends with its half of the address space. */
	end = ipa ? low_mask(56) : t->first | low_mask(63);
	if (t->last > end || t->last < t->first)
		t->last = end;
}

void cmdq_range(const struct smmuv3 *s, const uint64_t cmd[2], struct smmuv3_tlbi *t)
{
	smmuv3_cmd_range(&s->cap, cmd, t);
}

/* ---- legality and time ---- */

bool smmuv3_cmd_legal(const struct smmuv3_caps *c, const struct smmuv3_cfg *cfg, const uint64_t cmd[2])
{
	unsigned op = op_of(cmd);
	const struct fld_set *f = smmuv3_cmd_set(cmd[0]);

	if (op >= ARRAY_LEN(cmds) || !have(c, cmds[op].need) || (cmds[op].ssec && cmd[0] >> 10 & 1))
		return false;
	if (cfg->cmd_res0_ill && f && ((cmd[0] & fld_reserved(f, 0)) || (cmd[1] & fld_reserved(f, 1))))
		return false;
	switch (cmds[op].what) {
	case TLBI_ADDR: return range_legal(c, cmd);
	case ATC: return !cfg->atc_size_ill || bits_get(cmd[1], 5, 0) <= 52;
	case RESP: return bits_get(cmd[1], 13, 12) != 3;
	case SYNC: return bits_get(cmd[0], 13, 12) != 3;
	}
	return true;
}

bool cmdq_legal(const struct smmuv3 *s, const uint64_t cmd[2])
{
	return smmuv3_cmd_legal(&s->cap, s->cfg, cmd);
}

uint64_t cmdq_cycles(const struct smmuv3 *s, const uint64_t cmd[2])
{
	const struct smmuv3_cfg *c = s->cfg;
	unsigned what = what_of(cmd);
	uint64_t broadcast = c->utlb.entries || c->tbu.entries ? 2 * (uint64_t)c->link_cyc : 0, pages;
	struct smmuv3_tlbi t;

	switch (what) {
	case CFGI: return c->cfgi_cyc + broadcast;
	case TLBI: return c->tlbi_cyc + broadcast;
	case SYNC: return c->sync_cyc;
	case TLBI_ADDR:
		cmdq_range(s, cmd, &t);
		pages = t.tg ? ((t.last - t.first) >> (10 + 2 * t.tg)) + 1 : 0;
		return c->tlbi_cyc + broadcast + c->tlbi_page_cyc * (pages < 64 ? pages : 64);
	}
	return 0;
}

/* ---- execution ---- */

static void exec_cfgi(struct smmuv3 *s, const uint64_t cmd[2])
{
	uint32_t sid = sid_of(cmd), ssid = (uint32_t)bits_get(cmd[0], 31, 12);
	unsigned range = (unsigned)bits_get(cmd[1], 4, 0);

	switch (op_of(cmd)) {
	case CMD_CFGI_STE:
		s->st.cfgi_ste++;
		smmuv3_inv_ste(s, sid, UINT32_MAX, cmd[1] & 1);
		break;
	case CMD_CFGI_STE_RANGE:
		s->st.cfgi_ste++;
		s->st.cfgi_all += range == 31;
		smmuv3_inv_ste(s, sid, (uint32_t)~low_mask(range + 1), false);
		break;
	case CMD_CFGI_CD:
		s->st.cfgi_cd++;
		smmuv3_inv_cd(s, sid, ssid, false, cmd[1] & 1);
		break;
	case CMD_CFGI_CD_ALL:
		s->st.cfgi_cd++;
		smmuv3_inv_cd(s, sid, 0, true, false);
		break;
	default: s->st.cfgi_vms++; break;
	}
}

static void exec_tlbi(struct smmuv3 *s, const uint64_t cmd[2])
{
	unsigned op = op_of(cmd);
	struct smmuv3_tlbi t = { .op = (uint8_t)op,
				 .vmid = s->cap.s2p ? (uint16_t)bits_get(cmd[0], 47, 32) : 0,
				 .asid = (uint16_t)bits_get(cmd[0], 63, 48),
				 .last = UINT64_MAX };

	if (what_of(cmd) == TLBI_ADDR) {
		cmdq_range(s, cmd, &t);
		*(op == CMD_TLBI_S2_IPA ? &s->st.tlbi_ipa : &s->st.tlbi_va) += 1;
		s->st.tlbi_range += t.tg != 0;
	} else {
		*(op == CMD_TLBI_NH_ASID || op == CMD_TLBI_EL2_ASID ? &s->st.tlbi_asid : &s->st.tlbi_all) += 1;
	}
	smmuv3_tlbi(s, &t);
}

static void prefetched(struct xl *x)
{
	struct smmuv3_prefetch *p = container_of(x, struct smmuv3_prefetch, x);
	struct smmuv3 *s = p->s;

	iommu_retire(&s->u, x);
	p->next = s->cq->prefetch_free;
	s->cq->prefetch_free = p;
	s->cq->prefetches--;
	smmuv3_progress(s);
}

static bool prefetch(struct smmuv3 *s, const uint64_t cmd[2], unsigned at, uint64_t iova)
{
	struct smmuv3_cmdqs *c = s->cq;
	struct smmuv3_prefetch *p = c->prefetch_free;

	if (!p)
		return false;
	c->prefetch_free = p->next;
	c->prefetches++;
	p->x.req = (struct xl_req){ .iova = iova, .len = 1, .rid = sid_of(cmd), .acc = XL_R, .at = (uint8_t)at, .spec = true };
	p->x.req.has_pasid = cmd[0] >> 11 & 1;
	if (p->x.req.has_pasid)
		p->x.req.pasid = (uint32_t)bits_get(cmd[0], 31, 12);
	p->x.done = prefetched;
	iommu_translate(&s->u, &p->x);
	return true;
}

static void exec_prefetch(struct smmuv3 *s, const uint64_t cmd[2])
{
	uint64_t n = UINT64_C(1) << bits_get(cmd[1], 4, 0), addr = cmd[1] & bits_mask(63, 12);
	unsigned stride = 12 + (unsigned)bits_get(cmd[1], 9, 5);

	if (!s->on.smmu) {
		s->st.cmd_ignored++;
		return;
	}
	s->st.prefetch++;
	if (op_of(cmd) == CMD_PREFETCH_CONFIG) {
		prefetch(s, cmd, XL_CONFIG, 0);
		return;
	}
	for (uint64_t i = 0; i < n && prefetch(s, cmd, XL_UNTRANSLATED, addr + (i << stride)); i++)
		;
}

static void exec_pri_resp(struct smmuv3 *s, const uint64_t cmd[2])
{
	if (!s->on.smmu) {
		s->st.cmd_ignored++;
		return;
	}
	s->st.pri_resp++;
	smmuv3_pri_resp(s, sid_of(cmd), cmd[0] >> 11 & 1, (uint32_t)bits_get(cmd[0], 31, 12), (unsigned)bits_get(cmd[1], 8, 0),
			(unsigned)bits_get(cmd[1], 13, 12));
}

static void exec_stalled(struct smmuv3 *s, const uint64_t cmd[2])
{
	s->st.resume++;
	if (op_of(cmd) == CMD_RESUME)
		smmuv3_resume(s, sid_of(cmd), (unsigned)bits_get(cmd[1], 15, 0), cmd[0] >> 12 & 1, cmd[0] >> 13 & 1);
	else
		smmuv3_stall_term(s, sid_of(cmd), false);
}

void cmdq_exec(struct smmuv3_cmdq *q)
{
	struct smmuv3 *s = q->s;

	switch (what_of(q->cmd)) {
	case ATC: cmdq_atc(q); return;
	case SYNC:
		q->state = CQ_SYNC;
		cmdq_sync(q);
		return;
	case CFGI:
		exec_cfgi(s, q->cmd);
		q->dirty = true;
		break;
	case TLBI:
	case TLBI_ADDR:
		exec_tlbi(s, q->cmd);
		q->dirty = true;
		break;
	case PREFETCH: exec_prefetch(s, q->cmd); break;
	case RESP: exec_pri_resp(s, q->cmd); break;
	case STALLED: exec_stalled(s, q->cmd); break;
	default: s->st.cmd_ignored++; break;
	}
	cmdq_consumed(q);
}

void cmdq_prefetch_init(struct smmuv3 *s)
{
	struct smmuv3_cmdqs *c = s->cq;

	for (unsigned i = 0; i < CMDQ_PREFETCHES; i++) {
		c->prefetch_pool[i].s = s;
		c->prefetch_pool[i].next = c->prefetch_free;
		c->prefetch_free = &c->prefetch_pool[i];
	}
}

void cmdq_prefetch_cancel(struct smmuv3 *s)
{
	for (unsigned i = 0; i < CMDQ_PREFETCHES; i++)
		sim_cancel(s->u.k, &s->cq->prefetch_pool[i].x.ev);
}
