/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_amdvi.c - AMD-Vi units, domains and attachments: bring-up, which tables an attach gets, DomainIDs, attach and detach.
 * As Linux: v1 tables unless the unit has none or the attach asks for others; DomainIDs from 1 on in one namespace for all units, of the
 * domain (v1, pass-through) or of the GCR3 table of a requester (v2); ATS is switched off at the device before its entry goes and on
 * after the entry allows it, so no device-IOTLB invalidation is sent behind it. A requester without a domain but with PASIDs has
 * GIoV and no GCR3 entry 0, so that nothing without PASID gets through.
 * Registers are written as in early_enable_iommu(); GA, XT and interrupt tables are left out. Spec: 48882.1, 12.5, 12.6.
 */
#include "software/drv_amdvi.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "amdvi/amdvi_fields.h"

enum {
	REG_DEVTAB = 0x00, REG_CMD = 0x08, REG_EVT = 0x10, REG_CONTROL = 0x18, REG_EFR = 0x30, REG_PPR = 0x38, REG_EFR2 = 0x1a0,
	REG_CMD_HEAD = 0x2000, REG_CMD_TAIL = 0x2008, REG_EVT_HEAD = 0x2010, REG_EVT_TAIL = 0x2018, REG_PPR_HEAD = 0x2030, REG_PPR_TAIL = 0x2038,
};
enum { TIMEOUT_1S = 4, LOG_LG2 = 9 };

static const char *const mode_name[] = { "auto", "legacy", "ss", "fs", "nested", "pt" };

static void wr(struct amdd *v, uint32_t off, unsigned bytes, uint64_t val)
{
	drv_mmio(v->d, v->index, off, bytes, val);
}

void amdd_control(struct amdd *v)
{
	wr(v, REG_CONTROL, 8, v->control);
}

static void control(struct amdd *v, void (*put)(uint64_t *w, uint64_t val), uint64_t val)
{
	put(&v->control, val);
	amdd_control(v);
}

/* A ring or log of 2^9 entries at @pa, its pointers 0. */
static void buffer(struct amdd *v, uint32_t reg, uint64_t pa, uint32_t head, uint32_t tail)
{
	wr(v, reg, 8, pa | (uint64_t)LOG_LG2 << 56);
	wr(v, head, 4, 0);
	wr(v, tail, 4, 0);
}

static void bring_up(struct amdd *v)
{
	struct drv *d = v->d;
	const size_t ring = (16 << AMDD_RING_LG2) / 4096, log = (16 << LOG_LG2) / 4096;

	_Static_assert((int)AMDD_RING_LG2 == (int)LOG_LG2, "buffer() has one length");
	amdvi_put_control_Coherent(&v->control, 1);
	wr(v, REG_CONTROL, 8, v->control); /* everything off */
	v->devtab = amdd_device_table(v);
	wr(v, REG_DEVTAB, 8, v->devtab | d->cfg->amd_last_rid / 128);
	v->q = (struct amdd_queue){ .ring = drv_alloc(d, ring), .tail_reg = REG_CMD_TAIL };
	v->q.sem = v->q.sem_at = drv_alloc(d, 1);
	buffer(v, REG_CMD, v->q.ring, REG_CMD_HEAD, REG_CMD_TAIL);
	control(v, amdvi_put_control_CmdBufEn, 1);
	buffer(v, REG_EVT, drv_alloc(d, log), REG_EVT_HEAD, REG_EVT_TAIL);
	control(v, amdvi_put_control_EventLogEn, 1);
	if (amdvi_get_efr_GTSup(&v->efr)) {
		control(v, amdvi_put_control_GTEn, 1);
		if (v->gcr3trp)
			control(v, amdvi_put_control_GCR3TRPMode, 1);
	}
	control(v, amdvi_put_control_InvTimeOut, TIMEOUT_1S);
	control(v, amdvi_put_control_IommuEn, 1);
	amdd_flush_everything(v);
	if (!amdvi_get_efr_PPRSup(&v->efr))
		return;
	buffer(v, REG_PPR, drv_alloc(d, log), REG_PPR_HEAD, REG_PPR_TAIL);
	control(v, amdvi_put_control_PPREn, 1);
	control(v, amdvi_put_control_PPRIntEn, 1);
	control(v, amdvi_put_control_PPRLogEn, 1);
}

