/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_smmuv3.c - SMMUv3 images: the unit over the image, event records compared word by word, the one table of what QEMU's records
 * have otherwise, and where the specification decides against QEMU 10.0.2.
 * Two deviations of QEMU change what it translates. They are not taken on trust: the request is walked again the way QEMU sees it
 * (privileged, or with the index of a concatenated start table cut to its first table) and only an answer equal to QEMU's is accepted.
 * Where both refuse but QEMU reports another fault first, the descriptor our walk stopped at must show why (orders[]).
 * Requests are data accesses, unprivileged, of the stream alone unless a mapping names a substream.
 */
#include "walk_smmuv3.h"
#include "core/base/bits.h"
#include "smmuv3/smmuv3.h"
#include "smmuv3/smmuv3_fields.h"
#include <stdlib.h>
#include <string.h>

struct smw {
	struct sw regs; /* first: the enumeration reads w->own as struct sw */
	struct smmuv3_cfg cfg;
};
static struct smw *smw_of(const struct walk_unit *w)
{
	return w->own;
}
enum { R_IDR5 = 0x14, OAS_CODES = 7 };

/* --- the unit --- */
/* --haw: the output address size, as IDR5.OAS encodes it. */
static bool set_oas(struct smw *v, unsigned bits, struct err *e)
{
	for (unsigned code = 0; bits && code < OAS_CODES; code++) {
		v->regs.idr5 = (v->regs.idr5 & ~7u) | code;
		v->regs.oas = sw_addr_bits(code);
		if (v->regs.oas == bits)
			return true;
	}
	return !bits || err_set(e, ERR_INPUT, "an SMMUv3 has 32, 36, 40, 42, 44, 48 or 52 output address bits, not %u", bits);
}

static bool smmuv3_open(struct walk_unit *w, unsigned haw, struct err *e)
{
	struct smw *v = calloc(1, sizeof(*v));

	if (!v)
		return err_set(e, ERR_MACHINE, "out of memory");
	w->own = v;
	cfg_defaults(smmuv3_opts, &v->cfg);
	sw_read(w->im, &v->regs);
	if (!v->regs.idr5)
		return err_set(e, ERR_INPUT, "the image has no IDR5 register: what the unit can do is not known");
	if (!set_oas(v, haw, e))
		return false;
	w->u = smmuv3_create(&v->cfg, "smmuv3", w->k, w->m, &w->port, 0, e);
	if (!w->u)
		return false;
	for (size_t i = 0; i < w->im->n_reg; i++) {
		const struct image_reg *r = &w->im->reg[i];

		if (!w->u->ops->restore(w->u, r->off, r->bytes, r->off == R_IDR5 ? v->regs.idr5 : r->val, e))
			return false;
	}
	return true;
}

static void smmuv3_close(struct walk_unit *w)
{
	struct smw *v = smw_of(w);

	if (w->u)
		w->u->ops->destroy(w->u);
	if (v)
		cfg_free(smmuv3_opts, &v->cfg);
	free(v);
	w->u = NULL;
	w->own = NULL;
}

static void smmuv3_request(struct walk_unit *w, uint32_t rid, uint32_t pasid, struct xl_req *q)
{
	(void)w;
	q->rid = rid;
	q->has_pasid = pasid != WQ_NO_PASID;
	q->pasid = q->has_pasid ? pasid : 0;
}

/* --- event records --- */
enum { E_WALK_EABT = 0x0b, E_TRANSLATION = 0x10, E_ADDR_SIZE, E_ACCESS, E_PERMISSION };
#define REC_PNU BIT64(33)
#define REC_S2 BIT64(39)
#define REC_CLASS (UINT64_C(3) << 40)
#define REC_TT BIT64(40)
#define REC_IN BIT64(41)
#define REC_IPA bits_mask(55, 12)
/* Where QEMU's record has other bits than the specification says: events first..last, only if word @if_word has @if_set. */
static const struct {
	uint8_t first, last, if_word, word;
	uint64_t if_mask, if_set, bits;
	const char *why;
} qemu_record[] = {
	{ E_TRANSLATION, E_PERMISSION, 1, 3, REC_S2, REC_S2, 0xfff, "IPA is bits 55:12; QEMU writes the whole address" },
	{ E_TRANSLATION, E_PERMISSION, 1, 1, REC_S2 | REC_CLASS, REC_S2 | REC_TT, REC_S2,
	  "QEMU leaves S2 = 0 for a stage 2 fault on a stage 1 descriptor" },
};

