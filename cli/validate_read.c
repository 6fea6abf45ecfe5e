/* SPDX-License-Identifier: Apache-2.0 */
/*
 * validate_read.c - targets.txt and the lines experiments print, both of fields between '|', and the judgement: only here, and only by the band that
 * stands in the line. Bands: "+-2 %" of the published value, "+-5" around it, "1.9 to 2.2", ">= 0.85", "<= 1", "exact", "input" (not judged).
 */
#include "validate.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *trim(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	for (n = strlen(s); n && isspace((unsigned char)s[n - 1]); n--)
		s[n - 1] = 0;
	return s;
}

/* Cut @line at '|' into exactly @n fields. */
static bool cut(char *line, char **field, size_t n)
{
	size_t k = 0;

	for (char *p = line; p; k++) {
		char *bar = strchr(p, '|');

		if (bar)
			*bar = 0;
		if (k < n)
			field[k] = trim(p);
		p = bar ? bar + 1 : NULL;
	}
	return k == n;
}

static bool number(const char *s, double *x)
{
	char *end;

	*x = strtod(s, &end);
	return end != s && isfinite(*x) && !*trim(end);
}

/* Distance over allowance; nothing allowed and nothing off is 0. */
static double over(double off, double allowed)
{
	return off == 0 ? 0 : allowed > 0 ? off / allowed : INFINITY;
}

static bool judge_number(struct val_check *c, double x)
{
	double p = 0, a = 0, b = 0;
	char unit[4] = "", rest;
	bool known = number(c->published, &p);

	if (sscanf(c->band, "+-%lf %1[%]%c", &a, unit, &rest) == 2 && known)
		c->reach = over(fabs(x - p), a / 100 * fabs(p));
	else if (sscanf(c->band, "+-%lf %c", &a, &rest) == 1 && known)
		c->reach = over(fabs(x - p), a);
	else if (sscanf(c->band, "%lf to %lf %c", &a, &b, &rest) == 2 && a <= b)
		c->reach = over(fabs(x - (a + b) / 2), (b - a) / 2);
	else if (sscanf(c->band, ">= %lf %c", &a, &rest) == 1)
		c->reach = x >= a ? 0 : INFINITY;
	else if (sscanf(c->band, "<= %lf %c", &a, &rest) == 1)
		c->reach = x <= a ? 0 : INFINITY;
	else if (!strcmp(c->band, "exact") && known)
		c->reach = x == p ? 0 : INFINITY;
	else
		return false;
	c->verdict = c->reach <= 1 + 1e-9 ? VAL_PASS : VAL_FAIL;
	return true;
}

bool val_judge(struct val_check *c)
{
	double x;

	c->verdict = VAL_INPUT;
	c->reach = 0;
	if (!strcmp(c->band, "input"))
		return true;
	if (number(c->ours, &x))
		return judge_number(c, x);
	if (strcmp(c->band, "exact") || !*c->ours) /* words: such as yes and no */
		return false;
	c->verdict = strcmp(c->ours, c->published) ? VAL_FAIL : VAL_PASS;
	c->reach = c->verdict == VAL_FAIL ? INFINITY : 0;
	return true;
}

static struct val_target *find(const struct val *v, const char *id)
{
	for (size_t i = 0; i < v->n_target; i++)
		if (!strcmp(v->target[i].id, id))
			return &v->target[i];
	return NULL;
}

static bool known_role(const char *role)
{
	static const char *const name[] = { "prediction", "input", "law", "preset", "undone" };

	for (size_t i = 0; i < ARRAY_LEN(name); i++)
		if (!strcmp(role, name[i]))
			return true;
	return false;
}

static bool add_target(struct val *v, char *line, const char *path, unsigned nr, struct err *e)
{
	struct val_target *t;
	char *f[7];

	if (!cut(line, f, ARRAY_LEN(f)))
		return err_set(e, ERR_INPUT, "%s:%u:1: expected 7 fields: id|role|experiment|band|what|source|note", path, nr);
	if (!known_role(f[1]))
		return err_set(e, ERR_INPUT, "%s:%u:1: role \"%.40s\": expected prediction, input, law, preset or undone", path, nr, f[1]);
	if (find(v, f[0]))
		return err_set(e, ERR_INPUT, "%s:%u:1: %.40s a second time", path, nr, f[0]);
	t = realloc(v->target, (v->n_target + 1) * sizeof(*t));
	if (!t)
		return err_set(e, ERR_MACHINE, "out of memory");
	v->target = t;
	t[v->n_target++] = (struct val_target){ .id = f[0], .role = f[1], .experiment = f[2], .band = f[3], .what = f[4], .source = f[5], .note = f[6] };
	return true;
}

