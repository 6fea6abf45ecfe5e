/* SPDX-License-Identifier: Apache-2.0 */
/* pf_back.c - a hypervisor between page requests and the guest's handler; see pf_back.h. */
#include "software/pf_back.h"
#include <string.h>
#include "amdvi/amdvi.h"
#include "amdvi/amdvi_fields.h"

#define STAT_STRUCT struct pf_back_stats
const struct stat_def pf_back_stat_defs[] = {
	PF_BACK_STATS(STAT_ROW)
	{ "page_latency", "ps", "last request of a group read until the guest's handler can take it", offsetof(STAT_STRUCT, page_latency),
	  STAT_HIST, 0 },
	{ 0 },
};
#undef STAT_STRUCT

static void arrive(struct sim_event *ev)
{
	struct pf_back *b = container_of(ev, struct pf_back, ev);
	sim_time now = sim_now(b->h->u->k);

	while (b->way && b->way->due <= now) {
		struct pf_group *g = b->way;

		b->way = g->next;
		g->next = NULL;
		pf_host_ready(b->h, g);
	}
	if (b->way)
		sim_at(b->h->u->k, b->way->due, &b->ev);
}

static bool by_hardware(const struct hyp_cfg *c, bool smmuv3)
{
	return c->mode == HYP_HW && (c->pages == HYP_BACK_HARDWARE || (c->pages == HYP_BACK_AUTO && !smmuv3));
}

bool pf_back_guest_log(const struct hyp_cfg *c, const struct iommu *u)
{
	const uint64_t efr = strcmp(u->ops->arch, "amdvi") ? 0 : amdvi_config(u)->efr;

	return by_hardware(c, false) && amdvi_get_efr_vIommuSup(&efr) && amdvi_config(u)->viommu_guests;
}

bool pf_back_init(struct pf_back *b, const struct hyp_cfg *c, struct pf_host *h, struct err *e)
{
	const bool smmuv3 = h->o == &pf_host_smmuv3;
	const bool hw = by_hardware(c, smmuv3);

	if (c->pages == HYP_BACK_HARDWARE && (smmuv3 || c->mode != HYP_HW))
		return err_set(e, ERR_INPUT, "software.guest_pages = hardware: %s",
			       smmuv3 ? "an SMMUv3 has no queue of page requests for guests" : "only with software.hypervisor = nested-hw");
	*b = (struct pf_back){ .c = c, .h = h };
	b->host = c->mode > HYP_NATIVE && !hw;
	b->told = c->mode > HYP_PASSTHROUGH;
	b->trapped = b->told && !hw;
	b->shadow = c->mode == HYP_SHADOW;
	sim_event_init(&b->ev, arrive);
	h->back = b;
	return true;
}

void pf_back_take(struct pf_back *b, struct pf_group *g)
{
	sim_time now = sim_now(b->h->u->k);
	struct pf_group **p = &b->way;

	b->st.guest_groups += b->told && !(b->host && g->refused);
	if (b->host) {
		b->busy = (b->busy > now ? b->busy : now) + b->c->host_fault_ps;
		b->st.host_ps += b->c->host_fault_ps;
		b->st.host_groups++;
		b->st.host_refused += g->refused;
		g->due = b->busy + (b->told && !g->refused ? b->c->inject_ps : 0);
	} else {
		g->due = now;
	}
	if (b->told && !(b->host && g->refused))
		hist_add(&b->st.page_latency, g->due - now);
	if (g->due == now) {
		pf_host_ready(b->h, g);
		return;
	}
	while (*p && (*p)->due <= g->due)
		p = &(*p)->next;
	g->next = *p;
	*p = g;
	sim_cancel(b->h->u->k, &b->ev);
	sim_at(b->h->u->k, b->way->due, &b->ev);
}

static bool leaves(const struct pf_back *b, const struct pf_group *g)
{
	return b->trapped && !g->refused;
}

uint64_t pf_back_answer(struct pf_back *b, const struct pf_group *g, unsigned mapped)
{
	const struct hyp_cfg *c = b->c;
	uint64_t ps = b->host ? c->host_cmd_ps : 0, back = pf_back_return(b, g);

	if (leaves(b, g)) {
		b->st.exits++;
		ps += c->exit_ps - back;
	}
	if (b->shadow && mapped) {
		b->st.exits++;
		ps += c->exit_ps + mapped * c->host_page_ps;
	}
	b->st.host_ps += ps + back;
	return ps;
}

uint64_t pf_back_return(const struct pf_back *b, const struct pf_group *g)
{
	return leaves(b, g) ? b->c->exit_ps / 2 : 0;
}
