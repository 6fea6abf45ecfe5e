/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord.h - the ordering checker: neutral events in, findings out. It holds obligations (what a cache may still remember), not the driver's intent.
 * Rules, knobs and what each needs in the trace: docs/ordering.md. Streaming: memory grows with open obligations and live state, not with the trace.
 */
#ifndef IOMMUSIM_ORD_H
#define IOMMUSIM_ORD_H
#include <stdio.h>
#include "core/cfg/cfg.h"
#include "core/trace/ord_ev.h"

enum ord_arch { ORD_ANY, ORD_VTD, ORD_SMMUV3, ORD_AMDVI };
enum ord_severity { ORD_CRITICAL, ORD_HIGH, ORD_MEDIUM, ORD_LOW, ORD_PERF_SEV };
enum ord_verdict { ORD_OK, ORD_VIOLATION, ORD_MANIFEST, ORD_HAZARD, ORD_PERF };
enum ord_rule_id {
#define ORD_RULE(fam, no, sev, title, statement, clause, linux_fn, needs) ORD_##fam##_##no,
#include "check/ord_rules.def"
#undef ORD_RULE
	ORD_RULES_N
};
enum ord_family_no { ORD_FAM_GEN, ORD_FAM_VTD, ORD_FAM_SMM, ORD_FAM_AMD, ORD_FAM_ATS, ORD_FAM_PRI, ORD_FAM_NEST, ORD_FAM_TMO, ORD_FAMS };
struct ord_rule {
	const char *id, *title, *statement, *clause, *linux_fn;
	uint64_t needs; /* ORD_BIT() of words without which the rule cannot fire: none seen in a trace = not decidable there */
	uint8_t severity, family;
};
extern const struct ord_rule ord_rules[ORD_RULES_N];
/** ord_rule_find() - by id, any case. Returns: ORD_RULES_N if there is none. */
enum ord_rule_id ord_rule_find(const char *id);
extern const char *const ord_severity_name[5], *const ord_verdict_name[5], *const ord_arch_name[4];

struct ord_knobs {
	bool coherent_walk, coherent_queue, np_cache, rwbf, lazy_ok, sw_timeout_ok, prq_drain;
	uint32_t bbm_level, overinv_factor;
	uint32_t order_tlb_atc; /* 0 by architecture, 1 queue, 2 sync */
	bool amd_strict_iotlb_order, amd_gn0_drops_nested, vtd_psi_drops_fs, vtd_esrtps, vtd_scalable;
	uint32_t vtd_mamv;
	uint32_t nopasid_inv_scope; /* 0 by architecture, 1 own, 2 all */
	uint32_t nest_atc; /* 0 by architecture, 1 hidden, 2 forwarded */
	uint32_t superpage_any_addr; /* 0 by architecture, 1 no, 2 yes */
	bool smmu_range_inv;
	char *untrusted_rids, *extra_inv, *sync_each; /* lists "03:00.0,04:00.0"; sync_each: words of commands, "TLBINV" */
};
extern const struct cfg_opt ord_knob_opts[];
/** ord_knob_set() - as cfg_set(); 0 and 1 are also taken for false and true, no and yes. */
bool ord_knob_set(struct ord_knobs *k, const char *key, const char *text, struct err *e) MUST_USE;
/** ord_knob_take() - the same from "KEY=VALUE". */
bool ord_knob_take(struct ord_knobs *k, const char *text, struct err *e) MUST_USE;

enum { ORD_ALSO = 6, ORD_STEPS = 8 };
/* One line of an obligation's history; state: 0 open, 1 visible, 2 covered, 3 waited for, 4 done, 5 suspect, 6 a command that did not count. */
struct ord_step { uint64_t line; uint8_t op, state; };
struct ord_finding {
	enum ord_verdict verdict;
	enum ord_rule_id rule; /* the most specific that applies */
	enum ord_rule_id also[ORD_ALSO]; /* other rules broken by the same cause */
	unsigned n_also;
	enum ord_severity severity;
	uint64_t line; /* of the event the finding is at */
	uint8_t op; /* its word; ORD_END for the end of the trace */
	uint8_t unit;
	double factor; /* PERF: bytes flushed / bytes needed, or commands / commands needed */
	const char *what, *right; /* sentence; what would have been right. Valid during the call only */
	struct ord_step step[ORD_STEPS]; /* the obligation's history, oldest first */
	unsigned n_steps;
};
struct ord_chk;
typedef void (*ord_report_fn)(void *ctx, const struct ord_finding *f);
/** ord_open() - @k is copied, its lists are not: they live as long as the checker. */
struct ord_chk *ord_open(enum ord_arch a, const struct ord_knobs *k, ord_report_fn report, void *ctx, struct err *e) MUST_USE;
struct ord_names *ord_names(struct ord_chk *c); /* for ord_parse() and ord_name() */
/** ord_event() - the next event. Returns: false without memory. */
bool ord_event(struct ord_chk *c, const struct ord_ev *e, struct err *err) MUST_USE;
/** ord_finish() - end of the trace: what must not be left open is reported. */
bool ord_finish(struct ord_chk *c, struct err *err) MUST_USE;
void ord_close(struct ord_chk *c);
struct ord_stats { uint64_t events, findings, open, open_max, bytes; };
void ord_stats(const struct ord_chk *c, struct ord_stats *s);
/** ord_decidable() - could this rule have fired: does it apply to the architecture, and were the words it needs in the trace? */
bool ord_applies(const struct ord_chk *c, enum ord_rule_id r);
enum ord_arch ord_arch_of(const struct ord_chk *c);
uint64_t ord_missing(const struct ord_chk *c, enum ord_rule_id r); /* words it needs that did not occur, ORD_BIT() */
bool ord_decidable(const struct ord_chk *c, enum ord_rule_id r);
/** ord_exclude() - the source of the events cannot tell these (a store-only capture): they count as not decidable. */
void ord_exclude(struct ord_chk *c, enum ord_rule_id r);
#endif
