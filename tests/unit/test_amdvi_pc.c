/* SPDX-License-Identifier: Apache-2.0 */
/* AMD-Vi performance counters: registers, matches, wrapping, and the sources that the registers themselves count. */
#include "amdvi_rig.h"

/* ((40h | bank) << 12) | (counter << 8) | fn */
#define CTR(bank, ctr, fn) (0x40000u + (bank) * 0x1000u + (ctr) * 0x100u + (fn))
enum { COUNT = 0, SOURCE = 8, PASID = 0x10, DOMAIN_ID = 0x18, DEVICE = 0x20, REPORT = 0x28 };

static const struct {
	const char *what;
	uint32_t off;
	uint64_t ones;
} regs[] = {
	{ "first count", 0x40000, 0x0000ffffffffffff },
	{ "source", 0x40008, 0xff },
	{ "PASID match", 0x40010, 0x000fffff800fffff },
	{ "DomainID match", 0x40018, 0x0000ffff8000ffff },
	{ "DeviceID match", 0x40020, 0x0000ffff8000ffff },
	{ "report", 0x40028, 0x800fffffffffffff },
	{ "no such function", 0x40030, 0 },
	{ "last count", 0x41300, 0x0000ffffffffffff },
	{ "no fifth counter", 0x40400, 0 },
	{ "no third bank", 0x42000, 0 },
	{ "last bank", 0x7ff00, 0 },
	{ "configuration: 4 counters, 2 banks", 0x4000, 0x2200 },
	{ "hole", 0x4008, 0 },
};

START_TEST(every_register_keeps_only_its_bits)
{
	struct rig *r = rig_new(NULL);

	wr64(r, regs[_i].off, UINT64_MAX);
	ck_assert_msg(rd64(r, regs[_i].off) == regs[_i].ones, "%s", regs[_i].what);
	rig_free(r);
	r = rig_new(NULL);
	wr32(r, regs[_i].off + 4, 0xffffffff);
	ck_assert_msg(rd32(r, regs[_i].off + 4) == regs[_i].ones >> 32, "%s high half", regs[_i].what);
	wr32(r, regs[_i].off, 0xffffffff);
	ck_assert_msg(rd32(r, regs[_i].off) == (uint32_t)regs[_i].ones, "%s low half", regs[_i].what);
	rig_free(r);
}
END_TEST

START_TEST(accesses_to_1ff8_are_counted)
{
	struct rig *r = rig_new(NULL);

	wr32(r, 0x1ff8, 1);
	wr64(r, CTR(1, 3, SOURCE), 0x14);
	wr64(r, CTR(0, 0, SOURCE), 0x11);
	wr32(r, 0x1ff8, 2);
	ck_assert_uint_eq(rd32(r, 0x1ff8), 2);
	rd64(r, 0x1ff8);
	rd32(r, 0x1ffc); /* not it */
	ck_assert_uint_eq(rd64(r, CTR(1, 3, COUNT)), 3);
	ck_assert_uint_eq(rd64(r, CTR(0, 0, COUNT)), 0);
	wr64(r, CTR(1, 3, SOURCE), 0);
	rd32(r, 0x1ff8);
	ck_assert_uint_eq(rd64(r, CTR(1, 3, COUNT)), 3);
	rig_free(r);
}
END_TEST

static void request(struct xl *x, uint32_t rid, bool has_pasid, uint32_t pasid, bool tagged, uint16_t did)
{
	x->req.rid = rid;
	x->req.has_pasid = has_pasid;
	x->req.pasid = pasid;
	x->tagged = tagged;
	x->tag.did = did;
}

/*
 * Six events of source 07h against seven counters; the expected counts are added up by hand from the list.
 *   a 1: 0300h, no PASID, domain 5      b 2: 0301h, PASID 12345h, domain 5    c 4: 0300h, PASID 2345h, domain 6
 *   d 8: 0400h, no PASID, domain unknown  e 16: no request                    f 32: 0301h, PASID 12345h, domain 7, source 06h
 */
