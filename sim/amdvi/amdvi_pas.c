/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_pas.c - the vIOMMU's own memory accesses, and the id maps that lie in the private address space.
 * Models: private addresses are translated by the host table of the unit's own device id, guest-physical ones by that of TransDevID, both
 * as requests to the unit like any other; the private address map; map writes through the control registers; a cache of map entries.
 * A device table entry with V = 0 passes the access untranslated, as it would a device's.
 * Does not model: the guest MMIO state kept there (its layout is not public; registers are inside the unit), the second page of dirty bits
 * (secure guests).
 * Unconfirmed, ours: see amdvi_viommu.h.
 */
#include <stdlib.h>
#include "amdvi/amdvi_viommu.h"

enum { MAP_RING = 64 };
static const struct {
	uint64_t base;
	uint32_t stride;
} region[VI_REGIONS] = {
	[VI_R_MMIO] = { 0, 64 },
	[VI_R_DIRTY] = { 0x400000, 0 /* vi_dirty_addr() */ },
	[VI_R_DEVMAP] = { 0x1000000000, 0x100000 },
	[VI_R_DOMMAP] = { 0x2000000000, 0x80000 },
	[VI_R_CMD] = { 0x2800000000, 0x80000 },
	[VI_R_PPR] = { 0x3000000000, 0x80000 },
	[VI_R_PPRB] = { 0x3800000000, 0x80000 },
	[VI_R_EVT] = { 0x4000000000, 0x80000 },
	[VI_R_EVTB] = { 0x4800000000, 0x80000 },
};
static const struct {
	uint8_t region, words;
	uint8_t lg2; /* of the entry */
} map_shape[] = { [VI_DEV] = { VI_R_DEVMAP, 2, 4 }, [VI_DOM] = { VI_R_DOMMAP, 1, 3 } };

uint64_t vi_private_addr(enum vi_region r, uint32_t gid, uint64_t off)
{
	return region[r].base + (uint64_t)gid * region[r].stride + off;
}

/* The double word is base + (GID[7:0] << 4 | GID[14:13] << 2), the bit GID[12:8]. */
uint64_t vi_dirty_addr(uint32_t gid, uint64_t *bit)
{
	uint32_t dword = (gid & 0xff) << 4 | (gid >> 13 & 3) << 2;

	*bit = BIT64((gid >> 8 & 31) + (dword & 4 ? 32 : 0));
	return region[VI_R_DIRTY].base + (dword & ~UINT32_C(7));
}

uint64_t vi_map_addr(uint32_t gid, enum vi_kind kind, uint16_t id)
{
	return vi_private_addr(map_shape[kind].region, gid, (uint64_t)id << map_shape[kind].lg2);
}

/* ---- accesses ---- */

static void count(const struct vi_access *a)
{
	struct vi_stats *st = &a->v->vi->st;
	sim_time t = sim_now(a->v->u.k) - a->since;
	bool read = a->op == VI_READ;

	if (a->space == VI_PRIVATE) {
		*(read ? &st->private_reads : &st->private_writes) += 1;
		st->private_ps += t;
	} else if (a->space == VI_GUEST) {
		*(read ? &st->guest_reads : &st->guest_writes) += 1;
		st->guest_ps += t;
	}
}

static enum mem_status move(struct vi_access *a, uint64_t spa)
{
	struct mem *m = a->v->u.mem;
	enum mem_status st;
	uint64_t w;

	if (a->op == VI_READ)
		return mem_read(m, spa, a->w, a->n);
	if (a->op == VI_WRITE)
		return mem_write(m, spa, a->w, a->n);
	st = mem_read(m, spa, &w, 1);
	if (st != MEM_OK)
		return st;
	w = a->op == VI_SET ? w | a->w[0] : w & ~a->w[0];
	return mem_write(m, spa, &w, 1);
}

