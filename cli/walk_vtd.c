/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_vtd.c - VT-d images: the unit over the image, the one table of QEMU's fault codes, and where the specification decides against QEMU.
 * Not modelled: requests with PASID are only made for PASIDs other than the context entry's RID_PASID.
 * Images are walked as their unit walked. XD = 1 with NXE = 0: QEMU ignores the bit, so does the walk (vtd xd_reserved off).
 * ECAP.RPS: QEMU 10.0.2 reports 0 and uses the RID_PASID field all the same, where the specification uses PASID 0. The walk
 * does it with RPS = 1 (struct walk_unit.note says so). Software that heeds RPS = 0 leaves the field 0: no difference.
 */
#include "walk_vtd.h"
#include "core/base/bits.h"
#include <stdlib.h>
#include <string.h>

enum { R_CAP = 0x8, R_ECAP = 0x10, R_GSTS = 0x1c, R_RTADDR = 0x20, HAW_MAX = 52, RPS_BIT = 49 };

/* --- fault codes --- */
/*
 * In scalable mode QEMU reports legacy-mode codes for the root and context entry and for the second stage; the specification has codes
 * of its own ("Fault Conditions"). In legacy mode the codes are the specification's: no row.
 */
static const struct {
	bool scalable;
	uint8_t qemu, spec;
	const char *why;
} qemu_code[] = {
	{ true, 0x01, 0x39, "root entry not present" },
	{ true, 0x02, 0x41, "context entry not present" },
	{ true, 0x03, 0x43, "context entry invalid" },
	{ true, 0x03, 0x7b, "top second-stage table unreadable" },
	{ true, 0x04, 0x83, "pass-through address beyond the host address width" },
	{ true, 0x04, 0x84, "second-stage input beyond its width" },
	{ true, 0x05, 0x79, "second-stage entry without R and W, met by a write" },
	{ true, 0x05, 0x85, "no write permission" },
	{ true, 0x06, 0x79, "second-stage entry without R and W, met by a read" },
	{ true, 0x06, 0x86, "no read permission" },
	{ true, 0x07, 0x78, "lower second-stage table unreadable" },
	{ true, 0x08, 0x38, "root entry unreadable" },
	{ true, 0x09, 0x40, "context entry unreadable" },
	{ true, 0x0a, 0x3a, "reserved bits of the root entry" },
	{ true, 0x0b, 0x42, "reserved bits of the context entry" },
	{ true, 0x0c, 0x7a, "reserved bits of a second-stage entry" },
	{ true, 0x0e, 0x87, "result in the interrupt range" },
};

const char *walk_vtd_explains(bool scalable, unsigned qemu, unsigned spec)
{
	for (size_t i = 0; i < ARRAY_LEN(qemu_code); i++)
		if (qemu_code[i].scalable == scalable && qemu_code[i].qemu == qemu && qemu_code[i].spec == spec)
			return qemu_code[i].why;
	return NULL;
}

static enum walk_reason vtd_reason(struct walk_unit *w, const struct wq_row *r, const struct xl_req *q, const struct xl_res *got,
				   const char **why)
{
	(void)q;
	if (r->no_record)
		return got->no_record ? WALK_REASON_EQUAL : WALK_REASON_DIFFERENT;
	if (!r->reason)
		return WALK_REASON_NONE;
	if (got->no_record)
		return WALK_REASON_DIFFERENT;
	if (r->reason == got->code)
		return WALK_REASON_EQUAL;
	*why = walk_vtd_explains(vw_of(w)->scalable, r->reason, got->code);
	return *why ? WALK_REASON_EXPLAINED : WALK_REASON_DIFFERENT;
}

/* --- the unit --- */
static uint64_t reg_of(const struct image *im, uint32_t off)
{
	for (size_t i = 0; i < im->n_reg; i++)
		if (im->reg[i].off == off)
			return im->reg[i].val;
	return 0;
}