START_TEST(matches)
{
	static const struct {
		const char *what;
		unsigned bank, ctr;
		uint64_t pasid, domain, device, want;
	} row[] = {
		{ "everything", 0, 0, 0, 0, 0, 1 + 2 + 4 + 8 + 16 },
		{ "one device", 0, 1, 0, 0, UINT64_C(0x0000ffff80000300), 1 + 4 },
		{ "all functions of a device", 0, 2, 0, 0, UINT64_C(0x0000fff880000300), 1 + 2 + 4 },
		{ "a domain", 0, 3, 0, UINT64_C(0x0000ffff80000005), 0, 1 + 2 },
		{ "low 16 bits of a PASID", 1, 0, UINT64_C(0x0000ffff80002345), 0, 0, 2 + 4 },
		{ "a whole PASID and a domain", 1, 1, UINT64_C(0x000fffff80012345), UINT64_C(0x0000ffff80000005), 0, 2 },
		{ "mask 0 wants only that there is one", 1, 2, UINT64_C(0x0000000080099999), 0, 0, 2 + 4 },
		{ "values without the enable are ignored", 1, 3, UINT64_C(0x000fffff00000001), UINT64_C(0x0000ffff00000001),
		  UINT64_C(0x0000ffff00000001), 31 },
	};
	struct rig *r = rig_new(NULL);
	struct xl *x = calloc(1, sizeof *x);

	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		wr64(r, CTR(row[i].bank, row[i].ctr, PASID), row[i].pasid);
		wr64(r, CTR(row[i].bank, row[i].ctr, DOMAIN_ID), row[i].domain);
		wr64(r, CTR(row[i].bank, row[i].ctr, DEVICE), row[i].device);
		wr64(r, CTR(row[i].bank, row[i].ctr, SOURCE), 7);
	}
	request(x, 0x300, false, 0, true, 5);
	amdvi_pc_count(r->v, 7, x, 1);
	request(x, 0x301, true, 0x12345, true, 5);
	amdvi_pc_count(r->v, 7, x, 2);
	request(x, 0x300, true, 0x2345, true, 6);
	amdvi_pc_count(r->v, 7, x, 4);
	request(x, 0x400, false, 0x2345, false, 5);
	amdvi_pc_count(r->v, 7, x, 8);
	amdvi_pc_count(r->v, 7, NULL, 16);
	request(x, 0x301, true, 0x12345, true, 7);
	amdvi_pc_count(r->v, 6, x, 32);
	for (unsigned i = 0; i < ARRAY_LEN(row); i++)
		ck_assert_msg(rd64(r, CTR(row[i].bank, row[i].ctr, COUNT)) == row[i].want, "%s", row[i].what);
	free(x);
	rig_free(r);
}
END_TEST

START_TEST(wrapping_writes_an_event_if_asked)
{
	struct rig *r = rig_new(NULL);

	rig_on(r, 0);
	wr64(r, CTR(0, 0, COUNT), UINT64_C(0xfffffffffffd));
	wr64(r, CTR(0, 0, REPORT), UINT64_C(0x800abcde12345678));
	wr64(r, CTR(0, 0, SOURCE), 0x14);
	wr64(r, CTR(0, 1, COUNT), UINT64_C(0xffffffffffff));
	wr64(r, CTR(0, 1, REPORT), UINT64_C(0x000abcde12345678)); /* report off */
	wr64(r, CTR(0, 1, SOURCE), 0x14);
	wr32(r, 0x1ff8, 0);
	wr32(r, 0x1ff8, 0);
	run_all(r);
	ck_assert_uint_eq(rd64(r, CTR(0, 0, COUNT)), UINT64_C(0xffffffffffff));
	ck_assert_uint_eq(rd64(r, CTR(0, 1, COUNT)), 1);
	ck_assert_uint_eq(n_events(r), 0);
	wr32(r, 0x1ff8, 0);
	run_all(r);
	ck_assert_uint_eq(rd64(r, CTR(0, 0, COUNT)), 0);
	ck_assert_uint_eq(n_events(r), 1);
	ck_assert_uint_eq(event_word(r, 0, 0), UINT64_C(0xa000000000000000));
	ck_assert_uint_eq(event_word(r, 0, 1), UINT64_C(0x12345678000abcde));
	ck_assert_uint_eq(r->n_msi, 1);
	amdvi_pc_count(r->v, 0x14, NULL, 5);
	ck_assert_uint_eq(rd64(r, CTR(0, 0, COUNT)), 5);
	run_all(r);
	ck_assert_uint_eq(n_events(r), 1);
	rig_free(r);
}
END_TEST

static void answered(struct xl *x)
{
	ck_assert(x->res.ok);
}

