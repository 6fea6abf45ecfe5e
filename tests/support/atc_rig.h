/* SPDX-License-Identifier: Apache-2.0 */
/* atc_rig.h - one device with a translation cache at the fake unit (512 pages of table, the same for every PASID). */
#ifndef IOMMUSIM_ATC_RIG_H
#define IOMMUSIM_ATC_RIG_H
#include <check.h>
#include <string.h>
#include "fake_unit.h"
#include "pcie/dev.h"

enum { LAT = 100000, MEM_LAT = 80000, INV_TIME = 1000000 }; /* ps */
#define NONE UINT32_MAX /* no PASID */
#define NS(n) ((uint64_t)(n) * 1000)
#define US(n) ((uint64_t)(n) * 1000000)
struct rig {
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port port;
	struct fake_unit *f;
	struct dev_cfg cfg;
	struct dev *d;
	unsigned done, ok, held, stuck;
	struct xl_res res; /* of the last DMA finished */
	sim_time at;
	uint64_t tag;
};
static inline void rig_done(void *arg, const struct dev_dma *q, const struct xl_res *res)
{
	struct rig *r = arg;

	r->done++;
	r->ok += res->ok;
	r->res = *res;
	r->at = sim_now(r->k);
	r->tag = q->tag;
}
static inline void rig_held(void *arg, uint64_t tag, bool on)
{
	(void)tag;
	((struct rig *)arg)->held += on ? 1 : UINT32_MAX;
}
static inline void rig_stuck(void *arg, struct dev *d)
{
	(void)d;
	((struct rig *)arg)->stuck++;
}
static inline void rig_resp(void *arg, const struct page_resp *p)
{
	dev_page_resp(((struct rig *)arg)->d, p);
}
/* Link: one byte per ns. The cache: 64 lines. */
static inline void setup(struct rig *r)
{
	*r = (struct rig){ 0 };
	r->k = sim_kernel_create();
	r->m = mem_create(0, false);
	ck_assert(mem_port_init(&r->port, &(struct mem_port_cfg){ .lat_ps = MEM_LAT }, NULL));
	r->f = fake_create(r->k, r->m, &r->port);
	r->f->u.env = (struct iommu_env){ .arg = r, .page_resp = rig_resp };
	cfg_defaults(dev_opts, &r->cfg);
	r->cfg.rid = 8;
	r->cfg.link_lat_ps = LAT;
	r->cfg.link_bytes_per_us = 1000;
	r->cfg.header_bytes = 20;
	r->cfg.ats_cpl_ps = INV_TIME;
	r->cfg.atc.cache.entries = 64;
}
static inline void set(struct rig *r, const char *key, const char *value)
{
	struct err e = { 0 };

	ck_assert_msg(cfg_set(dev_opts, &r->cfg, key, value, &e), "%s", e.msg);
}
static inline void map(struct rig *r, unsigned page, uint64_t entry)
{
	ck_assert_int_eq(mem_write(r->m, FAKE_TABLE + 8 * page, &entry, 1), MEM_OK);
}
static inline void start(struct rig *r)
{
	struct err e = { 0 };

	r->d = dev_create(&r->cfg, &r->f->u, rig_done, r, &e);
	ck_assert_msg(r->d != NULL, "%s", e.msg);
	dev_on_held(r->d, rig_held);
	dev_on_stuck(r->d, rig_stuck);
}
static inline void submit(struct rig *r, uint64_t iova, uint64_t len, char dir, uint32_t pasid)
{
	ck_assert(dev_can_accept(r->d));
	dev_submit(r->d, &(struct dev_dma){ .iova = iova, .len = len, .dir = (uint8_t)dir, .pasid = pasid == NONE ? 0 : pasid,
					    .has_pasid = pasid != NONE });
}
/* One DMA to its end. Returns: the time it took. */
static inline sim_time dma(struct rig *r, uint64_t iova, char dir, uint32_t pasid)
{
	sim_time t = sim_now(r->k);
	unsigned was = r->done;

	submit(r, iova, 64, dir, pasid);
	sim_run(r->k);
	ck_assert_uint_eq(r->done, was + 1);
	return r->at - t;
}
static inline void inv(struct rig *r, uint64_t first, uint64_t last, uint32_t pasid, bool global, unsigned itag)
{
	dev_ats_inv(r->d, &(struct ats_inv){ .rid = 8, .first = first, .last = last, .has_pasid = pasid != NONE,
					     .pasid = pasid == NONE ? 0 : pasid, .global = global, .itag = (uint8_t)itag });
}
static inline void teardown(struct rig *r)
{
	fake_destroy(&r->f->u);
	dev_destroy(r->d);
	mem_port_fini(&r->port);
	mem_destroy(r->m);
	sim_kernel_destroy(r->k);
}
#define ATC(r) dev_atc_stats((r)->d)
#define INV(r) dev_inv_stats((r)->d)
#define PRI(r) dev_pri_stats((r)->d)
#endif
