/* SPDX-License-Identifier: Apache-2.0 */
/* test_import_amdvi.c - imp_qemu() on AMD-Vi logs: small ones written here, the part of a capture in tests/data/import, whole ones. */
#include "test_import.h"

#define TAIL "amdvi_mmio_read AMDVI_MMIO_COMMAND_TAIL read addr 0x2008, size 4 offset 0x2008\n"
#define EXEC(head, tail) "amdvi_command_exec command buffer head at " head " command buffer tail at " tail " command buffer base at 0x41f4000\n"
#define SETUP "mmiow 0x18 8 0x1\nmmiow 0x8 8 0x9000000041f4000\nmmiow 0x2000 8 0x20\nmmiow 0x2008 8 0x20\nmmiow 0x18 8 0x1001\n"

/* Several commands behind one write of the tail; one that the log tells nothing of; the read that came after stays after. */
START_TEST(test_buffer)
{
	check_text(TAIL EXEC("0x20", "0x60") "amdvi_pages_inval AMD-Vi pages for domain 0x9 invalidated\n"
		   EXEC("0x30", "0x60") "amdvi_devtab_inval device table entry for devid: 00:1f.2 invalidated\n"
		   EXEC("0x40", "0x60") EXEC("0x50", "0x60") "amdvi_completion_wait completion wait requested with store address 0x41e5000 and store data 0x7\n"
		   "amdvi_mmio_read AMDVI_MMIO_STATUS read addr 0x2020, size 4 offset 0x2020\n"
		   TAIL EXEC("0x60", "0x70") "amdvi_iotlb_reset IOTLB exceed size limit - reset \namdvi_all_inval Invalidation of all AMD-Vi cache requested \n",
		   SETUP "store 0x41f4020 8 0x3000000900000000\nstore 0x41f4028 8 0x7ffffffffffff003\n"
		   "store 0x41f4030 8 0x20000000000000fa\nstore 0x41f4038 8 0x0\nstore 0x41f4040 8 0x1000000000000000\nstore 0x41f4048 8 0x0\n"
		   "store 0x41f4050 8 0x10000000041e5001\nstore 0x41f4058 8 0x7\nmmiow 0x2008 4 0x60\nmmior 0x2020 4\n"
		   "store 0x41f4060 8 0x8000000000000000\nstore 0x41f4068 8 0x0\nmmiow 0x2008 4 0x70\n");
	ck_assert_uint_eq(sum.desc_written, 5);
	ck_assert_uint_eq(sum.cmd_untold, 1);
	ck_assert(sum.own_length && !sum.own_ring);
	ck_assert_uint_eq(kind("amdvi_mmio_read")->used, 3);
}
END_TEST
/* Stores in the log: the tail moves at once and commands are only compared, also when another processor stores between their lines. */
START_TEST(test_compare)
{
	check_text("mem_write pa=0x41f4020 val=0x3000000900000000 kind=queue\nmem_write pa=0x41f4028 val=0xfffff002 kind=queue\n"
		   TAIL "mem_write pa=0x5000 val=0x1 kind=pt1\n" EXEC("0x20", "0x30") "mem_write pa=0x6000 val=0x1 kind=pt1\n"
		   "amdvi_pages_inval AMD-Vi pages for domain 0x9 invalidated\n"
		   TAIL EXEC("0x30", "0x40") "amdvi_devtab_inval device table entry for devid: 00:02.0 invalidated\n",
		   "store 0x41f4020 8 0x3000000900000000\nstore 0x41f4028 8 0xfffff002\nstore 0x5000 8 0x1\n" SETUP "mmiow 0x2008 4 0x30\n"
		   "store 0x6000 8 0x1\nmmiow 0x2008 4 0x40\n");
	ck_assert_uint_eq(kind("amdvi_command_exec")->checked, 1);
	ck_assert_uint_eq(sum.desc_differ, 1);
}
END_TEST
/* Lines that do not say whether they are reads: Control and its state, a write whose value is lost, reads, an unhandled register. */
START_TEST(test_registers)
{
	static const char control[] = "amdvi_mmio_read AMDVI_MMIO_CONTROL read addr 0x18, size 8 offset 0x18\n";
	char log[1000];

	snprintf(log, sizeof(log),
		 "%s%samdvi_control_status MMIO_STATUS state 0x1005\namdvi_command_error error: Executing commands with command buffer disabled 0x1005\n"
		 "amdvi_mmio_read AMDVI_MMIO_COMMAND_HEAD read addr 0x2000, size 4 offset 0x2000\n"
		 "amdvi_command_error error: Executing commands with command buffer disabled 0x1005\n"
		 "amdvi_mmio_read UNHANDLED read addr 0x1a0, size 8 offset 0x1a0\namdvi_mmio_read AMDVI_MMIO_CONTROL read addr 0x18, si\n" TAIL,
		 control, control);
	check_text(log, "mmior 0x18 8\nmmiow 0x18 8 0x1005\nmmior 0x1a0 8\nmmior 0x2008 4\n");
	ck_assert_uint_eq(kind("amdvi_mmio_read")->unused, 1);
	ck_assert_uint_eq(kind("amdvi_mmio_read")->unreadable, 1);
}
END_TEST
START_TEST(test_dma)
{
	check_text("amdvi_cache_update  update iotlb domid 0x2 devid: 01:02.1 gpa 0xffffe010 hpa 0x5202000\n"
		   "amdvi_translation_result devid: 01:02.1 gpa 0xffffe010 hpa 0x5202000\n"
		   "amdvi_translation_result devid: 00:02.0 gpa 0x1004 hpa 0x0\namdvi_translation_result devid: 00:20.0 gpa 0x1004 hpa 0x0\n"
		   "amdvi_command_exec command buffer head at 0x0 command buffer tail at 0x10 command buffer base at 0x41f4001\n",
		   "dma 01:02.1 ? 0xffffe010+?\ndma 00:02.0 ? 0x1004+?\n");
	ck_assert_uint_eq(sum.not_compared, 2);
	ck_assert_uint_eq(sum.no_page, 0);
	ck_assert_uint_eq(sum.unreadable, 2);
}
END_TEST

