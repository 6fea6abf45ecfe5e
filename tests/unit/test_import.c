/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_import.c - imp_qemu() for VT-d and lift_run() on small logs written here, on the captures in tests/data/import, and on a directory
 * of whole captures named by IOMMUSIM_CAPTURES (nothing is tested of it when that is not set).
 */
#include "test_import.h"
#include "import/lift.h"

static char sw_path[64];

/* Descriptors that no store wrote are in the ring before the tail moves; the read that came after stays after. */
START_TEST(test_ring)
{
	check_text("vtd_reg_write addr 0x90 size 0x8 value 0x41e3000\n"
		   "vtd_reg_write addr 0x88 size 0x4 value 0x20\n"
		   "vtd_inv_qi_tail write tail 2\nvtd_inv_qi_fetch \n"
		   "vtd_inv_qi_head read head 0\nvtd_inv_desc invalidate desc type iotlb high 0x1000 low 0x30032\n"
		   "vtd_inv_qi_head read head 1\nvtd_inv_desc invalidate desc type wait high 0x4042c94 low 0x200000025\n"
		   "vtd_reg_read addr 0x34 size 0x4\n",
		   "mmiow 0x90 8 0x41e3000\n"
		   "store 0x41e3000 8 0x30032\nstore 0x41e3008 8 0x1000\n"
		   "store 0x41e3010 8 0x200000025\nstore 0x41e3018 8 0x4042c94\n"
		   "mmiow 0x88 4 0x20\nmmior 0x34 4\n");
	ck_assert_uint_eq(sum.desc_written, 2);
	ck_assert_uint_eq(sum.desc_missing, 0);
	ck_assert(!sum.own_ring);
}
END_TEST
/* 256-bit descriptors are 32 bytes apart; the ring wraps (QS = 0: 128 of them). */
START_TEST(test_ring_wide)
{
	check_text("vtd_reg_write addr 0x90 size 0x8 value 0x41e3800\n"
		   "vtd_reg_write addr 0x88 size 0x4 value 0x0\n"
		   "vtd_inv_qi_head read head 127\nvtd_inv_desc invalidate desc type pc high 0x0 low 0x37\n",
		   "mmiow 0x90 8 0x41e3800\n"
		   "store 0x41e3fe0 8 0x37\nstore 0x41e3fe8 8 0x0\nstore 0x41e3ff0 8 0x0\nstore 0x41e3ff8 8 0x0\n"
		   "mmiow 0x88 4 0x0\n");
}
END_TEST
/* A log that starts in the middle has no ring: one of ours is set up, and the tail moves there. */
START_TEST(test_own_ring)
{
	check_text("vtd_inv_qi_head read head 77\nvtd_inv_desc invalidate desc type iotlb high 0x0 low 0x12\n"
		   "vtd_dmar_fault sid 0x8 fault 5 addr 0x1230 write 1\n"
		   "vtd_inv_qi_head read head 78\nvtd_inv_desc invalidate desc type iotlb high 0x0 low 0x22\n",
		   "mmiow 0x90 8 0x1000\nmmiow 0x88 4 0x0\nmmiow 0x18 4 0x4000000\n"
		   "store 0x1000 8 0x12\nstore 0x1008 8 0x0\nmmiow 0x88 4 0x10\ndma 00:01.0 w 0x1230+?\n"
		   "store 0x1010 8 0x22\nstore 0x1018 8 0x0\nmmiow 0x88 4 0x20\n");
	ck_assert(sum.own_ring);
	ck_assert_uint_eq(sum.not_compared, 1);
}
END_TEST
/* Hits and translations of two requesters mixed, a large page, a translation without its hit, torn lines. */
START_TEST(test_pairing)
{
	struct err e;

	check_text("vtd_iotlb_page_hit IOTLB page hit sid 0x8 iova 0xfff00010 slpte 0x601e003 domain 0x3\n"
		   "vtd_iotlb_page_update IOTLB page update sid 0x10 iova 0xfff00020 slpte 0x701e003 domain 0x4\n"
		   "vtd_iotlb_cc_hit IOTLB context hit bus 0x0 devfn 0x10 high 0x402 low 0x4ebb001 gen 3\n"
		   "vtd_dmar_translate dev 00:02.00 iova 0xfff00000 -> gpa 0x701e000 mask 0xfff\n"
		   "vtd_dmar_translate dev 00:01.00 iova 0xfff00000 -> gpa 0x601e000 mask 0xfff\n"
		   "vtd_iotlb_page_update IOTLB page update sid 0x8 iova 0x123456 slpte 0x2000083 domain 0x3\n"
		   "vtd_dmar_translate dev 00:01.00 iova 0x0 -> gpa 0x2000000 mask 0x1fffff\n"
		   "vtd_dmar_translate dev 00:01.00 iova 0x9000 -> gpa 0x2000000 mask 0xfff\n"
		   "vtd_dmar_translate dev 00:01.00 iova 0xfvtd_dmar_translate dev 00:01.00\n"
		   "vtd_dmar_fault sid 0x8 fault 5 addr 0x16\nhello\n\nvtd_brand_new_event 1\n",
		   "dma 00:02.0 ? 0xfff00020+?\ndma 00:01.0 ? 0xfff00010+?\ndma 00:01.0 ? 0x123456+?\ndma 00:01.0 ? 0x9000+?\n");
	ck_assert_uint_eq(sum.no_offset, 1);
	ck_assert_uint_eq(sum.unreadable, 2);
	ck_assert_uint_eq(sum.bad_line[0], 9);
	ck_assert_uint_eq(sum.bad_line[1], 10);
	ck_assert_uint_eq(kind("(other text)")->total, 2);
	ck_assert_uint_eq(kind("vtd_brand_new_event")->unused, 1);
	put_file(log_path, "smmuv3_read_mmio addr: 0x0 val:0x0 size: 0x4(0)\n");
	ck_assert_int_eq(import(log_path, "tests/data/import/edu.snap1.idx", &e), ERR_INPUT);
	ck_assert_ptr_nonnull(strstr(e.msg, "a log of SMMUv3, but the image is of VT-d"));
	put_file(log_path, "");
	ck_assert_int_eq(import(log_path, NULL, &e), ERR_INPUT);
}
END_TEST
/* A linked page is one record with its words, also when the words are cut off by something else. */
START_TEST(test_pages)
{
	check_text("mem_page pa=0x5501000 kind=sl1\nmem_word pa=0x5501008 val=0x12\nmem_word pa=0x5501ff8 val=0x3\n"
		   "mem_write pa=0x5501008 val=0x0 kind=sl1\nmem_word pa=0x5501010 val=0x7\nmem_drop pa=0x5501000\nmem_write pa=0x5501009 val=0x0\n",
		   "page 0x5501000 1:0x12 511:0x3\nstore 0x5501008 8 0x0\nstore 0x5501010 8 0x7\n");
	ck_assert_uint_eq(kind("mem_drop")->unused, 1);
	ck_assert_uint_eq(kind("mem_write")->unreadable, 1);
}
END_TEST

