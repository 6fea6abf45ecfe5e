/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plat_dev.c - the devices of a platform. They are made when the trace first names them (a silent listed device that nothing uses costs nothing);
 * their statistics stand in that order, after memory and units.
 */
#include <stdio.h>
#include "software/plat_int.h"

static size_t hash_slot(const struct plat *p, uint64_t key)
{
	size_t i = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (p->hash_size - 1);

	while (p->hash[i] && p->dev[p->hash[i] - 1]->key != key)
		i = (i + 1) & (p->hash_size - 1);
	return i;
}

static bool devices_grow(struct plat *p)
{
	size_t cap = p->cap_dev ? 2 * p->cap_dev : 64;
	struct dev_rec **d = realloc(p->dev, cap * sizeof(struct dev_rec *));
	uint32_t *h;

	if (!d)
		return false;
	p->dev = d;
	h = calloc(4 * cap, sizeof(*h));
	if (!h)
		return false;
	free(p->hash);
	p->hash = h;
	p->hash_size = 4 * cap;
	p->cap_dev = cap;
	for (size_t i = 0; i < p->n_dev; i++)
		h[hash_slot(p, p->dev[i]->key)] = (uint32_t)i + 1;
	return true;
}

static struct dev_cfg config_of(const struct plat *p, uint32_t rid)
{
	struct dev_cfg c = p->cfg.dev_default;

	for (size_t i = 0; i < p->cfg.n_dev; i++)
		if (p->cfg.dev[i].rid == rid)
			c = p->cfg.dev[i];
	c.rid = rid;
	c.seed = p->cfg.seed + rid;
	return c;
}

static struct dev *device_new(struct plat *p, unsigned unit, uint32_t rid, struct err *e)
{
	struct dev_cfg c = config_of(p, rid);
	struct dev_rec *d;

	if (p->n_dev == p->cap_dev && !devices_grow(p)) {
		err_set(e, ERR_MACHINE, "out of memory for devices");
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		err_set(e, ERR_MACHINE, "out of memory for devices");
		return NULL;
	}
	d->p = p;
	d->u = p->unit[unit]->u;
	d->key = (uint64_t)unit << 32 | rid;
	snprintf(d->path, sizeof(d->path), unit ? "dev.%02x:%02x.%x@%u" : "dev.%02x:%02x.%x", rid >> 8, rid >> 3 & 31, rid & 7, unit);
	d->d = dev_create(&c, d->u, plat_dma_done, d, e);
	if (!d->d) {
		free(d);
		return NULL;
	}
	dev_on_stuck(d->d, plat_dev_stuck);
	dev_on_held(d->d, plat_dev_held);
	dev_on_dropped(d->d, plat_dev_dropped);
	p->hash[hash_slot(p, d->key)] = (uint32_t)p->n_dev + 1;
	p->dev[p->n_dev++] = d;
	if (p->reg && !dev_list_stats(d->d, p->reg, d->path))
		p->r.oom = true;
	p->last = d;
	return d->d;
}

struct dev *plat_device(struct plat *p, unsigned unit, uint32_t rid, struct err *e)
{
	uint64_t key = (uint64_t)unit << 32 | rid;
	uint32_t i;

	if (LIKELY(p->last && p->last->key == key))
		return p->last->d;
	i = p->hash_size ? p->hash[hash_slot(p, key)] : 0;
	if (!i)
		return device_new(p, unit, rid, e);
	p->last = p->dev[i - 1];
	return p->last->d;
}

struct dev *plat_find_device(struct plat *p, unsigned unit, uint32_t rid)
{
	uint64_t key = (uint64_t)unit << 32 | rid;
	uint32_t i;

	if (LIKELY(p->last && p->last->key == key))
		return p->last->d;
	i = p->hash_size ? p->hash[hash_slot(p, key)] : 0;
	return i ? p->dev[i - 1]->d : NULL;
}

bool plat_device_event(struct plat *p, unsigned unit, uint32_t rid, unsigned event, struct err *e)
{
	static const uint8_t fault[] = { [TRC_DEV_SILENT] = DEV_SILENT, [TRC_DEV_SLOW] = DEV_SLOW, [TRC_DEV_WRONG_ITAG] = DEV_WRONG_ITAG,
					 [TRC_DEV_NO_FLUSH] = DEV_NO_FLUSH, [TRC_DEV_MISORDER] = DEV_MISORDER, [TRC_DEV_DROP] = DEV_DROP,
					 [TRC_DEV_UR] = DEV_UR };
	struct dev *d = plat_device(p, unit, rid, e);

	if (!d)
		return false;
	switch (event) {
	case TRC_DEV_ALIVE:
		dev_alive(d);
		break;
	case TRC_DEV_ATS_ON:
	case TRC_DEV_ATS_OFF:
		dev_set_ats(d, event == TRC_DEV_ATS_ON);
		break;
	case TRC_DEV_PRI_ON:
	case TRC_DEV_PRI_OFF:
		dev_set_pri(d, event == TRC_DEV_PRI_ON);
		break;
	case TRC_DEV_RESET:
		dev_reset(d);
		break;
	case TRC_DEV_REMOVED:
		dev_remove(d);
		break;
	default:
		if (event >= ARRAY_LEN(fault))
			return err_set(e, ERR_INPUT, "unknown device event");
		dev_set_fault(d, fault[event], true);
	}
	if (p->reg && !dev_list_stats(d, p->reg, p->last->path)) /* statistics of faults come with the first fault */
		return err_set(e, ERR_MACHINE, "out of memory for statistics");
	return true;
}
