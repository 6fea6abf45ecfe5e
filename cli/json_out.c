/* SPDX-License-Identifier: Apache-2.0 */
/* json_out.c - see json_out.h. */
#include "json_out.h"
#include <stdio.h>
#include <stdlib.h>

static bool missing, not_text; /* Jansson asks for memory through one function of the process */

static void *get(size_t n)
{
	void *p = malloc(n);

	missing |= !p;
	return p;
}
void json_out_begin(void)
{
	json_set_alloc_funcs(get, free);
	missing = not_text = false;
}
bool json_out_whole(struct err *e)
{
	if (missing)
		return err_set(e, ERR_MACHINE, "out of memory");
	return !not_text || err_set(e, ERR_INPUT, "a name that is not UTF-8 cannot be written as JSON");
}
void json_out_add(json_t *list, json_t *v)
{
	not_text |= json_array_append_new(list, v) != 0;
}
bool json_out_put(json_t *j, size_t indent, struct err *e)
{
	bool ok;

	not_text |= !j;
	ok = json_out_whole(e);
	if (ok && (json_dumpf(j, stdout, JSON_INDENT(indent) | JSON_PRESERVE_ORDER) || putchar('\n') == EOF) && !ferror(stdout))
		ok = json_out_whole(e) && err_set(e, ERR_MACHINE, "the document could not be written");
	json_decref(j);
	return ok;
}
