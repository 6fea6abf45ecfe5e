/* SPDX-License-Identifier: Apache-2.0 */
/* imp_ftrace_int.h - private to imp_ftrace.c, which finds the events in the lines, and imp_ftrace_ev.c, which says what each becomes. */
#ifndef IOMMUSIM_IMP_FTRACE_INT_H
#define IOMMUSIM_IMP_FTRACE_INT_H
#include <string.h>
#include "import/imp_ftrace.h"

enum { DOMAINS = 64, UNITS = 16, NAME = 24, DEVICES = 256, WAIT_DESC = 5 };
struct in {
	const char *path, *line, *p, *end;
	uint64_t no; /* number of the line */
	uint64_t t0; /* time of the first event, µs */
	bool begun;
	uint64_t at; /* of the event in work */
	int64_t domain;
	struct { uint32_t did, refs; } dom[DOMAINS];
	uint32_t dev[DEVICES]; /* attached by a tag */
	unsigned n_dom, n_dev, n_unit;
	bool any_tag;
	char unit[UNITS][NAME];
	struct trc_writer *out;
	struct imp_ftrace_sum *s;
	struct err *e;
};

/* ---- pieces of a line; all stay where they are when the text is not there ---- */

static inline bool bad(struct in *in, const char *want)
{
	size_t n = (size_t)(in->end - in->p);

	return err_at(in->e, in->path, in->no, (unsigned)(in->p - in->line) + 1, "found \"%.*s\", expected %s",
		      (int)(n < 24 ? n : 24), in->p, want);
}
static inline bool lit(struct in *in, const char *s)
{
	size_t n = strlen(s);

	if ((size_t)(in->end - in->p) < n || memcmp(in->p, s, n))
		return false;
	in->p += n;
	return true;
}
static inline bool number(struct in *in, unsigned base, uint64_t *v)
{
	const char *s = in->p;
	uint64_t x = 0;

	for (; in->p < in->end; in->p++) {
		unsigned char c = (unsigned char)*in->p;
		unsigned d = c >= '0' && c <= '9' ? c - 48u : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32u) - 'a' + 10 : 99;

		if (d >= base || x > (UINT64_MAX - d) / base)
			break;
		x = x * base + d;
	}
	*v = x;
	return in->p > s;
}
/* @key, then a number; an error that names @key if not. */
static inline bool need(struct in *in, const char *key, unsigned base, uint64_t *v)
{
	char want[80];
	const char *at = in->p;

	if (lit(in, key) && number(in, base, v))
		return true;
	if (in->p < at + strlen(key))
		in->p = at;
	snprintf(want, sizeof(want), "\"%s%s\"", key, base == 16 ? "HEX" : "NUMBER");
	return bad(in, want);
}
/* A word up to one of @stops. */
static inline bool word(struct in *in, const char *stops, const char **w, size_t *n)
{
	*w = in->p;
	while (in->p < in->end && !strchr(stops, *in->p))
		in->p++;
	*n = (size_t)(in->p - *w);
	return *n != 0;
}
/* SSSS:BB:DD.F; false, without error, for other devices, whose name ends at one of @stops */
static inline bool device(struct in *in, const char *stops, uint32_t *rid)
{
	const char *at = in->p, *w;
	uint64_t seg, bus, dev, fn;
	size_t n;

	if (number(in, 16, &seg) && lit(in, ":") && number(in, 16, &bus) && lit(in, ":") && number(in, 16, &dev) &&
	    lit(in, ".") && number(in, 16, &fn) && seg <= 0xffff && bus <= 0xff && dev <= 0x1f && fn <= 7 && (in->p == in->end || strchr(stops, *in->p))) {
		*rid = (uint32_t)(seg << 16 | bus << 8 | dev << 3 | fn);
		return true;
	}
	in->p = at;
	word(in, stops, &w, &n);
	in->s->no_pci++;
	return false;
}
static inline bool at_end(struct in *in)
{
	return in->p == in->end || bad(in, "the end of the line");
}

struct ftrace_event {
	const char *name;
	/* The text behind "NAME: " is at in->p. *used: it became a record. False: in->e says why. */
	bool (*fn)(struct in *in, bool *used);
};
extern const struct ftrace_event ftrace_events[];
extern const unsigned ftrace_n_events;
#endif
