/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of the AMD-Vi unit, each produced through registers and memory, and the rules around them: order of checks, legality of device
 * table entries, suppression, exclusion range, ATS, interrupt range, NpCache, segments. Entries of the log are compared with words made by
 * hand. The last test prints which codes were seen.
 */
#include <stdio.h>
#include "amdvi_tables.h"
#include "amdvi_vrig.h"

#define DATA          UINT64_C(0xabc000)
#define IOVA          UINT64_C(0x5018)
#define W(code, rest) ((uint64_t)(code) << 60 | (rest))
#define F_GN          AT_B(48)
#define F_NX          AT_B(49)
#define F_US          AT_B(50)
#define F_PR          AT_B(52)
#define F_RW          AT_B(53)
#define F_PE          AT_B(54)
#define F_RZ          AT_B(55)
#define F_TR          AT_B(56)
#define DOMAIN_5      (UINT64_C(5) << 32)
#define PASID_9       (F_GN | UINT64_C(9) << 32)
#define TYPE(n)       ((uint64_t)(n) << 57)
enum { TARGET_ABORT = 2, DATA_ERROR = 3 };

static void check_event(struct at *t, uint64_t w0, uint64_t w1, const char *what)
{
	uint64_t rec[2];

	must(at_event(t, rec), "%s: no event", what);
	must(rec[0] == w0 && rec[1] == w1, "%s: %016lx %016lx, want %016lx %016lx", what, rec[0], rec[1], w0, w1);
	must(!at_event(t, rec), "%s: another event %lx", what, rec[0]);
}

/* A nested device of PASID 9 with page 5000h in guest and host tables; requests without PASID see the host table. */
struct dev {
	struct at_host h;
	struct at_dev d;
};

static void nested(struct at *t, struct dev *n, uint32_t rid)
{
	n->h = at_h_new(t, 3);
	at_nested_dev(t, &n->d, rid, AT_DOM, &n->h, 4, 0);
	at_pasid(t, &n->d, &n->d.g, 9);
	at_h_map(t, &n->d.h, 0x1f5000, DATA, 1, AT_RW);
	at_h_map(t, &n->d.h, 0x205000, DATA, 1, AT_RW);
	at_g_map(t, &n->d.g, IOVA & ~UINT64_C(0xfff), 0x1f5000, 1, AT_G | AT_A | AT_D);
	n->d.dte[1] |= AT_I;
	at_put_dte(t, &n->d);
}
#define HOST_IA UINT64_C(0x205018)

/* ---- every event of a memory request ---- */

#define PROD(name) static void name(struct at *t, struct dev *n, struct xl_req *q, uint64_t want[2])
#define MAY        __attribute__((unused))
PROD(no_dte)
{
	(void)n;
	q->rid = 0x8000;
	wr64(t->r, 0, RIG_DEVTAB | 0xff);
	want[0] = W(2, 0x8000);
	want[1] = 0;
}
PROD(dte_unreadable)
{
	mem_poison(t->r->m, at_dte_at(t, n->d.rid) + 16, true);
	want[0] = W(3, TYPE(TARGET_ABORT) | AT_DEV);
	want[1] = at_dte_at(t, q->rid);
}
PROD(dte_unreadable_write)
{
	dte_unreadable(t, n, q, want);
	q->acc = XL_W;
	want[0] |= F_RW;
}
PROD(dte_unreadable_ats)
{
	dte_unreadable(t, n, q, want);
	q->at = XL_TRANSLATION_REQ;
	want[0] |= F_TR;
}
PROD(dte_reserved)
{
	(void)q;
	n->d.dte[0] |= 4;
	at_put_dte(t, &n->d);
	want[0] = W(1, F_RZ | AT_DEV);
}
PROD(dte_reserved_write)
{
	dte_reserved(t, n, q, want);
	q->acc = XL_W;
	want[0] |= F_RW;
}
PROD(dte_reserved_ats)
{
	dte_reserved(t, n, q, want);
	q->at = XL_TRANSLATION_REQ;
	want[0] |= F_TR;
}
PROD(dte_reserved_pasid)
{
	dte_reserved(t, n, q, want);
	q->has_pasid = true;
	q->pasid = 0x54321;
	want[0] |= F_GN | UINT64_C(0x432100050000);
}
PROD(dte_mode)
{
	(void)q;
	n->d.dte[0] |= UINT64_C(7) << 9;
	at_put_dte(t, &n->d);
	want[0] = W(1, AT_DEV);
}
PROD(dte_glx)
{
	(void)q;
	n->d.dte[0] |= UINT64_C(3) << 56;
	at_put_dte(t, &n->d);
	want[0] = W(1, AT_DEV);
}
PROD(dte_tv)
{
	(void)q;
	n->d.dte[0] &= ~UINT64_C(2);
	at_put_dte(t, &n->d);
	want[0] = W(2, DOMAIN_5 | AT_DEV);
}
PROD(dte_tv_write)
{
	dte_tv(t, n, q, want);
	q->acc = XL_W;
	want[0] |= F_RW;
}
PROD(dte_ir)
{
	(void)q;
	n->d.dte[0] &= ~AT_IR;
	at_put_dte(t, &n->d);
	want[0] = W(2, DOMAIN_5 | F_PR | F_PE | AT_DEV);
}
PROD(dte_iw_atomic)
{
	n->d.dte[0] &= ~AT_IW;
	at_put_dte(t, &n->d);
	q->acc = XL_R | XL_W | XL_ATOMIC;
	want[0] = W(2, DOMAIN_5 | F_PR | F_PE | F_RW | AT_DEV);
}
PROD(no_gv)
{
	n->d.dte[0] &= ~AT_GV;
	at_put_dte(t, &n->d);
	q->has_pasid = true;
	q->pasid = 9;
	want[0] = W(2, PASID_9 | F_US | AT_DEV);
}
PROD(pasid_limit)
{
	(void)t, (void)n;
	q->has_pasid = true;
	q->pasid = 0x50209;
	want[0] = W(2, F_GN | F_US | UINT64_C(0x020900050000) | AT_DEV);
}
PROD(host_absent)
{
	(void)t, (void)n;
	q->iova = 0x207010;
	want[0] = W(2, DOMAIN_5 | AT_DEV);
	want[1] = 0x207010;
}
PROD(host_absent_write)
{
	host_absent(t, n, q, want);
	q->acc = XL_W;
	want[0] |= F_RW;
} /* the text's example, with domain 5 */
PROD(host_reserved)
{
	at_edit(t, at_h_entry(t, &n->d.h, q->iova, 1), AT_B(52), 0);
	want[0] = W(2, DOMAIN_5 | F_PR | F_RZ | AT_DEV);
}
PROD(host_read_only)
{
	at_edit(t, at_h_entry(t, &n->d.h, q->iova, 2), 0, AT_IW);
	q->acc = XL_W;
	want[0] = W(2, DOMAIN_5 | F_PR | F_PE | F_RW | AT_DEV);
}
PROD(host_level)
{
	at_edit(t, at_h_entry(t, &n->d.h, q->iova, 2), UINT64_C(2) << 9, UINT64_C(7) << 9);
	want[0] = W(2, DOMAIN_5 | F_PR | AT_DEV);
}
PROD(host_size)
{
	at_edit(t, at_h_entry(t, &n->d.h, q->iova, 1), UINT64_C(0x1ffe00) | 7 << 9, 0);
	want[0] = W(2, DOMAIN_5 | F_PR | AT_DEV);
}
PROD(host_above)
{
	(void)t, (void)n;
	q->iova |= AT_B(39);
	want[0] = W(2, DOMAIN_5 | F_PR | AT_DEV);
	want[1] = q->iova;
}
PROD(host_hw)
{
	want[1] = at_h_entry(t, &n->d.h, q->iova, 2);
	mem_poison(t->r->m, want[1], true);
	want[0] = W(4, DOMAIN_5 | TYPE(TARGET_ABORT) | AT_DEV);
}
PROD(host_hw_write)
{
	host_hw(t, n, q, want);
	q->acc = XL_W;
	want[0] |= F_RW;
}
PROD(host_hw_ats)
{
	host_hw(t, n, q, want);
	q->at = XL_TRANSLATION_REQ;
	want[0] |= F_TR;
}
PROD(host_hw_beyond)
{
	at_edit(t, at_h_entry(t, &n->d.h, q->iova, 2), AT_B(40), 0); /* the rig has 4 GiB */
	want[1] = (at_get(t, at_h_entry(t, &n->d.h, q->iova, 3)) & UINT64_C(0x000ffffffffff000)) + 8;
	want[1] = (at_get(t, want[1]) & UINT64_C(0x000ffffffffff000)) + 8 * 5;
	want[0] = W(4, DOMAIN_5 | TYPE(TARGET_ABORT) | AT_DEV);
}
static void pasid9(struct xl_req *q, uint64_t want[2])
{
	q->has_pasid = true;
	q->pasid = 9;
	q->iova = want[1] = IOVA;
}
#define GUEST(flags) (pasid9(q, want), want[0] = W(2, PASID_9 | F_US | (flags) | AT_DEV))
PROD(gcr3_v)
{
	at_edit(t, at_c_entry(t, &n->d.c, 9, 0), 0, 1);
	GUEST(0);
}
PROD(gcr3_hw)
{
	GUEST(0);
	want[1] = at_c_entry(t, &n->d.c, 9, 0);
	mem_poison(t->r->m, want[1], true);
	want[0] = W(4, PASID_9 | TYPE(TARGET_ABORT) | AT_DEV);
}
PROD(guest_hw)
{
	GUEST(0);
	want[1] = at_g_entry(t, &n->d.g, IOVA, 2);
	mem_poison(t->r->m, want[1], true);
	want[0] = W(4, PASID_9 | TYPE(TARGET_ABORT) | AT_DEV);
}
PROD(nested_hw)
{
	GUEST(0);
	want[1] = at_h_entry(t, &n->d.h, 0x1f5000, 1);
	mem_poison(t->r->m, want[1], true);
	want[0] = W(4, DOMAIN_5 | TYPE(TARGET_ABORT) | AT_DEV);
}
PROD(guest_absent)
{
	at_edit(t, at_g_entry(t, &n->d.g, IOVA, 3), 0, AT_P);
	GUEST(0);
}
PROD(guest_write)
{
	at_edit(t, at_g_entry(t, &n->d.g, IOVA, 1), 0, AT_W);
	q->acc = XL_W;
	GUEST(F_PR | F_PE | F_RW);
}
PROD(guest_user)
{
	at_edit(t, at_g_entry(t, &n->d.g, IOVA, 2), 0, AT_U);
	GUEST(F_PR | F_PE);
}
PROD(guest_nx)
{
	at_edit(t, at_g_entry(t, &n->d.g, IOVA, 4), AT_NX, 0);
	q->acc = XL_R | XL_X;
	GUEST(F_PR | F_PE | F_NX);
}
PROD(guest_nx_super)
{
	guest_nx(t, n, q, want);
	q->acc |= XL_PRIV;
	want[0] &= ~F_US;
}
PROD(guest_canonical)
{
	(void)t, (void)n;
	GUEST(0);
	q->iova |= AT_B(50);
	want[1] = q->iova;
}
PROD(under_guest_absent)
{
	at_put(t, at_h_entry(t, &n->d.h, 0x1f5000, 1), 0);
	GUEST(0);
	want[0] = W(2, DOMAIN_5 | F_US | AT_DEV);
	want[1] = 0x1f5018;
}
PROD(under_guest_write)
{
	at_edit(t, at_h_entry(t, &n->d.h, 0x1f5000, 1), 0, AT_IW);
	q->acc = XL_W;
	GUEST(0);
	want[0] = W(2, DOMAIN_5 | F_US | F_PR | F_PE | F_RW | AT_DEV);
	want[1] = 0x1f5018;
}
PROD(no_i_translated)
{
	n->d.dte[1] &= ~AT_I;
	at_put_dte(t, &n->d);
	q->at = XL_TRANSLATED;
	want[0] = W(8, TYPE(1) | AT_DEV);
}
PROD(no_i_translated_pasid)
{
	no_i_translated(t, n, q, want);
	q->has_pasid = true;
	q->pasid = 0x10009;
	want[0] |= F_GN | AT_B(49) | UINT64_C(0x000900010000);
}
PROD(no_i_ats)
{
	n->d.dte[1] &= ~AT_I;
	at_put_dte(t, &n->d);
	q->at = XL_TRANSLATION_REQ;
	want[0] = W(8, TYPE(1) | F_TR | AT_DEV);
}
PROD(int_read)
{
	(void)t, (void)n;
	q->iova = want[1] = 0xfee01004;
	want[0] = W(8, AT_DEV);
}
PROD(int_atomic)
{
	int_read(t, n, q, want);
	q->acc = XL_R | XL_W | XL_ATOMIC;
}

