/* SPDX-License-Identifier: Apache-2.0 */
/* pf_load.c - the work for the page-fault handler; see pf_load.h. */
#include "software/pf_load.h"
#include <stdlib.h>

enum { SETTLE_PS = 1000000 /* registers written at boot take effect */ };

static uint32_t pages_of(const struct pf_cfg *c)
{
	return (uint32_t)((c->length + 4095) / 4096);
}

/* The @i-th DMA of a device: which PASID (from 0), and its first page. */
static uint32_t page_of(const struct pf_cfg *c, uint32_t i, uint32_t *pasid)
{
	uint32_t starts = c->pages / pages_of(c);

	*pasid = i % c->pasids;
	return i / c->pasids % starts * pages_of(c);
}

static bool exists(const struct pf_cfg *c, uint32_t pasid, uint32_t page)
{
	if (pf_is_plain(c, pasid))
		return false;
	for (uint32_t i = 0; i < pages_of(c); i++)
		if (pf_is_invalid(c, page + i))
			return false;
	return true;
}

static void issue(struct pf_load_dev *d);

static void done(void *arg, const struct trc_rec *r, const struct xl_res *res)
{
	struct pf_load_dev *d = arg;
	struct pf_load *l = d->l;
	sim_time now = sim_now(plat_kernel(l->p));
	uint32_t page = (uint32_t)((r->u.dma.iova - PF_IOVA) >> 12);

	d->t_last = now;
	if (res->ok) {
		l->st.done++;
		l->st.misplaced += res->spa >> 12 != pf_host_spa(l->c, d->dev, r->u.dma.pasid - 1, page) >> 12;
		hist_add(&l->st.latency_ps, now - r->at);
		hist_add(&d->latency_ps, now - r->at);
	} else {
		l->st.failed++;
		l->st.failed_wrongly += d->dev >= l->c->absent || exists(l->c, r->u.dma.pasid - 1, page);
	}
	issue(d);
}

/* Hand over what is due, as far as the device takes it. */
static void issue(struct pf_load_dev *d)
{
	struct pf_load *l = d->l;
	const struct pf_cfg *c = l->c;

	while (d->issued < d->due) {
		uint32_t pasid, page = page_of(c, d->issued, &pasid);
		sim_time at = c->period_ps ? d->t_first + d->issued * c->period_ps : sim_now(plat_kernel(l->p));
		struct trc_rec r = { .kind = TRC_DMA, .at = at, .u.dma = { .iova = PF_IOVA + 4096 * (uint64_t)page, .rid = pf_rid(d->dev), .pasid = 1 + pasid,
									 .len = (uint32_t)c->length, .dir = c->dir ? 'w' : 'r' } };
		int got = plat_live_dma(l->p, &r, done, d, &l->err);

		if (got < 0)
			sim_stop(plat_kernel(l->p));
		if (got <= 0)
			break;
		l->st.wanted += !c->period_ps;
		d->issued++;
	}
	if (c->period_ps && d->due - d->issued > l->st.most_waiting)
		l->st.most_waiting = d->due - d->issued;
}

static void tick(struct sim_event *e)
{
	struct pf_load_dev *d = container_of(e, struct pf_load_dev, ev);
	struct sim_kernel *k = plat_kernel(d->l->p);

	if (d->l->c->period_ps) {
		d->due++;
		d->l->st.wanted++;
		if (d->due < d->l->c->dmas)
			sim_at(k, sim_now(k) + d->l->c->period_ps, &d->ev);
	} else {
		d->due = d->l->c->dmas;
	}
	issue(d);
}

void pf_load_msi(struct pf_load *l, uint64_t addr)
{
	if (addr == PF_MSI)
		pf_host_interrupt(&l->h);
}

static bool check(const struct pf_cfg *c, const struct dev_cfg *dev, struct err *e)
{
	if (pages_of(c) > c->pages)
		return err_set(e, ERR_INPUT, "page_faults.length: %llu bytes do not fit into page_faults.pages: %u", (unsigned long long)c->length, c->pages);
	if (dev->atc.cache.entries && dev->atc.on_no_access != ATC_DENY_PRI)
		return err_set(e, ERR_INPUT, "devices.atc.on_no_access: expected pri, or the devices ask for no page");
	return true;
}

bool pf_load_init(struct pf_load *l, const struct pf_cfg *c, struct plat *p, const struct dev_cfg *dev, uint64_t seed, struct err *e)
{
	*l = (struct pf_load){ .c = c, .p = p };
	if (!check(c, dev, e) || !pf_host_init(&l->h, c, plat_unit(p, 0), !dev->atc.cache.entries, seed, e))
		return false;
	l->dev = calloc(c->devices, sizeof(*l->dev));
	if (!l->dev) {
		pf_host_fini(&l->h);
		return err_set(e, ERR_MACHINE, "page faults: out of memory");
	}
	for (uint32_t i = 0; i < c->devices; i++) {
		l->dev[i] = (struct pf_load_dev){ .l = l, .dev = i };
		sim_event_init(&l->dev[i].ev, tick);
		l->dev[i].ev.prio = i;
	}
	return true;
}

/* Nothing is left of what the DMAs asked for: a failed one leaves page requests behind. */
static bool quiet(const struct pf_load *l)
{
	for (uint32_t i = 0; i < l->c->devices; i++) {
		const struct dev *d = plat_find_device(l->p, 0, pf_rid(i));

		if (d && dev_waiting(d))
			return false;
	}
	return true;
}

bool pf_load_run(struct pf_load *l, uint64_t until_ps, uint64_t stuck_ps, struct err *e)
{
	struct sim_kernel *k = plat_kernel(l->p);
	uint64_t all = (uint64_t)l->c->devices * l->c->dmas;
	sim_time t, last = SETTLE_PS;
	uint64_t ended = 0;

	sim_run_until(k, SETTLE_PS);
	pf_host_start(&l->h);
	for (uint32_t i = 0; i < l->c->devices; i++) {
		l->dev[i].t_first = SETTLE_PS;
		sim_at(k, SETTLE_PS, &l->dev[i].ev);
	}
	while ((ended < all || !quiet(l)) && !l->err.code && !plat_oom(l->p) && sim_next(k, &t) && (!until_ps || t <= until_ps) &&
	       (!stuck_ps || t - last < stuck_ps)) {
		sim_run_one(k);
		if (l->st.done + l->st.failed != ended) {
			ended = l->st.done + l->st.failed;
			last = sim_now(k);
		}
	}
	pf_host_stop(&l->h);
	l->st.unfinished = l->st.wanted - l->st.done - l->st.failed;
	if (plat_oom(l->p))
		return err_set(e, ERR_MACHINE, "out of memory");
	if (l->err.code)
		*e = l->err;
	return !l->err.code;
}

bool pf_load_list_stats(struct pf_load *l, struct stat_reg *r)
{
	return stat_add(r, "page_faults", &l->h.st, pf_stat_defs) && stat_add(r, "page_faults.work", &l->st, pf_load_stat_defs);
}

void pf_load_fini(struct pf_load *l)
{
	pf_host_fini(&l->h);
	free(l->dev);
	l->dev = NULL;
}
