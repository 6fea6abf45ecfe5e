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

void memo_keep(struct iommu *u, const struct xl *x, const struct memo_what *w)
{
	const struct xc_cfg *main = xc_config(w->main);
	const struct xl_req *q = &x->req;
	struct memo_ent *m = memo_at(u, q);
	uint32_t cyc = 0;

	if (x->functional || u->ct)
		return;
	for (unsigned i = 0; i < MEMO_CFG; i++) {
		if (!w->c[i])
			continue;
		if (w->slot[i] == XC_MISS || xc_config(w->c[i])->ports)
			return;
		cyc += xc_config(w->c[i])->lat_cyc;
	}
	u->memo->tables[m - u->memo->ent].gen = 0;
	*m = (struct memo_ent){ .gen = u->memo->gen, .beyond = w->beyond, .rid = q->rid, .pasid = q->pasid, .has_pasid = q->has_pasid, .at = q->at,
				.need = main->ports || !main->entries ? MEMO_LONG : w->need, .cyc = cyc, .hit_cyc = cyc + main->lat_cyc + w->hit_cyc, .tag = x->tag };
	memcpy(m->own, w->own, sizeof(m->own));
	for (unsigned i = 0; i < MEMO_CFG; i++)
		if (w->c[i])
			m->cfg[i] = (struct memo_cfg){ .c = w->c[i], .entry = xc_payload(w->c[i], w->slot[i]), .slot = w->slot[i] };
}

void memo_keep_tables(struct iommu *u, const struct memo_ent *m, unsigned variant, struct pt_walk *w)
{
	struct memo_tables *t;

	for (unsigned i = 0; i < 2; i++)
		if (w->t[i].fmt)
			w->t[i].fmt->plain(&w->t[i], &w->plain[i]);
	if (!m)
		return;
	t = &u->memo->tables[m - u->memo->ent];
	t->gen = m->gen;
	t->variant = variant;
	memcpy(t->t, w->t, sizeof(w->t));
	memcpy(t->plain, w->plain, sizeof(w->plain));
}
