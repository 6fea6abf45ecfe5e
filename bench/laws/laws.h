/* SPDX-License-Identifier: Apache-2.0 */
/*
 * laws.h - the analytic laws VAL-A01 to VAL-A22 as comparisons of a closed form with a measurement; part of bench_laws.
 * The closed forms are computed here from the parameters alone; the measurement is a cache of sim/core/cache, or the statistics of a
 * whole machine (struct lab) that runs a synthetic workload through the driver models.
 */
#ifndef IOMMUSIM_BENCH_LAWS_H
#define IOMMUSIM_BENCH_LAWS_H
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "run_build.h"

/** law() - one row; passes if @got is within @tol (absolute) of @want. */
void law(const char *id, const char *arch, double want, double got, double tol, const char *fmt, ...) PRINTF_LIKE(6, 7);
/** law_most() - passes if @got is at most @want, and at least @want - @tol. */
void law_most(const char *id, const char *arch, double want, double got, double tol, const char *fmt, ...) PRINTF_LIKE(6, 7);
/** law_none() - not tested here: where it is, or why it is not. */
void law_none(const char *id, const char *verdict, const char *why);
void law_die(const char *what) __attribute__((noreturn));

struct lab { /* a machine of one unit "u0" */
	const char *arch;
	struct run_cfg c;
	struct stat_reg reg;
	struct plat *p;
	struct drv *drv;
	struct gen *gen;
};
extern const char *const lab_arch[3];
/** lab_extra() - "key=value" for every machine, set last: to see laws fail. */
void lab_extra(const char *assignment);
/** lab_new() - defaults, one device, VT-d in scalable mode; lab_set() "key=value", keys of the unit as "units.u0.KEY". */
struct lab *lab_new(const char *arch);
void lab_set(struct lab *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** lab_iotlb() - size and ways (0: fully associative) of the IOTLB. */
void lab_iotlb(struct lab *l, unsigned entries, unsigned ways);
void lab_no_walk_caches(struct lab *l);
/** lab_run() - the whole of @src (NULL: the generator) through the driver model. */
void lab_run(struct lab *l, plat_source_fn *src, void *arg);
uint64_t lab_stat(const struct lab *l, const char *path, const char *name); /* a counter */
const struct hist *lab_hist(const struct lab *l, const char *path, const char *name);
void lab_free(struct lab *l);
/* A source from a vector of records. */
struct lab_trace {
	struct trc_rec *rec;
	size_t n, cap, at;
};
void lab_attach(struct lab_trace *t, uint32_t pasid, uint32_t dom, const char *type);
void lab_map(struct lab_trace *t, enum trc_kind kind, uint32_t dom, uint64_t iova, uint64_t pa, uint64_t size); /* map or unmap */
struct trc_rec *lab_dma(struct lab_trace *t, uint64_t iova, uint32_t len, char dir); /* no PASID, no time */
int lab_next(void *trace, struct trc_rec *r, struct err *e);
void lab_trace_free(struct lab_trace *t);
enum { LAB_RID = 0x100 };

void laws_cache(bool quick);
void laws_walk(void);
void laws_time(bool quick);
void laws_queue(bool quick);
#endif
