/* SPDX-License-Identifier: Apache-2.0 */
/* Page requests: queue entries, refusals, overflow, automatic responses, the event, draining by a wait. */
#include "vtd_rig.h"

enum { RID = 0x310 };
/* Scalable tables with one context entry (@bits: word 0 beside the directory pointer), remapping and queues on. */
static struct rig *ready(uint64_t bits)
{
	struct rig *r = rig_new(scalable);
	uint64_t root = CTX | 1, ctx[4] = { 0x5000000 | bits, 5, 0, 0 };

	mem_write(r->m, ROOT + 16 * 3, &root, 1);
	mem_write(r->m, CTX + 32 * 0x10, ctx, 4);
	rig_queue(r, true);
	wr64(r, VTD_R_PQA, PRQ_RING);
	wr32(r, VTD_R_PEADDR, 0xfee02000);
	wr32(r, VTD_R_PECTL, 0);
	gcmd(r, GSTS_TES, 0);
	return r;
}

static struct page_req request(bool last)
{
	return (struct page_req){ .rid = RID, .pasid = 0x1234, .has_pasid = true, .r = true, .w = true, .last = last, .prgi = 7,
				  .addr = UINT64_C(0x7f0000001000) };
}

static void ask(struct rig *r, const struct page_req *p)
{
	r->u->ops->page_request(r->u, p);
	run_for(r, US);
}

static void entry_is(struct rig *r, unsigned n, uint64_t w0, uint64_t w1)
{
	uint64_t w[4];

	ck_assert_uint_eq(mem_read(r->m, PRQ_RING + 32 * n, w, 4), MEM_OK);
	ck_assert_uint_eq(w[0], w0);
	ck_assert_uint_eq(w[1], w1);
	ck_assert_uint_eq(w[2] | w[3], 0);
}

START_TEST(entry_as_printed)
{
	struct rig *r = ready(0xe1d);
	struct page_req p = request(true);

	ask(r, &p);
	entry_is(r, 0, UINT64_C(0x0000123403100101), UINT64_C(0x00007f000000103f));
	ck_assert_uint_eq(rd64(r, VTD_R_PQT), 0x20);
	ck_assert_uint_eq(rd32(r, VTD_R_PRS), 1);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->msi[0].addr, 0xfee02000);
	p = (struct page_req){ .rid = RID, .x = true, .priv = true, .r = true, .addr = 0x2000 };
	ask(r, &p);
	entry_is(r, 1, UINT64_C(0x0030000003100001), 0x2001);
	ck_assert_msg(r->n_msi == 1, "PPR was already set");
	wr32(r, VTD_R_PRS, 1);
	ask(r, &p);
	ck_assert_uint_eq(r->n_msi, 2);
	ck_assert_uint_eq(r->n_resp, 0);
	rig_free(r);
}
END_TEST

START_TEST(page_is_dropped_from_the_iotlb)
{
	struct rig *r = ready(0xe1d);
	struct page_req p = request(true);
	struct xc_tag t = { .first = p.addr, .pasid = 0x1234, .size_lg2 = 12, .kind = VTD_K_FS, .id = 1 };

	ck_assert_uint_ne(xc_fill(r->v->iotlb, &t), XC_MISS);
	t.pasid = 0x1235;
	t.id = 2;
	ck_assert_uint_ne(xc_fill(r->v->iotlb, &t), XC_MISS);
	ask(r, &p);
	ck_assert_uint_eq(xc_peek(r->v->iotlb, p.addr, 1), XC_MISS);
	ck_assert_uint_ne(xc_peek(r->v->iotlb, p.addr, 2), XC_MISS);
	rig_free(r);
}
END_TEST

static const struct {
	const char *what;
	uint64_t ctx;
	uint32_t rid, pasid;
	bool has_pasid;
	unsigned code, resp;
	bool recorded;
} refused[] = {
	{ "PRE = 0", 0xe0d, RID, 1, true, 0x47, 1, true },
	{ "PRE = 0 with FPD", 0xe0f, RID, 1, true, 0x47, 1, false },
	{ "PASIDE = 0", 0xe15, RID, 1, true, 0x45, 1, true },
	{ "PASID beyond the directory", 0x01d, RID, 0x2000, true, 0x46, 1, true },
	{ "not present", 0xe1c, RID, 1, true, 0x41, 15, true },
	{ "not present with FPD", 0xe1e, RID, 1, true, 0x41, 15, false },
	{ "reserved bit 5", 0xe3d, RID, 1, true, 0x42, 15, true },
	{ "no root entry", 0xe1d, 0x410, 1, true, 0x39, 15, true },
	{ "upper half of the root entry", 0xe1d, 0x390, 1, true, 0x39, 15, true },
};