#define P1(f)                                                                                                                              \
	{                                                                                                                                  \
#f, f                                                                                                                      \
	}
static const struct {
	const char *name;
	void (*make)(struct at *t, struct dev *n, struct xl_req *q, uint64_t want[2]);
} prods[] = {
	P1(no_dte),
	P1(dte_unreadable),
	P1(dte_unreadable_write),
	P1(dte_unreadable_ats),
	P1(dte_reserved),
	P1(dte_reserved_write),
	P1(dte_reserved_ats),
	P1(dte_reserved_pasid),
	P1(dte_mode),
	P1(dte_glx),
	P1(dte_tv),
	P1(dte_tv_write),
	P1(dte_ir),
	P1(dte_iw_atomic),
	P1(no_gv),
	P1(pasid_limit),
	P1(host_absent),
	P1(host_absent_write),
	P1(host_reserved),
	P1(host_read_only),
	P1(host_level),
	P1(host_size),
	P1(host_above),
	P1(host_hw),
	P1(host_hw_write),
	P1(host_hw_ats),
	P1(host_hw_beyond),
	P1(gcr3_v),
	P1(gcr3_hw),
	P1(guest_hw),
	P1(nested_hw),
	P1(guest_absent),
	P1(guest_write),
	P1(guest_user),
	P1(guest_nx),
	P1(guest_nx_super),
	P1(guest_canonical),
	P1(under_guest_absent),
	P1(under_guest_write),
	P1(no_i_translated),
	P1(no_i_translated_pasid),
	P1(no_i_ats),
	P1(int_read),
	P1(int_atomic),
};

START_TEST(every_request_event)
{
	for (unsigned caches = 0; caches < 2; caches++) {
		struct at_opt o = { .caches = caches ? 32 : 0 };
		uint64_t want[2] = { 0, HOST_IA & (prods[_i].make == dte_reserved ? ~UINT64_C(3) : ~UINT64_C(0)) };
		struct xl_req q = at_req(AT_DEV, HOST_IA, XL_R);
		struct xl_res r;
		struct dev n;
		struct at t;

		at_open(&t, &o);
		nested(&t, &n, AT_DEV);
		prods[_i].make(&t, &n, &q, want);
		for (unsigned again = 0; again < 2; again++) {
			uint64_t hw[3];

			r = at_run(&t, &q);
			must(!r.ok, "%s: not refused", prods[_i].name);
			check_event(&t, want[0], want[1], prods[_i].name);
			hw[0] = rd64(t.r, 0x40);
			hw[1] = rd64(t.r, 0x48);
			hw[2] = rd64(t.r, 0x50);
			if (want[0] >> 60 == 3 || want[0] >> 60 == 4) /* copied to 40h-50h; HEO when HEV was set */
				must(hw[0] == want[0] && hw[1] == want[1] && hw[2] == (again ? 3u : 1), "%s: 40h %lx 48h %lx 50h %lx",
				     prods[_i].name, hw[0], hw[1], hw[2]);
			else
				must(!(hw[0] | hw[1] | hw[2]), "%s: copied to 40h", prods[_i].name);
		}
		at_close(&t);
	}
}
END_TEST

