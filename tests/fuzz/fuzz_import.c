/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_import.c - libFuzzer harness: any bytes as a QEMU log, or as a memory image (the index, and the pages gzipped from raw bytes), or as an image with
 * the log that goes on from it. The parts are separated by a line "====". A refusal has a code and a sentence; a trace that was written can be read.
 */
#include <zlib.h>
#include "core/trace/trc.h"
#include "fuzz_file.h"
#include "import/image.h"
#include "import/imp_qemu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct image *load(const char *dir, const uint8_t *idx, size_t ni, const uint8_t *pages, size_t np)
{
	char path[64];
	struct err e = { 0 };
	struct image *im;
	FILE *f;
	gzFile z;

	snprintf(path, sizeof(path), "%s/f.pages.gz", dir);
	z = gzopen(path, "wb1");
	if (!z || (np && gzwrite(z, pages, (unsigned)np) != (int)np) || gzclose(z) != Z_OK)
		abort();
	snprintf(path, sizeof(path), "%s/f.idx", dir);
	f = fopen(path, "wb");
	if (!f || fwrite(idx, 1, ni, f) != ni || fclose(f))
		abort();
	im = image_load(path, &e);
	if (!im)
		fuzz_said(&e);
	return im;
}
static void import(const char *dir, const uint8_t *log, size_t n, const struct image *im)
{
	struct fuzz_file in = fuzz_file_make(log, n);
	static struct imp_sum s; /* large */
	struct err e = { 0 };
	struct trc_writer *w;
	struct trc_reader *r;
	struct trc_rec rec;
	char path[64];
	int rc;

	snprintf(path, sizeof(path), "%s/f.iot", dir);
	w = trc_create(path, TRC_TEXT, &e);
	if (!w)
		abort();
	if (!imp_qemu(&(struct imp_qemu_in){ in.path, im ? "f.idx" : NULL, im }, w, &s, &e)) {
		fuzz_said(&e);
		trc_abandon(w);
	} else {
		if (!trc_finish(w, &e))
			abort();
		r = trc_open(path, &e);
		if (!r)
			abort();
		while ((rc = trc_next(r, &rec, &e)) > 0)
			;
		if (rc < 0)
			abort();
		trc_close(r);
	}
	close(in.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char dir[] = "/tmp/fuzz_import_XXXXXX", path[64];
	static const char *const files[] = { "f.idx", "f.pages.gz", "f.iot" };
	const uint8_t *p = data, *end = data + n, *log, *idx, *pages;
	size_t nl, ni, np;
	struct image *im = NULL;

	if (!mkdtemp(dir))
		abort();
	log = fuzz_part(&p, end, &nl);
	idx = fuzz_part(&p, end, &ni);
	pages = fuzz_part(&p, end, &np);
	if (ni)
		im = load(dir, idx, ni, pages, np);
	if (nl)
		import(dir, log, nl, im);
	image_free(im);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
	return 0;
}
