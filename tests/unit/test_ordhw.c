/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ordhw.c - ordering events from hardware-level records, on tables and commands encoded by hand, all three architectures. The expected
 * text is what docs/trace-format.md calls the events. Words of entries and commands are written out, not taken from the decoder under test.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "check/ordhw.h"

enum { OUT = 16384 };
struct got {
	struct ord_names names;
	char text[OUT];
	size_t n;
	struct ordhw_sum sum;
	enum ord_arch arch;
};

static struct ord_names *begin(void *ctx, enum ord_arch a)
{
	struct got *g = ctx;

	g->arch = a;
	return &g->names;
}
static bool event(void *ctx, const struct ord_ev *e)
{
	struct got *g = ctx;

	ordhw_print(g->text + g->n, OUT - g->n, e, &g->names);
	g->n += strlen(g->text + g->n);
	ck_assert_uint_lt(g->n + 2, OUT);
	strcpy(g->text + g->n++, "\n");
	return true;
}
/* The trace is @state and @events; @ok: it has no error. */
static struct got *run(const char *state, const char *events, bool explicit_done)
{
	static const struct ordhw_ops ops = { NULL, begin, event };
	char path[] = "/tmp/test_ordhw.XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");
	struct got *g = calloc(1, sizeof(*g));
	struct ordhw_ops o = ops;
	struct err e = { 0 };
	struct trc_reader *t;
	struct ordhw *h;
	struct trc_rec r;
	int rc;

	ck_assert(f && g);
	fprintf(f, "#iotrace 1\n%s%s", state, events);
	fclose(f);
	t = trc_open(path, &e);
	ck_assert_msg(t != NULL, "%s", e.msg);
	o.ctx = g;
	h = ordhw_open(NULL, explicit_done, &o, &e);
	ck_assert_msg(h != NULL, "%s", e.msg);
	while ((rc = trc_next(t, &r, &e)) > 0)
		ck_assert_msg(ordhw_take(h, &r), "%s", e.msg);
	ck_assert_msg(!rc, "%s", e.msg);
	ck_assert(ordhw_finish(h));
	g->sum = *ordhw_sum(h);
	ordhw_close(h);
	trc_close(t);
	unlink(path);
	return g;
}
static void expect(const char *state, const char *events, const char *want)
{
	struct got *g = run(state, events, false);
	const char *p = strstr(g->text, "RING"), *nl = p ? strchr(p, '\n') : NULL;

	ck_assert_msg(nl != NULL, "%s", g->text);
	ck_assert_str_eq(nl + 1, want);
	ord_names_free(&g->names);
	free(g);
}

/* Legacy mode: 00:01.0 translates by the table at 0x3000 (39 bits) as domain 5; 0x1000 is mapped to 0x99000. Ring at 0x8000. */
#define VTD                                                                                                                         \
	"regstate CAP off=0x8 size=8 0x12008c00000000\nregstate ECAP off=0x10 size=8 0x42\nregstate GSTS off=0x1c size=4 0xc4000000\n" \
	"regstate RTADDR off=0x20 size=8 0x1000\nregstate IQA off=0x90 size=8 0x8000\n"                                             \
	"page 0x1000 0:0x2001\npage 0x2000 16:0x3001 0x501\npage 0x3000 0:0x4003\npage 0x4000 0:0x5003\npage 0x5000 1:0x99003\n"
#define VTD_ATT "CFG_SET CTX 00:01.0 did=5 dom=pt-3000 root=0x3000 type=s2 inherited\nTE on\n"

START_TEST(vtd_unmap)
{
	expect(VTD,
	       "store 0x5008 8 0x0\nstore 0x8000 8 0x50032\nstore 0x8008 8 0x1040\nstore 0x8010 8 0x700000025\nstore 0x8018 8 0xa000\n"
	       "mmiow 0x88 4 0x20\ndma 00:01.0 r 0x1004+4 -> fault 6\n",
	       "PTE_CLR pt-3000 0x1000/4K\nSLOT q0 0\nSLOT q0 1\nTLBINV 0x1000/4K did=5 slot=0 am=0 form=psi leaf\nWAIT w1 slot=1 val=7 addr=0xa000\n"
	       "TAIL q0 2\nHEAD q0 2\nDONE w1\nDMA 00:01.0 0x1004 fault r\n");
}
END_TEST