/* The state of a unit, not yet brought up; NULL: failed. */
static struct amdd *unit_state(struct drv *d, unsigned unit)
{
	struct amdd *v = amdd_of(d, unit);

	if (v)
		return v;
	v = calloc(1, sizeof(*v));
	if (!v) {
		drv_fail(d, ERR_MACHINE, "out of memory");
		return NULL;
	}
	v->base.ops = &drv_amdvi_ops;
	v->d = d;
	v->u = plat_unit(d->p, unit);
	v->index = unit;
	d->unit[unit] = &v->base;
	return v;
}

struct amdd *amdd_get(struct drv *d, unsigned unit)
{
	struct amdd *v = unit_state(d, unit);
	unsigned hats;
	bool trp;

	if (!v || v->up)
		return d->failed ? NULL : v;
	v->efr = v->u->ops->mmio_read(v->u, REG_EFR, 8);
	v->efr2 = v->u->ops->mmio_read(v->u, REG_EFR2, 8);
	hats = (unsigned)amdvi_get_efr_HATS(&v->efr);
	v->host_levels = hats == 3 ? 0 : 4 + hats;
	v->glx = 1 + (unsigned)amdvi_get_efr_GLXSup(&v->efr);
	trp = amdvi_get_efr2_GCR3TRPModeSup(&v->efr2);
	v->gcr3trp = d->cfg->amd_gcr3_trp == DRV_AUTO ? trp : d->cfg->amd_gcr3_trp == DRV_ON;
	if (v->gcr3trp && !trp)
		drv_fail(d, ERR_INPUT, "unit %u has no guest-physical GCR3 tables (EFR2.GCR3TRPModeSup = 0; software.amd_gcr3_trp)", unit);
	if (d->failed)
		return NULL;
	v->up = true;
	bring_up(v);
	return d->failed ? NULL : v;
}

static void destroy(struct drv_unit *u)
{
	struct amdd *v = (struct amdd *)u;

	for (unsigned i = 0; i < 256; i++)
		free(v->dev[i]);
	amdd_vq_free(v);
	free(v);
}

struct amdd_dev *amdd_dev(struct amdd *v, uint32_t rid)
{
	struct amdd_dev **b = &v->dev[rid >> 8 & 255], *a;

	if (rid > v->d->cfg->amd_last_rid) {
		drv_fail(v->d, ERR_INPUT, "requester 0x%" PRIx32 " is beyond the device table (software.amd_last_rid)", rid);
		return NULL;
	}
	if (!*b && !(*b = calloc(256, sizeof(**b)))) {
		drv_fail(v->d, ERR_MACHINE, "out of memory");
		return NULL;
	}
	a = &(*b)[rid & 255];
	a->rid = rid;
	return a;
}

uint16_t amdd_new_id(struct drv *d)
{
	if (d->amd_id && drv_id_taken(d, 0, d->amd_id))
		return (uint16_t)d->amd_id;
	if (d->amd_id < 0xffff)
		return (uint16_t)++d->amd_id;
	drv_fail(d, ERR_INPUT, "out of DomainIDs (16 bits, never given back)");
	return 0;
}

/* Why @v cannot do @mode; NULL: it can. */
static const char *lacks(const struct amdd *v, unsigned mode)
{
	bool guest = amdvi_get_efr_GTSup(&v->efr) && amdvi_get_efr_GIoSup(&v->efr);

	if ((mode == DRV_MODE_FS || mode == DRV_MODE_NESTED) && !guest)
		return "EFR.GTSup or EFR.GIoSup is 0";
	if ((mode == DRV_MODE_SS || mode == DRV_MODE_NESTED) && !v->host_levels)
		return "EFR.HATS = 3: no host tables";
	return NULL;
}