START_TEST(refusals)
{
	struct rig *r = ready(refused[_i].ctx);
	struct page_req p = request(true);
	uint64_t hi;

	p.rid = refused[_i].rid;
	p.pasid = refused[_i].pasid;
	p.has_pasid = refused[_i].has_pasid;
	ask(r, &p);
	hi = rd64(r, 0x408);
	ck_assert_msg(r->n_resp == 1 && r->resp[0].code == refused[_i].resp && r->resp[0].prgi == 7, "%s: response", refused[_i].what);
	ck_assert_msg((hi >> 63) == refused[_i].recorded, "%s: recorded", refused[_i].what);
	if (hi >> 63) {
		ck_assert_msg((hi >> 32 & 0xff) == refused[_i].code, "%s: code 0x%x", refused[_i].what, (unsigned)(hi >> 32 & 0xff));
		ck_assert_msg(!(hi >> 62 & 1) && (hi >> 28 & 1), "%s: type page request", refused[_i].what);
	}
	ck_assert_uint_eq(rd64(r, VTD_R_PQT), 0);
	ck_assert_uint_eq(rd32(r, VTD_R_PRS), 0);
	p.last = false;
	ask(r, &p);
	ck_assert_msg(r->n_resp == 1, "%s: only the last of a group is answered", refused[_i].what);
	rig_free(r);
}
END_TEST

START_TEST(legacy_mode_refuses)
{
	struct rig *r = ready(0xe1d);
	struct page_req p = request(true);

	wr64(r, VTD_R_RTADDR, ROOT);
	gcmd(r, GSTS_RTPS, 0);
	ask(r, &p);
	ck_assert_uint_eq(rd64(r, 0x408) >> 32 & 0xff, 0x32);
	ck_assert_uint_eq(r->n_resp, 1);
	rig_free(r);
}
END_TEST

START_TEST(overflow_answers_success)
{
	struct rig *r = ready(0xe1d);
	struct page_req p = request(true);

	for (unsigned i = 0; i < 127; i++)
		ask(r, &p);
	ck_assert_uint_eq(r->v->st.page_requests, 127);
	ck_assert_uint_eq(rd32(r, VTD_R_PRS), 1);
	ask(r, &p); /* one slot stays empty */
	ck_assert_uint_eq(rd32(r, VTD_R_PRS), 3);
	ck_assert_uint_eq(rd64(r, VTD_R_PQT), 127 * 32);
	ck_assert_uint_eq(r->n_resp, 1);
	ck_assert_uint_eq(r->resp[0].code, 0);
	p.last = false;
	ask(r, &p);
	ck_assert_uint_eq(r->n_resp, 1);
	wr64(r, VTD_R_PQH, 127 * 32); /* room, but PRO stands */
	p.last = true;
	ask(r, &p);
	ck_assert_uint_eq(r->n_resp, 2);
	wr32(r, VTD_R_PRS, 2);
	ask(r, &p);
	ck_assert_uint_eq(r->n_resp, 2);
	ck_assert_uint_eq(rd64(r, VTD_R_PQT), 0); /* wrapped */
	rig_free(r);
}
END_TEST

START_TEST(stop_marker_gets_no_response)
{
	struct rig *r = ready(0xe0d);
	struct page_req p = { .rid = RID, .pasid = 1, .has_pasid = true, .last = true };

	ask(r, &p);
	ck_assert_uint_eq(r->n_resp, 0);
	rig_free(r);
}
END_TEST

/* A wait with PD = 1 comes after requests that arrived earlier; a plain one does not care. */
START_TEST(page_request_drain)
{
	struct rig *r = ready(0xe1d);
	struct page_req p = request(true);

	for (unsigned pd = 0; pd < 2; pd++) {
		put(r, UINT64_C(0x25) | pd << 7 | (uint64_t)(pd + 1) << 32, STATUS);
		tail(r);
		for (unsigned i = 0; i < 100; i++)
			r->u->ops->page_request(r->u, &p);
		ck_assert(!idle(r));
		while (status_word(r) != pd + 1)
			ck_assert(sim_run_one(r->k));
		ck_assert_uint_eq(r->v->st.page_requests + r->v->st.page_requests_dropped == 100 * (pd + 1), pd);
		run_all(r);
		ck_assert(idle(r));
	}
	rig_free(r);
}
END_TEST

START_TEST(page_group_response)
{
	struct rig *r = ready(0xe1d);

	put(r, UINT64_C(0x0000123403100019), 0x3c);
	put_wait(r, 2);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(status_word(r), 2);
	ck_assert_uint_eq(r->n_resp, 1);
	ck_assert_uint_eq(r->resp[0].rid, RID);
	ck_assert_uint_eq(r->resp[0].pasid, 0x1234);
	ck_assert(r->resp[0].has_pasid);
	ck_assert_uint_eq(r->resp[0].prgi, 7);
	ck_assert_uint_eq(r->resp[0].code, 0);
	rig_free(r);
}
END_TEST

RIG_MAIN("vtd_prq", refusals, ARRAY_LEN(refused), entry_as_printed, page_is_dropped_from_the_iotlb, legacy_mode_refuses,
	 overflow_answers_success,
	 stop_marker_gets_no_response, page_request_drain, page_group_response)