static bool vtd_open(struct walk_unit *w, unsigned haw, struct err *e)
{
	struct vw *v = calloc(1, sizeof(*v));

	if (!v)
		return err_set(e, ERR_MACHINE, "out of memory");
	w->own = v;
	cfg_defaults(vtd_opts, &v->cfg);
	v->cfg.haw = haw;
	v->cfg.xd_reserved = false; /* QEMU ignores XD where NXE is 0 */
	v->cap = reg_of(w->im, R_CAP);
	v->ecap = reg_of(w->im, R_ECAP);
	v->root = reg_of(w->im, R_RTADDR) & bits_mask(63, 12);
	v->scalable = bits_get(reg_of(w->im, R_RTADDR), 11, 10) == 1;
	v->te = reg_of(w->im, R_GSTS) >> 31 & 1;
	v->mgaw = (unsigned)bits_get(v->cap, 21, 16) + 1;
	v->haw = haw ? haw : v->mgaw;
	if (v->haw > HAW_MAX)
		v->haw = HAW_MAX;
	if (!v->cap)
		return err_set(e, ERR_INPUT, "the image has no CAP register: what the unit can do is not known");
	if (v->scalable && !(v->ecap >> RPS_BIT & 1)) {
		v->ecap |= BIT64(RPS_BIT);
		w->note = "ECAP.RPS is 0; the RID_PASID field is used all the same, as QEMU does";
	}
	w->u = vtd_create(&v->cfg, "vtd0", w->k, w->m, &w->port, 0, e);
	if (!w->u)
		return false;
	for (size_t i = 0; i < w->im->n_reg; i++) {
		const struct image_reg *r = &w->im->reg[i];

		if (!w->u->ops->restore(w->u, r->off, r->bytes, r->off == R_ECAP ? v->ecap : r->val, e))
			return false;
	}
	return true;
}

static void vtd_close(struct walk_unit *w)
{
	struct vw *v = vw_of(w);

	if (w->u)
		w->u->ops->destroy(w->u);
	if (v)
		cfg_free(vtd_opts, &v->cfg);
	free(v);
	w->u = NULL;
	w->own = NULL;
}

/* --- requests and the specification's word --- */
static void vtd_request(struct walk_unit *w, uint32_t rid, uint32_t pasid, struct xl_req *q)
{
	const uint64_t *ctx;

	q->rid = rid;
	if (pasid == WQ_NO_PASID)
		return;
	ctx = vw_of(w)->scalable ? walk_vtd_context(w, rid) : NULL;
	if (ctx && bits_get(ctx[1], 19, 0) == pasid)
		return; /* what a request without PASID uses */
	q->has_pasid = true;
	q->pasid = pasid;
}

/* QEMU leaves pass-through to the machine and checks nothing there; the specification checks width and programming. */
static const char *vtd_by_spec(struct walk_unit *w, const struct wq_row *r, const struct xl_req *q, const struct xl_res *got)
{
	const struct vw *v = vw_of(w);
	const uint64_t *ctx = r->expect == WQ_NOLOG ? walk_vtd_context(w, r->rid) : NULL;
	unsigned aw, limit = v->haw;

	(void)q;
	if (!ctx || got->ok)
		return NULL;
	if (v->scalable)
		return got->code == 0x83 && r->iova >> limit ? "let through: pass-through in QEMU checks no address width (SGN.4)" : NULL;
	if (bits_get(ctx[0], 3, 2) != 2)
		return NULL;
	aw = (unsigned)bits_get(ctx[1], 2, 0);
	if (got->code == 0x03 && bits_get(v->cap, 12, 8) >> (aw + 1))
		return "let through: pass-through in QEMU takes any supported AW, the specification asks for the largest (LCT.4)";
	if (30 + 9 * aw < limit)
		limit = 30 + 9 * aw;
	return got->code == 0x04 && r->iova >> limit ? "let through: pass-through in QEMU checks no address width (LGN.1)" : NULL;
}

const struct walk_arch walk_arch_vtd = {
	.kind = "vtd",
	.open = vtd_open,
	.close = vtd_close,
	.requesters = walk_vtd_requesters,
	.mappings = walk_vtd_mappings,
	.request = vtd_request,
	.reason = vtd_reason,
	.by_spec = vtd_by_spec,
	.code_name = vtd_fault_name,
	.code_text = vtd_fault_text,
};