static unsigned mode_of(const struct drv *d, const struct amdd *v, const char *type)
{
	static const struct { const char *name; uint8_t mode; } name[] = {
		{ "identity", DRV_MODE_PT }, { "pt", DRV_MODE_PT }, { "bypass", DRV_MODE_PT }, { "fs", DRV_MODE_FS }, { "v2", DRV_MODE_FS },
		{ "vm", DRV_MODE_SS }, { "ss", DRV_MODE_SS }, { "v1", DRV_MODE_SS }, { "legacy", DRV_MODE_SS }, { "nested", DRV_MODE_NESTED },
	};
	unsigned mode = DRV_MODE_AUTO;

	for (size_t i = 0; i < ARRAY_LEN(name); i++)
		if (!strcmp(type, name[i].name))
			mode = name[i].mode;
	if (d->cfg->mode != DRV_MODE_AUTO && mode != DRV_MODE_PT && strcmp(type, "vm")) /* the same workload on other tables */
		return d->cfg->mode == DRV_MODE_LEGACY ? DRV_MODE_SS : d->cfg->mode;
	if (!*type || !strcmp(type, "dma") || !strcmp(type, "default"))
		return lacks(v, DRV_MODE_SS) ? DRV_MODE_FS : DRV_MODE_SS;
	return mode;
}

/* From now on flushes of @m go to @v too. */
static void on_unit(struct amdd *v, struct drv_dom *m)
{
	struct drv_did **p = &m->did;

	while (*p && (*p)->unit != v->index)
		p = &(*p)->next;
	if (*p || v->d->failed)
		return;
	*p = calloc(1, sizeof(**p));
	if (!*p)
		drv_fail(v->d, ERR_MACHINE, "out of memory");
	else
		**p = (struct drv_did){ .did = m->asid, .unit = (uint8_t)v->index };
}

/* Tables of a domain that is on another unit already. */
static bool too_deep(const struct amdd *v, const struct drv_dom *m)
{
	if (amdd_is_v2(m))
		return (m->levels == 5 && !amdvi_get_efr_GATS(&v->efr)) || (m->mode == DRV_MODE_NESTED && v->d->vm[m->vm].levels > v->host_levels);
	return m->ia_bits > 12 + 9 * v->host_levels;
}

static struct drv_dom *dom_for(struct amdd *v, uint32_t id, const char *type)
{
	struct drv *d = v->d;
	struct drv_dom *m = drv_dom_find(d, id);
	unsigned mode = m && !*type ? m->mode : mode_of(d, v, type);
	const char *why;

	if (mode == DRV_MODE_AUTO)
		drv_fail(d, ERR_INPUT, "unknown attach type \"%s\": ss (v1), fs (v2), nested, vm, pt or nothing", type);
	else if (m && (m->mode != mode || (*type && m->is_vm != !strcmp(type, "vm"))))
		drv_fail(d, ERR_INPUT, "domain %" PRIu32 " is %s, not %s", id, mode_name[m->mode], mode_name[mode]);
	else if ((why = lacks(v, mode)))
		drv_fail(d, ERR_INPUT, "unit %u cannot do %s tables: %s", v->index, mode_name[mode], why);
	else if (m && too_deep(v, m))
		drv_fail(d, ERR_INPUT, "domain %" PRIu32 " is made for more levels than unit %u has (EFR.HATS, EFR.GATS)", id, v->index);
	if (!d->failed && !m && (m = drv_dom_add(d, id, &drv_amdvi_ops))) {
		m->mode = (uint8_t)mode;
		m->is_vm = !strcmp(type, "vm");
		if (!amdd_is_v2(m))
			m->asid = amdd_new_id(d);
		if (mode != DRV_MODE_PT && !d->failed)
			amdd_shape(v, m);
	}
	if (m)
		on_unit(v, m);
	return d->failed ? NULL : m;
}

static struct drv_dom *dom(struct drv *d, unsigned unit, uint32_t id, const char *type)
{
	struct amdd *v = amdd_get(d, unit);

	return v ? dom_for(v, id, type) : NULL;
}

