/* SPDX-License-Identifier: Apache-2.0 */
/* fake_plat.h - a platform with one fake unit, and a trace that is an array. */
#ifndef IOMMUSIM_FAKE_PLAT_H
#define IOMMUSIM_FAKE_PLAT_H
#include "fake_unit.h"
#include "software/platform.h"

struct fake_trace {
	const struct trc_rec *rec;
	size_t n, i, repeat; /* repeat: times the last record comes again */
	bool bad_end; /* an error instead of the end */
};
static inline int fake_next_rec(void *arg, struct trc_rec *r, struct err *e)
{
	struct fake_trace *t = arg;
	size_t i = t->i < t->n ? t->i : t->n - 1;

	if (t->i >= t->n + t->repeat) {
		if (!t->bad_end)
			return 0;
		err_set(e, ERR_INPUT, "t.iot:7:1: cut off");
		return -1;
	}
	*r = t->rec[i];
	r->line = ++t->i;
	return 1;
}
static inline struct plat_cfg fake_plat_cfg(void)
{
	struct plat_cfg c = { .port = { .lat_ps = 80000 } };

	cfg_defaults(dev_opts, &c.dev_default);
	cfg_defaults(replay_opts, &c.replay);
	return c;
}
static inline struct plat *fake_plat(const struct plat_cfg *c, const struct plat_hooks *h, struct err *e)
{
	struct plat *p = plat_create(c, h, e);

	if (p && !plat_add_unit(p, &fake_create(plat_kernel(p), plat_mem(p), plat_port(p))->u, e))
		abort();
	return p;
}
#define REC_DMA(d, va, n, ...) { .kind = TRC_DMA, .at = TRC_NO_TIME, .u.dma = { .iova = va, .len = n, .dir = d, .rid = 8, .pasid = TRC_NO_PASID, __VA_ARGS__ } }
#define REC_OK(p) .expect = TRC_EXP_OK, .pa = p
#define REC_FAULT(c) .expect = TRC_EXP_FAULT, .code = c
#define REC_STORE(a, v) { .kind = TRC_STORE, .at = TRC_NO_TIME, .u.store = { a, v, 8 } }
#define REC_MAP(page, v) REC_STORE(FAKE_TABLE + 8 * (page), v)
#define REC_WRITE(o, v) { .kind = TRC_MMIO_WRITE, .at = TRC_NO_TIME, .u.mmio = { v, o, 8, true } }
#define REC_READ(o, v) { .kind = TRC_MMIO_READ, .at = TRC_NO_TIME, .u.mmio = { v, o, 8, true } }
#define REC_DEV(ev) { .kind = TRC_DEVICE, .at = TRC_NO_TIME, .u.dev = { 8, ev } }
#endif