/* ---- 4.2: valid masks bit by bit ---- */

static void by_feature(struct amdvi_cfg *c)
{
	c->dte_rsvd_by_feature = true;
}

START_TEST(dte_bits)
{
	static const uint64_t valid[2] = { 0x7fffffffffffff83, 0xfffffbffffffffff };
	/* feature absent: EFR bits to clear, DTE bits that become reserved */
	static const struct {
		uint64_t efr, bits[2];
	} feature[] = {
		{ 0, { 0, 0 } },
		{ AT_B(49) | AT_B(52), { 0x180, 0 } },
		{ AT_B(50) | AT_B(1), { UINT64_C(3) << 52, 0 } },
		{ AT_B(48), { AT_B(54), 0 } },
		{ AT_B(4) | AT_B(48), { AT_GIOV | AT_GV | UINT64_C(0x1f) << 56, UINT64_C(0xfffff800ffff0000) } },
	};
	for (unsigned f = 0; f < ARRAY_LEN(feature); f++)
		for (unsigned on = 0; on < 2; on++) {
			struct at_opt o = { .efr_clr = feature[f].efr, .tweak = on ? by_feature : NULL };
			struct at t;

			at_open(&t, &o);
			for (unsigned w = 0; w < 2; w++)
				for (unsigned b = 0; b < 64; b++) {
					bool rsvd = !(valid[w] >> b & 1) || (on && (feature[f].bits[w] >> b & 1));
					struct xl_req q = at_req(AT_DEV, 0x5001, XL_R);
					struct at_dev d;

					if (w == 0 && (b < 2 || (b >= 9 && b <= 11) || b == 8 || b == 62 || b == 61))
						continue; /* V, TV, Mode, HAD = 2, IR, IW mean something else */
					at_host_dev(&t, &d, AT_DEV, AT_DOM, 0);
					d.dte[w] |= AT_B(b);
					at_put_dte(&t, &d);
					must(at_run(&t, &q).ok == !rsvd, "feature %u option %u word %u bit %u", f, on, w, b);
					if (rsvd)
						check_event(&t, W(1, F_RZ | AT_DEV), 0x5000, "reserved bit"); /* 63:2 */
					d.dte[0] &= ~UINT64_C(1); /* V = 0: nothing is checked */
					at_put_dte(&t, &d);
					must(at_run(&t, &q).ok && at_drop_events(&t) == 0, "V = 0, word %u bit %u", w, b);
				}
			at_close(&t);
		}
}
END_TEST

/* Without the option the bits of absent features are not reserved, and mean nothing. */
START_TEST(absent_features)
{
	static const struct {
		const char *what;
		uint64_t efr, had;
		uint64_t a, d;
	} had[] = {
		{ "HASup and HDSup", 0, 3, AT_A, AT_D },
		{ "no HDSup", AT_B(52), 3, AT_A, 0 },
		{ "no HASup, no HDSup", AT_B(49) | AT_B(52), 3, 0, 0 },
		{ "no HASup, no HDSup", AT_B(49) | AT_B(52), 1, 0, 0 },
	};
	struct xl_req q = at_req(AT_DEV, 0x5018, XL_W);
	struct dev n;
	struct at t;

	for (unsigned i = 0; i < ARRAY_LEN(had); i++) {
		struct at_opt o = { .efr_clr = had[i].efr };
		struct at_dev d;
		uint64_t at;

		at_open(&t, &o);
		at_host_dev(&t, &d, AT_DEV, AT_DOM, 2);
		d.dte[0] |= AT_HAD(had[i].had);
		at_put_dte(&t, &d);
		at = at_h_map(&t, &d.h, 0x5000, DATA, 1, AT_RW);
		must(at_run(&t, &q).spa == DATA + 0x18, "%s", had[i].what);
		must((at_get(&t, at) & (AT_A | AT_D)) == (had[i].a | had[i].d), "HAD %lu, %s: %lx", had[i].had, had[i].what,
		     at_get(&t, at));
		at_close(&t);
	}
	for (unsigned sup = 0; sup < 2; sup++) {
		struct at_opt o = { .efr_clr = sup ? 0 : AT_B(48) | UINT64_C(3) << 12 };

		/* GIoV */
		at_open(&t, &o);
		nested(&t, &n, AT_DEV);
		n.d.dte[0] |= AT_GIOV;
		at_put_dte(&t, &n.d);
		at_pasid(&t, &n.d, &n.d.g, 0);
		at_h_map(&t, &n.d.h, 0x5000 + AT_B(32), DATA + 0x1000, 1, AT_RW);
		at_g_map(&t, &n.d.g, 0x5000 + AT_B(32), 0x1f5000, 1, AT_G | AT_A | AT_D);
		q = at_req(AT_DEV, IOVA + AT_B(32), XL_W);
		must(at_run(&t, &q).spa == (sup ? DATA : DATA + 0x1000) + 0x18, "GIoSup %u", sup);
		/* GuestPagingMode 1: a table of 4 levels is refused where 5 are walked */
		q = at_preq(AT_DEV, 9, IOVA, XL_W);
		n.d.dte[2] = UINT64_C(1) << 54;
		at_put_dte(&t, &n.d);
		must(at_run(&t, &q).ok == !sup, "GATS %u: a 4-level table", sup);
		at_close(&t);
		/* I */
		at_open(&t, &o);
		t.r->c.iotlb_sup = sup;
		nested(&t, &n, AT_DEV);
		q = at_req(AT_DEV, HOST_IA, XL_R);
		q.at = XL_TRANSLATION_REQ;
		must(at_run(&t, &q).ok == sup, "IotlbSup %u: translation request", sup);
		q.at = XL_TRANSLATED;
		must(at_run(&t, &q).ok == sup, "IotlbSup %u: translated request", sup);
		at_close(&t);
	}
}
END_TEST

/* Words 2 and 3 belong to interrupts: a memory request does not look at them. */
START_TEST(dte_interrupt_half)
{
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned iv = 0; iv < 2; iv++)
		for (unsigned b = 1; b < 128; b++) {
			struct xl_req q = at_req(AT_DEV, 0x5000, XL_R);
			struct at_dev d;

			at_host_dev(&t, &d, AT_DEV, AT_DOM, 0);
			d.dte[2] = iv;
			d.dte[2 + b / 64] |= AT_B(b % 64);
			at_put_dte(&t, &d);
			must(at_run(&t, &q).ok && !at_drop_events(&t), "IV %u bit %u", iv, b);
		}
	at_close(&t);
}
END_TEST

static void mode_pf(struct amdvi_cfg *c)
{
	c->illegal_mode_page_fault = true;
}

/* Mode against HATS, GLX against GLXSup. Bad encodings have RZ = 0. */
START_TEST(dte_encodings)
{
	for (unsigned pf = 0; pf < 2; pf++)
		for (unsigned hats = 0; hats < 3; hats++)
			for (unsigned glxsup = 0; glxsup < 3; glxsup++) {
				struct at_opt o = { .efr_clr = 0xcc00, .efr_set = hats << 10 | glxsup << 14, .tweak = pf ? mode_pf : NULL };
				struct at t;

				at_open(&t, &o);
				for (unsigned mode = 0; mode < 8; mode++)
					for (unsigned glx = 0; glx < 4; glx++) {
						bool bad_mode = mode > 4 + hats, bad = bad_mode || glx > glxsup;
						struct xl_req q = at_req(AT_DEV, 0x5000, XL_R);
						struct at_dev d;

						at_host_dev(&t, &d, AT_DEV, AT_DOM, mode < 7 ? mode : 0);
						d.dte[0] |= AT_GV | (uint64_t)glx << 56 | (uint64_t)mode << 9;
						at_put_dte(&t, &d);
						if (mode && mode < 7)
							at_h_map(&t, &d.h, 0x5000, DATA, 1, AT_RW);
						must(at_run(&t, &q).ok == !bad, "HATS %u GLXSup %u mode %u GLX %u", hats, glxsup, mode,
						     glx);
						if (bad)
							check_event(&t, bad_mode && pf ? W(2, F_PR | DOMAIN_5 | AT_DEV) : W(1, AT_DEV),
							            0x5000, "encoding");
					}
				at_close(&t);
			}
}
END_TEST