/* Leaves in one table page merge; a store of half a word changes the entry; a table linked counts with its leaves when something else follows. */
START_TEST(vtd_tables)
{
	expect(VTD,
	       "store 0x5010 8 0xa0003\nstore 0x5018 8 0xa1003\nstore 0x5010 4 0x0\nstore 0x5018 4 0x0\nstore 0x5008 8 0x99001\n"
	       "store 0x4008 8 0x6003\nstore 0x6000 8 0xb0003\ndma 00:01.0 w 0x200000+64 -> 0xb0000\nstore 0x4008 8 0x0\nstore 0x6000 8 0x0\n",
	       "PTE_SET pt-3000 0x2000/8K 0xa0000 rw\nPTE_CLR pt-3000 0x2000/8K\nPTE_MOD pt-3000 0x1000/4K perm= r\n"
	       "PT_LINK pt-3000 lvl1 0x200000/2M 0x6000\nPTE_SET pt-3000 0x200000/4K 0xb0000 rw\nDMA 00:01.0 0x200000 -> hit 0xb0000 w\n"
	       "PT_UNLINK pt-3000 lvl1 0x200000/2M 0x6000\nPTE_CLR pt-3000 0x200000/4K\nPT_FREE 0x6000\n");
}
END_TEST

/* The context entry in pieces: present bit last; then blocked; then the same domain id for another table. */
START_TEST(vtd_context)
{
	expect(VTD,
	       "store 0x2080 8 0x0\nstore 0x2088 8 0x0\nstore 0x2088 8 0x502\nstore 0x2080 8 0x7001\nstore 0x2188 8 0x1\nstore 0x2180 8 0x9\n",
	       "CFG_WR CTX 00:01.0 v=0 qw=0\nCFG_WR CTX 00:01.0 qw=1 unused\nCFG_WR CTX 00:01.0 qw=1 unused\nID_ALLOC pt-7000 did=5\n"
	       "CFG_WR CTX 00:01.0 did=5 dom=pt-7000 root=0x7000 type=s2 v=1 qw=0\nCFG_WR CTX 00:03.0 qw=1 unused\n"
	       "CFG_WR CTX 00:03.0 did=0 type=pt v=1 qw=0\n");
}
END_TEST

/* Every descriptor: context (global, domain, device with function mask 1), PASID and interrupt caches, IOTLB, device-TLB, page response; illegal ones. */
START_TEST(vtd_commands)
{
	expect(VTD,
	       "cmd q=0 slot=- 0x11 0x0\ncmd q=0 slot=- 0x50021 0x0\ncmd q=0 slot=- 0x1000800050031 0x0\ncmd q=0 slot=- 0x4 0x0\n"
	       "cmd q=0 slot=- 0x12 0x0\ncmd q=0 slot=- 0x50022 0x0\ncmd q=0 slot=- 0x50032 0x200009\n"
	       "cmd q=0 slot=- 0x800000003 0x7ffffffffffff001\ncmd q=0 slot=- 0x800000003 0x5000\ncmd q=0 slot=- 0x50033 0x0\n",
	       "CFGINV CTX\nCFGINV CTX did=5\nCFGINV CTX 00:01.0 did=5\nCFGINV CTX 00:01.4 did=5\nCFGINV IRTE\nTLBINV\nTLBINV did=5 form=dsi\n"
	       "TLBINV 0x200000/2M did=5 am=9 form=psi\nATCINV 00:01.0 all mip=0\nATCINV 00:01.0 0x5000/4K mip=0\nATCINV 00:00.0 0x0/4K mip=5 illegal\n");
}
END_TEST

/* Stage 1 of stream 8: CD at 0x6000 (TTB0 0x3000, 39 bits, 4 KiB, ASID 7), VMID 3. Ring at 0x8000, 256 slots. */
#define SMMU                                                                                                                          \
	"regstate IDR0 off=0x0 size=4 0xd44141b\nregstate IDR1 off=0x4 size=4 0x2730010\nregstate IDR3 off=0xc size=4 0x1414\n"         \
	"regstate IDR5 off=0x14 size=4 0x74\nregstate AIDR off=0x1c size=4 0x1\nregstate CR0 off=0x20 size=4 0xd\n"                     \
	"regstate STRTAB_BASE off=0x80 size=8 0x1000\nregstate STRTAB_BASE_CFG off=0x88 size=4 0x4\n"                                   \
	"regstate CMDQ_BASE off=0x90 size=8 0x8008\nregstate CMDQ_PROD off=0x98 size=4 0x0\nregstate CMDQ_CONS off=0x9c size=4 0x0\n"    \
	"page 0x1000 64:0x600b 0x0 0x3\npage 0x6000 0:0x7020080000019 0x3000\npage 0x3000 0:0x4003\npage 0x4000 0:0x5003\npage 0x5000 1:0x99443\n"