static bool lines(struct val *v, const char *path, bool (*take)(struct val *, char *, const char *, unsigned, struct err *), struct err *e)
{
	FILE *f = fopen(path, "r");
	char buf[VAL_LINE], *s;
	bool ok = true;

	if (!f)
		return err_errno(e, path);
	for (unsigned nr = 1; ok && fgets(buf, sizeof(buf), f); nr++) {
		if (!strchr(buf, '\n') && !feof(f)) {
			ok = err_set(e, ERR_INPUT, "%s:%u:1: a line of more than %d characters", path, nr, VAL_LINE - 2);
			break;
		}
		s = trim(buf);
		if (!*s || *s == '#')
			continue;
		ok = take(v, s, path, nr, e);
	}
	if (ok && ferror(f))
		ok = err_errno(e, path);
	fclose(f);
	return ok;
}

static bool take_target(struct val *v, char *s, const char *path, unsigned nr, struct err *e)
{
	char *text = strdup(s);

	if (!text)
		return err_set(e, ERR_MACHINE, "out of memory");
	if (!add_target(v, text, path, nr, e)) {
		free(text);
		return false;
	}
	v->target[v->n_target - 1].text = text;
	return true;
}

bool val_load(struct val *v, const char *dir, struct err *e)
{
	*v = (struct val){ 0 };
	if (asprintf(&v->file, "%s/targets.txt", dir) < 0) {
		v->file = NULL;
		return err_set(e, ERR_MACHINE, "out of memory");
	}
	return lines(v, v->file, take_target, e) && (v->n_target || err_set(e, ERR_INPUT, "%s: no target", v->file));
}

static bool take_check(struct val *v, char *s, const char *path, unsigned nr, struct err *e)
{
	struct val_check *c = realloc(v->check, (v->n_check + 1) * sizeof(*c)), n = { .text = strdup(s) };
	char *f[5];

	if (c)
		v->check = c;
	if (!c || !n.text) {
		free(n.text);
		return err_set(e, ERR_MACHINE, "out of memory");
	}
	c[v->n_check++] = n;
	c += v->n_check - 1;
	if (!cut(c->text, f, ARRAY_LEN(f)))
		return err_set(e, ERR_INPUT, "%s:%u:1: expected 5 fields: id|what|published|ours|band", path, nr);
	c->id = f[0];
	c->what = f[1];
	c->published = f[2];
	c->ours = f[3];
	c->band = f[4];
	if (!find(v, c->id))
		return err_set(e, ERR_INPUT, "%s:%u:1: %.40s is not in %s", path, nr, c->id, v->file);
	return val_judge(c) || err_set(e, ERR_INPUT, "%s:%u:1: %.40s, %.80s: cannot judge \"%.40s\" by the band \"%.40s\"", path, nr, c->id, c->what, c->ours, c->band);
}

bool val_measured(struct val *v, const char *experiment, const char *name, struct err *e)
{
	if (!lines(v, name, take_check, e))
		return false;
	for (size_t i = 0; i < v->n_target; i++)
		if (!strcmp(v->target[i].experiment, experiment))
			v->target[i].ran = true;
	return true;
}

void val_count(struct val *v)
{
	for (size_t i = 0; i < v->n_check; i++) {
		const struct val_check *c = &v->check[i];
		struct val_target *t = find(v, c->id);

		if (c->verdict == VAL_INPUT) {
			t->n_input++;
			continue;
		}
		t->n++;
		t->n_pass += c->verdict == VAL_PASS;
		if (!t->worst || c->reach > t->worst->reach)
			t->worst = c;
	}
}

bool val_failed(const struct val_target *t)
{
	return t->ran && t->n_pass < t->n;
}

const char *val_verdict_name(const struct val_target *t)
{
	if (!strcmp(t->role, "undone"))
		return "not done";
	if (!t->ran || t->n + t->n_input == 0)
		return "not run";
	return val_failed(t) ? "FAIL" : t->n ? "pass" : "input";
}

void val_free(struct val *v)
{
	for (size_t i = 0; i < v->n_check; i++)
		free(v->check[i].text);
	for (size_t i = 0; i < v->n_target; i++)
		free(v->target[i].text);
	free(v->check);
	free(v->target);
	free(v->file);
	*v = (struct val){ 0 };
}
