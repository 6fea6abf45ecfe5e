/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_caps.c - VER, CAP and ECAP as flags and numbers. A capability whose precondition is absent counts as absent, as the
 * specification requires ("must be 0 when"). Perfmon, enhanced and virtual commands, advanced fault logging: not modelled.
 */
#include "core/memo.h"
#include "vtd/vtd_int.h"
#include "vtd/vtd_regs.h"

static void decode_cap(struct vtd_caps *c, uint64_t r)
{
	unsigned nd = (unsigned)bits_get(r, 2, 0);

	c->nd_bits = nd == 7 ? 16 : 4 + 2 * nd;
	c->rwbf = r >> 4 & 1;
	c->plmr = r >> 5 & 1;
	c->phmr = r >> 6 & 1;
	c->cm = r >> 7 & 1;
	c->sagaw = (unsigned)bits_get(r, 12, 8) & 0x0e;
	c->mgaw = (unsigned)bits_get(r, 21, 16) + 1;
	c->zlr = r >> 22 & 1;
	c->fro = (unsigned)bits_get(r, 33, 24) * 16;
	c->sslps = (unsigned)bits_get(r, 37, 34);
	c->psi = r >> 39 & 1;
	c->nfr = (unsigned)bits_get(r, 47, 40) + 1;
	c->mamv = (unsigned)bits_get(r, 53, 48);
	c->fs1gp = r >> 56 & 1;
	c->fs5lp = r >> 60 & 1;
	c->esirtps = r >> 62 & 1;
	c->esrtps = r >> 63 & 1;
}

static void decode_ecap(struct vtd_caps *c, uint64_t r)
{
	c->c = r & 1;
	c->qi = r >> 1 & 1;
	c->dt = (r >> 2 & 1) && c->qi;
	c->ir = (r >> 3 & 1) && c->qi;
	c->eim = (r >> 4 & 1) && c->ir;
	c->pt = r >> 6 & 1;
	c->sc = r >> 7 & 1;
	c->iro = (unsigned)bits_get(r, 17, 8) * 16;
	c->mhmv = c->ir ? (unsigned)bits_get(r, 23, 20) : 0;
	c->ssts = r >> 46 & 1;
	c->fsts = r >> 47 & 1;
	c->smts = (r >> 43 & 1) && c->qi && (c->fsts || c->ssts || c->pt);
	c->fsts = c->fsts && c->smts;
	c->mts = (r >> 25 & 1) && c->smts;
	c->nest = (r >> 26 & 1) && c->smts && c->fsts && c->ssts;
	c->prs = (r >> 29 & 1) && c->dt && c->smts;
	c->pasid = (r >> 40 & 1) && c->smts;
	c->ers = (r >> 30 & 1) && c->pasid;
	c->srs = (r >> 31 & 1) && c->smts;
	c->nwfs = (r >> 33 & 1) && c->dt;
	c->smpwcs = (r >> 48 & 1) && c->smts;
	c->eafs = (r >> 34 & 1) && c->fsts && c->smpwcs;
	c->pss = c->smts ? (unsigned)bits_get(r, 39, 35) + 1 : 0;
	c->dit = (r >> 41 & 1) && c->dt;
	c->pds = (r >> 42 & 1) && c->dt;
	c->ssads = (r >> 45 & 1) && c->smpwcs;
	c->rps = (r >> 49 & 1) && c->smts;
	c->adms = r >> 52 & 1;
	c->rprivs = (r >> 53 & 1) && c->srs;
	c->sms = (r >> 58 & 1) && c->prs;
}

void vtd_caps_of(struct vtd_caps *c, uint64_t ver, uint64_t cap, uint64_t ecap)
{
	*c = (struct vtd_caps){ .major = (unsigned)bits_get(ver, 7, 4) };
	decode_cap(c, cap);
	decode_ecap(c, ecap);
	c->fs1gp = c->fs1gp && c->fsts;
	c->fs5lp = c->fs5lp && c->fsts;
}

void vtd_caps_decode(struct vtd *v)
{
	struct vtd_caps *c = &v->cap;

	vtd_caps_of(c, vtd_reg_get(v, VTD_R_VER, 4), vtd_reg_get(v, VTD_R_CAP, 8), vtd_reg_get(v, VTD_R_ECAP, 8));
	/* Entries hold addresses up to bit 51. */
	c->haw = v->cfg->haw ? v->cfg->haw : c->mgaw;
	if (c->haw > 52)
		c->haw = 52;
	memo_forget(&v->u);
}
