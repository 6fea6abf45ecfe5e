/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline_rec.c - recordings, F.iotl: what happened at the units as it came, 40 bytes each, and read again. A head (struct head), a name for each unit
 * (struct name), then records (struct tl_ev) in the order of time, the last one TL_END. All numbers are little-endian.
 */
#include "timeline_int.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct tl_ev) == 40, "the records have no gaps");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "and are written as they lie in memory");
enum { BATCH = 1024, MOST_UNITS = 4096 };
static const char magic[8] = "iommutl1";
struct head {
	char magic[8];
	uint32_t units, record;
};
struct name {
	char name[TL_NAME]; /* ends with 0 */
	uint32_t walkers;
};

/* ---- writing ---- */

bool tl_record_begin(struct timeline *t, struct err *e)
{
	struct head h = { .units = (uint32_t)t->n_unit, .record = sizeof(struct tl_ev) };

	t->buf = malloc(BATCH * sizeof(*t->buf));
	if (!t->buf)
		return err_set(e, ERR_MACHINE, "out of memory for the timeline");
	memcpy(h.magic, magic, sizeof(magic));
	fwrite(&h, sizeof(h), 1, t->o);
	for (size_t i = 0; i < t->n_unit; i++) {
		struct name n = { .walkers = t->unit[i].most };

		memcpy(n.name, t->unit[i].name, sizeof(n.name));
		fwrite(&n, sizeof(n), 1, t->o);
	}
	return true;
}

static void write_out(struct timeline *t)
{
	fwrite(t->buf, sizeof(*t->buf), t->n_buf, t->o); /* an error shows when the file is closed */
	t->n_buf = 0;
}

void tl_record(struct timeline *t, const struct tl_ev *ev)
{
	t->buf[t->n_buf++] = *ev;
	if (t->n_buf == BATCH)
		write_out(t);
}

void tl_record_flush(struct timeline *t)
{
	tl_record(t, &(struct tl_ev){ .what = TL_END, .at = t->now });
	write_out(t);
}

/* ---- reading ---- */

struct input {
	FILE *f;
	const char *path;
	uint64_t n; /* records read */
	sim_time at;
};

static bool wrong(const struct input *in, struct err *e, const char *what)
{
	return err_set(e, ERR_INPUT, "%s: record %llu: %s", in->path, (unsigned long long)in->n, what);
}

static bool cut(const struct input *in, struct err *e)
{
	if (ferror(in->f))
		return err_set(e, ERR_MACHINE, "%s: %s", in->path, strerror(errno));
	return err_set(e, ERR_INPUT, "%s: ends after %llu whole records, without the one that says that the recording is over", in->path, (unsigned long long)in->n);
}

static bool read_head(const struct input *in, struct head *h, struct err *e)
{
	if (fread(h, sizeof(*h), 1, in->f) != 1 || memcmp(h->magic, magic, sizeof(magic)))
		return ferror(in->f) ? cut(in, e) : err_set(e, ERR_INPUT, "%s: no recording of 'iommusim run --timeline F.iotl'", in->path);
	if (h->record != sizeof(struct tl_ev))
		return err_set(e, ERR_INPUT, "%s: found records of %u bytes, expected %zu: from another version", in->path, h->record, sizeof(struct tl_ev));
	if (h->units > MOST_UNITS)
		return err_set(e, ERR_INPUT, "%s: found %u units, expected %d at most", in->path, h->units, MOST_UNITS);
	return true;
}

static bool read_names(const struct input *in, struct timeline *t, struct err *e)
{
	for (size_t i = 0; i < t->n_unit; i++) {
		struct name n;

		if (fread(&n, sizeof(n), 1, in->f) != 1)
			return cut(in, e);
		for (size_t k = 0; k < sizeof(n.name) && n.name[k]; k++)
			if (n.name[k] < ' ' || n.name[k] > '~' || n.name[k] == '"' || n.name[k] == '\\')
				n.name[k] = '?';
		n.name[sizeof(n.name) - 1] = 0;
		memcpy(t->unit[i].name, n.name, sizeof(n.name));
		t->unit[i].most = n.walkers;
	}
	return true;
}

static bool sound(struct input *in, const struct timeline *t, const struct tl_ev *ev, struct err *e)
{
	static const uint8_t kinds[TL_WHATS] = { [TL_ARRIVE] = 4, [TL_STATE] = XL_STALLED + 1, [TL_READ] = 1, [TL_GONE] = 2, [TL_COMMANDS] = 2,
						 [TL_MESSAGE] = TAP_PAGE_RESP + 1, [TL_END] = 1 };

	if (ev->what >= TL_WHATS || ev->kind >= kinds[ev->what])
		return wrong(in, e, "a kind of event that there is not");
	if (ev->unit >= t->n_unit && ev->what != TL_END)
		return wrong(in, e, "a unit that there is not");
	if (ev->at < in->at)
		return wrong(in, e, "earlier than the one before");
	in->at = ev->at;
	return true;
}

static bool read_all(struct input *in, struct timeline *t, struct err *e)
{
	struct tl_ev ev;
	const char *why;

	do {
		if (fread(&ev, sizeof(ev), 1, in->f) != 1)
			return cut(in, e);
		in->n++;
		if (!sound(in, t, &ev, e))
			return false;
		if (ev.what == TL_END)
			t->now = ev.at;
		else if ((why = tl_follow(t, &ev)) != NULL)
			return wrong(in, e, why);
	} while (ev.what != TL_END);
	return true;
}

static bool convert(struct input *in, const char *to, uint64_t first, uint64_t last, struct err *e)
{
	struct timeline *t;
	struct head h;
	bool ok;

	if (!read_head(in, &h, e))
		return false;
	t = tl_open(to, h.units, e);
	if (!t)
		return false;
	t->first = first;
	t->last = last;
	ok = read_names(in, t, e) && tl_begin(t, e) && read_all(in, t, e) && timeline_finish(t, e);
	timeline_destroy(t);
	return ok;
}

bool timeline_convert(const char *from, const char *to, uint64_t first, uint64_t last, struct err *e)
{
	struct input in = { .path = from, .f = fopen(from, "rb") };
	bool ok;

	if (!in.f)
		return err_errno(e, from);
	ok = convert(&in, to, first, last, e);
	fclose(in.f);
	return ok;
}
