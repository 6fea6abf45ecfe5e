/* SPDX-License-Identifier: Apache-2.0 */
/* config_dump.c - the complete effective configuration as a file that reads back to the same run. Keys are dotted: rows need no order. */
#include "config_int.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Words and numbers as they are, everything else in double quotes. */
static void put_text(FILE *o, const char *s)
{
	if (*s && !s[strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_./ +")] && s[0] != ' ' && s[strlen(s) - 1] != ' ') {
		fputs(s, o);
		return;
	}
	fputc('"', o);
	for (; *s; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch == '"' || ch == '\\')
			fprintf(o, "\\%c", ch);
		else if (ch < 0x20 || ch == 0x7f)
			fprintf(o, "\\x%02x", ch);
		else
			fputc(ch, o);
	}
	fputc('"', o);
}

static bool put_rows(FILE *o, const struct cfg_opt *rows, const void *base, const char *indent, bool item, struct err *e)
{
	for (; rows->key; rows++) {
		int n = cfg_print(rows, base, NULL, 0);
		char *text;

		if (item && cfg_owned_key(rows->key))
			continue;
		text = malloc((size_t)n + 1);
		if (!text)
			return err_set(e, ERR_MACHINE, "out of memory");
		cfg_print(rows, base, text, (size_t)n + 1);
		fprintf(o, "%s%s: ", indent, rows->key);
		put_text(o, text);
		fputc('\n', o);
		free(text);
	}
	return true;
}

static bool put_device(FILE *o, const struct dev_cfg *d, bool any, struct err *e)
{
	if (any)
		fputs("  - rid: any\n", o);
	else
		fprintf(o, "  - rid: %02x:%02x.%x\n    name: %s\n", d->rid >> 8, d->rid >> 3 & 31, d->rid & 7, d->name);
	return put_rows(o, dev_opts, d, "    ", true, e);
}

bool run_cfg_dump(const struct run_cfg *c, FILE *o, struct err *e)
{
	const char *open = "";
	bool ok = true;

	for (const struct cfg_section *s = cfg_sections; ok && s->opts; s++) {
		if (strcmp(s->name, open) && s->opts->key)
			fprintf(o, "%s:\n", s->name);
		open = s->name;
		ok = put_rows(o, s->opts, (const char *)c + s->off, *s->name ? "  " : "", false, e);
	}
	fputs("units:\n", o);
	for (size_t i = 0; ok && i < c->n_unit; i++) {
		fprintf(o, "  - name: %s\n    arch: %s\n", c->unit[i].name, c->unit[i].arch->name);
		ok = put_rows(o, c->unit[i].arch->opts, &c->unit[i].c, "    ", true, e);
	}
	fputs("devices:\n", o);
	ok = ok && put_device(o, &c->plat.dev_default, true, e);
	for (size_t i = 0; ok && i < c->plat.n_dev; i++)
		ok = put_device(o, &c->plat.dev[i], false, e);
	if (ok && (fflush(o) || ferror(o)))
		return err_set(e, ERR_MACHINE, "cannot write the configuration: %s", errno ? strerror(errno) : "write error");
	return ok;
}
