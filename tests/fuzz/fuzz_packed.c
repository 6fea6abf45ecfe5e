/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_packed.c - libFuzzer harness: any bytes as a compressed file, for each reader that unpacks: the first byte chooses the text of an importer and
 * a trace (zstd), the pages of a memory image and a query (gzip). What is inside is fuzzed by other programs; here the readers must end, and a
 * refusal must have a sentence. Bytes that unpack without end (more than is read here) are left.
 */
#include "core/trace/trc.h"
#include "fuzz_file.h"
#include "import/image.h"
#include "import/imp_text.h"
#include "walk_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { LINES = 100000, PAGES = 3 };

static void text(const char *path)
{
	struct err e = { 0 };
	struct imp_text *t = imp_text_open(path, &e);
	const char *line;
	size_t len, sum = 0;
	int rc = 0;

	for (unsigned i = 0; t && i < LINES && (rc = imp_text_next(t, &line, &len, &e)) > 0; i++)
		for (size_t k = 0; k < len; k += 64) /* is it there? */
			sum += (unsigned char)line[k];
	if (!t || rc < 0)
		fuzz_said(&e);
	if (sum > SIZE_MAX / 2)
		abort();
	imp_text_close(t);
}
static void trace(const char *path)
{
	struct err e = { 0 };
	struct trc_reader *t = trc_open(path, &e);
	struct trc_rec r;
	int rc = 0;

	for (unsigned i = 0; t && i < LINES && (rc = trc_next(t, &r, &e)) > 0; i++)
		;
	if (!t || rc < 0)
		fuzz_said(&e);
	if (t)
		trc_close(t);
}
static void image(const uint8_t *data, size_t n)
{
	static const char idx[] = "iommu-image 1\nkind vtd\npage 0x1000 index=0 kind=root\npage 0x2000 index=1 kind=context\n"
				  "page 0x3000 index=2 kind=table\nend pages=3\n";
	struct err e = { 0 };
	struct image *im;

	fuzz_put("i.pages.gz", data, n);
	im = image_load(fuzz_put("i.idx", idx, sizeof(idx) - 1).s, &e);
	if (!im)
		fuzz_said(&e);
	else if (im->n_page != PAGES)
		abort();
	image_free(im);
}
static void query(const uint8_t *data, size_t n)
{
	struct err e = { 0 };
	struct walk_query *q = walk_query_load(fuzz_put("q.maps.gz", data, n).s, &e);

	if (!q)
		fuzz_said(&e);
	walk_query_free(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_file f;

	if (!n)
		return 0;
	if (data[0] & 2) {
		(data[0] & 1 ? image : query)(data + 1, n - 1);
		return 0;
	}
	f = fuzz_file_make(data + 1, n - 1);
	(data[0] & 1 ? trace : text)(f.path);
	close(f.fd);
	return 0;
}