const char *walk_smmuv3_explains(const uint64_t qemu[4], const uint64_t spec[4])
{
	const char *why = NULL;
	uint64_t diff[4];

	for (unsigned i = 0; i < 4; i++)
		diff[i] = qemu[i] ^ spec[i];
	for (size_t i = 0; i < ARRAY_LEN(qemu_record); i++) {
		unsigned event = spec[0] & 0xff;

		if (event < qemu_record[i].first || event > qemu_record[i].last || !(diff[qemu_record[i].word] & qemu_record[i].bits) ||
		    (spec[qemu_record[i].if_word] & qemu_record[i].if_mask) != qemu_record[i].if_set)
			continue;
		diff[qemu_record[i].word] &= ~qemu_record[i].bits;
		why = qemu_record[i].why;
	}
	return diff[0] | diff[1] | diff[2] | diff[3] ? NULL : why;
}

/* An address wider than the IAS that stage 2 alone gets: QEMU writes no record, the specification has F_ADDR_SIZE, always recorded. */
static bool unrecorded_width(struct walk_unit *w, const struct xl_req *q, const uint64_t rec[4])
{
	struct sw_ste ste;

	return (rec[0] & 0xff) == E_ADDR_SIZE && (rec[1] & (REC_S2 | REC_CLASS)) == REC_IN && q->iova >> smw_of(w)->regs.oas &&
	       walk_smmuv3_ste(w, q->rid, ste.d) && bits_get(ste.d[0], 3, 1) == 6;
}

static unsigned smmuv3_record(struct walk_unit *w, const struct xl_req *q, const struct xl_res *r, uint64_t rec[4])
{
	return smmuv3_event_record(w->u, q, r, rec) ? 4 : 0;
}

/* Compares our record for @q with the row's. @why is set if they differ as the table above says. */
static enum walk_reason compare_record(struct walk_unit *w, const struct wq_row *r, const struct xl_req *q, const struct xl_res *got,
				       const char **why)
{
	uint64_t rec[4];
	const char *name;

	if (!smmuv3_event_record(w->u, q, got, rec))
		return r->no_record ? WALK_REASON_EQUAL : WALK_REASON_DIFFERENT;
	if (r->no_record && unrecorded_width(w, q, rec)) {
		*why = "QEMU records nothing for an address beyond the IAS";
		return WALK_REASON_EXPLAINED;
	}
	if (!r->have_record)
		return r->no_record ? WALK_REASON_DIFFERENT : WALK_REASON_NONE;
	name = smmuv3_event_name(rec[0] & 0xff);
	if (q->iova != r->iova) { /* walked in place of the row's address */
		rec[2] = r->iova;
		if (!((rec[3] ^ q->iova) & REC_IPA) && (rec[1] & (REC_S2 | REC_CLASS)) == (REC_S2 | REC_IN))
			rec[3] = r->iova & REC_IPA;
	}
	if ((q->acc & XL_PRIV) && (rec[0] & 0xff) >= 0x0b)
		rec[1] &= ~REC_PNU;
	if (strncmp(r->detail, "SMMU_EVT_", 9) || !name || strcmp(r->detail + 9, name))
		return WALK_REASON_DIFFERENT;
	if (!memcmp(rec, r->record, sizeof(rec)))
		return WALK_REASON_EQUAL;
	*why = walk_smmuv3_explains(r->record, rec);
	return *why ? WALK_REASON_EXPLAINED : WALK_REASON_DIFFERENT;
}

/* --- what QEMU does otherwise --- */
static bool as_privileged(struct walk_unit *w, const struct xl_req *q, struct xl_req *as)
{
	(void)w;
	*as = *q;
	as->acc |= XL_PRIV;
	return true;
}

static bool first_start_table(struct walk_unit *w, const struct xl_req *q, struct xl_req *as)
{
	const struct sw *v = &smw_of(w)->regs;
	struct sw_ste ste;
	struct sw_stage s;

	*as = *q;
	if (!walk_smmuv3_ste(w, q->rid, ste.d) || !sw_ste(v, &ste) || ste.config != 6 || !sw_stage2(v, ste.d, &s))
		return false;
	as->iova &= low_mask(s.ia_bits - s.start_bits + s.gran - 3);
	return s.start_bits > s.gran - 3 && as->iova != q->iova && !(q->iova >> s.ia_bits);
}

static const struct {
	bool (*make)(struct walk_unit *w, const struct xl_req *q, struct xl_req *as);
	const char *why;
} qemu_sees[] = {
	{ as_privileged, "QEMU checks no privilege: AP[1] and APTable[0] have no effect there, and the request is unprivileged" },
	{ first_start_table, "QEMU uses only the first of the concatenated start tables" },
};

static const char *qemu_sees_otherwise(struct walk_unit *w, const struct wq_row *r, const struct xl_req *q)
{
	struct xl_req as;
	struct xl_res res;
	const char *why;

	for (size_t i = 0; i < ARRAY_LEN(qemu_sees); i++) {
		if (!qemu_sees[i].make(w, q, &as) || !walk_now(w, &as, &res, NULL))
			continue;
		if (r->expect == WQ_OK ? res.ok && res.spa == r->pa : !res.ok && compare_record(w, r, &as, &res, &why) != WALK_REASON_DIFFERENT)
			return qemu_sees[i].why;
	}
	return NULL;
}

