/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_run.c - libFuzzer harness: any bytes as the trace of `run`, hardware or software level, under configs/captures. The first byte chooses the
 * configuration, and --oracle. The exit status is never 3. Left out: traces with a DMA of more than 64 KiB, which only takes long.
 * Run from the top of the tree, with -close_fd_mask=3.
 */
#include "cli.h"
#include "core/trace/trc.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { LONG = 64 << 10 };
static bool is_long(const char *path)
{
	struct err e = { 0 };
	struct trc_reader *t = trc_open(path, &e);
	struct trc_rec r;
	bool is = false;

	while (t && !is && trc_next(t, &r, &e) > 0)
		is = r.kind == TRC_DMA && r.u.dma.len > LONG;
	trc_close(t);
	return is;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const config[] = { "configs/captures/vtd.yaml", "configs/captures/smmuv3.yaml", "configs/captures/amdvi.yaml" };
	char run[] = "run", trace[] = "--trace", oracle[] = "--oracle", cfg[40];
	struct fuzz_path in;
	int st;

	if (!n)
		return 0;
	in = fuzz_put("in.iot", data + 1, n - 1);
	if (is_long(in.s))
		return 0;
	snprintf(cfg, sizeof(cfg), "%s", config[data[0] % 3]);
	st = cmd_run(data[0] & 64 ? 5 : 4, (char *[]){ run, cfg, trace, in.s, data[0] & 64 ? oracle : NULL, NULL });
	if (st < 0 || st > 2) {
		fprintf(stderr, "exit status %d\n", st);
		abort();
	}
	return 0;
}
