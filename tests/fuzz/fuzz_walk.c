/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_walk.c - libFuzzer harness: `walk` over memory images of tests/data/walk that are changed, with any text as what a witness says of them.
 * First byte: image (low 3 bits) and kind of query (the next two). Second byte: how many changes follow, of 11 bytes: what (0 a word that is not 0,
 * 1 any word, 2 a register), which (16 bits), bits to flip (64 bits). The rest is the query.
 * Checked besides crashes: a refusal has a sentence; where our enumeration finds a mapping and our walk translates it, both say the same address.
 * Run from the top of the tree.
 */
#include <zlib.h>
#include "fuzz_file.h"
#include "walk_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { IMAGES = 8, MAX_PAGES = 64, MAX_REGS = 64, CHANGE = 11, WALKED = 64, FREQUENT = 4096 };
struct base { /* an image as it is in the tree */
	char *idx;
	size_t n_idx, n_word, n_live, n_reg;
	uint64_t word[MAX_PAGES * 512];
	uint32_t live[MAX_PAGES * 512]; /* words that are not 0 */
	size_t reg[MAX_REGS]; /* where "value=0x" of a register begins in idx */
};

static struct base *base_load(const char *name)
{
	struct base *b = calloc(1, sizeof(*b));
	char path[100];
	gzFile g;
	FILE *f;
	int got;

	snprintf(path, sizeof(path), "tests/data/walk/%s.idx", name);
	f = fopen(path, "rb");
	b->idx = calloc(1, 1 << 16);
	b->n_idx = f ? fread(b->idx, 1, (1 << 16) - 1, f) : 0;
	snprintf(path, sizeof(path), "tests/data/walk/%s.pages.gz", name);
	g = gzopen(path, "rb");
	got = g ? gzread(g, b->word, sizeof(b->word)) : 0;
	if (!f || fclose(f) || got <= 0 || gzclose(g) != Z_OK)
		abort(); /* not run from the top of the tree */
	b->n_word = (size_t)got / 8;
	for (uint32_t i = 0; i < b->n_word; i++)
		if (b->word[i])
			b->live[b->n_live++] = i;
	for (char *s = b->idx; b->n_reg < MAX_REGS && (s = strstr(s, "\nreg ")); s++)
		b->reg[b->n_reg++] = (size_t)(strstr(s, "value=") - b->idx) + 6;
	return b;
}
static const struct base *base_of(unsigned i)
{
	static const char *const name[IMAGES] = { "vtd-4711-w00", "vtd-sm-fl-4711-w11", "vtd-sm-sl-4711-w20", "smmuv3-s1-4711-w00",
						  "smmuv3-s2-4711-w12", "smmuv3-s1-4711-w20", "amdvi-4711-w03", "amdvi-4711-w16" };
	static const struct base *have[IMAGES];

	if (!have[i])
		have[i] = base_load(name[i]);
	return have[i];
}

/* A register has as many digits as it has bytes at most; the others are cut, so that the index stays readable. */
static void change_reg(char **idx, size_t *n, size_t at, uint64_t flip)
{
	unsigned long long v = strtoull(*idx + at, NULL, 0);
	size_t len = strspn(*idx + at, "0123456789abcdefx"), new_len;
	bool wide = !strncmp(*idx + at - 8, "8 ", 2);
	char text[24], *out = malloc(*n + sizeof(text));

	new_len = (size_t)snprintf(text, sizeof(text), "0x%llx", wide ? v ^ flip : (v ^ flip) & UINT32_MAX);
	memcpy(out, *idx, at);
	memcpy(out + at, text, new_len);
	memcpy(out + at + new_len, *idx + at + len, *n - at - len);
	*n += new_len - len;
	free(*idx);
	*idx = out;
}
/* Writes the changed image. Returns: what is left of the input. */
static const uint8_t *make(const struct base *b, const uint8_t *p, const uint8_t *end)
{
	static uint64_t word[MAX_PAGES * 512];
	char *idx = malloc(b->n_idx);
	size_t n = b->n_idx, reg = 0;

	memcpy(word, b->word, 8 * b->n_word);
	memcpy(idx, b->idx, n);
	for (unsigned left = p < end ? *p++ : 0; left && end - p >= CHANGE; left--, p += CHANGE) {
		size_t which = p[1] | (size_t)p[2] << 8;
		uint64_t flip;

		memcpy(&flip, p + 3, 8);
		if (p[0] == 2 && !reg) { /* one at most: the places behind it move */
			reg = b->reg[which % b->n_reg];
			change_reg(&idx, &n, reg, flip);
		} else if (p[0] == 0) {
			word[b->live[which % b->n_live]] ^= flip;
		} else {
			word[which % b->n_word] ^= flip;
		}
	}
	fuzz_put("w.idx", idx, n);
	fuzz_put("w.pages.gz", word, 8 * b->n_word);
	free(idx);
	return p;
}

static bool see_diff(void *arg, const struct walk_diff *d)
{
	struct walk_unit *w = arg;
	char text[400];

	if (d->res) {
		walk_result_text(w, d->res, d->trace, text, sizeof(text));
		walk_record_text(w, &d->req, d->res, text, sizeof(text));
	}
	return true;
}
static bool see_requester(void *arg, const struct walk_requester *q)
{
	size_t *n = arg;

	*n += *q->type != 0;
	return true;
}
/* Our enumeration against our walk. */
static void compare(struct walk_unit *w)
{
	struct walk_map *m = NULL;
	struct err e = { 0 };
	size_t n = 0, requesters = 0;

	if (!w->arch->requesters(w, see_requester, &requesters, &e))
		fuzz_said(&e);
	if (!walk_list(w, &m, &n, &e)) {
		fuzz_said(&e);
		n = 0;
	}
	for (size_t i = 0; i < n && i < WALKED; i++) {
		struct xl_req q;
		struct xl_res r;
		struct walk_trace t;

		w->arch->request(w, m[i].rid, m[i].pasid, &q);
		q.iova = m[i].iova;
		q.acc = m[i].perm & XL_R ? XL_R : XL_W;
		if (!walk_now(w, &q, &r, &t))
			continue;
		see_diff(w, &(struct walk_diff){ .req = q, .res = &r, .trace = &t });
		if (r.ok && r.spa != m[i].pa)
			abort();
	}
	free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const name[] = { "w.maps", "w.xlate", "w.cases", "w.cases.gz" };
	const uint8_t *p = data, *end = data + n;
	struct walk_query *q;
	struct walk_tally tally;
	struct walk_unit w;
	struct err e = { 0 };
	unsigned how;

	if (!n)
		return 0;
	how = *p++;
	p = make(base_of(how & 7), p, end);
	q = walk_query_load(fuzz_put(name[how >> 3 & 3], p, (size_t)(end - p)).s, &e);
	if (!q)
		fuzz_said(&e);
	if (!walk_open(&w, fuzz_path("w.idx").s, 0, &e)) {
		fuzz_said(&e);
	} else {
		compare(&w);
		if (q && q->n < FREQUENT && !walk_check(&w, q, see_diff, &w, &tally, &e))
			fuzz_said(&e);
		walk_close(&w);
	}
	walk_query_free(q);
	return 0;
}