/* Faults of which QEMU reports another one than the specification puts first. */
struct order {
	const struct wq_row *row;
	const struct xl_req *q;
	unsigned oas;
	uint64_t last; /* the descriptor our walk stopped at */
	bool ro_table; /* a table descriptor on the way has APTable[1] */
};

static bool table_beyond(const struct order *o)
{
	return (o->last & 3) == 3 && o->row->record[3] >> o->oas;
}

static bool late_size(const struct order *o)
{
	bool s2 = o->row->record[1] & REC_S2, no_access = !(o->last & 0x400);
	uint64_t ap = o->last >> 6 & 3;

	if ((o->row->record[0] & 0xff) == E_ACCESS)
		return no_access;
	return o->q->acc & XL_W ? (s2 ? !(ap & 2) : (ap & 2) != 0) : s2 && !(ap & 1);
}

static bool read_only_table(const struct order *o)
{
	return o->ro_table && (o->q->acc & XL_W) && !(o->row->record[1] & REC_S2);
}

static bool block(const struct order *o)
{
	return (o->last & 3) == 1;
}

static const struct {
	uint8_t ours, qemu_first, qemu_last;
	bool (*is)(const struct order *o);
	const char *why;
} orders[] = {
	{ E_ADDR_SIZE, E_WALK_EABT, E_WALK_EABT, table_beyond, "QEMU does not check the address of a table against the output size" },
	{ E_ADDR_SIZE, E_ACCESS, E_PERMISSION, late_size, "QEMU checks access flag and permission before the output size" },
	{ E_WALK_EABT, E_PERMISSION, E_PERMISSION, read_only_table, "QEMU refuses a write as soon as a table descriptor has APTable[1]" },
	{ E_TRANSLATION, E_PERMISSION, E_PERMISSION, read_only_table, "QEMU refuses a write as soon as a table descriptor has APTable[1]" },
	{ E_ADDR_SIZE, E_PERMISSION, E_PERMISSION, read_only_table, "QEMU refuses a write as soon as a table descriptor has APTable[1]" },
	{ E_ACCESS, E_PERMISSION, E_PERMISSION, read_only_table, "QEMU refuses a write as soon as a table descriptor has APTable[1]" },
	{ E_TRANSLATION, E_TRANSLATION, E_PERMISSION, block, "QEMU takes a block where the level has none" },
};

static const char *qemu_orders_otherwise(struct walk_unit *w, const struct wq_row *r, const struct xl_req *q, const struct xl_res *got)
{
	struct order o = { .row = r, .q = q, .oas = smw_of(w)->regs.oas };
	unsigned event = r->record[0] & 0xff;
	struct walk_trace t;
	struct xl_res again;

	if (!r->have_record || r->record[2] != q->iova || r->record[0] >> 32 != q->rid || !walk_now(w, q, &again, &t) || !t.n || t.n > WALK_STEPS)
		return NULL;
	o.last = t.step[t.n - 1].data[0];
	for (unsigned i = 0; i + (got->code != E_ADDR_SIZE) < t.n; i++) /* a table beyond the output size is itself the last */
		o.ro_table |= t.step[i].words == 1 && (t.step[i].data[0] & 3) == 3 && (t.step[i].data[0] >> 62 & 1);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++)
		if (got->code == orders[i].ours && event >= orders[i].qemu_first && event <= orders[i].qemu_last && orders[i].is(&o))
			return orders[i].why;
	return NULL;
}

static enum walk_reason smmuv3_reason(struct walk_unit *w, const struct wq_row *r, const struct xl_req *q, const struct xl_res *got,
				      const char **why)
{
	enum walk_reason is = compare_record(w, r, q, got, why);

	if (is != WALK_REASON_DIFFERENT)
		return is;
	*why = qemu_sees_otherwise(w, r, q);
	if (!*why)
		*why = qemu_orders_otherwise(w, r, q, got);
	return *why ? WALK_REASON_EXPLAINED : is;
}

static const char *smmuv3_by_spec(struct walk_unit *w, const struct wq_row *r, const struct xl_req *q, const struct xl_res *got)
{
	if (r->expect == WQ_OK && r->bypass)
		return got->code == E_ADDR_SIZE && q->iova >> smw_of(w)->regs.oas ? "QEMU checks no address size in bypass" : NULL;
	return qemu_sees_otherwise(w, r, q);
}

const struct walk_arch walk_arch_smmuv3 = {
	.kind = "smmuv3",
	.xlate = WALK_XLATE_NO_SIZE,
	.open = smmuv3_open,
	.close = smmuv3_close,
	.requesters = walk_smmuv3_requesters,
	.mappings = walk_smmuv3_mappings,
	.request = smmuv3_request,
	.reason = smmuv3_reason,
	.by_spec = smmuv3_by_spec,
	.record = smmuv3_record,
	.code_name = smmuv3_event_name,
	.code_text = smmuv3_event_text,
};
