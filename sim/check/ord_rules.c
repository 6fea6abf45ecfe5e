/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_rules.c - the rule table of the ordering checker: what --explain, the documents and SARIF print. Rows: ord_rules.def.
 */
#include <strings.h>
#include "check/ord.h"

const struct ord_rule ord_rules[ORD_RULES_N] = {
#define ORD_RULE(fam, no, sev, title, statement, clause, linux_fn, needs) { #fam "-ORD-" #no, title, statement, clause, linux_fn, needs, sev, ORD_FAM_##fam },
#include "check/ord_rules.def"
#undef ORD_RULE
};
const char *const ord_severity_name[5] = { "CRITICAL", "HIGH", "MEDIUM", "LOW", "PERF" };
const char *const ord_verdict_name[5] = { "OK", "VIOLATION", "MANIFEST", "HAZARD", "PERF" };
const char *const ord_arch_name[4] = { "any", "vtd", "smmuv3", "amdvi" };

enum ord_rule_id ord_rule_find(const char *id)
{
	unsigned i = 0;

	while (i < ORD_RULES_N && strcasecmp(ord_rules[i].id, id))
		i++;
	return (enum ord_rule_id)i;
}
