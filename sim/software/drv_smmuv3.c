/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_smmuv3.c - SMMUv3 domains and attachments: which tables an attach gets, ASIDs and VMIDs, the order of attach and detach.
 * As Linux: ASIDs from 1 on in one namespace for all units, VMIDs from 1 on for each unit; both stay with a domain to the end, as its
 * tables do. Under nesting one virtual machine has one VMID on each unit and numbers its ASIDs itself. ATS is on where the trace says the
 * device has it on; the driver cannot switch it off at the device when it detaches it.
 */
#include "software/drv_smmuv3.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/bits.h"
#include "smmuv3/smmuv3_fields.h"

static const char *const mode_name[] = { "auto", "legacy", "ss", "fs", "nested", "pt" };

static void destroy(struct drv_unit *u)
{
	struct smmud *v = (struct smmud *)u;

	for (size_t i = 0; i < BIT64(SMMUD_SID_BITS - 8); i++)
		free(v->master[i]);
	free(v->master);
	free(v->vq);
	free(v);
}

/* Why @v cannot do @mode; NULL: it can. */
static const char *lacks(const struct smmud *v, unsigned mode)
{
	switch (mode) {
	case DRV_MODE_LEGACY:
		return "legacy is a mode of VT-d";
	case DRV_MODE_SS:
		return smmuv3_get_idr0_S2P(&v->idr0) ? NULL : "IDR0.S2P = 0";
	case DRV_MODE_FS:
		return smmuv3_get_idr0_S1P(&v->idr0) ? NULL : "IDR0.S1P = 0";
	case DRV_MODE_NESTED:
		return v->nests ? NULL : "it has not both stages, or an erratum of MMU-600 or MMU-700 forbids it";
	default:
		return NULL;
	}
}

static unsigned mode_of(const struct drv *d, const struct smmud *v, const char *type)
{
	static const struct { const char *name; uint8_t mode; } name[] = {
		{ "identity", DRV_MODE_PT }, { "pt", DRV_MODE_PT }, { "bypass", DRV_MODE_PT }, { "fs", DRV_MODE_FS }, { "s1", DRV_MODE_FS },
		{ "vm", DRV_MODE_SS }, { "ss", DRV_MODE_SS }, { "s2", DRV_MODE_SS }, { "nested", DRV_MODE_NESTED }, { "legacy", DRV_MODE_LEGACY },
	};
	unsigned mode = DRV_MODE_AUTO;

	for (size_t i = 0; i < ARRAY_LEN(name); i++)
		if (!strcmp(type, name[i].name))
			mode = name[i].mode;
	if (d->cfg->mode != DRV_MODE_AUTO && mode != DRV_MODE_PT && strcmp(type, "vm"))
		return d->cfg->mode; /* the same workload on other tables */
	if (!*type || !strcmp(type, "dma") || !strcmp(type, "default"))
		return lacks(v, DRV_MODE_FS) ? DRV_MODE_SS : DRV_MODE_FS;
	return mode;
}

static unsigned new_id(struct drv *d, uint32_t *last, bool wide, const char *what)
{
	if (*last && drv_id_taken(d, 0, *last))
		return *last;
	if (*last + 1 < (wide ? 0x10000u : 0x100u))
		return ++*last;
	drv_fail(d, ERR_INPUT, "out of %ss (8 or 16 bits, never given back)", what);
	return 0;
}

const struct drv_did *smmud_tags(const struct drv_dom *m, unsigned unit, unsigned viommu)
{
	static const struct drv_did none;

	for (const struct drv_did *i = m->did; i; i = i->next)
		if (i->unit == unit && i->viommu == viommu)
			return i;
	return &none;
}

static uint16_t vm_vmid(struct smmud *v, unsigned vm, unsigned viommu)
{
	uint16_t *id = &v->vm_vmid[vm][v->d->cfg->smmu_vmid == DRV_VMID_VM ? 0 : viommu];

	if (!*id)
		*id = (uint16_t)new_id(v->d, &v->vmid, smmuv3_get_idr0_VMID16(&v->idr0), "VMID");
	return *id;
}

/* From now on flushes of @m go to @v too. */
static void on_unit(struct smmud *v, struct drv_dom *m)
{
	const bool nested = m->mode == DRV_MODE_NESTED, asid16 = smmuv3_get_idr0_ASID16(&v->idr0);
	const unsigned viommu = nested ? v->d->at_viommu : 0;
	struct drv_did **p = &m->did;

	while (*p && !((*p)->unit == v->index && (*p)->viommu == viommu))
		p = &(*p)->next;
	if (*p || v->d->failed)
		return;
	*p = calloc(1, sizeof(**p));
	if (!*p) {
		drv_fail(v->d, ERR_MACHINE, "out of memory");
		return;
	}
	**p = (struct drv_did){ .unit = (uint8_t)v->index, .viommu = (uint8_t)viommu, .asid = m->asid };
	if (nested && m->did != *p) /* another virtual SMMU of the guest: a number of its own */
		(*p)->asid = (uint16_t)new_id(v->d, &v->d->vm_asid[m->vm][viommu], asid16, "ASID");
	if ((*p)->asid > 0xff && !asid16)
		drv_fail(v->d, ERR_INPUT, "unit %u has ASIDs of 8 bits, domain %" PRIu32 " has %u", v->index, m->id, (*p)->asid);
	if (m->mode == DRV_MODE_SS)
		(*p)->did = (uint16_t)new_id(v->d, &v->vmid, smmuv3_get_idr0_VMID16(&v->idr0), "VMID");
	else if (nested)
		(*p)->did = vm_vmid(v, m->vm, viommu);
}

