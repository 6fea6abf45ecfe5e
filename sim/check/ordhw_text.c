/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordhw_text.c - an ordering event as a line of text, in the form of docs/trace-format.md. Only the fields that ordhw*.c fill are printed.
 */
#include "check/ordhw.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "core/base/bits.h"
#include "core/iommu.h"

struct text { char *b; size_t n, at; };

static void PRINTF_LIKE(2, 3) put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int k;

	va_start(ap, fmt);
	k = vsnprintf(t->b + t->at, t->n - t->at, fmt, ap);
	va_end(ap);
	t->at = k < 0 || t->at + (size_t)k >= t->n ? t->n - 1 : t->at + (size_t)k;
}
static const struct { const char *word; char type; } keys[] = {
#define X(k, word, type) { word, type },
	ORD_KEYS_LIST(X)
#undef X
};
static const char *const flags[] = {
#define X(k, word) word,
	ORD_FLAGS_LIST(X)
#undef X
};
static void size(struct text *t, uint64_t n)
{
	static const char unit[] = "\0KMGT";
	unsigned u = 0;

	while (u < 4 && n && !(n & 1023)) {
		n >>= 10;
		u++;
	}
	put(t, "/%llu%.1s", (unsigned long long)n, unit + u);
}
static void range(struct text *t, const struct ord_ev *e)
{
	if (e->flags & ORD_F(ALL)) {
		put(t, " all");
		return;
	}
	put(t, " 0x%llx", (unsigned long long)e->lo);
	if (!(e->have & ORD_P_ADDR) || e->op == ORD_PT_LINK || e->op == ORD_PT_UNLINK)
		size(t, e->last - e->lo + 1);
}
static void words(struct text *t, uint64_t v, bool atomic)
{
	bool more = false;

	put(t, " qw=");
	for (unsigned i = 0; i < 16; i++)
		if (v >> i & 1) {
			put(t, "%s%u", more ? atomic ? "+" : "," : "", i);
			more = true;
		}
}
static void perm(struct text *t, uint64_t p)
{
	put(t, " %s%s%s%s", p & XL_R ? "r" : "", p & XL_W ? "w" : "", p & XL_X ? "x" : "", p ? "" : "-");
}
static void key(struct text *t, const struct ord_ev *e, unsigned k, const struct ord_names *names)
{
	static const char *const type[] = { "-", "s1", "s2", "nested", "pt", "block" };
	uint64_t v = e->v[k];

	if (k == ORD_KEY_QW) {
		words(t, v, e->flags & ORD_F(ATOMIC));
		return;
	}
	if (k == ORD_KEY_PERM && (e->op == ORD_PTE_SET || e->op == ORD_PTE_MOD)) {
		if (e->op == ORD_PTE_MOD)
			put(t, " perm=");
		perm(t, v);
		return;
	}
	put(t, " %s=", keys[k].word);
	if (keys[k].type == 'n')
		put(t, "%s", ord_name_text(names, (uint32_t)v));
	else if (keys[k].type == 't')
		put(t, "%s", v < ARRAY_LEN(type) ? type[v] : "-");
	else if (keys[k].type == 'a')
		put(t, "0x%llx", (unsigned long long)v);
	else if (keys[k].type == 'b')
		put(t, "%02llx:%02llx.%llu", (unsigned long long)(v >> 8), (unsigned long long)(v >> 3 & 31), (unsigned long long)(v & 7));
	else
		put(t, "%llu", (unsigned long long)v);
}
void ordhw_print(char *b, size_t n, const struct ord_ev *e, const struct ord_names *names)
{
	struct text t = { b, n, 0 };
	char rid[64];

	put(&t, "%s", ord_op_name[e->op]);
	if (e->op == ORD_FILL)
		put(&t, " ATC");
	if (e->have & ORD_P_DOM)
		put(&t, " %s", ord_name_text(names, e->d));
	if (e->kind)
		put(&t, " %s", ord_kind_name[e->kind]);
	if ((e->have & ORD_P_WAIT) && (e->w & ORD_WAIT_NO(0)))
		put(&t, " w%u", e->w & ~ORD_WAIT_NO(0));
	else if (e->have & ORD_P_WAIT)
		put(&t, " %s", ord_name_text(names, e->w));
	if (e->have & ORD_P_RID) {
		ord_print_rid(rid, sizeof(rid), e->rid, e->pasid, names);
		put(&t, " %s", rid);
	}
	if (e->op == ORD_PT_LINK || e->op == ORD_PT_UNLINK)
		put(&t, " lvl%u", e->lvl);
	if (e->have & ORD_P_QUEUE)
		put(&t, " q%u", e->queue);
	if (e->have & ORD_P_NUM)
		put(&t, " %llu", (unsigned long long)e->num);
	if (e->have & ORD_P_RANGE)
		range(&t, e);
	if (e->have & ORD_P_PAGE)
		put(&t, e->op == ORD_DMA ? " -> hit 0x%llx" : " 0x%llx", (unsigned long long)e->pa);
	if (e->have & ORD_P_NAME)
		put(&t, " %s", ord_name_text(names, e->name));
	for (unsigned k = 0; k < ORD_KEYS_N; k++)
		if (e->has >> k & 1)
			key(&t, e, k, names);
	for (unsigned k = 0; k < ORD_FLAGS_N; k++)
		if (e->flags >> k & 1 && k != ORD_FN_ALL && k != ORD_FN_ATOMIC)
			put(&t, " %s", flags[k]);
}
