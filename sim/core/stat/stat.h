/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stat.h - counters are plain uint64_t members; their names live in lists; one registry tree serves every writer.
 */
#ifndef IOMMUSIM_STAT_H
#define IOMMUSIM_STAT_H
#include "core/base/util.h"

#define STAT_DECL(f, unit, doc) uint64_t f;
#define STAT_ROW(f, unit, doc) { #f, unit, doc, offsetof(STAT_STRUCT, f), STAT_U64, 0 }, /* define STAT_STRUCT before use */
enum stat_kind { STAT_U64, STAT_HIST /* struct hist at offset */, STAT_RATIO /* formula: a / b */ };
struct stat_def {
	const char *name, *unit, *doc; /* a row with name NULL ends the list */
	size_t off; /* STAT_RATIO: numerator */
	uint8_t kind;
	size_t off_den; /* STAT_RATIO: denominator (a uint64_t) */
};

/*
 * Histogram: exact below 64, then 64 buckets a power of two (relative width 1/64); min, max, sum exact. Unit: as its row says. 30 KiB, of which
 * only what is counted in is ever touched: there is one for each requester.
 */
enum { HIST_ROW = 64, HIST_BUCKETS = HIST_ROW * 59 };
struct hist {
	uint64_t n, sum, min, max;
	uint64_t counted; /* bit r: the buckets from HIST_ROW * r on have counts; the others have no content */
	uint64_t spare[3]; /* whole cache lines: what stands behind a histogram keeps its place in them */
	uint64_t b[HIST_BUCKETS];
};
/* To be cleared where the rest of a struct is: the histogram is empty then. */
#define HIST_HEAD(type, member) (offsetof(type, member) + offsetof(struct hist, b))
static inline uint64_t hist_count(const struct hist *h, unsigned i)
{
	return h->counted >> (i / HIST_ROW) & 1 ? h->b[i] : 0;
}
void hist_add(struct hist *h, uint64_t v);
/** hist_pct() - smallest bucket upper edge with at least @permille/1000 of the samples at or below; 0 when empty; never above max. */
uint64_t hist_pct(const struct hist *h, unsigned permille);
void hist_reset(struct hist *h);
/** hist_bucket_low()/hist_bucket_high() - inclusive edges of bucket @i. */
uint64_t hist_bucket_low(unsigned i);
uint64_t hist_bucket_high(unsigned i);

struct stat_node {
	const char *path; /* "vtd0.iotlb"; borrowed */
	void *base;
	const struct stat_def *defs;
};
struct stat_reg {
	struct stat_node *node;
	size_t n, cap;
};
/** stat_add() - register one struct under @path (borrowed). Returns: false when out of memory. */
bool stat_add(struct stat_reg *r, const char *path, void *base, const struct stat_def *defs) MUST_USE;
void stat_reset(struct stat_reg *r); /* end of warm-up: every counter and histogram to zero */
void stat_fini(struct stat_reg *r);
#endif
