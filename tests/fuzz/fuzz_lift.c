/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_lift.c - libFuzzer harness: any bytes as a hardware-level trace that is understood: its tables become attach, map and unmap records (trace lift),
 * and events for the ordering checker (check). The first byte chooses the architecture that the former is told: none, or one of three.
 * A refusal has a code and a sentence; the trace written can be read; the exit status of check is never 3. Run with -close_fd_mask=3.
 */
#include "cli.h"
#include "fuzz_file.h"
#include "import/lift.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void lift(const char *path, const char *arch)
{
	struct fuzz_path to = fuzz_path("lifted.iot");
	struct err e = { 0 };
	struct trc_reader *t = trc_open(path, &e);
	struct trc_writer *w;
	struct lift_sum s;
	struct trc_rec r;
	int rc;

	if (!t) {
		fuzz_said(&e);
		return;
	}
	w = trc_create(to.s, TRC_TEXT, &e);
	if (!w)
		abort();
	if (!lift_run_as(t, w, arch, &s, &e)) {
		fuzz_said(&e);
		trc_abandon(w);
	} else {
		if (!trc_finish(w, &e))
			abort();
		trc_close(t);
		t = trc_open(to.s, &e);
		while (t && (rc = trc_next(t, &r, &e)) > 0)
			;
		if (!t || rc < 0)
			abort();
	}
	trc_close(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const arch[] = { NULL, "vtd", "smmuv3", "amdvi" };
	char check[] = "check";
	struct fuzz_path in;
	int st;

	if (!n)
		return 0;
	in = fuzz_put("in.iot", data + 1, n - 1);
	lift(in.s, arch[data[0] & 3]);
	st = cmd_check(2, (char *[]){ check, in.s, NULL });
	if (st < 0 || st > 2) {
		fprintf(stderr, "exit status %d\n", st);
		abort();
	}
	return 0;
}
