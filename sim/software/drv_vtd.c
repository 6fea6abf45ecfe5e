/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_vtd.c - VT-d units, domains and attachments: bring-up, which tables an attach gets, domain ids, detach.
 * As Linux: a scalable unit's context entry stays when the last PASID of its device goes; a domain's tables stay until the end.
 */
#include "software/drv_vtd.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "vtd/vtd_fields.h"

enum {
	REG_CAP = 0x08, REG_ECAP = 0x10, REG_GCMD = 0x18, REG_GSTS = 0x1c, REG_RTADDR = 0x20, REG_FECTL = 0x38, REG_FEDATA = 0x3c,
	REG_FEADDR = 0x40, REG_FEUADDR = 0x44, REG_PMEN = 0x64, REG_IQT = 0x88, REG_IQA = 0x90,
};
enum { G_QIE = 1u << 26, G_SRTP = 1u << 30, MSI_ADDR = 0xfee00000u, MSI_VECTOR = 0x30 };
static const uint32_t G_TE = 1u << 31, G_LEVEL = 0x96ffffff; /* 1.4: without the one-shot bits */

static const char *const mode_name[] = { "auto", "legacy", "ss", "fs", "nested", "pt" };

static void gcmd(struct vtdd *v, uint32_t level_on, uint32_t once)
{
	v->gcmd |= level_on;
	drv_mmio(v->d, v->index, REG_GCMD, 4, v->gcmd | once);
}

static void bring_up(struct vtdd *v)
{
	struct drv *d = v->d;
	uint32_t old = (uint32_t)v->u->ops->mmio_read(v->u, REG_GSTS, 4) & G_LEVEL;
	uint64_t iqa = 0, rta = 0;

	if (old & G_TE) /* left on by firmware or by the trace: off first, then the queue */
		drv_mmio(d, v->index, REG_GCMD, 4, old &= ~G_TE);
	if (old & G_QIE)
		drv_mmio(d, v->index, REG_GCMD, 4, old & ~(uint32_t)G_QIE);
	vtd_put_iqa_DW(&iqa, v->desc_words == 4);
	vtd_put_iqa_QS(&iqa, v->desc_words == 4);
	vtd_put_iqa_IQA(&iqa, v->ring >> 12);
	drv_mmio(d, v->index, REG_IQT, 4, 0);
	drv_mmio(d, v->index, REG_IQA, 8, iqa);
	gcmd(v, G_QIE, 0);
	vtd_put_rtaddr_TTM(&rta, v->scalable);
	vtd_put_rtaddr_RTA(&rta, v->root >> 12);
	drv_mmio(d, v->index, REG_RTADDR, 8, rta);
	gcmd(v, 0, G_SRTP);
	if (!vtd_get_cap_ESRTPS(&v->cap)) {
		vtdd_cmd_cc(v, 1, 0, 0);
		vtdd_submit(v);
		if (v->scalable)
			vtdd_cmd_pc(v, 3, 0, 0);
		vtdd_submit(v);
		vtdd_cmd_iotlb(v, 1, 0, 0, 0, false);
		vtdd_submit(v);
	}
	drv_mmio(d, v->index, REG_FEDATA, 4, MSI_VECTOR);
	drv_mmio(d, v->index, REG_FEADDR, 4, MSI_ADDR);
	drv_mmio(d, v->index, REG_FEUADDR, 4, 0);
	drv_mmio(d, v->index, REG_FECTL, 4, 0);
	gcmd(v, G_TE, 0);
	if (vtd_get_cap_PLMR(&v->cap) || vtd_get_cap_PHMR(&v->cap))
		drv_mmio(d, v->index, REG_PMEN, 4, 0);
}

/* The state of a unit, not yet brought up; NULL: failed. */
static struct vtdd *unit_state(struct drv *d, unsigned unit)
{
	struct iommu *u = plat_unit(d->p, unit);
	struct vtdd *v = vtdd_of(d, unit);