/* ---- 4.3: order of checks ---- */

struct cond {
	const char *name;
	void (*make)(struct at *t, struct dev *n, struct xl_req *q);
	unsigned code;  /* 0: passes untranslated */
	uint64_t flags; /* of the entry beside DevID, PASID, DomainID */
};
static bool poisoned; /* after the entry was written */
static void c_off(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	wr64(t->r, 0x18, rd64(t->r, 0x18) & ~UINT64_C(1));
}
static void c_excl(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	wr64(t->r, 0x28, 0x5000);
	wr64(t->r, 0x20, 0x5000 | 3);
}
static void c_beyond(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	wr64(t->r, 0, RIG_DEVTAB | 5);
}
static void c_unreadable(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	poisoned = true;
}
static void c_v(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	n->d.dte[0] &= ~UINT64_C(1);
}
static void c_rsvd(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	n->d.dte[0] |= 0x10;
}
static void c_enc(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	n->d.dte[0] |= UINT64_C(7) << 9;
}
static void c_tv(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	n->d.dte[0] &= ~UINT64_C(2);
}
static void c_i(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	n->d.dte[1] &= ~AT_I;
	q->at = XL_TRANSLATED;
}
static void c_gv(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	n->d.dte[0] &= ~AT_GV;
}
static void c_limit(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	q->pasid |= 0x200;
}
static void c_ir(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	n->d.dte[0] &= ~AT_IR;
}
static void c_gcr3(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	at_put(t, at_c_entry(t, &n->d.c, 9, 0), 0);
	at_put(t, at_c_entry(t, &n->d.c, 9, 0) + 8, 0);
}
static void c_leaf(MAY struct at *t, MAY struct dev *n, MAY struct xl_req *q)
{
	at_edit(t, at_g_entry(t, &n->d.g, IOVA, 1), 0, AT_P | AT_W);
}
static const struct cond conds[] = {
	{ "IommuEn = 0", c_off, 0, 0 },
	{ "exclusion", c_excl, 0, 0 },
	{ "beyond the table", c_beyond, 2, 0 },
	{ "unreadable", c_unreadable, 3, TYPE(2) },
	{ "V = 0", c_v, 0, 0 },
	{ "reserved bit", c_rsvd, 1, F_RZ },
	{ "encoding", c_enc, 1, 0 },
	{ "TV = 0", c_tv, 2, 0 },
	{ "I = 0", c_i, 8, TYPE(1) },
	{ "GV = 0", c_gv, 2, F_GN },
	{ "PASID limit", c_limit, 2, F_GN },
	{ "IR = 0", c_ir, 2, F_GN | F_PR | F_PE },
	{ "GCR3 V = 0", c_gcr3, 2, F_GN },
	{ "leaf", c_leaf, 2, F_GN },
};

START_TEST(order_of_checks)
{
	for (unsigned i = 0; i < ARRAY_LEN(conds); i++)
		for (unsigned j = i; j < ARRAY_LEN(conds); j++) {
			struct at_opt o = { 0 };
			struct xl_req q = at_preq(AT_DEV, 9, IOVA, XL_R);
			uint64_t rec[2], mask = TYPE(7) | F_PR | F_PE | F_RZ;
			struct xl_res r;
			struct dev n;
			struct at t;

			at_open(&t, &o);
			poisoned = false;
			nested(&t, &n, AT_DEV);
			conds[j].make(&t, &n, &q);
			conds[i].make(&t, &n, &q);
			at_put_dte(&t, &n.d);
			if (poisoned)
				mem_poison(t.r->m, at_dte_at(&t, AT_DEV) + 24, true);
			r = at_run(&t, &q);
			if (!conds[i].code) {
				must(r.ok && r.spa == IOVA && !at_drop_events(&t), "%s before %s", conds[i].name, conds[j].name);
			} else {
				must(!r.ok && at_event(&t, rec), "%s before %s: nothing reported", conds[i].name, conds[j].name);
				if (conds[i].code == 2 && conds[i].flags) /* GN of the others is settled by the words above */
					mask |= F_GN;
				must(rec[0] >> 60 == conds[i].code && (rec[0] & mask) == conds[i].flags, "%s before %s: %lx", conds[i].name,
				     conds[j].name, rec[0]);
				must(!at_event(&t, rec), "%s before %s: two events", conds[i].name, conds[j].name);
			}
			at_close(&t);
		}
}
END_TEST

/* ---- 4.5: suppression ---- */

static void one_dtc(struct amdvi_cfg *c)
{
	c->dtc.entries = 1;
	c->dtc.ways = 1;
}

static unsigned faults(struct at *t, const struct xl_req *q, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		must(!at_run(t, q).ok, "suppressed faults still abort");
	return at_drop_events(t);
}

START_TEST(suppression)
{
	struct at_opt o = { .caches = 32 };
	struct xl_req q = at_req(AT_DEV, 0x207000, XL_R), w = q, b = at_req(0x400, 0x207000, XL_R), ats;
	struct dev n, other;
	struct at t;

	at_open(&t, &o);
	nested(&t, &n, AT_DEV);
	nested(&t, &other, 0x400);
	w.acc = XL_W;
	w.iova = 0x208000;
	n.d.dte[1] |= AT_SE;
	at_put_dte(&t, &n.d);
	/* a translation request faults in silence and does not use up the one event */
	ats = q;
	ats.at = XL_TRANSLATION_REQ;
	ck_assert(at_run(&t, &ats).ok);
	ck_assert_uint_eq(at_drop_events(&t), 0);
	ck_assert_uint_eq(faults(&t, &q, 3), 1);
	ck_assert_uint_eq(faults(&t, &w, 2), 0); /* whatever the cause */
	ck_assert_uint_eq(faults(&t, &b, 3), 3); /* another device */
	at_do(&t, AT_PAGES(AT_DOM, 0), AT_ALL | AT_PDE);
	ck_assert_uint_eq(faults(&t, &q, 2), 0); /* the entry is still the same */
	at_do(&t, AT_DEVTAB(0x400));
	ck_assert_uint_eq(faults(&t, &q, 2), 0);
	at_do(&t, AT_DEVTAB(AT_DEV));
	ck_assert_uint_eq(faults(&t, &w, 3), 1);
	at_do(&t, AT_INV_ALL);
	ck_assert_uint_eq(faults(&t, &w, 3), 1);
	/* events of other kinds are not suppressed, neither by SE nor by SA */
	for (unsigned i = 0; i < 2; i++) {
		struct xl_req tr = q;

		tr.at = XL_TRANSLATED;
		n.d.dte[1] = (n.d.dte[1] & ~(AT_I | AT_SE | AT_SA)) | (i ? AT_SA : AT_SE);
		at_put_dte(&t, &n.d);
		at_do(&t, AT_DEVTAB(AT_DEV));
		ck_assert_uint_eq(faults(&t, &tr, 3), 3); /* INVALID_DEVICE_REQUEST */
		mem_poison(t.r->m, at_h_entry(&t, &n.d.h, 0x205000, 1), true);
		tr = at_req(AT_DEV, 0x205000, XL_R);
		ck_assert_uint_eq(faults(&t, &tr, 3), 3); /* PAGE_TAB_HARDWARE_ERROR */
		mem_poison(t.r->m, at_h_entry(&t, &n.d.h, 0x205000, 1), false);
		ck_assert_uint_eq(faults(&t, &q, 3), i ? 0 : 1);
		n.d.dte[0] |= 8;
		at_put_dte(&t, &n.d);
		at_do(&t, AT_DEVTAB(AT_DEV));
		ck_assert_uint_eq(faults(&t, &q, 3), 3); /* ILLEGAL_DEV_TABLE_ENTRY */
		n.d.dte[0] &= ~UINT64_C(8);
	}
	/* SA covers TV = 0 and the permissions of the entry; IG does not cover memory requests */
	n.d.dte[0] &= ~UINT64_C(2);
	at_put_dte(&t, &n.d);
	at_do(&t, AT_DEVTAB(AT_DEV));
	ck_assert_uint_eq(faults(&t, &q, 2), 0);
	n.d.dte[0] = (n.d.dte[0] | 2) & ~AT_IR;
	at_put_dte(&t, &n.d);
	at_do(&t, AT_DEVTAB(AT_DEV));
	ck_assert_uint_eq(faults(&t, &q, 2), 0);
	n.d.dte[0] |= AT_IR;
	n.d.dte[1] &= ~AT_SA;
	n.d.dte[2] |= 1 << 5;
	at_put_dte(&t, &n.d);
	at_do(&t, AT_DEVTAB(AT_DEV));
	ck_assert_uint_eq(faults(&t, &q, 2), 2);
	at_close(&t);
	/* re-fetch: the entry was displaced */
	o.tweak = one_dtc;
	at_open(&t, &o);
	nested(&t, &n, AT_DEV);
	nested(&t, &other, 0x400);
	n.d.dte[1] |= AT_SE;
	at_put_dte(&t, &n.d);
	ck_assert_uint_eq(faults(&t, &q, 3), 1);
	ck_assert_uint_eq(faults(&t, &b, 1), 1);
	ck_assert_uint_eq(faults(&t, &q, 3), 1);
	at_close(&t);
}
END_TEST

