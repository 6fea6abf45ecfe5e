/* SPDX-License-Identifier: Apache-2.0 */
/* test_import_smmuv3.c - imp_qemu() on SMMUv3 logs: small ones written here, the part of a capture in tests/data/import, whole ones. */
#include "test_import.h"

#define BASE "smmuv3_write_mmio addr: 0x90 val:0x4000000043000003 size: 0x8(0)\n"
#define BASE_OUT "mmiow 0x90 8 0x4000000043000003\n"
#define PLACE(n) "smmuv3_cmdq_consume prod=7 cons=" #n " prod.wrap=0 cons.wrap=0\n"
#define OPCODE "smmuv3_cmdq_opcode <--- SMMU_CMD_"

/* Commands that no store wrote are in the queue before PROD moves, with the fields the log has. */
START_TEST(test_queue)
{
	check_text(BASE PLACE(0) OPCODE "CFGI_STE\nsmmuv3_cmdq_cfgi_ste streamid= 0x108\nsmmu_config_cache_inv Config cache INV for sid=0x108\n"
		   PLACE(1) OPCODE "CFGI_CD\nsmmuv3_cmdq_cfgi_cd sid=0x8\n"
		   PLACE(2) OPCODE "TLBI_NH_ASID\nsmmuv3_cmdq_tlbi_nh_asid asid=5\nsmmu_iotlb_inv_asid_vmid IOTLB invalidate asid=5 vmid=0\n"
		   PLACE(3) OPCODE "SYNC\nsmmuv3_cmdq_consume_out prod:4, cons:4, prod_wrap:0, cons_wrap:0 \n"
		   "smmuv3_write_mmio addr: 0x98 val:0x4 size: 0x4(0)\nsmmuv3_read_mmio addr: 0x9c val:0x4 size: 0x4(0)\n",
		   BASE_OUT "store 0x43000000 8 0x10800000003\nstore 0x43000008 8 0x0\nstore 0x43000010 8 0x800000005\nstore 0x43000018 8 0x0\n"
		   "store 0x43000020 8 0x5000000000011\nstore 0x43000028 8 0x0\nstore 0x43000030 8 0x46\nstore 0x43000038 8 0x0\n"
		   "mmiow 0x98 4 0x4\nmmior 0x9c 4\n");
	ck_assert_uint_eq(sum.desc_written, 4);
	ck_assert_uint_eq(sum.cmd_untold, 0);
	ck_assert_uint_eq(kind("smmuv3_cmdq_opcode")->used, 4);
}
END_TEST
/*
 * Invalidations by address: 12 pages printed as 8 and 4 are NUM 2, SCALE 2; one page with and without level hint; any ASID; a single
 * address.
 */
START_TEST(test_range)
{
	check_text(BASE PLACE(0) OPCODE "TLBI_NH_VA\nsmmuv3_range_inval vmid=2 asid=1 addr=0xfff08000 tg=1 num_pages=0x8 ttl=3 leaf=1 stage=1\n"
		   "smmuv3_range_inval vmid=2 asid=1 addr=0xfff10000 tg=1 num_pages=0x4 ttl=3 leaf=1 stage=1\n"
		   PLACE(1) OPCODE "TLBI_NH_VA\nsmmuv3_range_inval vmid=0 asid=1 addr=0xffffb000 tg=1 num_pages=0x1 ttl=3 leaf=0 stage=1\n"
		   PLACE(2) OPCODE "TLBI_NH_VA\nsmmuv3_range_inval vmid=0 asid=1 addr=0xffffb000 tg=1 num_pages=0x1 ttl=0 leaf=0 stage=1\n"
		   PLACE(3) OPCODE "TLBI_NH_VAA\nsmmuv3_range_inval vmid=0 asid=-1 addr=0x7000 tg=0 num_pages=0x1 ttl=0 leaf=1 stage=1\n"
		   PLACE(4) OPCODE "TLBI_S2_IPA\nsmmuv3_range_inval vmid=7 asid=-1 addr=0x200000 tg=1 num_pages=0x200 ttl=2 leaf=1 stage=2\n"
		   "smmuv3_write_mmio addr: 0x98 val:0x5 size: 0x4(0)\n",
		   BASE_OUT "store 0x43000000 8 0x1000200202012\nstore 0x43000008 8 0xfff08701\nstore 0x43000010 8 0x1000000000012\nstore 0x43000018 8 0xffffb700\n"
		   "store 0x43000020 8 0x1000000000012\nstore 0x43000028 8 0xffffb000\nstore 0x43000030 8 0x13\nstore 0x43000038 8 0x7001\n"
		   "store 0x43000040 8 0x70090002a\nstore 0x43000048 8 0x200601\nmmiow 0x98 4 0x5\n");
}
END_TEST
/*
 * What stands for commands the log tells nothing of; CFGI_ALL; the queue has 8 places, 13 is place 5; names nobody knows leave theirs
 * alone.
 */