static struct drv_dom *dom_for(struct smmud *v, uint32_t id, const char *type)
{
	struct drv *d = v->d;
	struct drv_dom *m = drv_dom_find(d, id);
	unsigned mode = m && !*type ? m->mode : mode_of(d, v, type);
	const char *why;

	if (mode == DRV_MODE_AUTO)
		drv_fail(d, ERR_INPUT, "unknown attach type \"%s\": fs (s1), ss (s2), nested, vm, pt (bypass) or nothing", type);
	else if (m && (m->mode != mode || (*type && m->is_vm != !strcmp(type, "vm"))))
		drv_fail(d, ERR_INPUT, "domain %" PRIu32 " is %s, not %s", id, mode_name[m->mode], mode_name[mode]);
	else if ((why = lacks(v, mode)))
		drv_fail(d, ERR_INPUT, "unit %u cannot do %s tables: %s", v->index, mode_name[mode], why);
	else if (m && mode != DRV_MODE_PT && m->pa_bits > v->oas)
		drv_fail(d, ERR_INPUT, "domain %" PRIu32 " is made for %u bits, unit %u has fewer (IDR5.OAS)", id, m->pa_bits, v->index);
	if (!d->failed && !m && (m = drv_dom_add(d, id, &drv_smmuv3_ops))) {
		m->mode = (uint8_t)mode;
		m->is_vm = !strcmp(type, "vm");
		if (mode == DRV_MODE_FS || mode == DRV_MODE_NESTED)
			m->asid = (uint16_t)new_id(d, mode == DRV_MODE_FS ? &d->asid : &d->vm_asid[m->vm][d->at_viommu], smmuv3_get_idr0_ASID16(&v->idr0), "ASID");
		if (mode != DRV_MODE_PT && !d->failed)
			smmud_shape(v, m);
	}
	if (m && mode != DRV_MODE_PT)
		on_unit(v, m);
	return d->failed ? NULL : m;
}

static struct drv_dom *dom(struct drv *d, unsigned unit, uint32_t id, const char *type)
{
	struct smmud *v = smmud_get(d, unit);

	return v ? dom_for(v, id, type) : NULL;
}

/* The STE as things are now, and what its change asks for at the ATC: all of it if ATS comes or goes, else @pasid. */
static void install(struct smmud *v, struct smmud_master *a, uint32_t pasid)
{
	bool was = a->eats, on = smmud_write_ste(v, a);

	a->eats = on;
	if (on || was)
		smmud_atc(v, a->rid, on && was ? pasid : TRC_NO_PASID, 0, 0);
	smmud_sync(v);
}

/* May requests without PASID be in @m while there are PASIDs, of the guest if @nested? */
static bool beside_pasids(const struct drv_dom *m, bool nested)
{
	return nested ? m->mode == DRV_MODE_NESTED : m->mode == DRV_MODE_FS || m->mode == DRV_MODE_PT;
}

/* What cannot be together in one STE. */
static bool fits(struct drv *d, const struct smmud *v, const struct smmud_master *a, const struct drv_dom *m, uint32_t pasid)
{
	bool nested = m->mode == DRV_MODE_NESTED;

	if (a->rid >> v->sid_bits)
		return drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " is wider than the %u StreamID bits of unit %u", a->rid, v->sid_bits, v->index);
	if (pasid == TRC_NO_PASID) {
		if (a->n_pasid && !beside_pasids(m, a->nested))
			return drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " has PASIDs attached that a %s domain cannot be with", a->rid, mode_name[m->mode]);
		return true;
	}
	if (!pasid || pasid >> v->ssid_bits)
		return drv_fail(d, ERR_INPUT, "unit %u cannot attach PASID %" PRIu32 " (1 to 2^%u - 1: IDR1.SSIDSIZE, software.smmu_ssid_bits)",
				v->index, pasid, v->ssid_bits);
	if (!m->asid || (a->n_pasid && a->nested != nested) || (a->dom && !beside_pasids(a->dom, nested)))
		return drv_fail(d, ERR_INPUT, "a PASID of requester 0x%" PRIx32 " cannot be in a %s domain beside what is attached", a->rid,
				mode_name[m->mode]);
	return true;
}

static struct drv_dom *attached(struct drv *d, const struct smmud *v, const struct smmud_master *a, uint32_t pasid)
{
	return pasid == TRC_NO_PASID ? a->dom : a->n_pasid ? drv_attached_to(d, v->index, a->rid, pasid) : NULL;
}

