/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_out.h - JSON on standard output. A document is built with Jansson's calls, and none of them is checked: that one had no memory, or that a member of a
 * list could not be made, is remembered, and such a document is not written.
 */
#ifndef IOMMUSIM_JSON_OUT_H
#define IOMMUSIM_JSON_OUT_H
#include <jansson.h>
#include "core/base/err.h"

/** json_out_begin() - before the first value is made. */
void json_out_begin(void);
/** json_out_add() - @v, which is released, at the end of @list. NULL: a text in it is not UTF-8. */
void json_out_add(json_t *list, json_t *v);
/** json_out_whole() - has every value been made since? */
bool json_out_whole(struct err *e) MUST_USE;
/** json_out_put() - write @j, which is released, and a newline. A failure of standard output is left to cli_out(). @j NULL: as in json_out_add(). */
bool json_out_put(json_t *j, size_t indent, struct err *e) MUST_USE;
#endif