/* A prefetch that is refused leaves no event and does not use up the one that SE allows. */
START_TEST(prefetch_is_silent)
{
	struct at_opt o = { .caches = 32, .efr_set = 1 };
	struct xl_req q = at_req(AT_DEV, 0x207000, XL_R);
	struct dev n;
	struct at t;

	at_open(&t, &o);
	nested(&t, &n, AT_DEV);
	n.d.dte[1] |= AT_SE;
	at_put_dte(&t, &n.d);
	at_do(&t, UINT64_C(6) << 60 | 2 << 24 | AT_DEV, 0x207000);
	at_do(&t, UINT64_C(6) << 60 | 1 << 24 | AT_DEV | UINT64_C(77) << 32, 0x207000 | AT_GN);
	run_all(t.r);
	ck_assert_uint_eq(at_drop_events(&t), 0);
	ck_assert_uint_eq(t.r->n_fault, 0);
	ck_assert_uint_eq(faults(&t, &q, 3), 1);
	at_close(&t);
}
END_TEST

/* ---- exclusion range ---- */

START_TEST(exclusion)
{
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned en = 0; en < 2; en++)
		for (unsigned allow = 0; allow < 2; allow++)
			for (unsigned ex = 0; ex < 2; ex++) {
				static const struct {
					uint64_t a;
					bool in;
				} at[] = {
					{ 0x4fff8, false }, { 0x50000, true }, { 0x52000, true }, { 0x53ff8, true }, { 0x54000, false }
				};
				struct at_dev d;

				at_host_dev(&t, &d, AT_DEV, AT_DOM, 2);
				d.dte[1] |= ex ? AT_EX : 0;
				at_put_dte(&t, &d);
				for (unsigned i = 0; i < ARRAY_LEN(at); i++)
					at_h_map(&t, &d.h, at[i].a & ~UINT64_C(0xfff), DATA, 1, AT_RW);
				wr64(t.r, 0x28, 0x53000);
				ck_assert_uint_eq(rd64(t.r, 0x28), 0x53fff);
				wr64(t.r, 0x20, 0x50000 | en | allow << 1);
				for (unsigned i = 0; i < ARRAY_LEN(at); i++) {
					struct xl_req q = at_req(AT_DEV, at[i].a, XL_W);
					bool pass = at[i].in && en && (allow || ex);
					struct xl_res r = at_run(&t, &q);

					must(r.ok && r.spa == (pass ? at[i].a : DATA + (at[i].a & 0xfff)),
					     "ExEn %u Allow %u EX %u address %lx: %lx", en, allow, ex, at[i].a, r.spa);
				}
			}
	at_close(&t);
}
END_TEST

/* ---- ATS ---- */

START_TEST(ats_answers)
{
	struct at_opt o = { .caches = _i ? 32 : 0 };
	struct xl_req q;
	struct xl_res r;
	struct dev n;
	struct at t;

	at_open(&t, &o);
	nested(&t, &n, AT_DEV);
	/* permission: tables and DTE; a page without any is "no access" */
	for (unsigned perm = 0; perm < 4; perm++)
		for (unsigned dte = 0; dte < 4; dte++) {
			unsigned both = perm & dte;

			at_h_map(&t, &n.d.h, 0x300000, DATA, 1, AT_PR | (perm & 1 ? AT_IR : 0) | (perm & 2 ? AT_IW : 0));
			n.d.dte[0] = (n.d.dte[0] & ~(AT_IR | AT_IW)) | (dte & 1 ? AT_IR : 0) | (dte & 2 ? AT_IW : 0);
			at_put_dte(&t, &n.d);
			at_do(&t, AT_DEVTAB(AT_DEV));
			at_do(&t, AT_PAGES(AT_DOM, 0), AT_PAGE(0x300000) | AT_PDE);
			q = at_req(AT_DEV, 0x300000, both & 2 ? XL_R | XL_W : XL_R);
			q.at = XL_TRANSLATION_REQ;
			r = at_run(&t, &q);
			must(r.ok && (r.perm & 7) == both && (!both || r.spa == DATA), "tables %u DTE %u: perm %u", perm, dte, r.perm);
		}
	n.d.dte[0] |= AT_IR | AT_IW;
	at_put_dte(&t, &n.d);
	at_do(&t, AT_DEVTAB(AT_DEV));
	/* refused in silence: not present, reserved, TV = 0, PASID, GCR3 */
	q.iova = 0x301000;
	r = at_run(&t, &q);
	must(!r.perm && !at_drop_events(&t), "not present");
	at_h_map(&t, &n.d.h, 0x301000, DATA, 1, AT_RW | AT_B(52));
	r = at_run(&t, &q);
	must(!r.perm && !at_drop_events(&t), "reserved");
	q = at_preq(AT_DEV, 0x1ff, IOVA, XL_R);
	q.at = XL_TRANSLATION_REQ;
	r = at_run(&t, &q);
	must(!r.perm && !at_drop_events(&t), "GCR3 V = 0");
	q.pasid = 0x200;
	r = at_run(&t, &q);
	must(!r.perm && !at_drop_events(&t), "PASID limit");
	n.d.dte[0] &= ~UINT64_C(2);
	at_put_dte(&t, &n.d);
	at_do(&t, AT_DEVTAB(AT_DEV));
	q = at_req(AT_DEV, HOST_IA, XL_R);
	q.at = XL_TRANSLATION_REQ;
	r = at_run(&t, &q);
	must(!r.perm && !at_drop_events(&t), "TV = 0");
	n.d.dte[0] |= 2;
	at_put_dte(&t, &n.d);
	at_do(&t, AT_DEVTAB(AT_DEV));
	/* size of the leaf */
	at_h_sized(&t, &n.d.h, 0x700000, DATA & ~UINT64_C(0xffff), 16, AT_RW);
	q.iova = 0x708000;
	r = at_run(&t, &q);
	must(r.ok && r.size_lg2 == 16 && (r.perm & 3) == 3, "64 KB: 2^%u", r.size_lg2);
	/* a translated request is not walked */
	q = at_req(AT_DEV, UINT64_C(0x123456789abc0), XL_W);
	q.at = XL_TRANSLATED;
	r = at_run(&t, &q);
	must(r.ok && r.spa == q.iova && !at_drop_events(&t), "translated");
	at_close(&t);
}
END_TEST

/* IommuEn = 0: nothing is translated, translation requests cannot be served. */
START_TEST(disabled)
{
	struct rig *r = rig_new(NULL);
	struct at t = { .r = r };
	struct xl_req q = at_req(AT_DEV, 0xfee00000, XL_R);

	must(at_run(&t, &q).spa == q.iova, "reads of the interrupt range too");
	q = at_preq(AT_DEV, 77, UINT64_C(0x8000000000000018), XL_W);
	must(at_run(&t, &q).spa == q.iova, "PASID");
	rig_free(r);
}
END_TEST

