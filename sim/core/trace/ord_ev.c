/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_ev.c - tables of the neutral ordering vocabulary, names, and printers. The parser is ord_parse.c.
 * Does not know: what the words mean.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/trace/ord_ev.h"

const char *const ord_op_name[ORD_OPS_N + 1] = {
#define X(word, sig) #word,
	ORD_OPS(X)
#undef X
	    "END"
};
const char *const ord_kind_name[ORD_KINDS_N] = { "?",
#define X(k) #k,
	                                         ORD_KINDS(X)
#undef X
	                                             "all" };
static uint32_t hash_of(const char *s, size_t n)
{
	uint32_t h = 2166136261u;

	while (n--)
		h = (h ^ (unsigned char)*s++) * 16777619u;
	return h;
}
static bool grow(struct ord_names *t, size_t n)
{
	if (t->len + n + 1 > t->tcap) {
		uint32_t cap = 2 * (t->len + (uint32_t)n + 512);
		char *b = realloc(t->text, cap);

		if (!b)
			return false;
		t->text = b;
		t->tcap = cap;
	}
	if (t->n + 2 > t->cap) {
		uint32_t cap = t->cap ? 2 * t->cap : 64, *at = realloc(t->at, cap * sizeof(*at));

		if (!at)
			return false;
		t->at = at;
		t->cap = cap;
	}
	if (2 * t->n + 2 > t->hcap) {
		uint32_t hcap = t->hcap ? 2 * t->hcap : 128, *h = calloc(hcap, sizeof(*h));

		if (!h)
			return false;
		for (uint32_t id = 1; id <= t->n; id++) {
			const char *s = t->text + t->at[id];
			uint32_t i = hash_of(s, strlen(s)) & (hcap - 1);

			while (h[i])
				i = (i + 1) & (hcap - 1);
			h[i] = id;
		}
		free(t->hash);
		t->hash = h;
		t->hcap = hcap;
	}
	return true;
}
uint32_t ord_name(struct ord_names *t, const char *s, size_t n)
{
	uint32_t h, i;

	if (!t)
		return 1;
	h = hash_of(s, n);
	if (t->hcap) {
		for (i = h & (t->hcap - 1); t->hash[i]; i = (i + 1) & (t->hcap - 1)) {
			const char *have = t->text + t->at[t->hash[i]];

			if (!strncmp(have, s, n) && !have[n])
				return t->hash[i];
		}
	}
	if (!grow(t, n))
		return 0;
	for (i = h & (t->hcap - 1); t->hash[i];)
		i = (i + 1) & (t->hcap - 1);
	t->hash[i] = ++t->n;
	t->at[t->n] = t->len;
	memcpy(t->text + t->len, s, n);
	t->text[t->len + n] = 0;
	t->len += (uint32_t)n + 1;
	return t->n;
}
const char *ord_name_text(const struct ord_names *t, uint32_t id)
{
	return t && id && id <= t->n ? t->text + t->at[id] : "?";
}
void ord_names_free(struct ord_names *t)
{
	free(t->text);
	free(t->at);
	free(t->hash);
	*t = (struct ord_names){ 0 };
}
static int print_addr(char *b, size_t n, uint64_t a, const struct ord_names *t)
{
	if (!(a >> 63) || !t || (uint32_t)(a >> 30 & UINT32_MAX) > t->n || !(uint32_t)(a >> 30))
		return snprintf(b, n, "0x%llx", (unsigned long long)a);
	if (!(a & 0x3fffffff))
		return snprintf(b, n, "%s", ord_name_text(t, (uint32_t)(a >> 30)));
	return snprintf(b, n, "%s+0x%llx", ord_name_text(t, (uint32_t)(a >> 30)), (unsigned long long)(a & 0x3fffffff));
}
int ord_print_range(char *b, size_t n, uint64_t lo, uint64_t last, const struct ord_names *t)
{
	char x[96], y[96];

	if (!lo && last == UINT64_MAX)
		return snprintf(b, n, "all");
	print_addr(x, sizeof(x), lo, t);
	print_addr(y, sizeof(y), last, t);
	return lo == last ? snprintf(b, n, "%s", x) : snprintf(b, n, "%s-%s", x, y);
}
int ord_print_rid(char *b, size_t n, uint32_t rid, uint32_t pasid, const struct ord_names *t)
{
	char p[16] = "";

	if (pasid != ORD_NONE)
		snprintf(p, sizeof(p), ".%u", pasid);
	if (rid >> 31)
		return snprintf(b, n, "%s%s", ord_name_text(t, rid & INT32_MAX), p);
	if (rid > 0xffff)
		return snprintf(b, n, "0x%x%s", rid, p);
	return snprintf(b, n, "%02x:%02x.%x%s", rid >> 8, rid >> 3 & 31, rid & 7, p);
}
