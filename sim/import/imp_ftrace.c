/* SPDX-License-Identifier: Apache-2.0 */
/* imp_ftrace.c - see imp_ftrace.h: the events in the lines of a log; imp_ftrace_ev.c says what they become. */
#include <inttypes.h>
#include "import/imp_ftrace_int.h"
#include "import/imp_text.h"

/* " SECONDS.MICROSECONDS: [SYSTEM:]NAME: TEXT": places p behind "NAME: ". Returns the index into events, -1 if it is none. */
static int find_event(struct in *in)
{
	for (const char *c = in->line; (c = memchr(c, '.', (size_t)(in->end - c))); c++) {
		const char *s = c, *w;
		uint64_t sec, us;
		size_t n;

		while (s > in->line && s[-1] >= '0' && s[-1] <= '9')
			s--;
		in->p = s;
		if (s == c || s == in->line || (s[-1] != ' ' && s[-1] != '\t') || !number(in, 10, &sec) || !lit(in, ".") || !number(in, 10, &us) ||
		    in->p - c != 7 || !lit(in, ":"))
			continue;
		while (lit(in, " "))
			;
		(void)(lit(in, "iommu:") || lit(in, "intel_iommu:"));
		if (!word(in, ": ", &w, &n) || !lit(in, ":"))
			return -1;
		lit(in, " ");
		for (size_t i = 0; i < ftrace_n_events; i++)
			if (strlen(ftrace_events[i].name) == n && !memcmp(ftrace_events[i].name, w, n)) {
				us += sec * 1000000;
				if (!in->begun)
					in->t0 = us;
				in->begun = true;
				in->at = us >= in->t0 ? (us - in->t0) * 1000000 : 0;
				return (int)i;
			}
		return -1;
	}
	return -1;
}
static bool one_line(struct in *in, size_t len)
{
	bool used = false;
	int i;

	while (len && (in->line[len - 1] == ' ' || in->line[len - 1] == '\r'))
		len--;
	in->end = in->line + len;
	in->p = in->line;
	if (memchr(in->line, '[', len) && (lit(in, "CPU:") || lit(in, "##### CPU")))
		in->s->lost += memmem(in->line, len, "LOST", 4) != NULL;
	i = len && *in->line != '#' ? find_event(in) : -1;
	if (i < 0) {
		in->s->others++;
		return true;
	}
	in->s->kind[i].lines++;
	if (!ftrace_events[i].fn(in, &used))
		return false;
	in->s->kind[i].used += used;
	return true;
}
bool imp_ftrace(const char *path, int64_t dom, struct trc_writer *out, struct imp_ftrace_sum *s, struct err *e)
{
	struct in in = { .path = path, .domain = dom, .out = out, .s = s, .e = e };
	struct imp_text *t = imp_text_open(path, e);
	size_t len;
	int got = -1;
	bool ok = t != NULL;

	memset(s, 0, sizeof(*s));
	s->n_kind = ftrace_n_events;
	for (unsigned i = 0; i < s->n_kind; i++)
		s->kind[i].name = ftrace_events[i].name;
	in.path = strcmp(path, "-") ? path : "<stdin>";
	while (ok && (got = imp_text_next(t, &in.line, &len, e)) > 0) {
		in.no = ++s->lines;
		ok = one_line(&in, len);
	}
	ok = ok && !got;
	if (ok && !in.begun)
		ok = err_set(e, ERR_INPUT, "%s: none of %" PRIu64 " lines is an event of iommu or intel_iommu", in.path, s->lines);
	imp_text_close(t);
	return ok;
}
void imp_ftrace_print(FILE *o, const struct imp_ftrace_sum *s)
{
	fprintf(o, "%-28s %10s %10s\n", "event", "lines", "used");
	for (unsigned i = 0; i < s->n_kind; i++)
		if (s->kind[i].lines)
			fprintf(o, "%-28s %10" PRIu64 " %10" PRIu64 "\n", s->kind[i].name, s->kind[i].lines, s->kind[i].used);
	fprintf(o, "other lines: %" PRIu64 "\n", s->others);
	if (s->lost)
		fprintf(o, "the kernel lost events at %" PRIu64 " places: the trace has gaps\n", s->lost);
	if (s->no_domain)
		fprintf(o, "left out, because several domains are in use and the event does not say which (--domain): %" PRIu64 "\n", s->no_domain);
	if (s->no_pci)
		fprintf(o, "left out, because the device is not a PCI function: %" PRIu64 "\n", s->no_pci);
}