static void moved(struct sim_event *e)
{
	struct vi_access *a = container_of(e, struct vi_access, ev);
	bool ok = move(a, a->space == VI_SYSTEM ? a->addr : a->xl.res.spa) == MEM_OK;

	if (a->space != VI_SYSTEM)
		iommu_retire(&a->v->u, &a->xl);
	if (!ok)
		a->flags |= (uint64_t)AEV_TYPE_TARGET_ABORT << 57;
	count(a);
	a->done(a, ok);
}

static void to_memory(struct vi_access *a, uint64_t spa)
{
	struct iommu *u = &a->v->u;
	sim_time t = mem_port_access(u->port, sim_now(u->k), spa, 8u * a->n, a->op == VI_WRITE);

	if (a->op >= VI_SET)
		t = mem_port_access(u->port, t, spa, 8, true);
	sim_at(u->k, t, &a->ev);
}

static void translated(struct xl *x)
{
	struct vi_access *a = container_of(x, struct vi_access, xl);

	if (x->res.ok) {
		to_memory(a, x->res.spa);
		return;
	}
	a->flags |= x->res.info[0] & (AEV_F_PR | AEV_F_PE | AEV_F_RZ | UINT64_C(3) << 57);
	iommu_retire(x->u, x);
	count(a);
	a->done(a, false);
}

void vi_access(struct amdvi *v, struct vi_access *a, enum vi_op op, enum vi_space space, const struct vi_guest *g, uint64_t addr,
	       unsigned n)
{
	static const uint8_t acc[] = { [VI_READ] = XL_R, [VI_WRITE] = XL_W, [VI_SET] = XL_R | XL_W, [VI_CLEAR] = XL_R | XL_W };

	a->v = v;
	a->op = (uint8_t)op;
	a->space = (uint8_t)space;
	a->addr = addr;
	a->n = (uint8_t)n;
	a->flags = op == VI_READ ? 0 : AEV_F_RW;
	a->since = sim_now(v->u.k);
	sim_event_init(&a->ev, moved);
	if (space == VI_SYSTEM) {
		to_memory(a, addr);
		return;
	}
	a->xl.req = (struct xl_req){ .iova = addr, .len = 8 * n, .spec = true, .acc = acc[op],
				     .rid = space == VI_PRIVATE ? v->cfg->devid : (uint32_t)bits_get(g->cntl[VC_MISC], 31, 16) };
	a->xl.done = translated;
	iommu_translate(&v->u, &a->xl);
}

void vi_hw_error(struct amdvi *v, uint32_t gid, enum vi_source s, uint64_t flags, uint64_t addr)
{
	uint64_t rec[2] = { (uint64_t)AEV_VIOMMU_HW << 60 | flags | (uint64_t)s << 16 | gid, addr };

	v->vi->st.hw_errors++;
	amdvi_log_event(v, rec);
}

/* ---- map writes ---- */

static void map_step(struct amdvi *v)
{
	if (v->vi->mw_n)
		sim_at(v->u.k, sim_now(v->u.k) + v->cfg->viommu_map_cyc * v->cfg->unit.clock_ps, &v->vi->mw_ev);
	else
		vi_busy(v, -1);
}

static void map_write_begin(struct sim_event *e)
{
	struct amdvi_viommu *vi = container_of(e, struct amdvi_viommu, mw_ev);
	const struct vi_map_write *w = &vi->mw[vi->mw_first];

	vi->mw_acc.w[0] = (uint64_t)w->host << 14 | w->valid;
	vi->mw_acc.w[1] = 0;
	vi_access(vi->v, &vi->mw_acc, VI_WRITE, VI_PRIVATE, NULL, vi_map_addr(w->gid, w->kind, w->id), map_shape[w->kind].words);
}

static uint64_t cache_id(uint32_t gid, enum vi_kind kind)
{
	return (uint64_t)gid << 1 | kind;
}

/* What INVALIDATE_IOMMU_ALL of the guest has to go through: stands for a scan of the maps. */
static void remember(struct vi_guest *g, const struct vi_map_write *w)
{
	if (!g->map[w->kind])
		g->map[w->kind] = calloc(VI_IDS, sizeof *g->map[w->kind]);
	if (g->map[w->kind])
		g->map[w->kind][w->id] = (uint32_t)w->valid << 16 | w->host;
	else
		mem_set_oom(g->v->u.mem);
}