	if (v)
		return v;
	v = calloc(1, sizeof(*v));
	if (v)
		v->att = calloc(65536, sizeof(*v->att));
	if (!v || !v->att) {
		free(v);
		drv_fail(d, ERR_MACHINE, "out of memory");
		return NULL;
	}
	v->base.ops = &drv_vtd_ops;
	v->d = d;
	v->u = u;
	v->index = unit;
	d->unit[unit] = &v->base;
	return v;
}

struct vtdd *vtdd_get(struct drv *d, unsigned unit)
{
	struct vtdd *v = unit_state(d, unit);

	if (d->failed)
		return NULL;
	if (v->up)
		return v;
	v->cap = v->u->ops->mmio_read(v->u, REG_CAP, 8);
	v->ecap = v->u->ops->mmio_read(v->u, REG_ECAP, 8);
	v->n_did = 1u << (4 + 2 * vtd_get_cap_ND(&v->cap));
	v->did_refs = calloc(v->n_did, sizeof(*v->did_refs));
	v->base.cm = vtd_get_cap_CM(&v->cap);
	v->scalable = vtd_get_ecap_SMTS(&v->ecap) && d->cfg->mode != DRV_MODE_LEGACY;
	v->desc_words = vtd_get_ecap_SMTS(&v->ecap) ? 4 : 2;
	if (!vtd_get_ecap_DT(&v->ecap))
		memset(v->ats, 0, sizeof(v->ats));
	if (!v->did_refs)
		drv_fail(d, ERR_MACHINE, "out of memory");
	else if (!vtd_get_ecap_QI(&v->ecap))
		drv_fail(d, ERR_INPUT, "unit %u has no queued invalidation (ECAP.QI = 0), which this driver needs", unit);
	v->root = drv_alloc(d, 1);
	v->ring = drv_alloc(d, v->desc_words / 2);
	v->status = drv_alloc(d, 1);
	if (d->failed)
		return NULL;
	v->up = true;
	bring_up(v);
	return v;
}

static void destroy(struct drv_unit *u)
{
	struct vtdd *v = (struct vtdd *)u;

	free(v->did_refs);
	free(v->att);
	free(v);
}

/* Why @v cannot do @mode; NULL: it can. */
static const char *lacks(const struct vtdd *v, unsigned mode)
{
	const uint64_t *c = &v->ecap;

	switch (mode) {
	case DRV_MODE_LEGACY:
		return v->scalable ? "it runs in scalable mode" : NULL;
	case DRV_MODE_SS:
		return !v->scalable ? "it runs in legacy mode" : vtd_get_ecap_SSTS(c) ? NULL : "ECAP.SSTS = 0";
	case DRV_MODE_FS:
		return !v->scalable ? "it runs in legacy mode" : vtd_get_ecap_FSTS(c) ? NULL : "ECAP.FSTS = 0";
	case DRV_MODE_NESTED:
		return !v->scalable ? "it runs in legacy mode" : vtd_get_ecap_NEST(c) ? NULL : "ECAP.NEST = 0";
	default:
		return vtd_get_ecap_PT(c) ? NULL : "ECAP.PT = 0";
	}
}

static unsigned mode_of(const struct drv *d, const struct vtdd *v, const char *type)
{
	bool pass = !strcmp(type, "identity") || !strcmp(type, "pt");

	if (!strcmp(type, "vm"))
		return v->scalable ? DRV_MODE_SS : DRV_MODE_LEGACY;
	if (d->cfg->mode != DRV_MODE_AUTO && !pass)
		return d->cfg->mode; /* the same workload on other tables */
	if (!*type || !strcmp(type, "dma") || !strcmp(type, "default")) {
		return !lacks(v, DRV_MODE_FS) ? DRV_MODE_FS : !lacks(v, DRV_MODE_SS) ? DRV_MODE_SS : DRV_MODE_LEGACY;
	}
	if (pass)
		return DRV_MODE_PT;
	for (unsigned i = DRV_MODE_LEGACY; i < ARRAY_LEN(mode_name); i++)
		if (!strcmp(type, mode_name[i]))
			return i;
	return DRV_MODE_AUTO;
}

