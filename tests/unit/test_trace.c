/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_trace.c - trace text and binary: round trips of random records, every class of error with its place, truncation and damage.
 * Seed: SIM_SEED in the environment, printed on failure.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>
#include "core/base/rng.h"
#include "core/iommu.h"
#include "core/trace/trc.h"

static char dir[] = "/tmp/test_trace_XXXXXX";
static uint64_t page_words[512];
static char comment_text[64];

static const char *path(const char *name)
{
	static char p[4][128];
	static unsigned turn;
	char *s = p[turn++ % 4];

	snprintf(s, 128, "%s/%s", dir, name);
	return s;
}
static void spit(const char *p, const void *data, size_t n)
{
	FILE *f = fopen(p, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}
static char *slurp(const char *p, size_t *n)
{
	FILE *f = fopen(p, "rb");
	char *b;

	ck_assert_ptr_nonnull(f);
	fseek(f, 0, SEEK_END);
	*n = (size_t)ftell(f);
	rewind(f);
	b = calloc(1, *n + 1);
	ck_assert_uint_eq(fread(b, 1, *n, f), *n);
	fclose(f);
	return b;
}
static uint64_t seed(void)
{
	const char *s = getenv("SIM_SEED");

	return s ? strtoull(s, NULL, 0) : 20240901;
}
/* Small, page-like, and extreme numbers alike. */
static uint64_t num(struct rng *g)
{
	uint64_t v = rng_next(g);

	switch (rng_below(g, 5)) {
	case 0:
		return v & 0xff;
	case 1:
		return v & 0xfffff000;
	case 2:
		return v >> rng_below(g, 64);
	case 3:
		return rng_below(g, 2) ? 0 : UINT64_MAX;
	}
	return v;
}
static uint8_t bytes(struct rng *g)
{
	return (uint8_t)(1u << rng_below(g, 4));
}
static uint64_t fit(struct rng *g, unsigned n)
{
	return n == 8 ? num(g) : num(g) & ((UINT64_C(1) << 8 * n) - 1);
}
static void random_sw(struct rng *g, struct trc_rec *r)
{
	r->u.sw.pasid = TRC_NO_PASID;
	r->u.sw.dom = (uint32_t)num(g);
	if (r->kind == TRC_ATTACH || r->kind == TRC_DETACH) {
		r->u.sw.rid = (uint32_t)num(g);
		r->u.sw.pasid = (uint32_t)num(g);
		if (r->kind == TRC_ATTACH)
			strcpy(r->u.sw.type, rng_below(g, 3) ? "nested-2.x" : "");
		return;
	}
	r->u.sw.size = num(g);
	if (!r->u.sw.size && r->kind != TRC_FLUSH)
		r->u.sw.size = 1;
	r->u.sw.iova = r->u.sw.size ? num(g) : 0;
	if (r->kind == TRC_MAP) {
		r->u.sw.pa = num(g);
		r->u.sw.perm = (uint8_t)rng_below(g, 8);
	}
}
static void random_dma(struct rng *g, struct trc_rec *r)
{
	r->u.dma.iova = num(g);
	r->u.dma.rid = (uint32_t)num(g);
	r->u.dma.pasid = rng_below(g, 2) ? TRC_NO_PASID : (uint32_t)num(g);
	r->u.dma.len = (uint32_t)num(g);
	r->u.dma.dir = (uint8_t)"rwxa?"[rng_below(g, 5)];
	r->u.dma.at = (uint8_t)rng_below(g, 3);
	r->u.dma.priv = rng_below(g, 2);
	r->u.dma.expect = (uint8_t)rng_below(g, 3);
	if (r->u.dma.expect == TRC_EXP_OK)
		r->u.dma.pa = num(g);
	if (r->u.dma.expect == TRC_EXP_FAULT)
		r->u.dma.code = (uint16_t)num(g);
}
static void random_page(struct rng *g, struct trc_rec *r)
{
	unsigned every = 1 + (unsigned)rng_below(g, 6);

	r->u.page.pa = num(g) & ~UINT64_C(0xfff);
	r->u.page.w = page_words;
	for (unsigned i = 0; i < 512; i++)
		page_words[i] = rng_below(g, every) ? 0 : num(g);
}
static void random_rec(struct rng *g, struct trc_rec *r, unsigned kind)
{
	memset(r, 0, sizeof(*r));
	r->kind = (uint8_t)kind;
	r->at = TRC_NO_TIME;
	if (kind != TRC_COMMENT) {
		r->unit = rng_below(g, 2) ? 0 : (uint8_t)num(g);
		r->at = rng_below(g, 2) ? TRC_NO_TIME : num(g);
	}
	switch (kind) {
	case TRC_COMMENT:
		snprintf(comment_text, sizeof(comment_text), "%s%llx \t# \xc3\xa9", rng_below(g, 2) ? " " : "", (unsigned long long)num(g));
		comment_text[rng_below(g, 12)] = 0;
		r->u.text = comment_text;
		return;
	case TRC_PAGE:
		random_page(g, r);
		return;
	case TRC_REGSTATE:
		r->u.reg.bytes = bytes(g);
		r->u.reg.val = fit(g, r->u.reg.bytes);
		r->u.reg.off = (uint32_t)num(g);
		snprintf(r->u.reg.name, sizeof(r->u.reg.name), "%s", rng_below(g, 2) ? "" : "FRCD[12].hi_reg_abcdefg");
		return;
	case TRC_DMA:
		random_dma(g, r);
		return;
	case TRC_STORE:
		r->u.store.bytes = bytes(g);
		r->u.store.val = fit(g, r->u.store.bytes);
		r->u.store.pa = num(g) & ~(uint64_t)(r->u.store.bytes - 1);
		return;
	case TRC_MMIO_WRITE:
	case TRC_MMIO_READ:
		r->u.mmio.bytes = bytes(g);
		r->u.mmio.off = (uint32_t)num(g);
		r->u.mmio.has_val = kind == TRC_MMIO_WRITE || rng_below(g, 2);
		r->u.mmio.val = r->u.mmio.has_val ? fit(g, r->u.mmio.bytes) : 0;
		return;
	case TRC_ORDER:
		r->unit = 0;
		snprintf(comment_text, sizeof(comment_text), "%s 0x%llx/4K", rng_below(g, 2) ? "G:PTE_CLR d1" : "TLBINV@u1 did=5",
			 (unsigned long long)num(g) & ~0xfffull);
		r->u.text = comment_text;
		return;
	case TRC_COMMAND:
		r->u.cmd.q = (uint32_t)num(g);
		if (r->u.cmd.q == UINT32_MAX)
			r->u.cmd.q--;
		r->u.cmd.slot = (uint32_t)num(g);
		r->u.cmd.n = (uint8_t)(1 + rng_below(g, 8));
		for (unsigned i = 0; i < r->u.cmd.n; i++)
			r->u.cmd.w[i] = num(g);
		return;
	case TRC_DEVICE:
		r->u.dev.rid = (uint32_t)num(g);
		r->u.dev.event = (uint8_t)rng_below(g, TRC_DEV_EVENTS);
		return;
	}
	random_sw(g, r);
}
static void assert_same(const struct trc_rec *a, const struct trc_rec *b)
{
	ck_assert_uint_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->unit, b->unit);
	ck_assert_uint_eq(a->at, b->at);
#define EQ(m) ck_assert_uint_eq(a->u.m, b->u.m)
	switch (a->kind) {
	case TRC_COMMENT:
		ck_assert_str_eq(a->u.text, b->u.text);
		return;
	case TRC_PAGE:
		EQ(page.pa);
		ck_assert_mem_eq(a->u.page.w, b->u.page.w, 4096);
		return;
	case TRC_REGSTATE:
		EQ(reg.val);
		EQ(reg.off);
		EQ(reg.bytes);
		ck_assert_str_eq(a->u.reg.name, b->u.reg.name);
		return;
	case TRC_DMA:
		EQ(dma.iova);
		EQ(dma.pa);
		EQ(dma.rid);
		EQ(dma.pasid);
		EQ(dma.len);
		EQ(dma.dir);
		EQ(dma.at);
		EQ(dma.expect);
		EQ(dma.priv);
		EQ(dma.code);
		return;
	case TRC_STORE:
		EQ(store.pa);
		EQ(store.val);
		EQ(store.bytes);
		return;
	case TRC_MMIO_WRITE:
	case TRC_MMIO_READ:
		EQ(mmio.val);
		EQ(mmio.off);
		EQ(mmio.bytes);
		EQ(mmio.has_val);
		return;
	case TRC_ORDER:
		ck_assert_str_eq(a->u.text, b->u.text);
		return;
	case TRC_COMMAND:
		EQ(cmd.q);
		EQ(cmd.slot);
		EQ(cmd.n);
		ck_assert_mem_eq(a->u.cmd.w, b->u.cmd.w, 8 * a->u.cmd.n);
		return;
	case TRC_DEVICE:
		EQ(dev.rid);
		EQ(dev.event);
		return;
	}
	EQ(sw.iova);
	EQ(sw.pa);
	EQ(sw.size);
	EQ(sw.rid);
	EQ(sw.pasid);
	EQ(sw.dom);
	EQ(sw.perm);
	ck_assert_str_eq(a->u.sw.type, b->u.sw.type);
#undef EQ
}
static void copy(const char *from, const char *to, enum trc_format f)
{
	struct err e = { 0 };
	struct trc_reader *in = trc_open(from, &e);
	struct trc_writer *out = trc_create(to, f, &e);
	struct trc_rec r;
	int rc;

	ck_assert_msg(in && out, "%s", e.msg);
	while ((rc = trc_next(in, &r, &e)) > 0)
		ck_assert_msg(trc_put(out, &r, &e), "%s", e.msg);
	ck_assert_msg(rc == 0, "%s", e.msg);
	trc_close(in);
	ck_assert_msg(trc_finish(out, &e), "%s", e.msg);
}
static const struct { const char *name; enum trc_format f; } forms[] = { { "r.iot", TRC_TEXT }, { "r.iotb", TRC_BINARY } };