START_TEST(smmuv3_unmap)
{
	expect(SMMU,
	       "store 0x5008 8 0x0\nstore 0x8000 8 0x7000300000012\nstore 0x8008 8 0x1001\nstore 0x8010 8 0x46\nstore 0x8018 8 0x0\n"
	       "mmiow 0x98 4 0x2\n",
	       "PTE_CLR pt-3000 0x1000/4K\nSLOT q0 0\nSLOT q0 1\nTLBINV 0x1000/4K vmid=3 asid=7 world=nh slot=0 leaf s1\nWAIT w1 slot=1\nTAIL q0 2\nHEAD q0 2\n"
	       "DONE w1\n");
}
END_TEST

/*
 * ECAP.IRO 0x10: IVA 0x100, IOTLB 0x108. The page of domain 5, then the whole of it, then context entries by device 00:01.0 and globally.
 * Reads: the bit still set, then clear with what was done, then clear with nothing done.
 */
#define VTD_REG VTD "regstate ECAP off=0x10 size=8 0x1042\n"
START_TEST(vtd_registers)
{
	/* no reads: complete with the next record */
	expect(VTD_REG, "store 0x5008 8 0x0\nmmiow 0x100 8 0x1000\nmmiow 0x108 8 0xb000000500000000\nstore 0x5008 8 0x9a003\n",
	       "PTE_CLR pt-3000 0x1000/4K\nTLBINV q2 0x1000/4K did=5 am=0 form=psi\nWAIT iotlb q2\nDONE iotlb\nPTE_SET pt-3000 0x1000/4K 0x9a000 rw\n");
	/* halves: the high one is the command; 8 pages, leaves only */
	expect(VTD_REG, "mmiow 0x100 4 0x8043\nmmiow 0x104 4 0x0\nmmiow 0x108 4 0x0\nmmiow 0x10c 4 0xb0000005\nmmiow 0x28 4 0x80000\nmmiow 0x2c 4 0xe0000000\nmmiow 0x28 8 0xa000000000000000\n",
	       "TLBINV q2 0x8000/32K did=5 am=3 form=psi leaf\nWAIT iotlb q2\nDONE iotlb\n"
	       "CFGINV CTX 00:01.0 q1 did=0\nWAIT ccmd q1\nDONE ccmd\nCFGINV CTX q1\nWAIT ccmd q1\n");
	/* reads: only they complete it; what was refused is an error */
	expect(VTD_REG,
	       "mmiow 0x108 8 0xa000000500000000\nmmior 0x108 8 -> 0xa000000500000000\nstore 0x5008 8 0x0\nmmior 0x108 8 -> 0x2400000500000000\n"
	       "mmiow 0x108 8 0x9000000000000000\nstore 0x5008 8 0x9a003\nmmior 0x108 8 -> 0x1000000000000000\n",
	       "TLBINV q2 did=5 form=dsi\nWAIT iotlb q2\nPTE_CLR pt-3000 0x1000/4K\nDONE iotlb\nTLBINV q2\nWAIT iotlb q2\n"
	       "PTE_SET pt-3000 0x1000/4K 0x9a000 rw\nCERR q2\nDONE iotlb\n");
	/* more pages than CAP.MAMV allows, no granularity, a unit of version 6 */
	expect(VTD_REG, "mmiow 0x100 8 0x13\nmmiow 0x108 8 0xb000000500000000\nmmiow 0x108 8 0x8000000500000000\n",
	       "TLBINV q2 0x0/2G did=5 am=19 form=psi illegal\nWAIT iotlb q2\nDONE iotlb\nTLBINV q2 did=5 illegal\nWAIT iotlb q2\n");
	expect(VTD_REG "regstate VER off=0x0 size=4 0x60\n", "mmiow 0x108 8 0x9000000000000000\n", "TLBINV q2 illegal\nWAIT iotlb q2\n");
}
END_TEST