static unsigned ss_levels(struct drv *d, const struct vtdd *v, unsigned want, const char *key)
{
	uint64_t sagaw = vtd_get_cap_SAGAW(&v->cap);

	if (!want)
		want = sagaw & 4 ? 4 : sagaw & 2 ? 3 : 5;
	if (want > 5 || !(sagaw >> (want - 2) & 1))
		drv_fail(d, ERR_INPUT, "unit %u has no %u-level second-stage tables (CAP.SAGAW = 0x%" PRIx64 "; software.%s)", v->index, want, sagaw, key);
	return want;
}

static void shape_vm(struct drv *d, const struct vtdd *v, struct drv_vm *vm)
{
	uint64_t sslps = vtd_get_cap_SSLPS(&v->cap);

	if (vm->ops && vm->ops != &drv_vtd_ops) {
		drv_fail(d, ERR_INPUT, "nesting on units of two architectures is not modelled: a virtual machine has one stage 2");
	} else if (!vm->root) {
		vm->ops = &drv_vtd_ops;
		vm->levels = (uint8_t)ss_levels(d, v, d->cfg->s2_levels, "s2_levels");
		vm->page = (uint8_t)d->cfg->s2_page;
		if (vm->page && !(sslps >> (vm->page - 1) & 1))
			drv_fail(d, ERR_INPUT, "unit %u has no such large pages (CAP.SSLPS = %" PRIu64 "; software.s2_page)", v->index, sslps);
		vm->root = drv_alloc(d, 1);
	}
}

static void shape(struct drv *d, const struct vtdd *v, struct drv_dom *m)
{
	uint64_t sslps = vtd_get_cap_SSLPS(&v->cap);
	unsigned mgaw = (unsigned)vtd_get_cap_MGAW(&v->cap) + 1;

	m->first_stage = m->mode == DRV_MODE_FS || m->mode == DRV_MODE_NESTED;
	if (m->first_stage) {
		m->levels = (uint8_t)(d->cfg->levels ? d->cfg->levels : 4);
		m->ia_bits = m->levels == 5 ? 57 : 48;
		m->large[1] = d->cfg->superpages;
		m->large[2] = d->cfg->superpages && vtd_get_cap_FS1GP(&v->cap);
		if (m->levels == 3 || m->levels == 6 || (m->levels == 5 && !vtd_get_cap_FS5LP(&v->cap)))
			drv_fail(d, ERR_INPUT, "unit %u has no %u-level first-stage tables (software.levels)", v->index, m->levels);
	} else {
		m->levels = (uint8_t)ss_levels(d, v, d->cfg->levels, "levels");
		m->ia_bits = 12u + 9u * m->levels < mgaw ? 12u + 9u * m->levels : mgaw;
		m->large[1] = d->cfg->superpages && (sslps & 1);
		m->large[2] = d->cfg->superpages && (sslps & 2);
	}
	if (m->mode == DRV_MODE_NESTED || m->is_vm)
		shape_vm(d, v, &d->vm[m->vm]);
	if (m->is_vm && !d->failed) {
		m->levels = d->vm[m->vm].levels;
		m->ia_bits = 12u + 9u * m->levels < mgaw ? 12u + 9u * m->levels : mgaw;
		m->root = d->vm[m->vm].root;
		return;
	}
	if (!d->failed)
		m->root = vtdd_table(d, m);
}

struct drv_dom *vtdd_dom(struct drv *d, struct vtdd *v, uint32_t id, const char *type)
{
	struct drv_dom *m = drv_dom_find(d, id);
	unsigned mode = m && !*type ? m->mode : mode_of(d, v, type);
	const char *why;

	if (mode == DRV_MODE_AUTO)
		drv_fail(d, ERR_INPUT, "unknown attach type \"%s\": legacy, ss, fs, nested, vm, pt or nothing", type);
	else if (m && (m->mode != mode || (*type && m->is_vm != !strcmp(type, "vm"))))
		drv_fail(d, ERR_INPUT, "domain %" PRIu32 " is %s, not %s", id, mode_name[m->mode], mode_name[mode]);
	else if ((why = lacks(v, mode)))
		drv_fail(d, ERR_INPUT, "unit %u cannot do %s tables: %s", v->index, mode_name[mode], why);
	if (d->failed || m)
		return d->failed ? NULL : m;
	m = drv_dom_add(d, id, &drv_vtd_ops);
	if (!m)
		return NULL;
	m->mode = (uint8_t)mode;
	m->is_vm = !strcmp(type, "vm");
	if (mode != DRV_MODE_PT)
		shape(d, v, m);
	return d->failed ? NULL : m;
}