/* A part of a capture: the offset inside pages of several sizes, faults, and the image taken at its end. */
START_TEST(test_sample)
{
	static const char *const want[] = {
		"\ndma 00:04.0 ? 0x3000003c8+? -> 0x6c003c8\n",
		"\ndma 00:02.0 ? 0x7f80003f99e0+? -> 0x6bf99e0\n", /* 2 MiB; the log has 0x6a00000 */
		"\ndma 00:02.0 ? 0x161000080+? -> 0x8a20080\n",
		"\ndma 00:03.0 ? 0x33001d7000+? -> fault 2\n",
		"\nmmiow 0x2008 4 0x15a0\n",
	};
	struct err e;
	char *got;

	ck_assert_msg(import("tests/data/import/amdvi-edu.log.zst", "tests/data/import/amdvi-edu.snap1.idx", &e) == 0, "%s", e.msg);
	check_columns();
	ck_assert_uint_eq(sum.pause, 74);
	ck_assert_uint_eq(sum.expected, 193);
	ck_assert_uint_eq(sum.not_compared + sum.no_page + sum.desc_differ + sum.desc_written + sum.unreadable, 0);
	ck_assert_uint_eq(kind("amdvi_command_exec")->checked, 36);
	got = strstr(get_file(out_path), "#iotrace");
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		ck_assert_msg(strstr(got, want[i]) != NULL, "%s", want[i]);
	check_image("tests/data/import/amdvi-edu", 2);
}
END_TEST
START_TEST(test_captures)
{
	check_captures("amdvi-");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("import_amdvi");

	tcase_add_test(t, test_buffer);
	tcase_add_test(t, test_compare);
	tcase_add_test(t, test_registers);
	tcase_add_test(t, test_dma);
	tcase_add_test(t, test_sample);
	tcase_add_test(t, test_captures);
	return run_tests(t);
}
