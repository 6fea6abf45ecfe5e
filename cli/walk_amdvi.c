/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_amdvi.c - AMD-Vi images: the unit over the image, the one table of what QEMU's refusals mean, and where the specification decides
 * against QEMU 10.0.2, which leaves out checks. Such a deviation is not taken on trust: the tables are read here once more the way QEMU
 * reads them, and only an answer equal to QEMU's is accepted, with the check that QEMU left out named.
 * QEMU 10.0.2 never writes the event log, so only the event code is compared.
 */
#include "walk_amdvi.h"
#include "amdvi/amdvi.h"
#include "amdvi/amdvi_fields.h"
#include "core/base/bits.h"
#include <stdlib.h>
#include <string.h>

struct amw {
	struct aw regs; /* first: the enumeration reads w->own as struct aw */
	struct amdvi_cfg cfg;
};
static struct amw *amw_of(const struct walk_unit *w)
{
	return w->own;
}

/* --- the unit --- */
static bool amdvi_open(struct walk_unit *w, unsigned haw, struct err *e)
{
	struct amw *v = calloc(1, sizeof(*v));

	if (!v)
		return err_set(e, ERR_MACHINE, "out of memory");
	w->own = v;
	cfg_defaults(amdvi_opts, &v->cfg);
	aw_read(w->im, &v->regs);
	if (haw && haw != 52)
		return err_set(e, ERR_INPUT, "the address width of an AMD-Vi is 52 bits, not %u", haw);
	w->u = amdvi_create(&v->cfg, "amdvi", w->k, w->m, &w->port, 0, e);
	if (!w->u)
		return false;
	for (size_t i = 0; i < w->im->n_reg; i++) {
		const struct image_reg *r = &w->im->reg[i];

		if (!w->u->ops->restore(w->u, r->off, r->bytes, r->val, e))
			return false;
	}
	return true;
}

static void amdvi_close(struct walk_unit *w)
{
	struct amw *v = amw_of(w);

	if (w->u)
		w->u->ops->destroy(w->u);
	if (v)
		cfg_free(amdvi_opts, &v->cfg);
	free(v);
	w->u = NULL;
	w->own = NULL;
}

static void amdvi_request(struct walk_unit *w, uint32_t rid, uint32_t pasid, struct xl_req *q)
{
	(void)w;
	q->rid = rid;
	q->has_pasid = pasid != WQ_NO_PASID;
	q->pasid = q->has_pasid ? pasid : 0;
}

/* --- event codes --- */
static const struct {
	const char *qemu; /* as the witness calls it */
	uint8_t code;
	const char *why; /* NULL: they mean the same */
} refusals[] = {
	{ "page_fault", 0x2, NULL }, /* IO_PAGE_FAULT */
	{ "no-pte", 0x2, NULL },
	{ "leaf-permission", 0x2, NULL },
	{ "no-pte", 0x1, "QEMU has no answer of its own for an illegal device table entry" },
};

static unsigned amdvi_record(struct walk_unit *w, const struct xl_req *q, const struct xl_res *r, uint64_t rec[4])
{
	return amdvi_event_record(w->u, q, r, rec) ? 2 : 0;
}

static enum walk_reason amdvi_reason(struct walk_unit *w, const struct wq_row *r, const struct xl_req *q, const struct xl_res *got,
				     const char **why)
{
	bool known = false;

	(void)w;
	(void)q;
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		if (strcmp(r->detail, refusals[i].qemu))
			continue;
		known = true;
		*why = refusals[i].why;
		if (got->code == refusals[i].code)
			return *why ? WALK_REASON_EXPLAINED : WALK_REASON_EQUAL;
	}
	return known ? WALK_REASON_DIFFERENT : WALK_REASON_NONE;
}

/* --- the tables as QEMU reads them --- */
enum { WITNESS_RAM_LG2 = 28 }; /* where it looks whether data moved */
struct qemu_walk {
	uint64_t pa, page; /* page: first address of it */
	const char *left_out; /* the first check that QEMU does not make and this access would fail */
	bool refused;
};

static void leave_out(struct qemu_walk *k, bool fails, const char *what)
{
	if (fails && !k->left_out)
		k->left_out = what;
}

