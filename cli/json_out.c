/* SPDX-License-Identifier: Apache-2.0 */
/* json_out.c - see json_out.h. */
#include "json_out.h"
#include <stdio.h>
#include <stdlib.h>

static bool missing; /* Jansson asks for memory through one function of the process */

static void *get(size_t n)
{
	void *p = malloc(n);

	missing |= !p;
	return p;
}
void json_out_begin(void)
{
	json_set_alloc_funcs(get, free);
	missing = false;
}
bool json_out_whole(struct err *e)
{
	return !missing || err_set(e, ERR_MACHINE, "out of memory");
}
bool json_out_put(json_t *j, size_t indent, struct err *e)
{
	bool ok = json_out_whole(e) && (j || err_set(e, ERR_INPUT, "a name that is not UTF-8 cannot be written as JSON"));

	if (ok && (json_dumpf(j, stdout, JSON_INDENT(indent) | JSON_PRESERVE_ORDER) || putchar('\n') == EOF) && !ferror(stdout))
		ok = json_out_whole(e) && err_set(e, ERR_MACHINE, "the document could not be written");
	json_decref(j);
	return ok;
}
