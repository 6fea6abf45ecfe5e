/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_text.c - host time per line of reading traces and importing logs, each beside decompression and a newline scan of the same file.
 * The logs are captures (tests/data/capture), one behind the other until there are LINES of them; a trace has generated DMAs.
 * Usage and output: row.h. What the ratios should be: bench/expect.md.
 * Does not measure: the start of the program, writing the result to a disk.
 */
#include <unistd.h>
#include <zstd.h>
#include "core/base/rng.h"
#include "import/imp_qemu.h"
#include "row.h"

enum { LINES = 200000 };
#define TEMPLATE "/tmp/iommusim-bench-XXXXXX"

struct text {
	char path[64], *file, *plain; /* what is measured; its content; room for its text */
	size_t file_len, plain_len;
	uint64_t lines;
	bool compressed;
};

static void trace_ours(void *arg, uint64_t ops)
{
	struct text *t = arg;
	struct trc_reader *r;
	struct trc_rec rec;
	struct err e = { 0 };
	uint64_t n = 0;

	for (uint64_t done = 0; done < ops; done += t->lines) {
		r = trc_open(t->path, &e);
		if (!r)
			die(e.msg);
		while (trc_next(r, &rec, &e) > 0)
			n++;
		trc_close(r);
	}
	if (n < ops)
		die("the trace was not read to its end");
}

static void log_ours(void *arg, uint64_t ops)
{
	struct text *t = arg;
	struct imp_qemu_in in = { .log = t->path };
	static struct imp_sum s;
	struct err e = { 0 };

	for (uint64_t done = 0; done < ops; done += t->lines) {
		struct trc_writer *w = trc_create("/dev/null", TRC_BINARY, &e);

		memset(&s, 0, sizeof(s));
		if (!w || !imp_qemu(&in, w, &s, &e))
			die(e.msg);
		trc_abandon(w);
		if (s.unreadable || s.lines != t->lines)
			die("the log was not read");
	}
}

/* The text of a zstd file is @plain afterwards. Returns: its lines. */
static uint64_t scan(const struct text *t)
{
	const char *p = t->plain, *end = p + t->plain_len;
	uint64_t n = 0;

	if (t->compressed && ZSTD_isError(ZSTD_decompress(t->plain, t->plain_len, t->file, t->file_len)))
		die("decompression failed");
	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		p++;
		n++;
	}
	return n;
}

static void scan_ideal(void *arg, uint64_t ops)
{
	struct text *t = arg;

	for (uint64_t done = 0; done < ops; done += t->lines)
		sink += scan(t);
}

static void *room(size_t n)
{
	void *p = malloc(n);

	if (!p)
		die("out of memory");
	return p;
}

static void make_trace(struct text *t, bool compressed)
{
	char *s = room((size_t)LINES * 64 + 64);
	size_t n = (size_t)sprintf(s, "#iotrace 1\n"), cap;
	struct rng r;

	rng_seed(&r, 4);
	for (unsigned i = 0; i < LINES; i++) {
		unsigned long long iova = 0xf0000000 + 4096 * rng_below(&r, 65536), pa = 0x100000000 + 4096 * rng_below(&r, 1 << 20);

		n += (size_t)sprintf(s + n, "dma 00:02.0 %c 0x%llx+64 -> 0x%llx\n", i % 2 ? 'r' : 'w', iova, pa);
	}
	*t = (struct text){ .path = TEMPLATE, .plain = s, .plain_len = n, .lines = LINES, .compressed = compressed };
	cap = compressed ? ZSTD_compressBound(n) : n;
	t->file = room(cap);
	t->file_len = compressed ? ZSTD_compress(t->file, cap, s, n, 3) : n;
	if (!compressed)
		memcpy(t->file, s, n);
}

/* Frames one behind the other are a zstd file too. */
static void make_log(struct text *t, const char *name)
{
	FILE *f = fopen(name, "rb");
	struct text one = { .compressed = true };
	size_t copies;

	if (!f || fseek(f, 0, SEEK_END) || ftell(f) <= 0)
		die(name);
	one.file_len = (size_t)ftell(f);
	one.file = room(one.file_len);
	rewind(f);
	if (fread(one.file, 1, one.file_len, f) != one.file_len)
		die(name);
	fclose(f);
	one.plain_len = ZSTD_getFrameContentSize(one.file, one.file_len);
	if (one.plain_len >= ZSTD_CONTENTSIZE_ERROR)
		die("a log does not say how long it is");
	one.plain = room(one.plain_len);
	one.lines = scan(&one);
	copies = (LINES + one.lines - 1) / one.lines;
	*t = (struct text){ .path = TEMPLATE, .lines = copies * one.lines, .plain_len = copies * one.plain_len, .file_len = copies * one.file_len, .compressed = true };
	t->file = room(t->file_len);
	t->plain = room(t->plain_len);
	for (size_t i = 0; i < copies; i++)
		memcpy(t->file + i * one.file_len, one.file, one.file_len);
	free(one.file);
	free(one.plain);
}

static void bench(const char *name, const char *param, const char *bound, struct text *t, run_fn *ours)
{
	int fd;

	fd = mkstemp(t->path);
	if (fd < 0 || ZSTD_isError(t->file_len) || write(fd, t->file, t->file_len) != (ssize_t)t->file_len)
		die("cannot write a file in /tmp");
	close(fd);
	row_of(name, param, t->lines, bound, ours, t, scan_ideal, t);
	unlink(t->path);
	free(t->file);
	free(t->plain);
}

int main(int argc, char **argv)
{
	static const char *const arch[] = { "vtd", "smmuv3", "amdvi" };
	struct text t;

	row_begin(argc, argv);
	for (unsigned z = 2; z-- > 0;) {
		make_trace(&t, z);
		bench("trace_text", z ? "zstd" : "plain", z ? "5" : "-", &t, trace_ours);
	}
	for (unsigned i = 0; i < ARRAY_LEN(arch); i++) {
		char file[sizeof(BENCH_DATA) + 64], param[32];

		snprintf(file, sizeof(file), BENCH_DATA "/%s-nvme.log.zst", arch[i]);
		snprintf(param, sizeof(param), "%s; a captured log", arch[i]);
		make_log(&t, file);
		bench("import_qemu", param, "5", &t, log_ours);
	}
	return sink == 1; /* never; keeps sink alive */
}
