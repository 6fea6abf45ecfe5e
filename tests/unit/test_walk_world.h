/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_walk_world.h - small images made in memory, and the comparison of an enumeration with the unit's walk: every mapping listed is
 * translated (first and last byte, read and write), and what is not listed is refused. For test_walk_enum.c and test_walk_amdvi.c.
 */
#ifndef TEST_WALK_WORLD_H
#define TEST_WALK_WORLD_H
#include "walk_check.h"
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* --- each checks the other --- */
static inline bool ask(struct walk_unit *w, const struct walk_map *m, uint64_t iova, unsigned acc, struct xl_res *r)
{
	struct xl_req q = { .iova = iova, .len = 1, .acc = (uint8_t)acc };

	w->arch->request(w, m->rid, m->pasid, &q);
	return walk_now(w, &q, r, NULL);
}

static inline void check_byte(struct walk_unit *w, const struct walk_map *m, uint64_t off)
{
	struct xl_res r;

	for (unsigned acc = XL_R; acc <= XL_W; acc <<= 1) {
		if (!ask(w, m, m->iova + off, acc, &r))
			ck_abort_msg("0x%" PRIx64 ": the walk leaves the image", m->iova + off);
		ck_assert_msg(r.ok == ((m->perm & acc) != 0), "0x%" PRIx64 " %s: code 0x%x", m->iova + off, acc == XL_R ? "read" : "write", r.code);
		if (r.ok) {
			ck_assert_uint_eq(r.spa, m->pa + off);
			if (strcmp(w->arch->kind, "amdvi") || UINT64_C(1) << r.size_lg2 < m->size) /* AMD-Vi: listed smaller if not replicated */
				ck_assert_uint_eq(UINT64_C(1) << r.size_lg2, m->size);
			ck_assert((r.perm & acc) && !(r.perm & (XL_R | XL_W) & ~m->perm)); /* less than m->perm: a write has to set D first */
		}
	}
}

static inline bool same_table(const struct walk_map *a, const struct walk_map *b)
{
	return a->rid == b->rid && a->pasid == b->pasid;
}

/* Returns: how many mappings there are. */
static inline size_t cross_check(struct walk_unit *w)
{
	struct walk_map *m = NULL;
	struct xl_res r;
	struct err e;
	size_t n = 0;

	ck_assert_msg(walk_list(w, &m, &n, &e), "%s", e.msg);
	for (size_t i = 0; i < n; i++) {
		uint64_t end = m[i].iova + m[i].size;

		check_byte(w, &m[i], 0);
		check_byte(w, &m[i], m[i].size - 1);
		if ((i + 1 == n || !same_table(&m[i], &m[i + 1]) || m[i + 1].iova != end) && ask(w, &m[i], end, XL_R, &r))
			ck_assert_msg(!r.ok || r.bypass, "0x%" PRIx64 " is translated and not listed", end);
		if (m[i].iova && (!i || !same_table(&m[i], &m[i - 1]) || m[i - 1].iova + m[i - 1].size != m[i].iova) &&
		    ask(w, &m[i], m[i].iova - 1, XL_R, &r))
			ck_assert_msg(!r.ok || r.bypass, "0x%" PRIx64 " is translated and not listed", m[i].iova - 1);
	}
	free(m);
	return n;
}

/* --- an image made here --- */
enum { PAGES = 24, REGS = 16, ROOT = 0x41000000 };
struct world {
	const char *kind;
	uint64_t w[PAGES][512];
	struct {
		uint32_t off;
		unsigned bytes;
		uint64_t val;
	} reg[REGS];
	unsigned n_reg;
};
static inline uint64_t page(unsigned i)
{
	return ROOT + UINT64_C(4096) * i;
}

static inline void reg(struct world *o, uint32_t off, unsigned bytes, uint64_t val)
{
	o->reg[o->n_reg].off = off;
	o->reg[o->n_reg].bytes = bytes;
	o->reg[o->n_reg++].val = val;
}

static inline void open_world(const struct world *o, struct walk_unit *w)
{
	char idx[64], pages[64];
	struct err e;
	gzFile g;
	FILE *f;

	snprintf(idx, sizeof(idx), "/tmp/walk-enum-%d.idx", (int)getpid());
	snprintf(pages, sizeof(pages), "/tmp/walk-enum-%d.pages.gz", (int)getpid());
	f = fopen(idx, "w");
	g = gzopen(pages, "wb");
	ck_assert(f && g);
	fprintf(f, "iommu-image 1\nkind %s\n", o->kind);
	for (unsigned i = 0; i < o->n_reg; i++)
		fprintf(f, "reg R%u offset=0x%x size=%u value=0x%" PRIx64 "\n", i, o->reg[i].off, o->reg[i].bytes, o->reg[i].val);
	for (unsigned i = 0; i < PAGES; i++) {
		fprintf(f, "page 0x%" PRIx64 " index=%u kind=table\n", page(i), i);
		ck_assert_int_eq(gzwrite(g, o->w[i], 4096), 4096);
	}
	fprintf(f, "end pages=%d mappings=0\n", PAGES);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(gzclose(g), Z_OK);
	ck_assert_msg(walk_open(w, idx, 0, &e), "%s", e.msg);
	unlink(idx);
	unlink(pages);
}

struct expected { /* size 0: no mapping */
	uint32_t rid, pasid;
	uint64_t iova, pa, size;
	unsigned perm;
};

static inline const struct walk_map *map_at(const struct walk_map *m, size_t n, uint32_t rid, uint32_t pasid, uint64_t iova)
{
	for (size_t i = 0; i < n; i++)
		if (m[i].rid == rid && m[i].pasid == pasid && m[i].iova == iova)
			return &m[i];
	return NULL;
}

