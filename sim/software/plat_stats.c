/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plat_stats.c - do the statistics of a run agree with each other? Each component knows what must hold of its own (iommu_stats_wrong(),
 * xc_stats_wrong(), dev_stats_wrong()); here they are asked, and what passes between components is compared.
 * Not compared: counters that a vendor's unit has beside its caches and struct iommu_stats, statistics of single PASIDs, and anything after a
 * warm-up has reset the counters while requests were in flight.
 */
#include <stdio.h>
#include "software/plat_int.h"

static const char *units(struct plat *p, char *text, size_t size, uint64_t *faults)
{
	const char *wrong = NULL;

	for (size_t i = 0; i < p->n_unit && !wrong; i++) {
		struct iommu *u = p->unit[i]->u;
		struct stat_reg r = { 0 };
		const char *what = u->name;

		*faults += u->st.faults;
		wrong = iommu_stats_wrong(u);
		if (!wrong && u->ops->stats(u, &r)) {
			for (size_t k = 0; k < r.n && !wrong; k++)
				if (r.node[k].defs == xc_stat_defs) {
					wrong = xc_stats_wrong(r.node[k].base);
					what = r.node[k].path;
				}
		}
		if (wrong)
			snprintf(text, size, "statistics of %s: %s", what, wrong);
		stat_fini(&r);
	}
	return wrong ? text : NULL;
}

const char *plat_stats_wrong(struct plat *p, char *text, size_t size)
{
	const struct mem_port_stats *m = &p->port.st;
	uint64_t faults = 0, aside = 0;
	const char *wrong;

	if (p->warm)
		return NULL;
	if (units(p, text, size, &faults))
		return text;
	for (size_t i = 0; i < p->n_dev; i++) {
		wrong = dev_stats_wrong(p->dev[i]->d);
		if (wrong) {
			snprintf(text, size, "statistics of %s: %s", p->dev[i]->path, wrong);
			return text;
		}
	}
	for (const struct flight *f = p->aside; f; f = f->next)
		aside++;
	if (m->llc_hits > m->reads + m->writes || m->bytes < m->reads + m->writes)
		wrong = "memory: more hits of the last-level cache, or fewer bytes, than accesses";
	else if (p->st.faults != faults)
		wrong = "replay: faults are not those that the units count";
	else if (p->st.dmas != p->r.dmas_done + p->r.n_flying + aside)
		wrong = "replay: DMAs issued are not those done + those in flight";
	else
		return NULL;
	snprintf(text, size, "statistics of %s", wrong);
	return text;
}
