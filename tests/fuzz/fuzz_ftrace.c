/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_ftrace.c - libFuzzer harness: any bytes as text of Linux tracing. The first byte chooses the domain of map and unmap (none, or its number).
 * A refusal has a code and a sentence; the trace written can be read, and has as many maps and unmaps as the summary counts as used, at most.
 */
#include "core/trace/trc.h"
#include "fuzz_file.h"
#include "import/imp_ftrace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const char *path, const struct imp_ftrace_sum *s)
{
	struct err e = { 0 };
	struct trc_reader *r = trc_open(path, &e);
	uint64_t maps = 0, used = 0;
	struct trc_rec rec;
	int rc;

	if (!r)
		abort();
	while ((rc = trc_next(r, &rec, &e)) > 0)
		maps += rec.kind == TRC_MAP || rec.kind == TRC_UNMAP;
	if (rc < 0)
		abort();
	trc_close(r);
	for (unsigned i = 0; i < s->n_kind; i++) {
		used += s->kind[i].used;
		if (s->kind[i].used > s->kind[i].lines)
			abort();
	}
	if (maps > used)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct imp_ftrace_sum s = { 0 };
	struct err e = { 0 };
	struct fuzz_path out = fuzz_path("f.iot");
	struct fuzz_file in;
	struct trc_writer *w;

	if (!n)
		return 0;
	in = fuzz_file_make(data + 1, n - 1);
	w = trc_create(out.s, TRC_TEXT, &e);
	if (!w)
		abort();
	if (!imp_ftrace(in.path, data[0] & 1 ? data[0] >> 1 : -1, w, &s, &e)) {
		fuzz_said(&e);
		trc_abandon(w);
	} else {
		if (!trc_finish(w, &e))
			abort();
		check(out.s, &s);
	}
	close(in.fd);
	return 0;
}