static inline void check_expected(struct walk_unit *w, const struct expected *x, size_t rows)
{
	struct walk_map *m = NULL;
	struct err e;
	size_t n = 0;

	ck_assert_msg(walk_list(w, &m, &n, &e), "%s", e.msg);
	for (size_t i = 0; i < rows; i++) {
		const struct walk_map *got = map_at(m, n, x[i].rid, x[i].pasid, x[i].iova);

		ck_assert_msg((got != NULL) == (x[i].size != 0), "row %zu", i);
		if (!got)
			continue;
		ck_assert_uint_eq(got->pa, x[i].pa);
		ck_assert_uint_eq(got->size, x[i].size);
		ck_assert_uint_eq(got->perm, x[i].perm);
	}
	free(m);
}

static char types[512];

static inline bool note_type(void *arg, const struct walk_requester *q)
{
	char one[64];

	(void)arg;
	snprintf(one, sizeof(one), "%u.%d:%s ", q->rid, q->pasid == WQ_NO_PASID ? -1 : (int)q->pasid, q->type);
	ck_assert_uint_lt(strlen(types) + strlen(one), sizeof(types));
	strcat(types, one);
	return true;
}

static inline uint64_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

/* An address that was mapped once: the unit must say what the enumeration says now. */
static inline void check_probe(struct walk_unit *w, const struct walk_map *m, size_t n, const struct expected *x)
{
	struct walk_map probe = { .rid = x->rid, .pasid = x->pasid };
	const struct walk_map *in = NULL;
	struct xl_res r;

	for (size_t i = 0; i < n; i++)
		if (same_table(&m[i], &probe) && x->iova - m[i].iova < m[i].size)
			in = &m[i];
	for (unsigned acc = XL_R; acc <= XL_W; acc <<= 1)
		if (ask(w, &probe, x->iova, acc, &r) && !r.bypass)
			ck_assert_msg(r.ok == (in && (in->perm & acc)), "requester 0x%x 0x%" PRIx64 ": %s by the walk alone", x->rid, x->iova,
				      r.ok ? "ok" : "refused");
}

/* What a damaged image lists, and what it listed before, in both hands. */
static inline void check_damaged(struct walk_unit *w, const struct expected *x, size_t rows)
{
	struct walk_map *m = NULL;
	struct err e;
	size_t n = 0;

	ck_assert_msg(walk_list(w, &m, &n, &e), "%s", e.msg);
	for (size_t i = 0; i < n; i += 1 + n / 64)
		check_byte(w, &m[i], m[i].size - 1);
	for (size_t i = 0; i < rows; i++)
		check_probe(w, m, n, &x[i]);
	free(m);
}

/* ---- the tests, of a world and of images in tests/data/walk ---- */

struct walk_case {
	const char *suite;
	void (*make)(struct world *o);
	void (*damage)(struct world *o, uint64_t *seed); /* one bit */
	bool (*spared)(unsigned page, unsigned bit); /* the enumeration does not read it; NULL: no bit is */
	const struct expected *expect;
	size_t n_expect, least; /* least: mappings */
	const struct walk_word {
		uint8_t page;
		uint16_t word;
	} *words; /* each bit of these is turned */
	size_t n_words;
	const char *const *images;
	size_t n_images;
};
static const struct walk_case this; /* defined by the test */

START_TEST(walk_and_enumeration_agree)
{
	static struct world o;
	struct walk_unit w;

	this.make(&o);
	open_world(&o, &w);
	ck_assert_uint_gt(cross_check(&w), this.least);
	walk_close(&w);
}
END_TEST

START_TEST(damaged_structures_agree)
{
	static struct world o;
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15) * (unsigned)(_i + 1);

	for (unsigned run = 0; run < 100; run++) {
		struct walk_unit w;

		this.make(&o);
		for (unsigned k = rnd(&seed) % 2; k < 2; k++)
			this.damage(&o, &seed);
		open_world(&o, &w);
		check_damaged(&w, this.expect, this.n_expect);
		walk_close(&w);
	}
}
END_TEST

START_TEST(every_bit_agrees)
{
	static struct world o;
	const struct walk_word *at = &this.words[_i];

	for (unsigned bit = 0; bit < 64; bit++) {
		struct walk_unit w;

		if (this.spared && this.spared(at->page, bit))
			continue;
		this.make(&o);
		o.w[at->page][at->word] ^= UINT64_C(1) << bit;
		open_world(&o, &w);
		check_damaged(&w, this.expect, this.n_expect);
		walk_close(&w);
	}
}
END_TEST

START_TEST(images_walk_and_enumeration_agree)
{
	struct walk_unit w;
	char path[128];
	struct err e;

	snprintf(path, sizeof(path), "tests/data/walk/%s.idx", this.images[_i]);
	ck_assert_msg(walk_open(&w, path, 0, &e), "%s", e.msg);
	ck_assert_uint_gt(cross_check(&w), 0);
	walk_close(&w);
}
END_TEST

/* @lacks: what captures lack. */
static inline int walk_main(const TTest *lacks)
{
	Suite *s = suite_create(this.suite);
	TCase *t = tcase_create(this.suite);
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, lacks);
	tcase_add_test(t, walk_and_enumeration_agree);
	tcase_add_loop_test(t, damaged_structures_agree, 0, 2);
	tcase_add_loop_test(t, every_bit_agrees, 0, (int)this.n_words);
	tcase_add_loop_test(t, images_walk_and_enumeration_agree, 0, (int)this.n_images);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
#endif