START_TEST(smmuv3_stream)
{
	/* V=0, new CD table, V=1: the CD is found behind it; the ASID is changed in place */
	expect(SMMU,
	       "store 0x1200 8 0x0\nstore 0x6000 8 0x9020080000019\nstore 0x1200 8 0x600b\nmmiow 0x98 4 0x0\nstore 0x6000 8 0xb020080000019\n",
	       "CFG_WR STE 00:01.0 v=0 qw=0\nCFG_WR STE 00:01.0 vmid=3 tbl=0x6000 type=s1 world=nh eats=0 v=1 qw=0\n"
	       "CFG_SET CD 00:01.0 vmid=3 asid=9 dom=pt-3000 root=0x3000 type=s1 world=nh inherited\nTAIL q0 0\nHEAD q0 0\n"
	       "CFG_WR CD 00:01.0 vmid=3 asid=11 dom=pt-3000 root=0x3000 type=s1 world=nh v=1 qw=0\n");
}
END_TEST

START_TEST(smmuv3_commands)
{
	expect(SMMU,
	       "cmd q=0 slot=- 0x800000003 0x1\ncmd q=0 slot=- 0x4 0x1f\ncmd q=0 slot=- 0x800000004 0x0\ncmd q=0 slot=- 0x800000005 0x1\n"
	       "cmd q=0 slot=- 0x800000006 0x0\ncmd q=0 slot=- 0x300000010 0x0\ncmd q=0 slot=- 0x7000300000011 0x0\ncmd q=0 slot=- 0x300000028 0x0\n"
	       "cmd q=0 slot=- 0x30000002a 0x1001\ncmd q=0 slot=- 0x30 0x0\ncmd q=0 slot=- 0x20 0x0\ncmd q=0 slot=- 0x300000013 0x1000\n"
	       /* TG 4K, NUM 3, SCALE 1: 4 * 2 pages. One page with TTL 0 in range form is reserved. */
	       "cmd q=0 slot=- 0x7000300103012 0x1400\ncmd q=0 slot=- 0x7000300000012 0x1400\n"
	       /* 8 pages around 0x5000; everything of substream 6 */
	       "cmd q=0 slot=- 0x800000040 0x5003\ncmd q=0 slot=- 0x800006840 0x34\ncmd q=0 slot=3 0x46 0x0\n",
	       "CFGINV STE 00:01.0 leaf\nCFGINV all\nCFGINV STE 00:01.0\nCFGINV STE 00:01.1\nCFGINV CD 00:01.0 leaf\nCFGINV CD 00:01.0\n"
	       "TLBINV vmid=3 world=nh s1\nTLBINV vmid=3 asid=7 world=nh s1\nTLBINV vmid=3\nTLBINV 0x1000/4K vmid=3 leaf s2\nTLBINV\n"
	       "TLBINV world=el2 s1 illegal\nTLBINV 0x1000/4K vmid=3 world=nh s1\nTLBINV 0x1000/32K vmid=3 asid=7 world=nh s1\n"
	       "TLBINV vmid=3 asid=7 world=nh base=0x1000 tg=1 ttl=0 s1\nATCINV 00:01.0 0x0/32K\nATCINV 00:01.0.6 all\nWAIT w3 slot=3\n");
}
END_TEST

/* Requester 8: v1 table at 0x3000, 3 levels, domain 5, read and write. Ring at 0x8000, 256 slots. */
#define AMD                                                                                                                     \
	"regstate DEVTAB_BASE off=0x0 size=8 0x1000\nregstate CMDBUF_BASE off=0x8 size=8 0x800000000008000\n"                     \
	"regstate CONTROL off=0x18 size=8 0x1001\nregstate EXT_FEATURES off=0x30 size=8 0x29d3\n"                                 \
	"regstate CMDBUF_HEAD off=0x2000 size=8 0x0\nregstate CMDBUF_TAIL off=0x2008 size=8 0x0\n"                                \
	"page 0x1000 32:0x6000000000003603 0x5\npage 0x3000 0:0x6000000000004401\npage 0x4000 0:0x6000000000005201\n"              \
	"page 0x5000 1:0x6000000000099001\n"

START_TEST(amdvi_unmap)
{
	expect(AMD,
	       "store 0x5008 8 0x0\nstore 0x8000 8 0x3000000500000000\nstore 0x8008 8 0x1002\nmmiow 0x2008 4 0x10\n"
	       "store 0x8010 8 0x100000000000a001\nstore 0x8018 8 0x9\nmmiow 0x2008 4 0x20\n",
	       "PTE_CLR pt-3000 0x1000/4K\nSLOT q0 0\nTLBINV 0x1000/4K domid=5 slot=0 gn=0\nTAIL q0 1\nHEAD q0 1\nSLOT q0 1\n"
	       "WAIT w1 slot=1 val=9 addr=0xa000\nTAIL q0 2\nHEAD q0 2\nDONE w1\n");
}
END_TEST