/* An attached requester changes its domain: the old one is left last. */
static void attach(struct drv *d)
{
	const uint32_t rid = d->cur.u.sw.rid, pasid = d->cur.u.sw.pasid;
	const bool main = pasid == TRC_NO_PASID;
	struct smmud *v = smmud_get(d, d->cur.unit);
	struct drv_dom *m = v ? dom_for(v, d->cur.u.sw.dom, d->cur.u.sw.type) : NULL, *old;
	struct smmud_master *a = m ? smmud_master(v, rid) : NULL;
	bool had_cd, was_nested;

	if (!a)
		return;
	old = attached(d, v, a, pasid);
	if (old == m)
		drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " is already attached to domain %" PRIu32, rid, old->id);
	if (old == m || !fits(d, v, a, m, pasid) || !drv_att_add(d, m, v->index, rid, pasid))
		return;
	if (!a->ste)
		smmud_find_ste(v, a);
	a->vm = m->vm;
	a->viommu = m->mode == DRV_MODE_NESTED ? d->at_viommu : 0;
	had_cd = a->n_pasid || (a->dom && a->dom->asid);
	was_nested = old && old->mode == DRV_MODE_NESTED;
	if (m->asid)
		smmud_write_cd(v, a, main ? 0 : pasid, m, m->mode == DRV_MODE_NESTED);
	if (main) {
		a->dom = m;
	} else {
		a->nested = m->mode == DRV_MODE_NESTED;
		a->n_pasid += !old;
	}
	if (main || !had_cd) /* else the STE stays as it is */
		install(v, a, pasid);
	else if (a->eats)
		smmud_atc(v, rid, pasid, 0, 0);
	smmud_sync(v);
	if (m->mode == DRV_MODE_NESTED)
		smmud_vq_attach(v, a, smmud_tags(m, v->index, a->viommu)->did);
	if (main && (!m->asid || (old && (m->mode == DRV_MODE_NESTED) != was_nested)))
		smmud_write_cd(v, a, 0, NULL, was_nested); /* of the table the STE does not use any more */
	if (old)
		drv_att_del(d, old, v->index, rid, pasid);
}

static void detach(struct drv *d)
{
	const uint32_t rid = d->cur.u.sw.rid, pasid = d->cur.u.sw.pasid;
	struct smmud *v = smmud_get(d, d->cur.unit);
	struct smmud_master *a = v ? smmud_master(v, rid) : NULL;
	struct drv_dom *m = a ? attached(d, v, a, pasid) : NULL;
	bool nested = m && m->mode == DRV_MODE_NESTED;

	if (!m) {
		drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " is not attached", rid);
		return;
	}
	if (d->cur.u.sw.dom && d->cur.u.sw.dom != m->id) {
		drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " is attached to domain %" PRIu32 ", not %" PRIu32, rid, m->id, d->cur.u.sw.dom);
		return;
	}
	if (pasid == TRC_NO_PASID) {
		a->dom = NULL;
		install(v, a, pasid);
		smmud_write_cd(v, a, 0, NULL, nested);
	} else {
		smmud_write_cd(v, a, pasid, NULL, nested);
		if (a->eats)
			smmud_atc(v, rid, pasid, 0, 0);
		smmud_sync(v);
		if (--a->n_pasid == 0 && !(a->dom && a->dom->asid))
			install(v, a, TRC_NO_PASID); /* the CD table goes out of the STE */
	}
	drv_att_del(d, m, v->index, rid, pasid);
}

/* The device starts behind all that allows it, and stops first. */
static void ats(struct drv *d, bool on)
{
	struct smmud *v = smmud_state(d, d->cur.unit);
	struct smmud_master *a = v ? smmud_master(v, d->cur.u.dev.rid) : NULL;
	bool change = a && a->ats != on;

	if (!on)
		drv_emit(d, &d->cur);
	if (change) {
		a->ats = on;
		if (a->dom || a->n_pasid)
			install(v, a, TRC_NO_PASID);
	}
	if (on)
		drv_emit(d, &d->cur);
}

static void map_done(struct drv *d, struct drv_dom *m)
{
	if (d->cfg->caching_mode)
		smmud_flush(d, m, d->cur.u.sw.iova, d->cur.u.sw.iova + (d->cur.u.sw.size - 1), m->page_lg2, false);
}

static void flush_range(struct drv *d, struct drv_dom *m, uint64_t first, uint64_t last)
{
	smmud_flush(d, m, first, last, m->page_lg2, false);
}

static void cmd(struct drv_unit *u, const uint64_t w[2])
{
	smmud_cmd((struct smmud *)u, w[0], w[1]);
}

static void sync(struct drv_unit *u)
{
	smmud_sync((struct smmud *)u);
}

static void up(struct drv *d, unsigned unit)
{
	(void)!smmud_get(d, unit);
}

const struct drv_ops drv_smmuv3_ops = {
	.arch = "smmuv3", .up = up, .dom = dom, .attach = attach, .detach = detach, .ats = ats, .map_some = smmud_map_some, .map_done = map_done,
	.unmap = smmud_unmap, .flush_range = flush_range, .flush_all = smmud_flush_all,
	.s2_map = smmud_s2_map, .s2_flush = smmud_s2_flush, .cmd = cmd, .sync = sync, .destroy = destroy,
};