/* ---- interrupt range ---- */

START_TEST(interrupt_range)
{
	static const uint64_t in[] = { 0xfee00000, 0xfee00ff8, 0xfee80000, 0xfeeffff8 }, out[] = { 0xfedffff8, 0xfef00000 };
	struct at_opt o = { 0 };
	struct at_dev d;
	struct at t;

	at_open(&t, &o);
	at_host_dev(&t, &d, AT_DEV, AT_DOM, 3);
	for (unsigned i = 0; i < ARRAY_LEN(in); i++)
		at_h_map(&t, &d.h, in[i] & ~UINT64_C(0xfff), DATA, 1, AT_RW);
	for (unsigned i = 0; i < ARRAY_LEN(out); i++)
		at_h_map(&t, &d.h, out[i] & ~UINT64_C(0xfff), DATA, 1, AT_RW);
	for (unsigned i = 0; i < ARRAY_LEN(in); i++) {
		struct xl_req q = at_req(AT_DEV, in[i], XL_W);

		must(at_run(&t, &q).spa == in[i], "an interrupt is not translated as memory");
		q.acc = XL_R;
		must(!at_run(&t, &q).ok, "read of %lx", in[i]);
		check_event(&t, W(8, AT_DEV), in[i], "read");
	}
	for (unsigned i = 0; i < ARRAY_LEN(out); i++) {
		struct xl_req q = at_req(AT_DEV, out[i], XL_R);

		must(at_run(&t, &q).spa == DATA + (out[i] & 0xfff), "%lx is memory", out[i]);
	}
	at_close(&t);
}
END_TEST

/* ---- NpCache ---- */

static void np(struct amdvi_cfg *c)
{
	c->np_cache = true;
}

START_TEST(np_cache)
{
	for (unsigned on = 0; on < 2; on++)
		for (unsigned level = 1; level <= 3; level++) {
			struct at_opt o = { .caches = 32, .tweak = on ? np : NULL };
			struct xl_req q = at_req(AT_DEV, 0x205010, XL_R);
			struct at_dev d;
			uint64_t at, e, reads;
			struct at t;

			at_open(&t, &o);
			at_host_dev(&t, &d, AT_DEV, AT_DOM, 3);
			at_h_map(&t, &d.h, 0x205000, DATA, 1, AT_RW);
			at = at_h_entry(&t, &d.h, 0x205000, level);
			e = at_get(&t, at);
			at_put(&t, at, 0);
			must(!at_run(&t, &q).ok, "not present");
			check_event(&t, W(2, DOMAIN_5 | AT_DEV), q.iova, "not present");
			reads = t.r->u->st.walk_reads;
			q.iova += 8;
			must(!at_run(&t, &q).ok, "not present");
			check_event(&t, W(2, DOMAIN_5 | AT_DEV), q.iova, "not present, again");
			must((t.r->u->st.walk_reads == reads) == on, "NpCache %u level %u", on, level);
			at_put(&t, at, e);
			must(at_run(&t, &q).ok == !on, "NpCache %u level %u: mapped, no command", on, level);
			at_drop_events(&t);
			at_do(&t, AT_PAGES(AT_DOM, 0), AT_PAGE(0x206000));
			must(at_run(&t, &q).ok == !on, "NpCache %u level %u: another page's command", on, level);
			at_drop_events(&t);
			at_do(&t, AT_PAGES(AT_DOM, 0), AT_PAGE(0x205000));
			must(at_run(&t, &q).spa == DATA + 0x18, "NpCache %u level %u: after the command", on, level);
			at_close(&t);
		}
}
END_TEST

/* A refused write is no reason to refuse a read that the tables grant, and no reason to forget a translation. */
START_TEST(np_cache_other_access)
{
	struct at_opt o = { .caches = 32, .tweak = np };
	struct xl_req r = at_req(AT_DEV, 0x205010, XL_R), w = r;
	struct at_dev d;
	struct at t;

	at_open(&t, &o);
	w.acc = XL_W;
	at_host_dev(&t, &d, AT_DEV, AT_DOM, 3);
	at_h_map(&t, &d.h, 0x205000, DATA, 1, AT_PR | AT_IR);
	at_edit(&t, at_h_entry(&t, &d.h, 0x205000, 1), 0, AT_IW);
	must(at_run(&t, &r).ok, "read before");
	must(!at_run(&t, &w).ok, "write");
	check_event(&t, W(2, DOMAIN_5 | F_PR | F_PE | F_RW | AT_DEV), w.iova, "write");
	must(at_run(&t, &r).spa == DATA + 0x10, "a read after a refused write");
	must(!at_run(&t, &w).ok, "write");
	check_event(&t, W(2, DOMAIN_5 | F_PR | F_PE | F_RW | AT_DEV), w.iova, "write again");
	/* and the other way round */
	at_h_map(&t, &d.h, 0x206000, DATA, 1, AT_PR | AT_IW);
	r.iova = w.iova = 0x206010;
	must(!at_run(&t, &r).ok, "read");
	check_event(&t, W(2, DOMAIN_5 | F_PR | F_PE | AT_DEV), w.iova, "read");
	must(at_run(&t, &w).spa == DATA + 0x10, "a write after a refused read");
	at_close(&t);
}
END_TEST

/* A cached refusal of the host stage under a guest stage: each event names the address of its own request. */
START_TEST(np_cache_operand)
{
	struct at_opt o = { .caches = 32, .tweak = np };
	struct xl_req q = at_preq(AT_DEV, 9, IOVA, XL_R);
	struct dev n;
	struct at t;

	at_open(&t, &o);
	nested(&t, &n, AT_DEV);
	at_put(&t, at_h_entry(&t, &n.d.h, 0x1f5000, 1), 0);
	for (unsigned i = 0; i < 3; i++) {
		q.iova = IOVA + 0x100 * i;
		must(!at_run(&t, &q).ok, "host stage not present");
		check_event(&t, W(2, DOMAIN_5 | F_US | AT_DEV), 0x1f5018 + 0x100 * i, "host stage under guest");
	}
	at_put(&t, at_h_entry(&t, &n.d.h, 0x1f5000, 1), DATA | AT_RW);
	must(!at_run(&t, &q).ok, "mapped, but the refusal is cached");
	at_drop_events(&t);
	at_do(&t, AT_PAGES(AT_DOM, 0), AT_PAGE(0x1f5000));
	must(at_run(&t, &q).ok, "after the command");
	at_close(&t);
}
END_TEST

/* ---- device table segments ---- */

START_TEST(segments)
{
	unsigned lg2 = (unsigned)_i;
	struct at_opt o = { .seg_lg2 = lg2 };
	unsigned per = 0x10000u >> lg2;
	struct at t;

	at_open(&t, &o);
	ck_assert_uint_eq(rd64(t.r, 0x18) >> 34 & 7, lg2);
	for (unsigned s = 0; s < 1u << lg2; s++) {
		/* a table of its own: 128 entries first, then all */
		uint64_t table = at_alloc(&t, 21), reg = s ? 0x100 + 8 * (s - 1) : 0;

		for (unsigned i = 0; i<per; i += per - 1> 127 ? 127 : 1) {
			uint64_t dte[4] = { 3 | AT_IR | AT_IW, 0x40 + s, 0, 0 };

			if (i > 3 * 127)
				break;
			must(mem_write(t.r->m, table + 32 * i, dte, 4) == MEM_OK, "DTE");
		}
		wr64(t.r, (uint32_t)reg, table);
		for (unsigned i = 0; i <= 127 * 3; i += 127) {
			struct xl_req q = at_req(s * per + i, 0x5000, XL_R);
			struct xl_res r = at_run(&t, &q);

			must(r.ok == (i < 128), "segment %u index %u of 128", s, i);
			if (!r.ok)
				check_event(&t, W(2, s * per + i), 0, "beyond the segment");
		}
		wr64(t.r, (uint32_t)reg, table | 2); /* 3 * 128 */
		for (unsigned i = 127; i <= 127 * 3; i += 127) {
			struct xl_req q = at_req(s * per + i, 0x5000, XL_R);

			must(at_run(&t, &q).ok, "segment %u index %u of 384", s, i);
		}
	}
	at_close(&t);
}
END_TEST