/* The domain's id on this unit, the lowest free one if it has none; one reference more. */
static unsigned did_get(struct drv *d, struct vtdd *v, struct drv_dom *m)
{
	struct drv_did **p = &m->did, *i;
	unsigned did = v->did_low < VTDD_DID_FIRST ? VTDD_DID_FIRST : v->did_low;

	for (; *p; p = &(*p)->next)
		if ((*p)->unit == v->index && (*p)->viommu == d->at_viommu) {
			(*p)->refs++;
			return (*p)->did;
		}
	if (m->mode == DRV_MODE_PT)
		did = VTDD_DID_PT;
	else
		while (did < v->n_did && v->did_refs[did])
			did++;
	if (m->mode != DRV_MODE_PT)
		v->did_low = did;
	if (did > VTDD_DID_FIRST)
		did = drv_id_taken(d, did, VTDD_DID_FIRST);
	if (did >= v->n_did) {
		drv_fail(d, ERR_INPUT, "unit %u has only %" PRIu32 " domain ids (CAP.ND), all in use", v->index, v->n_did);
		return 0;
	}
	i = calloc(1, sizeof(*i));
	if (!i) {
		drv_fail(d, ERR_MACHINE, "out of memory");
		return 0;
	}
	*i = (struct drv_did){ .refs = 1, .did = (uint16_t)did, .unit = (uint8_t)v->index, .viommu = d->at_viommu };
	*p = i;
	v->did_refs[did]++;
	return did;
}

static void did_put(struct vtdd *v, struct drv_dom *m, unsigned viommu)
{
	for (struct drv_did **p = &m->did, *i; (i = *p); p = &i->next)
		if (i->unit == v->index && i->viommu == viommu) {
			if (--i->refs == 0) {
				if (!--v->did_refs[i->did] && i->did < v->did_low)
					v->did_low = i->did;
				*p = i->next;
				free(i);
			}
			return;
		}
}

static void attach(struct drv *d)
{
	const uint32_t rid = d->cur.u.sw.rid, pasid = d->cur.u.sw.pasid;
	struct vtdd *v = vtdd_get(d, d->cur.unit);
	struct drv_dom *m = v ? vtdd_dom(d, v, d->cur.u.sw.dom, d->cur.u.sw.type) : NULL;
	struct drv_dom *old;
	unsigned did;

	if (!m)
		return;
	if (rid > 0xffff) {
		drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " is wider than 16 bits", rid);
		return;
	}
	if (pasid != TRC_NO_PASID && (!v->scalable || !vtd_get_ecap_PASID(&v->ecap) || !pasid || pasid >> (vtd_get_ecap_PSS(&v->ecap) + 1))) {
		drv_fail(d, ERR_INPUT, "unit %u cannot attach PASID %" PRIu32 " (scalable mode, ECAP.PASID, ECAP.PSS; 0 is taken by requests without PASID)",
			 v->index, pasid);
		return;
	}
	old = v->att[rid] ? drv_attached_to(d, v->index, rid, pasid) : NULL;
	if (old) {
		drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " is already attached to domain %" PRIu32, rid, old->id);
		return;
	}
	if (!drv_att_add(d, m, v->index, rid, pasid))
		return;
	v->att[rid]++;
	did = did_get(d, v, m);
	if (d->failed)
		return;
	if (v->scalable)
		vtdd_pasid_set(v, m, rid, pasid == TRC_NO_PASID ? 0 : pasid, did);
	else
		vtdd_ctx_set(v, m, rid, did);
	if (!vtdd_cm(v))
		vtdd_write_buffer(d, m);
}

