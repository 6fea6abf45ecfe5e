/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfg.h - options declared once: the rows feed YAML, --set, sweep axes, `params`, --dump-config and the documents.
 */
#ifndef IOMMUSIM_CFG_H
#define IOMMUSIM_CFG_H
#include "core/base/err.h"

enum cfg_type {
	CFG_U32, /* uint32_t */
	CFG_U64, /* uint64_t; min/max 0,0: any */
	CFG_HEX, /* uint64_t, printed in hexadecimal */
	CFG_TIME, /* uint64_t in ps; text "287 ns", "1.5us", "1 min" (a bare number is an error unless 0) */
	CFG_SIZE, /* uint64_t in bytes; text "4096", "64K", "2M", "1G" (binary multiples) */
	CFG_BOOL, /* bool */
	CFG_ENUM, /* uint32_t; @choices lists the words separated by '|', value = index */
	CFG_LIST, /* uint64_t; words of @choices separated by ',', bit = index */
	CFG_STR /* char *, owned by the configuration */
};
extern const char *const cfg_type_name[CFG_STR + 1]; /* "integer", "time", ... */
struct cfg_opt {
	const char *key; /* dotted below its group: "iotlb.entries"; a row with key NULL ends the list */
	uint8_t type;
	size_t off; /* in the struct the group configures */
	uint64_t def, min, max; /* inclusive; CFG_TIME in ps, CFG_ENUM def = index */
	const char *unit; /* "entries", "cycles", ... or "" */
	const char *help; /* one sentence */
	const char *choices; /* CFG_ENUM, CFG_LIST */
};
/** cfg_defaults() - write every row's default into @base. */
void cfg_defaults(const struct cfg_opt *o, void *base);
/** cfg_set() - parse @text into the row @key of @base. Error text names the key, the value, the range, or the nearest key. */
bool cfg_set(const struct cfg_opt *o, void *base, const char *key, const char *text, struct err *e) MUST_USE;
/** cfg_print() - the value of row @o in @base as cfg_set() reads it back exactly. Returns: as snprintf. */
int cfg_print(const struct cfg_opt *o, const void *base, char *buf, size_t n);
/** cfg_free() - release the CFG_STR values of @base. */
void cfg_free(const struct cfg_opt *o, void *base);
const struct cfg_opt *cfg_find(const struct cfg_opt *o, const char *key);
#endif
