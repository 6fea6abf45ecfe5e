/* SPDX-License-Identifier: Apache-2.0 */
/* ord_text.c - a finding of the ordering checker as text: "FILE:LINE: SEVERITY: RULE: sentence", verdict, history, what would have been right. */
#include "ord_text.h"
#include <inttypes.h>

const char *const ord_state_name[] = { "open", "visible", "covered", "waited for", "done", "suspect", "did not count" };

bool ord_fails(const struct ord_finding *f)
{
	return (f->verdict == ORD_VIOLATION || f->verdict == ORD_MANIFEST) && f->severity <= ORD_HIGH;
}

void ord_text_history(const struct ord_finding *f, const char *place, FILE *o)
{
	for (unsigned i = 0; i < f->n_steps; i++)
		fprintf(o, "%s%s %" PRIu64 " %s: %s", i ? "; " : "", place, f->step[i].line, ord_op_name[f->step[i].op],
			ord_state_name[f->step[i].state]);
}

void ord_text(const struct ord_finding *f, const char *file, const char *place, FILE *o)
{
	fprintf(o, "%s:%" PRIu64 ": %s: %s: %s\n", file, f->line, ord_severity_name[f->severity], ord_rules[f->rule].id, f->what);
	fprintf(o, "  %s at %s: %s", ord_verdict_name[f->verdict], ord_op_name[f->op], ord_rules[f->rule].title);
	for (unsigned i = 0; i < f->n_also; i++)
		fprintf(o, "%s%s", i ? ", " : " (also ", ord_rules[f->also[i]].id);
	fputs(f->n_also ? ")\n" : "\n", o);
	if (f->n_steps) {
		fputs("  history: ", o);
		ord_text_history(f, place, o);
		putc('\n', o);
	}
	if (f->factor)
		fprintf(o, "  factor: %.3g\n", f->factor);
	fprintf(o, "  right: %s\n", f->right);
}