START_TEST(test_samples)
{
	struct err e;

	ck_assert_msg(import("tests/data/import/edu.log.zst", "tests/data/import/edu.snap1.idx", &e) == 0, "%s", e.msg);
	check_columns();
	ck_assert_uint_eq(sum.pause, 78);
	ck_assert_uint_eq(sum.expected, 4632 + 2160);
	ck_assert_uint_eq(sum.not_compared + sum.no_offset + sum.desc_differ + sum.desc_written + sum.unreadable, 0);
	ck_assert_uint_eq(kind("vtd_inv_desc")->checked, 848);
	ck_assert_uint_eq(kind("vtd_iotlb_page_hit")->used, 2384);
	check_image("tests/data/import/edu", 2);
	check_image("tests/data/import/edu", 4);
	/* an image of later than the log's end */
	head("tests/data/import/edu.log.zst", 50);
	ck_assert_int_eq(import(log_path, "tests/data/import/edu.snap1.idx", &e), ERR_INPUT);
}
END_TEST

/* Stupid software: a list of 4 KiB mappings per domain, and who is attached to what. */
struct soft { struct { uint32_t dom; uint64_t iova, pa; uint8_t perm; } *m; size_t n, cap; uint32_t dom[65536]; uint64_t ok, faults; };
static size_t soft_find(const struct soft *s, uint32_t dom, uint64_t iova)
{
	size_t i = s->n; /* newest first: what is in use was mapped lately */

	while (i-- && (s->m[i].dom != dom || s->m[i].iova != iova))
		;
	return i;
}
static void soft_map(struct soft *s, const struct trc_rec *r)
{
	for (uint64_t o = 0; o < r->u.sw.size; o += 4096) {
		size_t i = soft_find(s, r->u.sw.dom, r->u.sw.iova + o);

		if (r->kind == TRC_UNMAP) {
			ck_assert_msg(i != SIZE_MAX, "unmap of what is not mapped: 0x%" PRIx64, r->u.sw.iova + o);
			memmove(s->m + i, s->m + i + 1, (--s->n - i) * sizeof(*s->m));
			continue;
		}
		ck_assert_msg(i == SIZE_MAX, "mapped twice: 0x%" PRIx64, r->u.sw.iova + o);
		if (s->n == s->cap)
			s->m = reallocarray(s->m, s->cap = s->cap ? 2 * s->cap : 1024, sizeof(*s->m));
		s->m[s->n].dom = r->u.sw.dom;
		s->m[s->n].iova = r->u.sw.iova + o;
		s->m[s->n].pa = r->u.sw.pa + o;
		s->m[s->n++].perm = r->u.sw.perm;
	}
}
static void soft_dma(struct soft *s, const struct trc_rec *r)
{
	size_t i = soft_find(s, s->dom[r->u.dma.rid], r->u.dma.iova & ~UINT64_C(0xfff));

	if (r->u.dma.expect == TRC_EXP_FAULT) {
		ck_assert(i == SIZE_MAX || !(s->m[i].perm & (r->u.dma.dir == 'w' ? 2 : 1)));
		s->faults++;
		return;
	}
	ck_assert_msg(i != SIZE_MAX && s->m[i].pa + (r->u.dma.iova & 0xfff) == r->u.dma.pa, "dma 0x%" PRIx64, r->u.dma.iova);
	s->ok++;
}
/* What is lifted, played by stupid software, gives every result QEMU gave. */
static void check_lift(const char *base, uint64_t ok, uint64_t faults)
{
	static struct soft s;
	struct lift_sum ls;
	struct err e = { 0 };
	struct trc_reader *t;
	struct trc_writer *w;
	struct trc_rec r;
	char log[300], image[300];
	int got;

	free(s.m);
	memset(&s, 0, sizeof(s));
	snprintf(log, sizeof(log), "%s.log.zst", base);
	snprintf(image, sizeof(image), "%s.snap1.idx", base);
	ck_assert_msg(import(log, image, &e) == 0, "%s", e.msg);
	t = trc_open(out_path, &e);
	w = trc_create(sw_path, TRC_BINARY, &e);
	ck_assert_msg(t && w, "%s", e.msg);
	ck_assert_msg(lift_run(t, w, &ls, &e) && trc_finish(w, &e), "%s", e.msg);
	trc_close(t);
	t = trc_open(sw_path, &e);
	ck_assert_msg(t != NULL, "%s", e.msg);
	while ((got = trc_next(t, &r, &e)) > 0)
		switch (r.kind) {
		case TRC_ATTACH:
			ck_assert_msg(!s.dom[r.u.sw.rid], "attached twice: 0x%x", r.u.sw.rid);
			s.dom[r.u.sw.rid] = r.u.sw.dom;
			break;
		case TRC_DETACH:
			ck_assert_uint_eq(s.dom[r.u.sw.rid], r.u.sw.dom);
			s.dom[r.u.sw.rid] = 0;
			break;
		case TRC_MAP:
		case TRC_UNMAP:
			soft_map(&s, &r);
			break;
		case TRC_DMA:
			soft_dma(&s, &r);
			break;
		case TRC_FLUSH:
		case TRC_COMMENT:
			break;
		default:
			ck_abort_msg("a hardware-level record was left: %s", trc_kind_name[r.kind]);
		}
	ck_assert_msg(!got, "%s", e.msg);
	trc_close(t);
	free(s.m);
	s.m = NULL;
	ck_assert_uint_eq(s.ok, ok);
	ck_assert_uint_eq(s.faults, faults);
	ck_assert_uint_gt(ls.out[TRC_FLUSH], 0);
}
START_TEST(test_lift_samples)
{
	check_lift("tests/data/import/edu", 4632, 2160);
	check_lift("tests/data/import/vblk", 525, 7);
}
END_TEST
/* Scalable mode, one first-level domain, leaf changes merged downwards, a flush by descriptor, a detach. */
START_TEST(test_lift_scalable)
{
	/* context entry 8, at word 32, is requester 00:01.0 */
	static const char trace[] = "#iotrace 1\n"
				    "regstate RTADDR off=0x20 size=8 0x1400\nregstate GSTS off=0x1c size=4 0xc4000000\nregstate IQA off=0x90 size=8 0x9000\n"
				    "regstate IQH off=0x80 size=8 0x0\nregstate IQT off=0x88 size=8 0x0\n"
				    "page 0x1000 0:0x2001\npage 0x2000 32:0x3001\npage 0x3000 0:0x4001\npage 0x4000 0:0x49 0x5 0x5000\n"
				    "page 0x5000 0:0x6003\npage 0x6000 0:0x7003\npage 0x7000 1:0x200083\npage 0x9000\n"
				    "mmior 0x34 4\n"
				    "store 0x7010 8 0xa003\nstore 0xaff8 8 0x55003\nstore 0xaff0 8 0x54003\n"
				    "dma 00:01.0 r 0x200010+4 -> 0x200010\n"
				    "store 0xaff0 8 0x54063\nstore 0xaff0 8 0x0\n"
				    "store 0x9000 8 0x50036\nstore 0x9008 8 0x5fe000\nmmiow 0x88 4 0x10\n"
				    "store 0x4000 8 0x0\ndma 00:01.0 r 0x200010+4 -> fault\n";
	static const char want[] = "#iotrace 1\nattach 00:01.0 pasid=- dom=5 type=fs\nmap dom=5 0x200000 0x200000 0x200000 rw\n"
				   "map dom=5 0x5fe000 0x54000 0x2000 rw\ndma 00:01.0 r 0x200010+4 -> 0x200010\n"
				   "unmap dom=5 0x5fe000 0x1000\nflush dom=5 0x5fe000 0x1000\n"
				   "unmap dom=5 0x200000 0x200000\nunmap dom=5 0x5ff000 0x1000\ndetach 00:01.0 pasid=- dom=5\n"
				   "dma 00:01.0 r 0x200010+4 -> fault\n";
	struct lift_sum ls;
	struct err e = { 0 };
	struct trc_reader *t;
	struct trc_writer *w;

	put_file(log_path, trace);
	t = trc_open(log_path, &e);
	w = trc_create(sw_path, TRC_TEXT, &e);
	ck_assert_msg(t && w, "%s", e.msg);
	ck_assert_msg(lift_run(t, w, &ls, &e) && trc_finish(w, &e), "%s", e.msg);
	trc_close(t);
	ck_assert_str_eq(get_file(sw_path), want);
}
END_TEST
/* A table that contains itself is an error with its record, not an endless loop. */
START_TEST(test_lift_loop)
{
	struct lift_sum ls;
	struct err e = { 0 };
	struct trc_reader *t;
	struct trc_writer *w;
	FILE *f = fopen(log_path, "w");

	ck_assert_ptr_nonnull(f);
	fputs("#iotrace 1\nregstate RTADDR off=0x20 size=8 0x1000\nregstate GSTS off=0x1c size=4 0xc0000000\npage 0x1000 0:0x2001\n"
	      "page 0x2000 16:0x5001 0x302\npage 0x5000 0:0x5003",
	      f);
	for (int i = 1; i < 512; i++)
		fputs(" 0x5003", f);
	fputs("\nmmior 0x34 4\ndma 00:01.0 r 0x0+4\n", f);
	fclose(f);
	t = trc_open(log_path, &e);
	w = trc_create(sw_path, TRC_BINARY, &e);
	ck_assert_msg(t && w, "%s", e.msg);
	ck_assert(!lift_run(t, w, &ls, &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
	trc_close(t);
	trc_abandon(w);
}
END_TEST

START_TEST(test_captures)
{
	check_captures("vtd-");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("import");
	int failed;

	tcase_add_test(t, test_ring);
	tcase_add_test(t, test_ring_wide);
	tcase_add_test(t, test_own_ring);
	tcase_add_test(t, test_pairing);
	tcase_add_test(t, test_pages);
	tcase_add_test(t, test_samples);
	tcase_add_test(t, test_lift_samples);
	tcase_add_test(t, test_lift_scalable);
	tcase_add_test(t, test_lift_loop);
	tcase_add_test(t, test_captures);
	strcpy(sw_path, "/tmp/test_import_sw.XXXXXX");
	failed = mkstemp(sw_path) < 0;
	failed |= run_tests(t);
	unlink(sw_path);
	return failed;
}