/* ---- commands ---- */

static void prefetch_sup(struct amdvi_cfg *c)
{
	c->efr |= 1;
}

/* Every bit outside the masks of 7.3, unknown opcodes, absent features. */
START_TEST(illegal_commands)
{
	static const struct {
		unsigned op;
		uint64_t m0, m1;
	} mask[] = {
		{ 1, 0xf00fffffffffffff, UINT64_MAX },         { 2, 0xf00000000000ffff, 0 }, { 3, 0xf000ffff000fffff, 0xfffffffffffff007 },
		{ 4, UINT64_MAX, 0xfffffffffffff035 },         { 5, 0xf00000000000ffff, 0 }, { 6, 0xf00fffffff00ffff, 0xfffffffffffff015 },
		{ 7, 0xf00fffff0000ffff, 0x0000ffff00000004 }, { 8, 0xf000000000000000, 0 }, { 10, 0xf00000009000ffff, 0 },
	};
	struct at_opt o = { .tweak = prefetch_sup };
	struct at t;
	unsigned slot = 0;

	at_open(&t, &o);
	for (unsigned i = 0; i < ARRAY_LEN(mask); i++)
		for (unsigned b = 0; b < 128; b++) {
			uint64_t w[2] = { (uint64_t)mask[i].op << 60, 0 };

			if (((b < 64 ? mask[i].m0 : mask[i].m1) >> b % 64) & 1)
				continue;
			w[b / 64] |= AT_B(b % 64);
			at_cmd(&t, w[0], w[1]);
			tail(t.r);
			run_all(t.r);
			check_event(&t, W(5, 0), RIG_CMD + 16 * slot, "reserved bit of a command");
			must(!(rd32(t.r, 0x2020) & 0x10) && head_slot(t.r) == slot, "op %u bit %u: still running", mask[i].op, b);
			/* recovery: the slot is rewritten, CmdBufEn 0 and 1 */
			put_at(t.r, slot, UINT64_C(1) << 60, 0);
			wr64(t.r, 0x18, rd64(t.r, 0x18) & ~AT_B(12));
			wr64(t.r, 0x18, rd64(t.r, 0x18) | AT_B(12));
			run_all(t.r);
			slot = (slot + 1) % 256;
			must(head_slot(t.r) == slot, "op %u bit %u: no recovery", mask[i].op, b);
		}
	at_close(&t);
}
END_TEST

START_TEST(illegal_opcodes)
{
	static const struct {
		uint64_t w0, w1, efr;
		bool no_iotlb;
	} row[] = {
		{ 0, 0, 0, false },
		{ UINT64_C(0xb) << 60, 0, 0, false },
		{ UINT64_C(0xc) << 60, 0, 0, false },
		{ UINT64_C(0xd) << 60, 0, 0, false },
		{ UINT64_C(0xe) << 60, 0, 0, false },
		{ UINT64_C(0xf) << 60, 0, 0, false },
		{ UINT64_C(8) << 60, 0, AT_B(6), false },
		{ UINT64_C(6) << 60, 0, AT_B(0), false },
		{ UINT64_C(7) << 60, 0, AT_B(1), false },
		{ UINT64_C(3) << 60, 4, AT_B(4), false },
		{ UINT64_C(4) << 60, 4, AT_B(4), false },
		{ UINT64_C(4) << 60, 0x10, AT_B(54), false },
		{ UINT64_C(4) << 60, 0, 0, true },
		{ UINT64_C(9) << 60, 0, AT_B(55), false },
		{ UINT64_C(0xa) << 60, 0, AT_B(55), false },
	};

	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		struct at_opt o = { .efr_clr = row[i].efr };
		struct at t;

		at_open(&t, &o);
		t.r->c.iotlb_sup = !row[i].no_iotlb;
		at_cmd(&t, row[i].w0, row[i].w1);
		at_put_wait(&t);
		tail(t.r);
		run_all(t.r);
		check_event(&t, W(5, 0), RIG_CMD, "illegal opcode");
		must(!at_waited(&t), "row %u: the command behind was executed", i);
		at_close(&t);
	}
}
END_TEST

START_TEST(command_hardware_error)
{
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	at_cmd(&t, UINT64_C(2) << 60, 0);
	at_cmd(&t, UINT64_C(2) << 60, 0);
	mem_poison(t.r->m, RIG_CMD + 16 + 8, true);
	tail(t.r);
	run_all(t.r);
	check_event(&t, W(6, TYPE(DATA_ERROR)), RIG_CMD + 16, "fetch");
	ck_assert_uint_eq(rd32(t.r, 0x2020) & 0x10, 0);
	ck_assert_uint_eq(rd64(t.r, 0x40), W(6, TYPE(DATA_ERROR)));
	ck_assert_uint_eq(rd64(t.r, 0x48), RIG_CMD + 16);
	at_close(&t);
	at_open(&t, &o);
	at_cmd(&t, UINT64_C(1) << 60 | UINT64_C(0xffff00001238) | 1, 0x55); /* beyond memory */
	tail(t.r);
	run_all(t.r);
	check_event(&t, W(6, TYPE(DATA_ERROR)), UINT64_C(0xffff00001238), "store");
	ck_assert_uint_eq(rd32(t.r, 0x2020) & 0x10, 0);
	at_close(&t);
}
END_TEST

/* Two silent devices, the ring wraps between their commands; the events name the slots, the wait stores after them. */
START_TEST(iotlb_inv_timeout)
{
	struct at_opt o = { .ctl = UINT64_C(1) << 5 };
	struct at t;
	uint64_t rec[2];
	sim_time from;

	at_open(&t, &o);
	for (unsigned i = 0; i < 255; i++)
		at_cmd(&t, UINT64_C(2) << 60, 0);
	tail(t.r);
	run_all(t.r);
	at_cmd(&t, UINT64_C(0x4000030020000300), 0x2ff001);
	at_cmd(&t, UINT64_C(0x4000040020000400), 0x2ff001);
	at_put_wait(&t);
	tail(t.r);
	from = sim_now(t.r->k);
	run_for(t.r, 1000 * US);
	must(!at_event(&t, rec) && !at_waited(&t), "before 1 ms");
	while (!at_waited(&t) && sim_run_one(t.r->k))
		must(rd32(t.r, 0x2020) & 0x10, "CmdBufRun stays");
	must(at_event(&t, rec) && rec[0] == W(7, 0x300) && rec[1] == RIG_CMD + 255 * 16, "first: %lx %lx", rec[0], rec[1]);
	must(at_event(&t, rec) && rec[0] == W(7, 0x400) && rec[1] == RIG_CMD, "second: %lx %lx", rec[0], rec[1]);
	must(sim_now(t.r->k) - from < 1002 * US, "time");
	t.r->u->ops->ats_cpl(t.r->u, 0x300, 1, 1); /* late: ignored */
	at_do(&t, UINT64_C(2) << 60, 0);
	ck_assert_uint_eq(at_drop_events(&t), 0);
	at_close(&t);
}
END_TEST

/* ---- page requests, counters ---- */