static void qemu_leaf(struct qemu_walk *k, uint64_t e, unsigned level, uint64_t iova, unsigned acc)
{
	unsigned lg2 = 3 + 9 * level, least = lg2;

	if (bits_get(e, 11, 9) == 7)
		for (lg2 = 13; lg2 < 52 && (e >> (lg2 - 1) & 1);)
			lg2++;
	leave_out(k, bits_get(e, 11, 9) == 7 && (lg2 <= least || lg2 >= least + 9), "QEMU takes any page size of next level 7");
	leave_out(k, !(e & 1), "QEMU does not check PR of the last entry");
	leave_out(k, e & bits_mask(58, 52), "QEMU checks no reserved bits");
	k->page = e & bits_mask(51, 12) & ~low_mask(lg2);
	k->pa = k->page | (iova & low_mask(lg2));
	if ((acc & ~(unsigned)bits_get(e, 62, 61)) && k->pa >> WITNESS_RAM_LG2)
		leave_out(k, true, "the witness cannot see a missing permission where the address is beyond its memory");
	k->refused = (acc & ~(unsigned)bits_get(e, 62, 61)) && !(k->pa >> WITNESS_RAM_LG2);
}

static void qemu_tables(struct walk_unit *w, uint64_t table, unsigned level, uint64_t iova, unsigned acc, struct qemu_walk *k)
{
	leave_out(k, level < 6 && iova >> (12 + 9 * level), "QEMU does not check the address against the Mode of the DTE");
	for (;;) {
		const uint64_t *page = mem_page(w->m, table & bits_mask(51, 12)), e = page ? page[iova >> (3 + 9 * level) & 511] : 0;
		unsigned next = (unsigned)bits_get(e, 11, 9);

		k->refused = !e;
		if (!e || next == 0 || next == 7) {
			if (e)
				qemu_leaf(k, e, level, iova, acc);
			return;
		}
		k->refused = !(e & 1) || (acc & ~(unsigned)bits_get(e, 62, 61)) || next >= level;
		if (k->refused)
			return;
		leave_out(k, e & bits_mask(60, 52), "QEMU checks no reserved bits");
		leave_out(k, iova & (low_mask(3 + 9 * level) & ~low_mask(12 + 9 * next)), "QEMU does not check the address bits of skipped levels");
		table = e;
		level = next;
	}
}

static const char *amdvi_by_spec(struct walk_unit *w, const struct wq_row *r, const struct xl_req *q, const struct xl_res *got)
{
	const uint64_t *d = walk_amdvi_dte(w, r->rid);
	struct qemu_walk k = { .pa = r->iova, .page = r->iova };
	unsigned mode;

	if (!d || !(d[0] & 1))
		return NULL;
	mode = (unsigned)bits_get(d[0], 11, 9);
	if (!(d[0] & 2))
		k.left_out = "QEMU lets requests through where TV is 0";
	else if (mode && mode < 7)
		qemu_tables(w, d[0], mode, r->iova, q->acc & (XL_R | XL_W), &k);
	if (r->walk == WQ_WALK_FAULT && r->pa == (k.page | (r->iova & 4095)))
		k.pa = r->pa; /* QEMU logs the page; where the simple walker found none, the witness adds 12 bits of the address */
	if (r->expect == WQ_OK)
		return !got->ok && !k.refused && k.pa == r->pa ? k.left_out : NULL;
	return got->ok && !k.refused && !k.page && !strcmp(r->detail, "no-pte") ?
		       "a page at address 0 looks like a fault in QEMU's log: the witness cannot tell" : NULL;
}

const struct walk_arch walk_arch_amdvi = {
	.kind = "amdvi",
	.xlate = WALK_XLATE_FIRST,
	.open = amdvi_open,
	.close = amdvi_close,
	.requesters = walk_amdvi_requesters,
	.mappings = walk_amdvi_mappings,
	.request = amdvi_request,
	.reason = amdvi_reason,
	.by_spec = amdvi_by_spec,
	.record = amdvi_record,
	.code_name = amdvi_event_name,
	.code_text = amdvi_event_text,
};