static void detach(struct drv *d)
{
	const uint32_t rid = d->cur.u.sw.rid, pasid = d->cur.u.sw.pasid;
	struct vtdd *v = vtdd_get(d, d->cur.unit);
	struct drv_dom *m = v ? drv_attached_to(d, v->index, rid, pasid) : NULL;
	unsigned did = 0, viommu;

	if (!m) {
		drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " is not attached", rid);
		return;
	}
	if (d->cur.u.sw.dom && d->cur.u.sw.dom != m->id) {
		drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " is attached to domain %" PRIu32 ", not %" PRIu32, rid, m->id, d->cur.u.sw.dom);
		return;
	}
	viommu = drv_att_find(d, m, v->index, rid, pasid)->viommu;
	for (const struct drv_did *i = m->did; i; i = i->next)
		if (i->unit == v->index && i->viommu == viommu)
			did = i->did;
	if (v->scalable)
		vtdd_pasid_clear(v, m, rid, pasid == TRC_NO_PASID ? 0 : pasid, did);
	else
		vtdd_ctx_clear(v, rid, did);
	drv_att_del(d, m, v->index, rid, pasid);
	v->att[rid]--;
	did_put(v, m, viommu);
}

static void set_ats(struct drv *d, unsigned unit, uint32_t rid, bool on)
{
	struct vtdd *v = unit_state(d, unit);

	if (!v || rid > 0xffff || vtdd_has_ats(v, rid) == on || (v->up && !vtd_get_ecap_DT(&v->ecap)))
		return;
	if (!on && v->att[rid]) {
		vtdd_cmd_devtlb(v, rid, TRC_NO_PASID, 0, 64);
		vtdd_submit(v);
	}
	v->ats[rid / 64] ^= UINT64_C(1) << (rid % 64);
	if (v->att[rid])
		vtdd_ctx_ats(v, rid, on);
}

/* The device stops after the flush, and starts before the entry allows it. */
static void ats(struct drv *d, bool on)
{
	if (!on)
		set_ats(d, d->cur.unit, d->cur.u.dev.rid, false);
	drv_emit(d, &d->cur);
	if (on)
		set_ats(d, d->cur.unit, d->cur.u.dev.rid, true);
}

static struct drv_dom *dom(struct drv *d, unsigned unit, uint32_t id, const char *type)
{
	struct vtdd *v = vtdd_get(d, unit);

	return v ? vtdd_dom(d, v, id, type) : NULL;
}

static void map_done(struct drv *d, struct drv_dom *m)
{
	if (!m->first_stage && drv_any_cm(d, m))
		vtdd_flush_range(d, m, d->cur.u.sw.iova, d->cur.u.sw.iova + d->cur.u.sw.size - 1, false, false);
	else
		vtdd_write_buffer(d, m);
}

static void unmap(struct drv *d, struct drv_dom *m, struct drv_range *r, bool lazy)
{
	bool tables = vtdd_unmap(d, m, &r->first, &r->last);

	if (lazy)
		return;
	vtdd_flush_range(d, m, r->first, r->last, d->cfg->ih && !tables, true);
	drv_gone_free(d, m);
}

static void flush_range(struct drv *d, struct drv_dom *m, uint64_t first, uint64_t last)
{
	vtdd_flush_range(d, m, first, last, false, true);
}

static void flush_all(struct drv *d, struct drv_dom *m)
{
	vtdd_flush_all(d, m);
	drv_gone_free(d, m);
}

static void cmd(struct drv_unit *u, const uint64_t w[2])
{
	vtdd_cmd((struct vtdd *)u, w[0], w[1]);
}

static void sync(struct drv_unit *u)
{
	vtdd_submit((struct vtdd *)u);
}

static void up(struct drv *d, unsigned unit)
{
	(void)!vtdd_get(d, unit);
}

const struct drv_ops drv_vtd_ops = {
	.arch = "vtd", .up = up, .dom = dom, .attach = attach, .detach = detach, .ats = ats, .map_some = vtdd_map_some, .map_done = map_done,
	.unmap = unmap, .flush_range = flush_range, .flush_all = flush_all, .s2_map = vtdd_s2_map, .s2_flush = vtdd_s2_flush, .cmd = cmd, .sync = sync, .destroy = destroy,
};
