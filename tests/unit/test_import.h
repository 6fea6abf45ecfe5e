/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_import.h - what the tests of imp_qemu() share: a log written here into a trace as text, and whole logs against the images taken
 * during them.
 */
#include <check.h>
#include "run_suite.h"
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/mem/mem.h"
#include "import/imp_qemu.h"
#include "import/imp_text.h"

static char dir[] = "/tmp/test_import.XXXXXX", log_path[64], out_path[64];
static struct imp_sum sum;

static void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert(fputs(text, f) >= 0 && !fclose(f));
}
static char *get_file(const char *path)
{
	static char buf[1 << 18];
	FILE *f = fopen(path, "r");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[n] = 0;
	return buf;
}
/* Import @log into out_path as text. Returns: the error's code, 0 without. */
static int import(const char *log, const char *image, struct err *e)
{
	struct image *im = NULL;
	struct trc_writer *w;
	bool ok;

	memset(e, 0, sizeof(*e));
	if (image) {
		im = image_load(image, e);
		ck_assert_msg(im != NULL, "%s", e->msg);
	}
	w = trc_create(out_path, TRC_TEXT, e);
	ck_assert_msg(w != NULL, "%s", e->msg);
	ok = imp_qemu(&(struct imp_qemu_in){ log, image, im }, w, &sum, e);
	image_free(im);
	if (!ok)
		trc_abandon(w);
	ck_assert(!ok || trc_finish(w, e));
	return ok ? 0 : e->code;
}
/* Every line of the log is in exactly one column. */
static void check_columns(void)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < sum.n_kind; i++) {
		const struct imp_kind *k = &sum.kind[i];

		ck_assert_msg(k->total == k->before + k->used + k->checked + k->unused + k->unreadable, "%s", k->name);
		all += k->total;
	}
	ck_assert_uint_eq(all, sum.lines);
}
static const struct imp_kind *kind(const char *name)
{
	for (unsigned i = 0; i < sum.n_kind; i++)
		if (!strcmp(sum.kind[i].name, name))
			return &sum.kind[i];
	ck_abort_msg("no line of kind %s", name);
}
static void check_text(const char *log, const char *want)
{
	struct err e;
	char *got;

	put_file(log_path, log);
	ck_assert_msg(import(log_path, NULL, &e) == 0, "%s", e.msg);
	got = strstr(get_file(out_path), "import qemu");
	ck_assert_ptr_nonnull(got);
	ck_assert_str_eq(strchr(got, '\n') + 1, want);
	check_columns();
}

/* The first @lines lines of the log @path into log_path. */
static void head(const char *path, uint64_t lines)
{
	struct err e = { 0 };
	struct imp_text *t = imp_text_open(path, &e);
	FILE *f = fopen(log_path, "w");
	const char *s;
	size_t n;

	ck_assert_msg(t && f, "%s", e.msg);
	while (lines-- && imp_text_next(t, &s, &n, &e) > 0)
		ck_assert(fwrite(s, 1, n, f) == n && fputc('\n', f) != EOF);
	fclose(f);
	imp_text_close(t);
}
/* Memory as the trace leaves it after the lines before image @k is that image, word by word; logs that the IOMMU itself writes aside. */
static void check_image(const char *base, int k)
{
	struct mem *m = mem_create(0, false);
	struct err e = { 0 };
	struct trc_reader *t;
	struct trc_rec r;
	struct image *im;
	char path[300];
	int got;

	snprintf(path, sizeof(path), "%s.snap%d.idx", base, k);
	im = image_load(path, &e);
	ck_assert_msg(im != NULL, "%s", e.msg);
	snprintf(path, sizeof(path), "%s.log.zst", base);
	head(path, im->log_lines);
	snprintf(path, sizeof(path), "%s.snap1.idx", base);
	ck_assert_msg(import(log_path, path, &e) == 0, "%s", e.msg);
	t = trc_open(out_path, &e);
	ck_assert_msg(t != NULL, "%s", e.msg);
	while ((got = trc_next(t, &r, &e)) > 0)
		if (r.kind == TRC_PAGE)
			mem_write(m, r.u.page.pa, r.u.page.w, 512);
		else if (r.kind == TRC_STORE)
			mem_write_part(m, r.u.store.pa, r.u.store.bytes, r.u.store.val);
	ck_assert_msg(!got, "%s", e.msg);
	trc_close(t);
	for (size_t i = 0; i < im->n_page; i++) {
		const uint64_t *w = mem_page(m, im->page[i].pa);

		if (!strncmp(im->page[i].kind, "eventq", 6) || !strncmp(im->page[i].kind, "evtlog", 6))
			continue;
		for (unsigned j = 0; j < 512; j++)
			ck_assert_msg((w ? w[j] : 0) == im->page[i].w[j], "%s image %d: word %u of page 0x%" PRIx64, base, k, j, im->page[i].pa);
	}
	image_free(im);
	mem_destroy(m);
}
/* The whole captures of IOMMUSIM_CAPTURES whose names begin with @prefix: every later image. */
static void check_captures(const char *prefix)
{
	const char *cap = getenv("IOMMUSIM_CAPTURES");
	char base[200];
	struct dirent *d;
	DIR *o;
	int n = 0;

	if (!cap)
		return;
	o = opendir(cap);
	ck_assert_ptr_nonnull(o);
	while ((d = readdir(o))) {
		char *dot = strstr(d->d_name, ".log.zst");

		if (!dot || strncmp(d->d_name, prefix, strlen(prefix)) || strstr(d->d_name, "passthrough"))
			continue;
		snprintf(base, sizeof(base), "%s/%.*s", cap, (int)(dot - d->d_name), d->d_name);
		for (int k = 2; k <= 5; k++)
			check_image(base, k);
		n++;
	}
	closedir(o);
	ck_assert_int_gt(n, 0);
}
/* Run the tests of @t. Returns: the exit status. */
static int run_tests(TCase *t)
{
	Suite *s = suite_create("import");
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	snprintf(out_path, sizeof(out_path), "%s/out.iot", dir);
	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	failed = run_suite(s);
	unlink(log_path);
	unlink(out_path);
	rmdir(dir);
	return failed != 0;
}