START_TEST(test_untold)
{
	check_text(BASE PLACE(13) OPCODE "TLBI_NH_VA\n" PLACE(6) OPCODE "CFGI_CD\n" PLACE(7) OPCODE "PREFETCH_CONFIG\n"
		   PLACE(0) OPCODE "CFGI_STE_RANGE\nsmmuv3_cmdq_cfgi_ste_range start=0x0 - end=0xffffffff\n"
		   PLACE(1) OPCODE "CFGI_STE_RANGE\nsmmuv3_cmdq_cfgi_ste_range start=0x10 - end=0x1f\n"
		   PLACE(2) OPCODE "BREW_COFFEE\nsmmuv3_cmdq_tlbi_nh_asid asid=1\n",
		   BASE_OUT "store 0x43000050 8 0x30\nstore 0x43000058 8 0x0\nstore 0x43000060 8 0x4\nstore 0x43000068 8 0x1f\n"
		   "store 0x43000070 8 0x46\nstore 0x43000078 8 0x0\nstore 0x43000000 8 0x4\nstore 0x43000008 8 0x1f\n"
		   "store 0x43000010 8 0x1000000004\nstore 0x43000018 8 0x3\n");
	ck_assert_uint_eq(sum.desc_written, 5);
	ck_assert_uint_eq(sum.cmd_untold, 3);
	/* nothing says where the queue is */
	check_text(PLACE(0) OPCODE "SYNC\nsmmuv3_write_mmio addr: 0x98 val:0x1 size: 0x4(0)\n", "mmiow 0x98 4 0x1\n");
	ck_assert_uint_eq(sum.desc_written, 0);
}
END_TEST
/* Stores in the log: commands are only compared, also when another processor stores between their lines. */
START_TEST(test_compare)
{
	check_text(BASE "mem_write pa=0x43000000 val=0x1000000000011 kind=queue\nmem_write pa=0x43000010 val=0x46 kind=queue\n"
		   PLACE(0) OPCODE "TLBI_NH_ASID\nsmmuv3_cmdq_tlbi_nh_asid asid=1\n" PLACE(1) OPCODE "SYNC\n"
		   "mem_write pa=0x43000020 val=0x2000000000011 kind=queue\n"
		   PLACE(2) OPCODE "TLBI_NH_ASID\nmem_write pa=0x5000 val=0x1 kind=s1_l3\nsmmuv3_cmdq_tlbi_nh_asid asid=3\n" PLACE(3) OPCODE "SYNC\n"
		   "mem_write pa=0x43000040 val=0x1000000000012 kind=queue\nmem_write pa=0x43000048 val=0x7001 kind=queue\n"
		   PLACE(4) OPCODE "TLBI_NH_VA\nsmmuv3_range_inval vmid=0 asid=1 addr=0x8000 tg=0 num_pages=0x1 ttl=0 leaf=1 stage=1\n",
		   BASE_OUT "store 0x43000000 8 0x1000000000011\nstore 0x43000010 8 0x46\nstore 0x43000020 8 0x2000000000011\nstore 0x5000 8 0x1\n"
		   "store 0x43000040 8 0x1000000000012\nstore 0x43000048 8 0x7001\n");
	ck_assert_uint_eq(kind("smmuv3_cmdq_opcode")->checked, 2);
	ck_assert_uint_eq(sum.desc_differ, 3);
	ck_assert_uint_eq(sum.desc_written, 0);
}
END_TEST
/* Register offsets without bit 16, refused accesses, halves of a register. */
START_TEST(test_registers)
{
	check_text("smmuv3_write_mmio addr: 0xac val:0x3 size: 0x4(0)\nsmmuv3_read_mmio addr: 0xa8 val:0x4 size: 0x4(0)\n"
		   "smmuv3_write_mmio addr: 0xcc val:0x1 size: 0x4(0)\nsmmuv3_write_mmio addr: 0xa0 val:0x6b40000f size: 0x8(0)\n"
		   "smmuv3_write_mmio addr: 0x3 val:0x1 size: 0x4(2)\nsmmuv3_read_mmio addr: 0x20 val:0x1ffffffff size: 0x4(0)\n"
		   "smmuv3_write_mmio addr: 0x90 val:0x1000 size: 0x4(0)\nsmmuv3_write_mmio addr: 0x94 val:0x1 size: 0x4(0)\n"
		   PLACE(0) OPCODE "TLBI_NSNH_ALL\n",
		   "mmiow 0x100ac 4 0x3\nmmior 0x100a8 4\nmmiow 0x100cc 4 0x1\nmmiow 0xa0 8 0x6b40000f\nmmiow 0x90 4 0x1000\nmmiow 0x94 4 0x1\n"
		   "store 0x100001000 8 0x30\nstore 0x100001008 8 0x0\n");
	ck_assert_uint_eq(kind("smmuv3_write_mmio")->unused, 1);
	ck_assert_uint_eq(kind("smmuv3_read_mmio")->unreadable, 1);
}
END_TEST
/* Requesters behind a bridge, bypass, abort, faults with and without their event, the direction of a permission fault, torn lines. */
START_TEST(test_dma)
{
	check_text("smmuv3_config_cache_hit Config cache HIT for sid=0x110 (hits=1, misses=1, hit rate=50)\n"
		   "smmuv3_translate_success smmuv3-iommu-memory-region-16-2 sid=0x110 iova=0xfff00010 translated=0x42673010 perm=0x3 stage=1\n"
		   "smmuv3-iommu-memory-region-16-2 translation failed for iova=0x5000 (SMMU_EVT_F_PERMISSION)\n"
		   "smmuv3_record_event SMMU_EVT_F_PERMISSION sid=0x110\n"
		   "smmuv3_config_cache_miss Config cache MISS for sid=0x8 (hits=1, misses=1, hit rate=50)\n"
		   "smmu_ptw_page_pte stage=2 level=3 iova=0x5000 base@=0x1 pte@=0x2 pte=0x3 page address = 0x4\n"
		   "smmuv3-iommu-memory-region-8-1 translation failed for iova=0x6000 (SMMU_EVT_F_PERMISSION)\n"
		   "smmuv3-iommu-memory-region-24-3 translation failed for iova=0x7004 (SMMU_EVT_C_BAD_STREAMID)\n"
		   "smmuv3_translate_bypass smmuv3-iommu-memory-region-8-1 sid=0x8 STE bypass iova:0x1234 is_write=1\n"
		   "smmuv3_translate_disable smmuv3-iommu-memory-region-8-1 sid=0x8 bypass (smmu disabled) iova:0x1234 is_write=0\n"
		   "smmuv3_translate_abort smmuv3-iommu-memory-region-8-1 sid=0x8 abort on iova:0x5678 is_write=1\n"
		   "smmuv3_translate_success smmuv3-iommu-memory-region-16-2 sid=0x110 iova=0xfffsmmuv3_translate_success smmuv3\n"
		   "smmuv3-iommu-memory-region-8-1 translation failed for iova=0x6000 (SMMU_EVT_NEW)\n"
		   "gicv3_dist_read: invalid guest read at offset 0xc size 4\n",
		   "dma 01:02.0 ? 0xfff00010+?\ndma 01:02.0 w 0x5000+?\ndma 00:01.0 ? 0x6000+?\ndma 00:03.0 ? 0x7004+?\n"
		   "dma 00:01.0 w 0x1234+?\ndma 00:01.0 r 0x1234+?\ndma 00:01.0 w 0x5678+?\n");
	ck_assert_uint_eq(kind("smmuv3-iommu-memory-region-N-M")->used, 3);
	ck_assert_uint_eq(kind("smmuv3_record_event")->used, 1);
	ck_assert_uint_eq(sum.unreadable, 2);
	ck_assert_uint_eq(sum.bad_line[0], 12);
	ck_assert_uint_eq(sum.not_compared, 7);
}
END_TEST