static void map_written(struct vi_access *a, bool ok)
{
	struct amdvi *v = a->v;
	struct amdvi_viommu *vi = v->vi;
	struct vi_map_write w = vi->mw[vi->mw_first];
	struct vi_guest *g = &vi->guest[w.gid];

	vi->mw_first = (vi->mw_first + 1) & (vi->mw_cap - 1);
	vi->mw_n--;
	g->map_pending[w.kind]--;
	if (ok) {
		uint32_t slot = xc_peek(vi->idmap, w.id, cache_id(w.gid, w.kind));

		if (slot != XC_MISS)
			xc_drop(vi->idmap, slot);
		remember(g, &w);
		vi->st.map_writes++;
	} else {
		vi_hw_error(v, w.gid, VI_S_MAP, a->flags, a->addr);
	}
	if (!(g->map_pending[VI_DEV] | g->map_pending[VI_DOM]))
		vi_guest_kick(g);
	map_step(v);
}

static bool ring_grow(struct amdvi_viommu *vi)
{
	uint32_t cap = vi->mw_cap ? 2 * vi->mw_cap : MAP_RING;
	struct vi_map_write *n = malloc(cap * sizeof *n);

	if (!n) {
		mem_set_oom(vi->guest->v->u.mem);
		return false;
	}
	for (uint32_t i = 0; i < vi->mw_n; i++)
		n[i] = vi->mw[(vi->mw_first + i) & (vi->mw_cap - 1)];
	free(vi->mw);
	vi->mw = n;
	vi->mw_cap = cap;
	vi->mw_first = 0;
	return true;
}

void vi_map_put(struct vi_guest *g, enum vi_kind kind, uint64_t reg)
{
	struct amdvi_viommu *vi = g->v->vi;
	struct vi_map_write w = { .gid = g->gid, .kind = (uint8_t)kind, .valid = reg & 1, .host = (uint16_t)bits_get(reg, 29, 14),
				  .id = (uint16_t)bits_get(reg, 61, 46) };

	if (vi->mw_n == vi->mw_cap && !ring_grow(vi)) {
		vi_hw_error(g->v, g->gid, VI_S_MAP, AEV_F_RW, vi_map_addr(g->gid, kind, w.id));
		return;
	}
	vi->mw[(vi->mw_first + vi->mw_n++) & (vi->mw_cap - 1)] = w;
	g->map_pending[kind]++;
	if (vi->mw_n > 1)
		return;
	vi->mw_acc.done = map_written;
	sim_event_init(&vi->mw_ev, map_write_begin);
	vi_busy(g->v, 1);
	map_step(g->v);
}

/* ---- look-ups by guest commands ---- */

static int usable(const struct amdvi *v, uint64_t w)
{
	uint16_t host = (uint16_t)bits_get(w, 29, 14);

	return (w & 1) && !(v->cfg->clear_is_invalid && !host) ? host : -1;
}

int vi_map_find(struct vi_guest *g, enum vi_kind kind, uint16_t id)
{
	struct amdvi_viommu *vi = g->v->vi;
	uint32_t slot = xc_lookup(vi->idmap, id, cache_id(g->gid, kind));

	return slot == XC_MISS ? -1 : *(const uint16_t *)xc_payload(vi->idmap, slot);
}

int vi_map_entry(struct vi_guest *g, enum vi_kind kind, uint16_t id, uint64_t w)
{
	struct amdvi_viommu *vi = g->v->vi;
	struct xc_tag t = { .first = id, .id = cache_id(g->gid, kind), .rid = g->gid, .kind = AMDVI_K_MAP };
	int host = usable(g->v, w);
	uint32_t slot;

	if (host < 0)
		return -1;
	slot = xc_fill(vi->idmap, &t);
	if (slot != XC_MISS)
		*(uint16_t *)xc_payload(vi->idmap, slot) = (uint16_t)host;
	return host;
}