/* Halves in succession are one store; with something between they are two. A level on top keeps the name. */
START_TEST(amdvi_entry)
{
	expect(AMD,
	       "store 0x1100 8 0x3\nstore 0x1108 8 0x0\nstore 0x1100 8 0x6000000000003603\nmmiow 0x2008 4 0x0\nstore 0x1108 8 0x5\n"
	       "store 0x1100 8 0x6000000000007803\npage 0x7000 0:0x6000000000003601\nstore 0x1108 8 0x5\n",
	       "CFG_WR DTE 00:01.0 v=0 qw=0+1\nCFG_WR DTE 00:01.0 domid=0 dom=pt-3000 root=0x3000 type=s2 v=1 qw=0 mode=3\nTAIL q0 0\nHEAD q0 0\n"
	       "CFG_WR DTE 00:01.0 domid=5 dom=pt-3000 root=0x3000 type=s2 qw=1 mode=3\nPT_TOP pt-3000 root=0x7000 mode=4\n"
	       "CFG_WR DTE 00:01.0 domid=5 dom=pt-3000 root=0x7000 type=s2 v=1 qw=0+1 mode=4\n");
}
END_TEST

START_TEST(amdvi_commands)
{
	expect(AMD,
	       "cmd q=0 slot=- 0x2000000000000008 0x0\ncmd q=0 slot=- 0x3000000500000000 0x7ffffffffffff003\n"
	       "cmd q=0 slot=- 0x3000000500000000 0x7001\ncmd q=0 slot=- 0x3000000500000007 0x2006\ncmd q=0 slot=- 0x4000000000000008 0x1\n"
	       "cmd q=0 slot=- 0x5000000000000008 0x0\ncmd q=0 slot=- 0x8000000000000000 0x0\ncmd q=0 slot=- 0x3001000500000000 0x1000\n",
	       "CFGINV DTE 00:01.0\nTLBINV all domid=5 gn=0\nTLBINV 0x0/64K domid=5 gn=0 leaf\nTLBINV 0x2000/4K domid=5 pasid=7 gn=1\n"
	       "ATCINV 00:01.0 0x0/8K gn=0 mip=0\nCFGINV IRTE 00:01.0\nCFGINV all\nTLBINV\nTLBINV 0x1000/4K domid=5 gn=0 leaf illegal\n");
}
END_TEST

/* Completion said by somebody else: nothing is done until then, and then everything before. Ordering events of the source pass through. */
START_TEST(explicit_done)
{
	struct got *g = run(AMD,
			    "store 0x8000 8 0x100000000000a001\nstore 0x8008 8 0x9\nmmiow 0x2008 4 0x10\nMB\nPAGE_FREE 0x99000\n"
			    "dev 00:01.0 ats-on\ndev 00:01.0 reset\ndev 00:01.0 removed\n", true);

	ck_assert_ptr_nonnull(strstr(g->text, "WAIT w0 slot=0 val=9 addr=0xa000\nTAIL q0 1\nMB\nPAGE_FREE 0x99000\nDEV_CFG 00:01.0 ATS=1\n"
						 "DEV_RST 00:01.0 beg\nDEV_RST 00:01.0 end\nDEV_GONE 00:01.0\n"));
	ck_assert_ptr_null(strstr(g->text, "DONE"));
	ord_names_free(&g->names);
	free(g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ordhw");
	TCase *t = tcase_create("events");
	SRunner *r;
	int failed;

	tcase_add_test(t, vtd_unmap);
	tcase_add_test(t, vtd_tables);
	tcase_add_test(t, vtd_context);
	tcase_add_test(t, vtd_commands);
	tcase_add_test(t, vtd_registers);
	tcase_add_test(t, smmuv3_unmap);
	tcase_add_test(t, smmuv3_stream);
	tcase_add_test(t, smmuv3_commands);
	tcase_add_test(t, amdvi_unmap);
	tcase_add_test(t, amdvi_entry);
	tcase_add_test(t, amdvi_commands);
	tcase_add_test(t, explicit_done);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
