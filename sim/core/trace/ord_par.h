/* SPDX-License-Identifier: Apache-2.0 */
/* ord_par.h - private to the parser of ordering events (ord_parse.c, ord_field.c, ord_pos.c): cursor, fields by form, fields by position. */
#ifndef IOMMUSIM_ORD_PAR_H
#define IOMMUSIM_ORD_PAR_H
#include <string.h>
#include "core/iommu.h"
#include "core/trace/ord_ev.h"

struct par {
	const char *s; /* cursor */
	const char *t; /* token */
	size_t n; /* its length */
	struct ord_ev *e;
	struct ord_names *names;
	bool result; /* behind -> */
};
static inline bool is_end(char c)
{
	return !c || c == '\n' || c == '\r' || c == ';' || c == '#';
}
static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool is_word(char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || is_digit(c) || c == '_' || c == '-';
}
int par_flag(const struct par *p); /* the index of the token in ORD_FLAGS_LIST, or -1 */
bool par_is(const struct par *p, const char *w); /* is it the token? */
int par_in(const struct par *p, const char *const *list, size_t n); /* its index, or -1 */
bool par_next(struct par *p); /* the next token; commentary in parentheses is skipped. false at the end of the event */
/* A field at *s, up to @end; *s moves behind it. */
bool par_number(const char **s, const char *end, uint64_t *v);
bool par_size(const char **s, const char *end, uint64_t *v); /* with K, M, G, T; not 0 */
bool par_name(struct par *p, const char **s, const char *end, uint32_t *id);
bool par_address(struct par *p, const char **s, const char *end, uint64_t *a);
bool par_requester(struct par *p, const char **s, const char *end, uint32_t *rid, uint32_t *pasid);
bool par_perm(const char *s, const char *end, uint64_t *v);
/* The whole token. */
bool par_span(struct par *p, uint64_t *a, uint64_t *len); /* ADDRESS[/SIZE]; *len 0: no size */
bool par_whole_requester(struct par *p, uint32_t *rid, uint32_t *pasid);
bool par_whole_name(struct par *p, uint32_t *id); /* no word of the flags, but r, w and ats */
bool par_page(struct par *p);
bool par_accept(struct par *p, char letter); /* the token as a field of that letter (ORD_OPS) */
const char *par_expected(char letter);
#endif