/* A part of a capture: results, direction and numbers of faults, values of reads, and the image taken at its end. */
START_TEST(test_sample)
{
	static const char *const want[] = {
		"\ndma 00:01.0 ? 0x10000c198+? -> 0x52004198\n", /* a 2 MiB block */
		"\ndma 00:02.0 w 0x260000040+? -> fault 19\n",
		"\ndma 00:03.0 ? 0x300009010+? -> fault 16\n",
		"\nmmior 0x100a8 4 -> 0x1b0\nmmiow 0x100ac 4 0x1a9\n",
		"\nregstate EVENTQ_PROD off=0x100a8 size=4 0x1a8\n",
	};
	const char *base = "tests/data/import/smmuv3-edu";
	struct err e;
	char *got;

	ck_assert_msg(import("tests/data/import/smmuv3-edu.log.zst", "tests/data/import/smmuv3-edu.snap1.idx", &e) == 0, "%s", e.msg);
	check_columns();
	ck_assert_uint_eq(sum.pause, 73);
	ck_assert_uint_eq(sum.expected, 51 + 73);
	ck_assert_uint_eq(sum.not_compared + sum.desc_differ + sum.desc_written + sum.unreadable, 0);
	ck_assert_uint_eq(kind("smmuv3_cmdq_opcode")->checked, 12);
	got = strstr(get_file(out_path), "#iotrace");
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		ck_assert_msg(strstr(got, want[i]) != NULL, "%s", want[i]);
	ck_assert_ptr_null(strstr(got, "mmior 0x9c 4 ->"));
	check_image(base, 2);
	ck_assert_int_eq(import("tests/data/import/edu.log.zst", "tests/data/import/smmuv3-edu.snap1.idx", &e), ERR_INPUT);
	ck_assert_ptr_nonnull(strstr(e.msg, "a log of VT-d, but the image is of SMMUv3"));
}
END_TEST
START_TEST(test_captures)
{
	check_captures("smmuv3-");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("import_smmuv3");

	tcase_add_test(t, test_queue);
	tcase_add_test(t, test_range);
	tcase_add_test(t, test_untold);
	tcase_add_test(t, test_compare);
	tcase_add_test(t, test_registers);
	tcase_add_test(t, test_dma);
	tcase_add_test(t, test_sample);
	tcase_add_test(t, test_captures);
	return run_tests(t);
}