/* Enough records that pages and lines cross every buffer boundary many times. */
START_TEST(every_kind_survives_a_round_trip_with_random_values)
{
	enum { N = 3000 };
	const char *p = path(forms[_i].name);
	struct err e = { 0 };
	struct trc_writer *w = trc_create(p, forms[_i].f, &e);
	struct trc_reader *t;
	struct trc_rec a, b;
	struct rng g;

	ck_assert_msg(w, "%s", e.msg);
	rng_seed(&g, seed());
	for (unsigned i = 0; i < N; i++) {
		random_rec(&g, &a, i % TRC_KINDS);
		ck_assert_msg(trc_put(w, &a, &e), "%s", e.msg);
	}
	ck_assert_msg(trc_finish(w, &e), "%s", e.msg);
	rng_seed(&g, seed());
	t = trc_open(p, &e);
	ck_assert_msg(t, "%s", e.msg);
	for (unsigned i = 0; i < N; i++) {
		random_rec(&g, &a, i % TRC_KINDS);
		ck_assert_msg(trc_next(t, &b, &e) == 1, "seed %llu, record %u: %s", (unsigned long long)seed(), i, e.msg);
		assert_same(&a, &b);
		ck_assert_uint_eq(b.line, i + (forms[_i].f == TRC_TEXT ? 2 : 1));
	}
	ck_assert_int_eq(trc_next(t, &b, &e), 0);
	ck_assert_int_eq(trc_next(t, &b, &e), 0);
	trc_close(t);
}
END_TEST
START_TEST(text_binary_text_is_the_identity)
{
	size_t n1, n2;
	char *a, *b;

	copy(path("r.iot"), path("i.iotb"), TRC_BINARY);
	copy(path("i.iotb"), path("i.iot"), TRC_TEXT);
	a = slurp(path("r.iot"), &n1);
	b = slurp(path("i.iot"), &n2);
	ck_assert_uint_eq(n1, n2);
	ck_assert_int_eq(memcmp(a, b, n1), 0);
	free(a);
	free(b);
}
END_TEST
START_TEST(both_forms_are_detected_inside_and_outside_zstd)
{
	size_t n, m = 1 << 20;
	char *text, *raw = malloc(m), *z;
	struct err e;

	copy("traces/example.iot", path("x.iotb"), TRC_BINARY);
	z = slurp(path("x.iotb"), &n);
	n = ZSTD_decompress(raw, m, z, n);
	ck_assert(!ZSTD_isError(n));
	spit(path("x.raw"), raw, n);
	copy(path("x.raw"), path("x1.iot"), TRC_TEXT);
	free(z);
	text = slurp("traces/example.iot", &n);
	m = ZSTD_compress(raw, m, text, n, 3);
	spit(path("x.txt.zst"), raw, m);
	copy(path("x.txt.zst"), path("x2.iot"), TRC_TEXT);
	for (int i = 1; i <= 2; i++) {
		size_t k;
		char *s = slurp(path(i == 1 ? "x1.iot" : "x2.iot"), &k);

		ck_assert_str_eq(s, text);
		free(s);
	}
	free(text);
	free(raw);
	ck_assert_ptr_null(trc_open(path("absent"), &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
	ck_assert_ptr_null(trc_open(dir, &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
}
END_TEST
START_TEST(a_dma_takes_at_most_16_bytes_before_compression)
{
	struct err e = { 0 };
	struct trc_writer *w = trc_create(path("size.iotb"), TRC_BINARY, &e);
	struct trc_rec r = { .kind = TRC_DMA, .at = TRC_NO_TIME };
	unsigned long long raw;
	struct rng g;
	size_t n;
	char *z, *out = malloc(1 << 20);

	ck_assert_ptr_nonnull(w);
	rng_seed(&g, seed());
	r.u.dma.pasid = TRC_NO_PASID;
	r.u.dma.dir = 'w';
	r.u.dma.expect = TRC_EXP_OK;
	for (unsigned i = 0; i < 10000; i++) {
		r.u.dma.rid = 8 + 8 * (uint32_t)rng_below(&g, 4);
		r.u.dma.len = 1 + (uint32_t)rng_below(&g, 4096);
		r.u.dma.iova = 0xf0000000 + rng_below(&g, 1 << 28);
		r.u.dma.pa = rng_below(&g, UINT64_C(1) << 36);
		ck_assert(trc_put(w, &r, &e));
	}
	ck_assert(trc_finish(w, &e));
	z = slurp(path("size.iotb"), &n);
	raw = ZSTD_decompress(out, 1 << 20, z, n);
	ck_assert(!ZSTD_isError(raw));
	ck_assert_uint_le(raw, 16 * 10000);
	free(z);
	free(out);
}
END_TEST

/* Input that is legal but not canonical, and its canonical form. */
static const struct { const char *in, *out; } lenient[] = {
	{ "dma 00:01.0 w 0xfff00000+64 -> 0x601e000", NULL },
	{ "  DMA\t0:1.0  W 0xFFF00000+0x40  ->0x601E000  ", "dma 00:01.0 w 0xfff00000+64 -> 0x601e000" },
	{ "DMA 00:01.0 0x1000 at=T  w ->  hit 0x5000 ", "DMA 00:01.0 0x1000 at=T w -> hit 0x5000" },
	{ "@1ns PTE_CLR d1 0x1000/4K (unmap; done)", "@1000 PTE_CLR d1 0x1000/4K" },
	{ "  WAIT@u1.q2 w1 fn ;", "WAIT@u1.q2 w1 fn" },
	{ "cmd 0x1 2 SLOT=-", "cmd q=0 slot=- 0x1 0x2" },
	{ "dma 8 ? 4096+? -> FAULT 0x5", "dma 00:01.0 ? 0x1000+? -> fault 5" },
	{ "dma 0x10000 a 0x0+8 translated priv pasid=0x7", "dma 0x10000 a 0x0+8 pasid=7 priv translated" },
	{ "dma 00:01.0 r 0x0+4 pasid=-", "dma 00:01.0 r 0x0+4" },
	{ "@1.5ns dma 00:01.0 r 0x0+4", "dma @1500 00:01.0 r 0x0+4" },
	{ "dma @2us U3 00:01.0 r 0x0+4", "dma @2000000 u3 00:01.0 r 0x0+4" },
	{ "dma @0.000001000000s 00:01.0 r 0x0+4", "dma @1000000 00:01.0 r 0x0+4" },
	{ "page 0x1000 0:0x1 1:2 5:0x0 511:0x00009", "page 0x1000 0:0x1 0x2 511:0x9" },
	{ "regstate size=8 CAP 0xd2 off=8", "regstate CAP off=0x8 size=8 0xd2" },
	{ "map 0x1000 0x2000 dom=0x3 4096 WR", "map dom=3 0x1000 0x2000 0x1000 rw" },
	{ "attach 00:01.0 dom=1", "attach 00:01.0 pasid=- dom=1 type=-" },
	{ "detach 00:01.0", "detach 00:01.0 pasid=- dom=0" },
	{ "mmior 0x34 4 ->1", "mmior 0x34 4 -> 0x1" },
	{ "store 0x10 8 0xffffffffffffffff#x", "store 0x10 8 0xffffffffffffffff\n#x" },
};
START_TEST(lenient_input_has_one_canonical_form)
{
	const char *want = lenient[_i].out ? lenient[_i].out : lenient[_i].in;
	char text[256];
	size_t n;
	char *got;

	snprintf(text, sizeof(text), "#iotrace 1\r\n\n%s", lenient[_i].in);
	spit(path("l.iot"), text, strlen(text));
	copy(path("l.iot"), path("l2.iot"), TRC_TEXT);
	got = slurp(path("l2.iot"), &n);
	snprintf(text, sizeof(text), "#iotrace 1\n%s\n", want);
	ck_assert_str_eq(got, text);
	free(got);
}
END_TEST

/* One line of text, the column of the message, and a part of it. The line stands on line 2. */
static const struct { const char *in; unsigned col; const char *part; } wrong[] = {
	{ "dam 00:01.0 r 0x0+4", 1, "found \"dam\", expected a record kind (did you mean \"dma\"?)" },
	{ "PTE_CLR", 8, "found the end of the line, expected the name of a page table" },
	{ "PTE_CLR d1 zz=", 12, "found \"zz=\", expected a range" },
	{ "PTE_CLR d1 0x1000/4K ; PTE_CRL d1 0x0", 24, "did you mean \"PTE_CLR\"?" },
	{ "TLBINV did=x", 8, "found \"did=x\", expected another value" },
	{ "CFG_SET CTY 0:1.0", 9, "expected a kind of configuration entry" },
	{ "WAIT w1 sync", 9, "found \"sync\", expected a word of the vocabulary" },
	{ "cmd q=0", 8, "expected the words of a command" },
	{ "cmd 1 2 3 4 5 6 7 8 9", 21, "at most 8 words" },
	{ "zzzzzzzz", 1, "found \"zzzzzzzz\", expected a record kind" },
	{ "dma", 4, "found the end of the line, expected a requester" },
	{ "dma 00:20.0 r 0x0+4", 5, "found \"00:20.0\", expected a requester" },
	{ "dma 00:01.8 r 0x0+4", 5, "expected a requester" },
	{ "dma 00:01.0 q 0x0+4", 13, "found \"q\", expected a direction" },
	{ "dma 00:01.0 r 0x+4", 15, "expected an address and length" },
	{ "dma 00:01.0 r 0x10", 19, "found the end of the line, expected \"+\"" },
	{ "dma 00:01.0 r 0x10+0", 20, "a length of 0" },
	{ "dma 00:01.0 r 0x10000000000000000+4", 15, "a number is too large" },
	{ "dma 00:01.0 r 18446744073709551616+4", 15, "a number is too large" },
	{ "dma 00:01.0 r 0x0+4294967296", 19, "a number is too large" },
	{ "dma 00:01.0 r 0x0+4 translatd", 21, "did you mean \"translated\"?" },
	{ "dma 00:01.0 r 0x0+4 pasid=4294967295", 27, "a number is too large" },
	{ "dma 00:01.0 r 0x0+4 -> fail", 24, "found \"fail\", expected an address or \"fault\"" },
	{ "dma 00:01.0 r 0x0+4 -> fault 65536", 30, "a number is too large" },
	{ "dma 00:01.0 r 0x0+4 -> 0x1 0x2", 28, "found \"0x2\", expected the end of the line" },
	{ "dma @1.0000000000001s 00:01.0 r 0x0+4", 5, "finer than 1 ps" },
	{ "dma @1.5 00:01.0 r 0x0+4", 5, "finer than 1 ps" },
	{ "dma @99999999999s 00:01.0 r 0x0+4", 5, "a time is too large" },
	{ "dma @5min 00:01.0 r 0x0+4", 7, "found \"min\", expected a time" },
	{ "dma u256 00:01.0 r 0x0+4", 6, "a number is too large" },
	{ "store 0x10 3 0x0", 12, "found \"3\", expected a size of 1, 2, 4 or 8 bytes" },
	{ "store 0x10 1 0x100", 14, "a value that fits the size" },
	{ "store 0x10 8", 13, "found the end of the line" },
	{ "store 0x14 8 0x1", 7, "not a multiple of its size" },
	{ "store 0x10 8 0x1 2", 18, "expected the end of the line" },
	{ "mmiow 0x100000000 4 0x0", 7, "a number is too large" },
	{ "mmior 0x34 4 0x1", 14, "expected -> and the value read" },
	{ "dev 00:01.0 ats-off2", 13, "did you mean \"ats-off\"?" },
	{ "page 0x1001", 6, "not a multiple of 0x1000" },
	{ "page 0x1000 0x5", 13, "has no index" },
	{ "page 0x1000 5:0x1 5:0x2", 19, "out of order" },
	{ "page 0x1000 512:0x1", 13, "above 511" },
	{ "page 0x1000 511:0x1 0x2", 21, "the page is full" },
	{ "regstate CAP off=0x8 0xd2", 26, "expected size=" },
	{ "regstate CAP off=0x8 size=1 0x100", 29, "the value does not fit the size" },
	{ "regstate CAP_REG_WITH_A_LONG_NAME off=0x8 size=1 0x1", 10, "expected a register name of at most 23" },
	{ "attach 00:01.0 dom=1 type=seventeen-chars-x", 27, "at most 11" },
	{ "attach 00:01.0 domm=1", 16, "did you mean \"dom=\"?" },
	{ "attach 00:01.0 dom=1 dom=2", 22, "dom= is given twice" },
	{ "attach 00:01.0", 15, "expected dom=" },
	{ "map dom=3 0x0 0x0 0x1000", 25, "expected permissions" },
	{ "map dom=3 0x0 0x0 0x1000 rr", 26, "expected permissions" },
	{ "map dom=3 0x0 0x0 0 rw", 19, "the size is 0" },
	{ "map dom=3 0x0 0x0 0x1000 rw 7", 29, "expected the end of the line" },
	{ "flush dom=3 0x1000", 19, "expected a size" },
};
static void assert_refused(const char *p, const char *where, const char *part)
{
	struct err e = { 0 };
	struct trc_reader *t = trc_open(p, &e);
	struct trc_rec r;
	int rc = -1;

	while (t && (rc = trc_next(t, &r, &e)) > 0)
		;
	ck_assert_msg(rc == -1, "accepted, expected: %s", part);
	ck_assert_int_eq(e.code, ERR_INPUT);
	ck_assert_msg(strstr(e.msg, where) && strstr(e.msg, part), "got: %s\nexpected: %s %s", e.msg, where, part);
	if (t) { /* the error stays */
		struct err again = { 0 };

		ck_assert_int_eq(trc_next(t, &r, &again), -1);
		ck_assert_str_eq(again.msg, e.msg);
	}
	trc_close(t);
}
START_TEST(an_error_names_file_line_column_and_expectation)
{
	char text[256], where[64];

	snprintf(text, sizeof(text), "#iotrace 1\n%s\n", wrong[_i].in);
	spit(path("w.iot"), text, strlen(text));
	snprintf(where, sizeof(where), "w.iot:2:%u: ", wrong[_i].col);
	assert_refused(path("w.iot"), where, wrong[_i].part);
}
END_TEST
START_TEST(a_file_that_is_no_trace_is_refused)
{
	static const struct { const char *data; size_t n; const char *where, *part; } bad[] = {
		{ "", 0, "h.iot:1: ", "the file is empty" },
		{ "hello\n", 6, "h.iot:1:1: ", "found \"hello\"" },
		{ "#iotrace 2\n", 11, "h.iot:1:10: ", "expected version 1" },
		{ "#iotrace\n", 9, "h.iot:1:1: ", "expected \"#iotrace 1\"" },
		{ "#iotrace 1 x\n", 13, "h.iot:1:12: ", "expected the end of the line" },
		{ "#iotrace 1\n# a\0b\n", 17, "h.iot:2:4: ", "NUL byte" },
		{ "#iotrace 1\ndma \0\n", 17, "h.iot:2:5: ", "found \"?\"" },
		{ "\x89IOTRC\n", 7, "record 1", "truncated" },
		{ "\x89IOTRC\n\2", 8, "record 1", "found binary version 2, expected 1" },
		{ "\x89IOTRC\n\1", 8, "record 1", "without an end record" },
		{ "\x89IOTRC\n\1\x0f\1", 10, "record 1", "the end record counts 1 records, found 0" },
		{ "\x89IOTRC\n\1\x0f\0x", 11, "record 1", "found data behind the end record" },
		{ "\x89IOTRC\n\1\x1f", 9, "record 1", "the kind is unknown" },
		{ "\x89IOTRC\n\1\0\1a\7\0\x7f\x0f\2", 16, "record 2", "the device event is unknown" },
		{ "\x89IOTRC\n\1\0\5a", 11, "record 1", "truncated" },
		{ "\x89IOTRC\n\1\3\7\0\0\0\x0f\1", 15, "record 1", "damaged" },
		{ "\x28\xb5\x2f\xfd", 4, "record 1", "truncated" },
		{ "\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 17, "record 1", "zstd" },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		spit(path("h.iot"), bad[i].data, bad[i].n);
		assert_refused(path("h.iot"), bad[i].where, bad[i].part);
	}
}
END_TEST

/* Reads to the end or the first error. Returns: the last result; -1 also if it cannot be opened. */
static int drain(const char *p, struct err *e)
{
	struct trc_reader *t = trc_open(p, e);
	struct trc_rec r;
	int rc = -1;

	while (t && (rc = trc_next(t, &r, e)) > 0)
		;
	trc_close(t);
	return rc;
}
START_TEST(a_binary_cut_at_any_byte_is_an_error)
{
	char *z, *raw = malloc(1 << 16);
	struct err e;
	size_t n, m;

	copy("traces/example.iot", path("t.iotb"), TRC_BINARY);
	z = slurp(path("t.iotb"), &n);
	m = ZSTD_decompress(raw, 1 << 16, z, n);
	ck_assert(!ZSTD_isError(m));
	for (int inside = 0; inside < 2; inside++)
		for (size_t i = 0; i <= (inside ? m : n); i++) {
			spit(path("t"), inside ? raw : z, i);
			memset(&e, 0, sizeof(e));
			ck_assert_msg(drain(path("t"), &e) == (i == (inside ? m : n) ? 0 : -1), "cut at byte %zu", i);
			ck_assert_int_eq(e.code, i == (inside ? m : n) ? 0 : ERR_INPUT);
		}
	free(z);
	free(raw);
}
END_TEST
/* In a zstd file the checksum finds every change of content; without zstd a changed byte may be legal, but never a crash. */
START_TEST(a_binary_with_a_changed_byte_is_an_error_or_reads_on)
{
	char *z, *raw = malloc(1 << 16);
	struct err e;
	struct rng g;
	size_t n, m;

	rng_seed(&g, seed());
	copy("traces/example.iot", path("g.iotb"), TRC_BINARY);
	z = slurp(path("g.iotb"), &n);
	m = ZSTD_decompress(raw, 1 << 16, z, n);
	ck_assert(!ZSTD_isError(m));
	for (size_t i = n / 2; i < n; i++) {
		z[i] ^= 0x55;
		spit(path("g"), z, n);
		ck_assert_msg(drain(path("g"), &e) == -1, "byte %zu", i);
		z[i] ^= 0x55;
	}
	for (unsigned i = 0; i < 2000; i++) {
		size_t at = rng_below(&g, m);
		char was = raw[at];

		raw[at] = (char)rng_next(&g);
		spit(path("g"), raw, m);
		memset(&e, 0, sizeof(e));
		if (drain(path("g"), &e) < 0)
			ck_assert_msg(e.code == ERR_INPUT && e.msg[0], "byte %zu", at);
		raw[at] = was;
	}
	free(z);
	free(raw);
}
END_TEST
START_TEST(a_writer_refuses_what_no_reader_accepts_and_leaves_no_file)
{
	static const struct { const char *what; struct trc_rec r; } bad[] = {
		{ "kind", { .kind = TRC_KINDS } },
		{ "comment", { .kind = TRC_COMMENT, .u.text = "a\nb" } },
		{ "page", { .kind = TRC_PAGE, .u.page = { .pa = 8, .w = page_words } } },
		{ "store size", { .kind = TRC_STORE, .u.store.bytes = 3 } },
		{ "store value", { .kind = TRC_STORE, .u.store = { .bytes = 4, .val = UINT64_C(1) << 32 } } },
		{ "store place", { .kind = TRC_STORE, .u.store = { .bytes = 4, .pa = 6 } } },
		{ "direction", { .kind = TRC_DMA, .u.dma.dir = 'q' } },
		{ "address type", { .kind = TRC_DMA, .u.dma = { .dir = 'r', .at = 3 } } },
		{ "name", { .kind = TRC_REGSTATE, .u.reg = { .bytes = 4, .name = "a b" } } },
		{ "event", { .kind = TRC_DEVICE, .u.dev.event = TRC_DEV_EVENTS } },
		{ "map size", { .kind = TRC_MAP } },
		{ "order", { .kind = TRC_ORDER, .u.text = "PTE_CLR d1" } },
		{ "order canonical", { .kind = TRC_ORDER, .u.text = "PTE_CLR  d1 0x1000" } },
		{ "command", { .kind = TRC_COMMAND } },
		{ "map perm", { .kind = TRC_MAP, .u.sw = { .size = 1, .perm = 8 } } },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = { 0 };
		struct trc_writer *w = trc_create(path("never"), i & 1 ? TRC_TEXT : TRC_BINARY, &e);

		ck_assert_ptr_nonnull(w);
		ck_assert_msg(!trc_put(w, &bad[i].r, &e) && e.code == ERR_INPUT, "%s accepted", bad[i].what);
		trc_abandon(w);
	}
	ck_assert_int_ne(access(path("never"), F_OK), 0);
	char tmp[160];

	snprintf(tmp, sizeof(tmp), "%s.tmp%ld", path("never"), (long)getpid());
	ck_assert_int_ne(access(tmp, F_OK), 0);
}
END_TEST
START_TEST(a_file_appears_only_when_finished_and_keeps_the_old_one_until_then)
{
	struct err e = { 0 };
	struct trc_writer *w;
	size_t n;
	char *s;

	spit(path("old.iot"), "old", 3);
	w = trc_create(path("old.iot"), TRC_TEXT, &e);
	ck_assert_ptr_nonnull(w);
	s = slurp(path("old.iot"), &n);
	ck_assert_str_eq(s, "old");
	free(s);
	ck_assert(trc_finish(w, &e));
	s = slurp(path("old.iot"), &n);
	ck_assert_str_eq(s, "#iotrace 1\n");
	free(s);
	ck_assert_ptr_null(trc_create(path("no/such/dir.iot"), TRC_TEXT, &e));
}
END_TEST
START_TEST(the_suffix_chooses_the_form)
{
	static const struct { const char *name; enum trc_format f; } t[] = {
		{ "a.iot", TRC_TEXT }, { "a.txt", TRC_TEXT }, { "-", TRC_TEXT }, { "a", TRC_TEXT },
		{ "a.iotb", TRC_BINARY }, { "a.bin", TRC_BINARY }, { "a.iot.zst", TRC_BINARY },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		ck_assert_msg(trc_format_of(t[i].name) == t[i].f, "%s", t[i].name);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trace");
	TCase *c = tcase_create("trace");
	SRunner *sr;
	int failed;
	char cmd[64];

	if (!mkdtemp(dir))
		return 1;
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, every_kind_survives_a_round_trip_with_random_values, 0, 2);
	tcase_add_test(c, text_binary_text_is_the_identity);
	tcase_add_test(c, both_forms_are_detected_inside_and_outside_zstd);
	tcase_add_test(c, a_dma_takes_at_most_16_bytes_before_compression);
	tcase_add_loop_test(c, lenient_input_has_one_canonical_form, 0, ARRAY_LEN(lenient));
	tcase_add_loop_test(c, an_error_names_file_line_column_and_expectation, 0, ARRAY_LEN(wrong));
	tcase_add_test(c, a_file_that_is_no_trace_is_refused);
	tcase_add_test(c, a_binary_cut_at_any_byte_is_an_error);
	tcase_add_test(c, a_binary_with_a_changed_byte_is_an_error_or_reads_on);
	tcase_add_test(c, a_writer_refuses_what_no_reader_accepts_and_leaves_no_file);
	tcase_add_test(c, a_file_appears_only_when_finished_and_keeps_the_old_one_until_then);
	tcase_add_test(c, the_suffix_chooses_the_form);
	suite_add_tcase(s, c);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd) || failed;
}
