/* SPDX-License-Identifier: Apache-2.0 */
/* test_image.c - image_load(): a good image, and every line that must be refused, with its place. */
#include <check.h>
#include "run_suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include "import/image.h"

static char dir[] = "/tmp/test_image.XXXXXX", idx[64], pages[64];

/* Write the two files: @text, and @bytes of pages whose words are their own index in the file. */
static void put(const char *text, size_t bytes)
{
	FILE *f = fopen(idx, "w");
	gzFile g = gzopen(pages, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(g);
	fputs(text, f);
	fclose(f);
	for (uint64_t i = 0; i < bytes / 8; i++)
		gzwrite(g, &i, 8);
	gzclose(g);
}
static const char good[] = "iommu-image 1\nkind vtd\nnote made by hand\nnote log lines before the pause: 7\n"
			   "note log lines 8 to 9 (1-based) are register reads made to take this image\n"
			   "reg CAP offset=0x8 size=8 value=0xd2008c222f0606\nrequester sid=0x8 pasid=- type=translate dom=0x3 lo=0x1\n"
			   "requester sid=0x10 pasid=5 type=first-level dom=0x3\nwalknote nothing\n"
			   "page 0x5000 index=1 kind=sl1\nzero 0x4000 kind=irt\npage 0x3000 index=0 kind=root,context\nend pages=2 mappings=0\n";

START_TEST(test_good)
{
	struct err e = { 0 };
	struct image *im;

	put(good, 8192);
	im = image_load(idx, &e);
	ck_assert_msg(im != NULL, "%s", e.msg);
	ck_assert_str_eq(im->kind, "vtd");
	ck_assert_uint_eq(im->log_lines, 7);
	ck_assert_uint_eq(im->log_lines_after_reads, 9);
	ck_assert_uint_eq(im->n_reg, 1);
	ck_assert_str_eq(im->reg[0].name, "CAP");
	ck_assert_uint_eq(im->reg[0].val, 0xd2008c222f0606);
	ck_assert_uint_eq(im->n_req, 2);
	ck_assert(!im->req[0].has_pasid && im->req[1].has_pasid);
	ck_assert_uint_eq(im->req[1].pasid, 5);
	ck_assert_uint_eq(im->n_page, 3);
	ck_assert_uint_eq(im->page[0].pa, 0x3000);
	ck_assert_uint_eq(im->page[0].w[3], 3);
	ck_assert_str_eq(im->page[0].kind, "root,context");
	ck_assert_uint_eq(im->page[1].w[511], 0);
	ck_assert_uint_eq(im->page[2].pa, 0x5000);
	ck_assert_uint_eq(im->page[2].w[511], 1023);
	image_free(im);
}
END_TEST

static const struct { const char *from, *to; size_t bytes; const char *say; } bad[] = {
	{ "iommu-image 1", "iommu-image 2", 8192, ":1: " },
	{ "kind vtd", "kind alpha", 8192, ":2:6: " },
	{ "size=8", "size=3", 8192, ":6:" },
	{ "value=0xd2", "value=zz", 8192, "not a number" },
	{ "reg CAP offset=0x8 size=8", "reg CAP offset=0x8 size=4", 8192, "wider" },
	{ "pasid=5", "pasid=0x100000", 8192, "out of range" },
	{ "page 0x5000", "page 0x5008", 8192, "multiple of 4096" },
	{ "page 0x5000", "page 0x4000", 8192, "twice" },
	{ "index=1", "index=2", 8192, "index 2" },
	{ "page 0x5000 index=1", "page 0x5000 idx=1", 8192, "index= is missing" },
	{ "walknote", "warlnote", 8192, "unknown word" },
	{ "end pages=2", "end pages=3", 8192, "not the number of page lines" },
	{ "end pages=2 mappings=0\n", "", 8192, "without a \"end\"" },
	{ "", "", 8191 & ~7, "damaged in page 1" },
	{ "", "", 8200, "longer than" },
};
START_TEST(test_bad)
{
	char text[2000], *p = NULL;
	struct err e = { 0 };

	strcpy(text, good);
	p = strstr(good, bad[_i].from);
	ck_assert_ptr_nonnull(p);
	snprintf(text + (p - good), sizeof(text) - (size_t)(p - good), "%s%s", bad[_i].to, p + strlen(bad[_i].from));
	put(text, bad[_i].bytes);
	ck_assert_ptr_null(image_load(idx, &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
	ck_assert_msg(strstr(e.msg, bad[_i].say) != NULL, "\"%s\" is not in \"%s\"", bad[_i].say, e.msg);
}
END_TEST
START_TEST(test_files)
{
	struct err e = { 0 };

	put(good, 8192);
	unlink(pages);
	ck_assert_ptr_null(image_load(idx, &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
	ck_assert_ptr_null(image_load("/nowhere/x.idx", &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image");
	TCase *t = tcase_create("image");
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(idx, sizeof(idx), "%s/a.idx", dir);
	snprintf(pages, sizeof(pages), "%s/a.pages.gz", dir);
	tcase_add_test(t, test_good);
	tcase_add_loop_test(t, test_bad, 0, (int)ARRAY_LEN(bad));
	tcase_add_test(t, test_files);
	suite_add_tcase(s, t);
	failed = run_suite(s);
	unlink(idx);
	unlink(pages);
	rmdir(dir);
	return failed != 0;
}