/* May requests without PASID be in @m while there are PASIDs, of the guest if @nested? */
static bool beside_pasids(const struct drv_dom *m, bool nested)
{
	return nested ? m->mode == DRV_MODE_NESTED : m->mode == DRV_MODE_FS || m->mode == DRV_MODE_PT;
}

/* What cannot be together in one entry. */
static bool fits(struct drv *d, const struct amdd *v, const struct amdd_dev *a, const struct drv_dom *m, uint32_t pasid)
{
	unsigned bits = (unsigned)amdvi_get_efr_PASmax(&v->efr) + 1, most = v->glx > 2 ? 20 : 9 * v->glx;
	bool nested = m->mode == DRV_MODE_NESTED;

	if (a->reserved)
		return drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " is the unit itself, or in use as a TransDevID", a->rid);
	if (pasid == TRC_NO_PASID) {
		if (a->n_pasid && !beside_pasids(m, a->nested))
			return drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " has PASIDs attached that a %s domain cannot be with", a->rid, mode_name[m->mode]);
		return true;
	}
	bits = bits < most ? bits : most;
	if (!pasid || pasid >> bits)
		return drv_fail(d, ERR_INPUT, "unit %u cannot attach PASID %" PRIu32 " (1 to 2^%u - 1: EFR.PASmax, EFR.GLXSup)", v->index, pasid, bits);
	if (!amdd_is_v2(m) || (a->n_pasid && a->nested != nested) || (a->dom && !beside_pasids(a->dom, nested)))
		return drv_fail(d, ERR_INPUT, "a PASID of requester 0x%" PRIx32 " cannot be in a %s domain beside what is attached", a->rid,
				mode_name[m->mode]);
	return true;
}

/* Switch ATS at the device as the trace wants it, or off; the entry follows (off) or is there (on). */
static void device_ats(struct amdd *v, struct amdd_dev *a, bool on)
{
	struct trc_rec r = { .kind = TRC_DEVICE, .unit = (uint8_t)v->index, .at = v->d->cur.at, .line = v->d->cur.line };

	r.u.dev.rid = a->rid;
	r.u.dev.event = on ? TRC_DEV_ATS_ON : TRC_DEV_ATS_OFF;
	drv_emit(v->d, &r);
}

/* The entry as things are now; ATS comes behind it. What the device holds goes if it had ATS on before. */
static void install(struct amdd *v, struct amdd_dev *a)
{
	bool was = a->ats_on;

	a->ats_on = a->ats && (a->dom || a->n_pasid);
	if (was && !a->ats_on)
		device_ats(v, a, false);
	amdd_install(v, a);
	if (was && a->ats_on) {
		amdd_cmd_iotlb_all(v, a, false, 0);
		amdd_wait(v);
	}
	if (!was && a->ats_on)
		device_ats(v, a, true);
}

static struct drv_dom *attached(struct drv *d, const struct amdd *v, const struct amdd_dev *a, uint32_t pasid)
{
	return pasid == TRC_NO_PASID ? a->dom : a->n_pasid ? drv_attached_to(d, v->index, a->rid, pasid) : NULL;
}

static void leave(struct amdd *v, struct amdd_dev *a, struct drv_dom *m, uint32_t pasid)
{
	struct drv *d = v->d;
	const bool main = pasid == TRC_NO_PASID;

	if (main) {
		a->dom = NULL;
		if (!a->n_pasid || !amdd_is_v2(m))
			install(v, a); /* blocked; or PASIDs stay: GIoV */
		amdd_flush_all(d, m);
	} else {
		a->n_pasid--;
	}
	if (amdd_is_v2(m))
		amdd_gcr3_set(v, a, main ? 0 : pasid, NULL);
	if (!main && !a->n_pasid && (!a->dom || !amdd_is_v2(a->dom)))
		install(v, a); /* the GCR3 table goes out of the entry */
	if (!a->n_pasid && (!a->dom || !amdd_is_v2(a->dom)))
		amdd_gcr3_free(v, a);
	drv_att_del(v->d, m, v->index, a->rid, pasid);
}

