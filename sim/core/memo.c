/* SPDX-License-Identifier: Apache-2.0 */
/* memo.c - writing the memo. */
#include "core/memo.h"
#include <stdlib.h>

struct memo *memo_create(void)
{
	struct memo *m = calloc(1, sizeof(*m));

	if (m)
		m->gen = 1; /* 0: an entry never written */
	return m;
}

void memo_keep(struct iommu *u, const struct xl *x, struct xcache *const c[MEMO_CFG], const uint32_t slot[MEMO_CFG], uint64_t beyond, const bool own[4])
{
	const struct xl_req *q = &x->req;
	struct memo_ent *m = memo_at(u, q);
	uint32_t cyc = 0;

	if (x->functional || u->ct)
		return;
	for (unsigned i = 0; i < MEMO_CFG; i++) {
		if (!c[i])
			continue;
		if (slot[i] == XC_MISS || xc_config(c[i])->ports)
			return;
		cyc += xc_config(c[i])->lat_cyc;
	}
	*m = (struct memo_ent){ .gen = u->memo->gen, .beyond = beyond, .rid = q->rid, .pasid = q->pasid, .has_pasid = q->has_pasid, .at = q->at,
				.own = { own[0], own[1], own[2], own[3] }, .cyc = cyc, .tag = x->tag };
	for (unsigned i = 0; i < MEMO_CFG; i++)
		if (c[i])
			m->cfg[i] = (struct memo_cfg){ .c = c[i], .entry = xc_payload(c[i], slot[i]), .slot = slot[i] };
}
