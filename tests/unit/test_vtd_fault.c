/* SPDX-License-Identifier: Apache-2.0 */
/* Fault records, overflow, event messages. Record words are hand-encoded from the specification. */
#include "vtd_rig.h"

static void collapse(struct vtd_cfg *c)
{
	scalable(c);
	c->collapse_faults = true;
}

static void fault(struct rig *r, uint32_t rid, uint64_t iova, unsigned acc, int pasid, unsigned code)
{
	struct xl x = { .req = { .iova = iova, .len = 4, .rid = rid, .acc = (uint8_t)acc, .has_pasid = pasid >= 0 } };

	x.req.pasid = pasid >= 0 ? (uint32_t)pasid : 0;
	x.res.code = (uint16_t)code;
	r->u->ops->fault(r->u, &x);
}

static void events_on(struct rig *r)
{
	wr32(r, VTD_R_FEDATA, 0x41);
	wr32(r, VTD_R_FEADDR, 0xfee01000);
	wr32(r, VTD_R_FECTL, 0);
}

START_TEST(records_as_printed)
{
	struct rig *r = rig_new(scalable);

	fault(r, 0x310, 0xdeadbeef, XL_W, 0x1234, 0x71);
	fault(r, 0x310, 0x12345678, XL_R, -1, 0x06);
	fault(r, 0x310, 0x1000, XL_R | XL_W | XL_ATOMIC, -1, 0x05);
	fault(r, 0x310, 0x1000, XL_R | XL_X | XL_PRIV, 1, 0x82);
	ck_assert_uint_eq(rd64(r, 0x400), 0xdeadb000);
	ck_assert_uint_eq(rd64(r, 0x408), UINT64_C(0x8012347180000310));
	ck_assert_uint_eq(rd64(r, 0x410), 0x12345000);
	ck_assert_uint_eq(rd64(r, 0x418), UINT64_C(0xc000000600000310));
	ck_assert_uint_eq(rd64(r, 0x428), UINT64_C(0xc000000510000310));
	ck_assert_uint_eq(rd64(r, 0x438), UINT64_C(0xc0000182e0000310));
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 2);
	wr32(r, 0x40c, 0x80000000); /* the first, through its highest dword */
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 2);
	wr64(r, 0x418, UINT64_C(1) << 63);
	wr64(r, 0x428, UINT64_C(1) << 63);
	wr64(r, 0x438, UINT64_C(1) << 63);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 0);
	fault(r, 0x311, 0, XL_R, -1, 0x06); /* the index goes on */
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 0x402);
	ck_assert_uint_eq(rd64(r, 0x448), UINT64_C(0xc000000600000311));
	rig_free(r);
}
END_TEST

/* Behaviour vector 10. */
START_TEST(overflow_sticks_until_cleared)
{
	struct rig *r = rig_new(NULL);

	fault(r, 1, 0x1000, XL_R, -1, 6);
	fault(r, 2, 0x2000, XL_R, -1, 6);
	fault(r, 3, 0x3000, XL_R, -1, 6);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 3);
	ck_assert_uint_eq(rd64(r, 0x408) & 0xffff, 1);
	wr64(r, 0x408, UINT64_C(1) << 63);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 1);
	fault(r, 4, 0x4000, XL_R, -1, 6);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 1);
	wr32(r, VTD_R_FSTS, 1);
	fault(r, 5, 0x5000, XL_R, -1, 6);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 2);
	ck_assert_uint_eq(rd64(r, 0x408) & 0xffff, 5);
	ck_assert_uint_eq(r->v->st.faults_lost, 3);
	wr32(r, VTD_R_FSTS, 2); /* PPF is computed */
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 2);
	rig_free(r);
}
END_TEST

START_TEST(collapsing_is_an_option)
{
	struct rig *r = rig_new(collapse);

	fault(r, 1, 0x1000, XL_R, -1, 6);
	fault(r, 1, 0x2000, XL_R, -1, 6);
	fault(r, 2, 0x3000, XL_R, -1, 6);
	ck_assert_uint_eq(r->v->st.fault_records, 2);
	ck_assert_uint_eq(rd64(r, 0x418) & 0xffff, 2);
	rig_free(r);
}
END_TEST

START_TEST(suppressed_faults_leave_nothing)
{
	struct rig *r = rig_new(NULL);
	struct xl x = { .req = { .rid = 1, .acc = XL_R }, .res = { .code = 0x59, .no_record = true } };

	r->u->ops->fault(r->u, &x);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 0);
	rig_free(r);
}
END_TEST

/* 1.7: one message per condition; masked ones wait; a condition that went away is not reported. */
START_TEST(events)
{
	struct rig *r = rig_new(scalable);

	wr32(r, VTD_R_FEUADDR, 1);
	events_on(r);
	fault(r, 1, 0, XL_R, -1, 6);
	fault(r, 2, 0, XL_R, -1, 6);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->msi[0].addr, UINT64_C(0x1fee01000));
	ck_assert_uint_eq(r->msi[0].data, 0x41);
	ck_assert_uint_eq(rd32(r, VTD_R_FECTL), 0);
	wr64(r, 0x408, UINT64_C(1) << 63);
	wr64(r, 0x418, UINT64_C(1) << 63);
	wr32(r, VTD_R_FECTL, 0x80000000);
	fault(r, 3, 0, XL_R, -1, 6);
	ck_assert_uint_eq(rd32(r, VTD_R_FECTL), 0xc0000000);
	ck_assert_uint_eq(r->n_msi, 1);
	wr32(r, VTD_R_FECTL, 0);
	ck_assert_uint_eq(r->n_msi, 2);
	ck_assert_uint_eq(rd32(r, VTD_R_FECTL), 0);
	wr64(r, 0x428, UINT64_C(1) << 63);
	wr32(r, VTD_R_FECTL, 0x80000000);
	fault(r, 4, 0, XL_R, -1, 6);
	wr64(r, 0x438, UINT64_C(1) << 63); /* gone before it was unmasked */
	ck_assert_uint_eq(rd32(r, VTD_R_FECTL), 0x80000000);
	wr32(r, VTD_R_FECTL, 0);
	ck_assert_uint_eq(r->n_msi, 2);
	rig_free(r);
}
END_TEST

START_TEST(names_and_classes)
{
	ck_assert_str_eq(vtd_fault_name(0x71), "SFS.2");
	ck_assert_str_eq(vtd_fault_name(0x91), "SFS.10");
	ck_assert_str_eq(vtd_fault_text(0x41), "context entry not present");
	ck_assert_ptr_null(vtd_fault_name(0));
	ck_assert_ptr_null(vtd_fault_name(0x88));
	ck_assert_ptr_null(vtd_fault_name(0x100));
	ck_assert(vtd_fault_qualified(0x02) && vtd_fault_qualified(0x59));
	ck_assert(!vtd_fault_qualified(0x01) && !vtd_fault_qualified(0x58) && !vtd_fault_qualified(0x39));
}
END_TEST

RIG_MAIN("vtd_fault", NULL, 0, records_as_printed, overflow_sticks_until_cleared, collapsing_is_an_option, suppressed_faults_leave_nothing,
	 events, names_and_classes)
