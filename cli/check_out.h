/* SPDX-License-Identifier: Apache-2.0 */
/* check_out.h - what `iommusim check` says of a trace: findings as text, JSON, SARIF 2.1.0 or TAP, and the rules that could not be decided. */
#ifndef IOMMUSIM_CHECK_OUT_H
#define IOMMUSIM_CHECK_OUT_H
#include <jansson.h>
#include "check/ord.h"

enum check_format { CHECK_TEXT, CHECK_JSON, CHECK_SARIF, CHECK_TAP };
struct check_out {
	enum check_format format;
	const char *file; /* the trace's name */
	uint64_t limit; /* findings of one rule that are shown */
	uint64_t count[ORD_RULES_N], verdicts[5], failing; /* failing: VIOLATION or MANIFEST of CRITICAL or HIGH */
	const char *reason[ORD_RULES_N]; /* why a rule cannot be decided on this source, NULL: nothing against it */
	json_t *results;
};
bool check_out_open(struct check_out *o, struct err *e) MUST_USE;
void check_out_finding(void *out, const struct ord_finding *f); /* an ord_report_fn */
/** check_out_end() - summary, rules, or the whole document. */
bool check_out_end(struct check_out *o, const struct ord_chk *c, struct err *e) MUST_USE;
void check_out_close(struct check_out *o);
void check_explain(enum ord_rule_id r);
void check_list(bool markdown);
#endif
