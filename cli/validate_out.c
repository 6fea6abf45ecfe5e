/* SPDX-License-Identifier: Apache-2.0 */
/* validate_out.c - what `validate` writes: the table of targets, the checks that missed, every check as CSV, and the table inside a page. */
#include "validate.h"
#include "outfile.h"
#include <stdlib.h>
#include <string.h>

static const char begin_mark[] = "<!-- validate: begin -->", end_mark[] = "<!-- validate: end -->";

static void target_row(const struct val_target *t, FILE *o, bool md)
{
	const struct val_check *w = t->worst;

	if (md)
		fprintf(o, "| %s | %s | %s | %s | %zu of %zu | ", t->id, t->what, t->source, t->band, t->n_pass, t->n);
	else
		fprintf(o, "%-8s %-8s %4zu of %-4zu ", t->id, val_verdict_name(t), t->n_pass, t->n);
	if (w)
		fprintf(o, md ? "%s: %s, ours %s" : "%s: published %s, ours %s", w->what, w->published, w->ours);
	if (w && !md)
		fprintf(o, " (%s)", w->band);
	fprintf(o, md ? " | %s |\n" : "\n", val_verdict_name(t));
}

static bool shown(const struct val_target *t)
{
	return t->wanted;
}

static void group(const struct val *v, FILE *o, bool md, const char *role, const char *title)
{
	bool first = true;

	for (size_t i = 0; i < v->n_target; i++) {
		const struct val_target *t = &v->target[i];

		if (!shown(t) || strcmp(t->role, role))
			continue;
		if (first)
			fprintf(o, md ? "\n**%s**\n\n| target | what | source | band | checks | closest to its limit, or beyond it | verdict |\n|---|---|---|---|---|---|---|\n" :
					"\n%s\n", title);
		first = false;
		target_row(t, o, md);
	}
}

static void undone(const struct val *v, FILE *o, bool md)
{
	bool first = true;

	for (size_t i = 0; i < v->n_target; i++) {
		const struct val_target *t = &v->target[i];

		if (!shown(t) || strcmp(t->role, "undone"))
			continue;
		if (first)
			fprintf(o, md ? "\n**Not done**\n\n| target | what | source | reason |\n|---|---|---|---|\n" : "\nNot done\n");
		first = false;
		fprintf(o, md ? "| %s | %s | %s | %s |\n" : "%-8s %s (%s): %s\n", t->id, t->what, t->source, t->note);
	}
}

static void missed(const struct val *v, FILE *o, bool md)
{
	bool first = true;

	for (size_t i = 0; i < v->n_check; i++) {
		const struct val_check *c = &v->check[i];

		if (c->verdict != VAL_FAIL)
			continue;
		if (first)
			fprintf(o, md ? "\n**Checks that miss their band**\n\n| target | check | published | ours | band |\n|---|---|---|---|---|\n" : "\nMissed\n");
		first = false;
		fprintf(o, md ? "| %s | %s | %s | %s | %s |\n" : "%-8s %s: published %s, ours %s, band %s\n", c->id, c->what, c->published, c->ours, c->band);
	}
}

/* Notes: of an input what it is, of a failing target why. */
static void notes(const struct val *v, FILE *o)
{
	fputc('\n', o);
	for (size_t i = 0; i < v->n_target; i++) {
		const struct val_target *t = &v->target[i];

		if (shown(t) && *t->note && strcmp(t->role, "undone"))
			fprintf(o, "- %s: %s\n", t->id, t->note);
	}
}

bool val_table(const struct val *v, FILE *o, bool md)
{
	size_t n[5] = { 0 }; /* passed, failed, not run, not done, not judged */

	for (size_t i = 0; i < v->n_target; i++) {
		const struct val_target *t = &v->target[i];
		const char *verdict = val_verdict_name(t);

		if (shown(t))
			n[!strcmp(verdict, "not done") ? 3 : !strcmp(verdict, "not run") ? 2 : !strcmp(verdict, "input") ? 4 : val_failed(t) ? 1 : 0]++;
	}
	fprintf(o, "%zu targets hold, %zu fail, %zu were not run, %zu are not done, %zu are inputs without a check.\n", n[0], n[1], n[2], n[3], n[4]);
	group(v, o, md, "prediction", "Predictions");
	group(v, o, md, "law", "Laws");
	group(v, o, md, "input", "Inputs: calibrated to the published value, which is no test of the model");
	group(v, o, md, "preset", "Presets");
	missed(v, o, md);
	undone(v, o, md);
	if (md)
		notes(v, o);
	return !ferror(o);
}

static void quoted(FILE *o, const char *s)
{
	fputc('"', o);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', o);
		fputc(*s, o);
	}
	fputc('"', o);
}

bool val_csv(const struct val *v, const char *path, struct err *e)
{
	static const char *const name[] = { "pass", "FAIL", "input", "" };
	struct outfile f;
	FILE *o;

	if (!outfile_open(&f, path, e))
		return false;
	o = f.o;
	fputs("target,check,published,ours,band,share_of_band,verdict\n", o);
	for (size_t i = 0; i < v->n_check; i++) {
		const struct val_check *c = &v->check[i];

		fprintf(o, "%s,", c->id);
		quoted(o, c->what);
		fprintf(o, ",%s,%s,", c->published, c->ours);
		quoted(o, c->band);
		fprintf(o, ",%.3f,%s\n", c->reach, name[c->verdict]);
	}
	return outfile_end(&f, true, e);
}

static char *slurp(const char *path, struct err *e)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t len = 0, cap = 0;

	for (size_t got = 1; f && got; len += got) {
		if (cap - len < 4096) {
			char *more = realloc(text, cap += 65536);

			if (!more)
				break;
			text = more;
		}
		got = fread(text + len, 1, cap - len - 1, f);
	}
	if (!f || ferror(f) || !text) {
		err_errno(e, path);
		free(text);
		text = NULL;
	} else {
		text[len] = 0;
	}
	if (f)
		fclose(f);
	return text;
}

bool val_doc(const struct val *v, const char *path, struct err *e)
{
	char *text = slurp(path, e), *from, *to;
	struct outfile f;
	bool ok;

	if (!text)
		return false;
	from = strstr(text, begin_mark);
	to = from ? strstr(from, end_mark) : NULL;
	if (!to) {
		free(text);
		return err_set(e, ERR_INPUT, "%s: expected the lines \"%s\" and \"%s\"", path, begin_mark, end_mark);
	}
	ok = outfile_open(&f, path, e);
	if (ok) {
		fwrite(text, 1, (size_t)(from - text) + sizeof(begin_mark) - 1, f.o);
		fputc('\n', f.o);
		(void)val_table(v, f.o, true); /* an error of writing stays with the stream */
		fputs(to, f.o);
		ok = outfile_end(&f, true, e);
	}
	free(text);
	return ok;
}