START_TEST(invalid_ppr_request)
{
	struct page_req p = {
		.rid = AT_DEV, .pasid = 0x54321, .has_pasid = true, .r = true, .w = true, .last = true, .prgi = 0x15a, .addr = 0x123000
	};
	struct at_opt o = { .ctl = AT_B(13) };
	struct at_dev d;
	struct at t;

	/* 15:0 DevID, 31:16 PASID[15:0], 40:32 PRG index, 41 last, 45:42 PASID[19:16]; flags 50 read, 53 write, 54 user, 56 GN */
	at_open(&t, &o); /* PPREn = 0 */
	at_host_dev(&t, &d, AT_DEV, AT_DOM, 0);
	t.r->u->ops->page_request(t.r->u, &p);
	run_all(t.r);
	check_event(&t, UINT64_C(0x9164175a43210300), 0x123000, "PPREn = 0");
	at_close(&t);
	o.ctl |= AT_B(15); /* PPREn = 1, DTE.PPR = 0 */
	at_open(&t, &o);
	at_host_dev(&t, &d, AT_DEV, AT_DOM, 0);
	t.r->u->ops->page_request(t.r->u, &p);
	run_all(t.r);
	check_event(&t, UINT64_C(0x9164175a43210300), 0x123000, "DTE.PPR = 0");
	d.dte[0] |= AT_B(52);
	at_put_dte(&t, &d);
	t.r->u->ops->page_request(t.r->u, &p);
	run_all(t.r);
	must(!at_drop_events(&t) && at_get(&t, RIG_PPR) == UINT64_C(0x1164175a43210300), "DTE.PPR = 1: %lx", at_get(&t, RIG_PPR));
	at_close(&t);
}
END_TEST

START_TEST(event_counter_zero)
{
	struct at_opt o = { 0 };
	struct at_dev d;
	struct at t;

	at_open(&t, &o);
	at_host_dev(&t, &d, AT_DEV, AT_DOM, 1);
	at_h_map(&t, &d.h, 0x5000, DATA, 1, AT_RW);
	wr64(t.r, 0x41200, UINT64_C(0xfffffffffffe)); /* bank 1, counter 2 */
	wr64(t.r, 0x41208, 5);                        /* translations */
	wr64(t.r, 0x41228, UINT64_C(0x800abcde12345678));
	for (unsigned i = 0; i < 3; i++) {
		struct xl_req q = at_req(AT_DEV, 0x5000, XL_R);

		must(at_run(&t, &q).ok, "request");
		if (i == 1)
			check_event(&t, W(0xa, 0), UINT64_C(0x12345678000abcde), "wrapped");
	}
	ck_assert_uint_eq(rd64(t.r, 0x41200), 1);
	ck_assert_uint_eq(at_drop_events(&t), 0);
	at_close(&t);
}
END_TEST

/* ---- guests ---- */

static struct xl_res vrun(struct vrig *w, const struct xl_req *q)
{
	struct at t = { .r = w->r };
	struct xl_res r = at_run(&t, q);

	run_all(w->r);
	return r;
}

/* A device of guest 7 whose guest stage faults: to the guest's log; if that is not there, GUEST_EVENT_FAULT in the host's. */
START_TEST(guest_event_fault)
{
	struct vrig *w = guest7(NULL, true, 0);
	uint64_t gcr3 = vr_back(w, w->parent[G], 0x20000) & ~UINT64_C(0xfff);
	struct xl_req q = at_preq(0x300, 9, 0x5018, XL_W);

	/* qw0: V, TV, Mode 4, GV, IR, IW; the GCR3 root is an SPA */
	rig_dte(w->r, 0x300, UINT64_C(0x6000000000000803) | AT_GV | w->parent[G] | (gcr3 >> 12 & 7) << 58,
	        0x45 | (gcr3 >> 15 & 0xffff) << 16 | (gcr3 >> 31) << 43, 0, UINT64_C(0x0000000700208000));
	must(!vrun(w, &q).ok, "V = 0 in the GCR3 table");
	ck_assert_uint_eq(n_events(w->r), 0);
	ck_assert_uint_eq(vr_log(w, G, 0, 0), W(2, F_GN | F_US | F_RW | UINT64_C(9) << 32 | 0x20)); /* GDeviceID */
	ck_assert_uint_eq(vr_log(w, G, 0, 1), 0x5018);
	vr_unmap(w, w->parent[G], G_EVT);
	put(w->r, AT_PAGES(VR_PARENT + G, 0), AT_ALL | AT_PDE);
	put_wait(w->r, 1);
	tail(w->r);
	run_all(w->r);
	must(!vrun(w, &q).ok, "again");
	ck_assert_uint_eq(n_events(w->r), 1);
	ck_assert_uint_eq(event_word(w->r, 0, 0), W(0xb, UINT64_C(7) << 32 | AT_B(29))); /* VEvent */
	ck_assert_uint_eq(event_word(w->r, 0, 1), G_EVT + 0x10);
	vr_free(w);
}
END_TEST

/* The guest's ring is not mapped: its fetch fails. */
START_TEST(viommu_hardware_error)
{
	struct vrig *w = guest7(NULL, true, 0);

	vr_unmap(w, w->parent[G], G_RING);
	put(w->r, AT_PAGES(VR_PARENT + G, 0), AT_ALL | AT_PDE);
	put_wait(w->r, 1);
	tail(w->r);
	run_all(w->r);
	wr32(w->r, VF(G, VF_CMD_TAIL), 0x20);
	run_all(w->r);
	ck_assert_uint_eq(n_events(w->r), 1);
	ck_assert_uint_eq(event_word(w->r, 0, 0) >> 60, 0xc);
	ck_assert_uint_eq(event_word(w->r, 0, 0) & 0xffff, 7);  /* GuestID */
	ck_assert_uint_eq(event_word(w->r, 0, 0) >> 31 & 1, 1); /* VCmd */
	ck_assert_uint_eq(event_word(w->r, 0, 1), G_RING);
	ck_assert_uint_eq(vr_status(w, G) & 0x10, 0); /* CmdBufRun of the guest */
	vr_free(w);
}
END_TEST

/* ---- what was covered ---- */

START_TEST(coverage)
{
	unsigned codes = 0;

	for (unsigned i = 0; i < ARRAY_LEN(prods); i++) {
		struct at_opt o = { 0 };
		uint64_t want[2] = { 0 };
		struct xl_req q = at_req(AT_DEV, HOST_IA, XL_R);
		struct dev n;
		struct at t;

		at_open(&t, &o);
		nested(&t, &n, AT_DEV);
		prods[i].make(&t, &n, &q, want);
		codes |= 1u << (want[0] >> 60);
		at_close(&t);
	}
	codes |= 1u << 5 | 1u << 6 | 1u << 7 | 1u << 9 | 1u << 10 | 1u << 11 | 1u << 12; /* tests of their own above */
	printf("event codes produced: %d of 14; not modelled: RMP_PAGE_FAULT, RMP_HW_ERROR (SNP)\n", __builtin_popcount(codes));
	printf("INVALID_DEVICE_REQUEST types: 0 and 1 of 7 with TR = 0 (the others: HyperTransport ranges), 1 of 3 with TR = 1\n");
	ck_assert_uint_eq(codes, 0x1ffe);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("amdvi_events");
	TCase *t = tcase_create("events");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, every_request_event, 0, (int)ARRAY_LEN(prods));
	tcase_add_test(t, dte_bits);
	tcase_add_test(t, absent_features);
	tcase_add_test(t, dte_interrupt_half);
	tcase_add_test(t, dte_encodings);
	tcase_add_test(t, order_of_checks);
	tcase_add_test(t, suppression);
	tcase_add_test(t, prefetch_is_silent);
	tcase_add_test(t, exclusion);
	tcase_add_loop_test(t, ats_answers, 0, 2);
	tcase_add_test(t, disabled);
	tcase_add_test(t, interrupt_range);
	tcase_add_test(t, np_cache);
	tcase_add_test(t, np_cache_other_access);
	tcase_add_test(t, np_cache_operand);
	tcase_add_loop_test(t, segments, 0, 4);
	tcase_add_test(t, illegal_commands);
	tcase_add_test(t, illegal_opcodes);
	tcase_add_test(t, command_hardware_error);
	tcase_add_test(t, iotlb_inv_timeout);
	tcase_add_test(t, invalid_ppr_request);
	tcase_add_test(t, event_counter_zero);
	tcase_add_test(t, guest_event_fault);
	tcase_add_test(t, viommu_hardware_error);
	tcase_add_test(t, coverage);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
