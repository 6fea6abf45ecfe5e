/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_out.c - findings of the ordering checker as text, JSON, SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format) and TAP 13.
 * SARIF levels: error for CRITICAL and HIGH, warning for MEDIUM, note for LOW and PERF; a HAZARD is a warning at most.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "check_out.h"
#include "iommusim/iommusim.h"
#include "json_out.h"
#include "ord_text.h"

static json_t *also_json(const struct ord_finding *f)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < f->n_also; i++)
		json_out_add(a, json_string(ord_rules[f->also[i]].id));
	return a;
}
static json_t *steps_json(const struct ord_finding *f)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < f->n_steps; i++)
		json_out_add(a, json_pack("{s:I,s:s,s:s}", "line", (json_int_t)f->step[i].line, "event",
		                                   ord_op_name[f->step[i].op], "state", ord_state_name[f->step[i].state]));
	return a;
}
static json_t *finding_json(const struct ord_finding *f)
{
	json_t *j =
	    json_pack("{s:s,s:s,s:s,s:I,s:s,s:i,s:s,s:s,s:o,s:o}", "rule", ord_rules[f->rule].id, "verdict", ord_verdict_name[f->verdict],
	              "severity", ord_severity_name[f->severity], "line", (json_int_t)f->line, "event", ord_op_name[f->op], "unit", f->unit,
	              "what", f->what, "right", f->right, "also", also_json(f), "history", steps_json(f));

	if (j && f->factor)
		json_object_set_new(j, "factor", json_real(f->factor));
	return j;
}
static json_t *place(const struct check_out *o, uint64_t line)
{
	return json_pack("{s:{s:{s:s},s:{s:I}}}", "physicalLocation", "artifactLocation", "uri", o->file, "region", "startLine",
	                 (json_int_t)(line ? line : 1));
}
static const char *level(const struct ord_finding *f)
{
	if (f->verdict == ORD_PERF || f->severity >= ORD_LOW)
		return "note";
	return ord_fails(f) ? "error" : "warning";
}
static json_t *finding_sarif(const struct check_out *o, const struct ord_finding *f)
{
	json_t *related = json_array(), *at, *j;
	char text[1400];

	for (unsigned i = 0; i < f->n_steps; i++) {
		at = place(o, f->step[i].line);
		snprintf(text, sizeof(text), "%s: %s", ord_op_name[f->step[i].op], ord_state_name[f->step[i].state]);
		json_object_set_new(at, "message", json_pack("{s:s}", "text", text));
		json_out_add(related, at);
	}
	snprintf(text, sizeof(text), "%s. Right would be: %s.", f->what, f->right);
	at = place(o, f->line);
	j = json_pack("{s:s,s:i,s:s,s:{s:s},s:[o],s:o,s:{s:s,s:s,s:s,s:o}}", "ruleId", ord_rules[f->rule].id, "ruleIndex", (int)f->rule,
	              "level", level(f), "message", "text", text, "locations", at, "relatedLocations", related, "properties", "verdict",
	              ord_verdict_name[f->verdict], "severity", ord_severity_name[f->severity], "event", ord_op_name[f->op], "also",
	              also_json(f));
	return j;
}
void check_out_finding(void *out, const struct ord_finding *f)
{
	struct check_out *o = out;
	json_t *j;

	o->count[f->rule]++;
	o->verdicts[f->verdict]++;
	o->failing += ord_fails(f);
	if (o->count[f->rule] > o->limit)
		return;
	switch (o->format) {
	case CHECK_TEXT:
		ord_text(f, o->file, "line", stdout);
		return;
	case CHECK_TAP:
	case CHECK_JSON:
	case CHECK_SARIF:
		j = o->format == CHECK_SARIF ? finding_sarif(o, f) : finding_json(f);
		json_out_add(o->results, j);
		return;
	}
}
bool check_out_open(struct check_out *o, struct err *e)
{
	if (o->format == CHECK_TEXT)
		return true;
	json_out_begin();
	o->results = json_array();
	return json_out_whole(e);
}
/* Why rule @r was not decided, or NULL if it was or does not apply. */
static const char *undecided(const struct check_out *o, const struct ord_chk *c, enum ord_rule_id r, char *buf, size_t n)
{
	uint64_t missing;
	size_t len;

	if (!ord_applies(c, r))
		return NULL;
	if (o->reason[r])
		return o->reason[r];
	if (ord_decidable(c, r))
		return NULL;
	missing = ord_missing(c, r);
	len = (size_t)snprintf(buf, n, "no event");
	for (unsigned op = 0; op < ORD_OPS_N && len < n; op++)
		if (missing >> op & 1)
			len += (size_t)snprintf(buf + len, n - len, " %s", ord_op_name[op]);
	return buf;
}
/* Is @r the first rule that is not decided for reason @w? */
static bool first_with(const struct check_out *o, const struct ord_chk *c, unsigned r, const char *w)
{
	char why[200];

	for (unsigned i = 0; i < r; i++) {
		const char *x = undecided(o, c, (enum ord_rule_id)i, why, sizeof(why));

		if (x && !strcmp(x, w))
			return false;
	}
	return true;
}
/* One line for a reason, with every rule it is the reason of. */
static void put_undecided(const struct check_out *o, const struct ord_chk *c, unsigned r, const char *w)
{
	char why[200];

	printf("not decidable here: %s:", w);
	for (; r < ORD_RULES_N; r++) {
		const char *x = undecided(o, c, (enum ord_rule_id)r, why, sizeof(why));

		if (x && !strcmp(x, w))
			printf(" %s", ord_rules[r].id);
	}
	putchar('\n');
}
static void text_end(struct check_out *o, const struct ord_chk *c)
{
	struct ord_stats s;
	char why[200];
	unsigned n = 0, decided = 0;

	ord_stats(c, &s);
	for (unsigned r = 0; r < ORD_RULES_N; r++)
		if (o->count[r] > o->limit)
			printf("%s: %" PRIu64 " more findings of %s not shown\n", o->file, o->count[r] - o->limit, ord_rules[r].id);
	for (unsigned r = 0; r < ORD_RULES_N; r++) {
		const char *w = undecided(o, c, (enum ord_rule_id)r, why, sizeof(why));

		decided += ord_applies(c, (enum ord_rule_id)r) && !w;
		n += w != NULL;
		if (w && first_with(o, c, r, w))
			put_undecided(o, c, r, w);
	}
	printf("%s: %" PRIu64 " events, %u rules decided, %u not decidable here: %" PRIu64 " violations, %" PRIu64 " manifest, %" PRIu64
	       " hazards, %" PRIu64 " performance; open obligations: %" PRIu64 " at the end, %" PRIu64 " at most\n",
	       o->file, s.events, decided, n, o->verdicts[ORD_VIOLATION], o->verdicts[ORD_MANIFEST], o->verdicts[ORD_HAZARD],
	       o->verdicts[ORD_PERF], s.open, s.open_max);
}
static json_t *rules_json(struct check_out *o, const struct ord_chk *c)
{
	json_t *a = json_array();
	char why[200];

	for (unsigned r = 0; r < ORD_RULES_N; r++) {
		const char *w = undecided(o, c, (enum ord_rule_id)r, why, sizeof(why));
		json_t *j;

		if (!ord_applies(c, (enum ord_rule_id)r))
			continue;
		j = json_pack("{s:s,s:s,s:I}", "id", ord_rules[r].id, "state",
		              w             ? "not decidable here"
		              : o->count[r] ? "broken"
		                            : "ok",
		              "findings", (json_int_t)o->count[r]);
		if (j && w)
			json_object_set_new(j, "reason", json_string(w));
		json_out_add(a, j);
	}
	return a;
}
static json_t *document(struct check_out *o, const struct ord_chk *c)
{
	struct ord_stats s;

	ord_stats(c, &s);
	return json_pack("{s:s,s:i,s:s,s:s,s:I,s:I,s:I,s:O,s:o}", "schema", "iommusim-check", "version", 1, "trace", o->file, "arch",
	                 ord_arch_name[ord_arch_of(c)], "events", (json_int_t)s.events, "open_at_end", (json_int_t)s.open, "open_max",
	                 (json_int_t)s.open_max, "findings", o->results, "rules", rules_json(o, c));
}
static json_t *sarif_rules(void)
{
	json_t *a = json_array();

	for (unsigned r = 0; r < ORD_RULES_N; r++) {
		const struct ord_rule *m = &ord_rules[r];

		json_out_add(a, json_pack("{s:s,s:s,s:{s:s},s:{s:s},s:{s:s},s:{s:s,s:s}}", "id", m->id, "name", m->id,
		                                   "shortDescription", "text", m->title, "fullDescription", "text", m->statement,
		                                   "defaultConfiguration", "level",
		                                   m->severity <= ORD_HIGH     ? "error"
		                                   : m->severity == ORD_MEDIUM ? "warning"
		                                                               : "note",
		                                   "properties", "severity", ord_severity_name[m->severity], "linux", m->linux_fn));
	}
	return a;
}
static json_t *sarif(struct check_out *o, const struct ord_chk *c)
{
	json_t *notes = json_array();
	char why[200];

	for (unsigned r = 0; r < ORD_RULES_N; r++) {
		const char *w = undecided(o, c, (enum ord_rule_id)r, why, sizeof(why));
		char text[300];

		if (!w)
			continue;
		snprintf(text, sizeof(text), "not decidable here: %s", w);
		json_out_add(notes, json_pack("{s:{s:s},s:s,s:{s:s,s:i}}", "message", "text", text, "level", "note",
		                                       "associatedRule", "id", ord_rules[r].id, "index", (int)r));
	}
	return json_pack("{s:s,s:s,s:[{s:{s:{s:s,s:s,s:s,s:o}},s:[{s:b,s:o}],s:O,s:s}]}", "$schema",
	                 "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", "version", "2.1.0",
	                 "runs", "tool", "driver", "name", "iommusim check", "version", iommusim_version(), "informationUri",
	                 "https://docs.oasis-open.org/sarif/sarif/v2.1.0/", "rules", sarif_rules(), "invocations", "executionSuccessful", 1,
	                 "toolExecutionNotifications", notes, "results", o->results, "columnKind", "utf16CodeUnits");
}
static void tap(struct check_out *o, const struct ord_chk *c)
{
	unsigned n = 0, at = 0;
	char why[200];
	size_t i;
	json_t *f;

	for (unsigned r = 0; r < ORD_RULES_N; r++)
		n += ord_applies(c, (enum ord_rule_id)r);
	printf("TAP version 13\n1..%u\n", n);
	for (unsigned r = 0; r < ORD_RULES_N; r++) {
		const char *w = undecided(o, c, (enum ord_rule_id)r, why, sizeof(why));

		if (!ord_applies(c, (enum ord_rule_id)r))
			continue;
		printf("%s %u - %s %s%s%s\n", o->count[r] ? "not ok" : "ok", ++at, ord_rules[r].id, ord_rules[r].title,
		       w && !o->count[r] ? " # SKIP " : "", w && !o->count[r] ? w : "");
		json_array_foreach(o->results, i, f)
		{
			if (!strcmp(json_string_value(json_object_get(f, "rule")), ord_rules[r].id))
				printf("# %s:%" JSON_INTEGER_FORMAT ": %s: %s\n", o->file, json_integer_value(json_object_get(f, "line")),
				       json_string_value(json_object_get(f, "verdict")), json_string_value(json_object_get(f, "what")));
		}
	}
}
bool check_out_end(struct check_out *o, const struct ord_chk *c, struct err *e)
{
	if (o->format == CHECK_TEXT) {
		text_end(o, c);
		return true;
	}
	if (o->format != CHECK_TAP)
		return json_out_put(o->format == CHECK_SARIF ? sarif(o, c) : document(o, c), 2, e);
	if (!json_out_whole(e))
		return false;
	tap(o, c);
	return true;
}
void check_out_close(struct check_out *o)
{
	json_decref(o->results);
}
void check_explain(enum ord_rule_id r)
{
	const struct ord_rule *m = &ord_rules[r];

	printf("%s  %s  (%s)\n\n%s\n\n", m->id, m->title, ord_severity_name[m->severity], m->statement);
	if (*m->clause)
		printf("Specification: %s\n", m->clause);
	printf("Linux: %s\n", m->linux_fn);
	if (!m->needs)
		return;
	printf("Needs in a trace:");
	for (unsigned op = 0; op < ORD_OPS_N; op++)
		if (m->needs >> op & 1)
			printf(" %s", ord_op_name[op]);
	putchar('\n');
}
static void cell(const char *s)
{
	for (; *s; s++)
		printf(*s == '|' ? "\\|" : "%c", *s);
}
void check_list(bool markdown)
{
	if (markdown)
		puts("| rule | severity | title | statement | specification | Linux |\n|---|---|---|---|---|---|");
	for (unsigned r = 0; r < ORD_RULES_N; r++) {
		const struct ord_rule *m = &ord_rules[r];

		if (!markdown) {
			printf("%-11s %-8s %s\n", m->id, ord_severity_name[m->severity], m->title);
			continue;
		}
		printf("| %s | %s | ", m->id, ord_severity_name[m->severity]);
		cell(m->title);
		fputs(" | ", stdout);
		cell(m->statement);
		fputs(" | ", stdout);
		cell(*m->clause ? m->clause : "-");
		fputs(" | ", stdout);
		cell(m->linux_fn);
		puts(" |");
	}
}
