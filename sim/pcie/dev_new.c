/* SPDX-License-Identifier: Apache-2.0 */
/* dev_new.c - making a device and ending it; what it says of itself. */
#include <stdlib.h>
#include <string.h>
#include "pcie/dev_int.h"

/* With a receive buffer: packets of the least size fill it, and one is to arrive. */
static size_t n_ops(const struct dev_cfg *c)
{
	return c->outstanding + (c->rx_buffer ? c->rx_buffer / c->rx_packet_min + 1 : 0);
}

static void dev_init(struct dev *d)
{
	for (size_t i = n_ops(&d->cfg); i-- > 0;) {
		d->op[i].next = d->op_free;
		d->op_free = &d->op[i];
	}
	link_init(&d->up, d->cfg.link_lat_ps, d->cfg.link_bytes_per_us, d->cfg.header_bytes);
	link_init(&d->down, d->cfg.link_lat_ps, d->cfg.link_bytes_per_us, d->cfg.header_bytes);
	d->order_tail = &d->order;
	d->queue_tail = &d->queue;
	inv_init(d);
}

struct dev *dev_create(const struct dev_cfg *c, struct iommu *u, dev_done_fn *fn, void *arg, struct err *e)
{
	struct dev *d;

	if (!dev_cfg_check(c, e))
		return NULL;
	d = malloc(sizeof(*d));
	if (d) {
		memset(d, 0, HIST_HEAD(struct dev, st.latency_ps));
		memset(&d->inv_st, 0, HIST_HEAD(struct inv_stats, latency_ps));
		d->slot = malloc(c->outstanding * sizeof(*d->slot));
		d->op = calloc(n_ops(c), sizeof(*d->op));
		d->pp = c->per_pasid ? calloc(c->per_pasid + 1, sizeof(*d->pp)) : NULL;
		d->pp_key = c->per_pasid ? calloc(c->per_pasid, sizeof(*d->pp_key)) : NULL;
	}
	if (!d || !d->slot || !d->op || (c->per_pasid && (!d->pp || !d->pp_key))) {
		dev_destroy(d);
		err_set(e, ERR_MACHINE, "out of memory for a device with %u requests", c->outstanding);
		return NULL;
	}
	d->cfg = *c;
	d->u = u;
	d->fn = fn;
	d->arg = arg;
	dev_init(d);
	if (c->rx_buffer && !rx_create(d)) {
		dev_destroy(d);
		err_set(e, ERR_MACHINE, "out of memory for a receive buffer");
		return NULL;
	}
	if (c->atc.cache.entries && !atc_create(d, e)) {
		dev_destroy(d);
		return NULL;
	}
	d->special = d->atc || d->pp || d->rx;
	return d;
}

void dev_destroy(struct dev *d)
{
	if (!d)
		return;
	while (d->op_extra) {
		struct op *o = d->op_extra;

		d->op_extra = o->extra;
		free(o);
	}
	inv_fini(d);
	atc_destroy(d);
	dev_stops_fini(d);
	free(d->rx);
	free(d->pp);
	free(d->pp_key);
	free(d->path);
	free(d->slot);
	free(d->op);
	free(d);
}

const char *dev_stats_wrong(const struct dev *d)
{
	const struct dev_stats *s = &d->st;

	if (s->requests < s->latency_ps.n || s->requests - s->latency_ps.n > d->slots_busy)
		return "requests are not those finished + those in flight";
	return s->faults > s->requests ? "more requests refused than issued" : NULL;
}

bool dev_idle(const struct dev *d)
{
	return !d->ops_busy && !d->slots_busy;
}

const struct dev_cfg *dev_config(const struct dev *d)
{
	return &d->cfg;
}

struct dev_stats *dev_stats_of(struct dev *d)
{
	return &d->st;
}