static void join(struct amdd *v, struct amdd_dev *a, struct drv_dom *m, uint32_t pasid)
{
	const bool main = pasid == TRC_NO_PASID;
	bool fresh = !a->gcr3;

	if (!drv_att_add(v->d, m, v->index, a->rid, pasid))
		return;
	if (amdd_is_v2(m)) {
		a->nested = m->mode == DRV_MODE_NESTED;
		a->vm = m->vm;
		amdd_vq_attach(v, a, v->d->at_viommu);
		fresh = amdd_gcr3_set(v, a, main ? 0 : pasid, m);
	}
	if (main)
		a->dom = m;
	else
		a->n_pasid++;
	if (fresh || !amdd_is_v2(m))
		install(v, a);
}

/* An attached requester leaves its domain first. */
static void attach(struct drv *d)
{
	const uint32_t rid = d->cur.u.sw.rid, pasid = d->cur.u.sw.pasid;
	struct amdd *v = amdd_get(d, d->cur.unit);
	struct drv_dom *m = v ? dom_for(v, d->cur.u.sw.dom, d->cur.u.sw.type) : NULL, *old;
	struct amdd_dev *a = m ? amdd_dev(v, rid) : NULL;

	if (!a)
		return;
	old = attached(d, v, a, pasid);
	if (old == m) {
		drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " is already attached to domain %" PRIu32, rid, old->id);
		return;
	}
	if (old)
		leave(v, a, old, pasid);
	if (!d->failed && fits(d, v, a, m, pasid))
		join(v, a, m, pasid);
}

static void detach(struct drv *d)
{
	const uint32_t rid = d->cur.u.sw.rid, pasid = d->cur.u.sw.pasid;
	struct amdd *v = amdd_get(d, d->cur.unit);
	struct amdd_dev *a = v ? amdd_dev(v, rid) : NULL;
	struct drv_dom *m = a ? attached(d, v, a, pasid) : NULL;

	if (!m)
		drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " is not attached", rid);
	else if (d->cur.u.sw.dom && d->cur.u.sw.dom != m->id)
		drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " is attached to domain %" PRIu32 ", not %" PRIu32, rid, m->id, d->cur.u.sw.dom);
	else
		leave(v, a, m, pasid);
}

/* What is not attached has ATS off until it is. */
static void ats(struct drv *d, bool on)
{
	struct amdd *v = unit_state(d, d->cur.unit);
	struct amdd_dev *a = v ? amdd_dev(v, d->cur.u.dev.rid) : NULL;

	if (!a || a->ats == on)
		return;
	a->ats = on;
	if (a->dom || a->n_pasid)
		install(v, a);
}

static void map_done(struct drv *d, struct drv_dom *m)
{
	if (m->n_gone || drv_any_cm(d, m))
		amdd_flush(d, m, d->cur.u.sw.iova, d->cur.u.sw.iova + (d->cur.u.sw.size - 1));
	drv_gone_free(d, m);
}

static void unmap(struct drv *d, struct drv_dom *m, struct drv_range *r, bool lazy)
{
	amdd_unmap(d, m, r);
	if (!lazy)
		amdd_flush(d, m, r->first, r->last);
}

static void flush_range(struct drv *d, struct drv_dom *m, uint64_t first, uint64_t last)
{
	amdd_flush(d, m, first, last);
}

static void cmd(struct drv_unit *u, const uint64_t w[2])
{
	amdd_cmd((struct amdd *)u, w[0], w[1]);
}

static void sync(struct drv_unit *u)
{
	amdd_wait((struct amdd *)u);
}

static void up(struct drv *d, unsigned unit)
{
	(void)!amdd_get(d, unit);
}

const struct drv_ops drv_amdvi_ops = {
	.arch = "amdvi", .up = up, .dom = dom, .attach = attach, .detach = detach, .ats = ats, .map_some = amdd_map_some, .map_done = map_done,
	.unmap = unmap, .flush_range = flush_range, .flush_all = amdd_flush_all,
	.s2_map = amdd_s2_map, .s2_flush = amdd_s2_flush, .cmd = cmd, .sync = sync, .destroy = destroy,
};