static void dma(struct rig *r)
{
	struct xl *x = calloc(1, sizeof *x);

	x->req = (struct xl_req){ .iova = 0x3000, .len = 64, .rid = 0x300, .acc = XL_R };
	x->done = answered;
	iommu_translate(r->u, x);
	run_all(r);
	iommu_retire(r->u, x);
	free(x);
}

static void command(struct rig *r, uint64_t w0, uint64_t w1)
{
	put(r, w0, w1);
	put_wait(r, 1);
	tail(r);
	run_all(r);
}

/* What a run counts, added up by hand beside each step. */
START_TEST(a_hand_computed_run)
{
	static const struct { uint8_t src, want; } row[8] = {
		{ 0x01, 4 }, /* passed untranslated */
		{ 0x0a, 2 + 1 + 1 }, /* device table cache hits */
		{ 0x0b, 1 + 1 + 1 }, /* and misses */
		{ 0x05, 3 }, /* translations */
		{ 0x06, 1 }, /* IOTLB hits */
		{ 0x0c, 2 }, /* page table reads */
		{ 0x11, 6 }, /* commands */
		{ 0x13, 1 }, /* TLB invalidations */
	};
	struct rig *r = rig_new(NULL);

	rig_on(r, 0);
	for (unsigned i = 0; i < 8; i++)
		wr64(r, CTR(i / 4, i % 4, SOURCE), row[i].src);
	for (unsigned i = 0; i < 3; i++) /* V = 0: one miss, two hits */
		dma(r);
	command(r, UINT64_C(0x2000000000000300), 0); /* INVALIDATE_DEVTAB_ENTRY and COMPLETION_WAIT */
	dma(r); /* miss */
	rig_dte(r, 0x300, UINT64_C(0x6000000000000203) | RIG_TABLES, 5, 0, 0); /* one level */
	put64(r, RIG_TABLES + 3 * 8, UINT64_C(0x6000000000777001));
	command(r, UINT64_C(0x2000000000000300), 0);
	dma(r); /* miss; a table read */
	dma(r); /* hit; IOTLB hit */
	command(r, UINT64_C(0x3000000500000000), UINT64_C(0x7ffffffffffff003)); /* INVALIDATE_IOMMU_PAGES, all of domain 5 */
	dma(r); /* hit; a table read */
	for (unsigned i = 0; i < 8; i++)
		ck_assert_msg(rd64(r, CTR(i / 4, i % 4, COUNT)) == row[i].want, "source %02x: %u", row[i].src,
			      (unsigned)rd64(r, CTR(i / 4, i % 4, COUNT)));
	rig_free(r);
}
END_TEST

static void no_counters(struct amdvi_cfg *c)
{
	c->efr &= ~BIT64(9);
}

START_TEST(absent_without_pcsup)
{
	struct rig *r = rig_new(no_counters);

	ck_assert_uint_eq(rd64(r, 0x4000), 0);
	wr64(r, CTR(0, 0, SOURCE), 0x14);
	ck_assert_uint_eq(rd64(r, CTR(0, 0, SOURCE)), 0);
	wr32(r, 0x1ff8, 0);
	ck_assert_uint_eq(rd64(r, CTR(0, 0, COUNT)), 0);
	rig_free(r);
}
END_TEST

/* Sources beyond 18h do not exist: selecting one counts nothing. */
START_TEST(unknown_sources)
{
	struct rig *r = rig_new(NULL);

	wr64(r, CTR(0, 0, SOURCE), 0x19);
	wr64(r, CTR(0, 1, SOURCE), 0xff);
	ck_assert_uint_eq(rd64(r, CTR(0, 1, SOURCE)), 0xff);
	for (unsigned s = 0; s <= 0x18; s++)
		amdvi_pc_count(r->v, s, NULL, 1);
	ck_assert_uint_eq(rd64(r, CTR(0, 0, COUNT)), 0);
	ck_assert_uint_eq(rd64(r, CTR(0, 1, COUNT)), 0);
	rig_free(r);
}
END_TEST

RIG_MAIN("amdvi_pc", every_register_keeps_only_its_bits, ARRAY_LEN(regs),
	 accesses_to_1ff8_are_counted, matches, wrapping_writes_an_event_if_asked, a_hand_computed_run, absent_without_pcsup, unknown_sources)
