/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline_int.h - private to timeline*.c. What the taps see (timeline_tap.c) becomes a struct tl_ev each, which is recorded (timeline_rec.c) or followed
 * (timeline.c): then a format (timeline_json.c, timeline_vcd.c) writes it.
 */
#ifndef IOMMUSIM_TIMELINE_INT_H
#define IOMMUSIM_TIMELINE_INT_H
#include "timeline.h"
#include "outfile.h"

enum { TL_HASH = 4096, TL_PASID = 0x80, TL_NAME = 60 };
#define TL_NOBODY UINT64_MAX
enum tl_what { TL_ARRIVE, TL_STATE, TL_READ, TL_GONE, TL_COMMANDS, TL_MESSAGE, TL_END, TL_WHATS };
struct tl_ev { /* also a record of an .iotl file, little-endian */
	uint64_t at; /* ps */
	uint64_t id; /* of the request, in its unit */
	uint64_t value; /* ARRIVE: I/O address; STATE: xl.seq; READ: address; GONE: address translated to, or fault code; MESSAGE: as struct iommu_tap has it */
	uint32_t rid, pasid; /* ARRIVE; MESSAGE: rid */
	uint16_t len; /* ARRIVE: bytes; STATE, GONE: reads of the walk so far */
	uint16_t unit;
	uint8_t what;
	uint8_t kind; /* ARRIVE: enum xl_at; STATE: enum xl_state; GONE: 1, it was translated; COMMANDS: 1, some are under way; MESSAGE: enum tap_msg */
	uint8_t acc; /* ARRIVE: XL_*, and TL_PASID if it has one */
	uint8_t zero;
};
struct tl_live { /* a request in flight */
	struct tl_live *next; /* hash chain, or free list */
	struct tl_ev from; /* its arrival */
	struct tl_unit *u;
	uint64_t seq;
	uint32_t lane; /* of its requester */
	uint32_t walker;
	sim_time phase, read; /* begin of this phase, of this read */
	uint64_t read_spa;
	unsigned reads;
	uint8_t state; /* enum xl_state of this phase */
	bool walking, reading;
	bool shown, walk_shown; /* JSON: its begin was written, so its end is too */
};
struct tl_lanes { /* rows of a track, and who is on each: NULL is nobody */
	struct tl_live **row;
	size_t n, below; /* rows below that are taken */
};
struct tl_unit {
	char name[TL_NAME];
	uint32_t most; /* walkers that it has */
	struct tl_lanes walkers;
	uint32_t index, n_walk, n_miss, n_flight, n_ats, n_page;
	uint32_t told[5]; /* as last written */
	bool commands_shown; /* JSON: its begin was written, so its end is too */
};
struct tl_dev { /* rows of one requester */
	uint32_t rid;
	struct tl_lanes lanes;
	uint64_t *tag; /* JSON: rows of messages: whose answer is awaited */
	size_t n_tag;
};
/* What a format writes. Times in ps. */
struct tl_fmt {
	void (*header)(struct timeline *t);
	void (*request)(struct timeline *t, struct tl_live *l, const struct tl_ev *gone); /* arrived: @gone is NULL */
	void (*phase)(struct timeline *t, struct tl_live *l); /* over: phase until now */
	void (*walk)(struct timeline *t, struct tl_live *l, bool on);
	void (*read)(struct timeline *t, struct tl_live *l); /* over: read until now */
	void (*commands)(struct timeline *t, struct tl_unit *u, bool on);
	void (*counts)(struct timeline *t, const struct tl_unit *u);
	void (*message)(struct timeline *t, const struct tl_unit *u, enum tap_msg what, uint32_t rid, uint64_t value);
	void (*footer)(struct timeline *t);
};
extern const struct tl_fmt tl_json, tl_vcd;
struct timeline {
	struct outfile out;
	FILE *o; /* out.o */
	char *path;
	struct tl_unit *unit;
	size_t n_unit;
	/* following */
	const struct tl_fmt *fmt; /* NULL: recording */
	sim_time now; /* of the event that is followed */
	sim_time first, last; /* what begins in between is shown */
	struct tl_dev *dev;
	size_t n_dev, dev_mask;
	uint32_t *dev_at; /* by requester */
	struct tl_live *hash[TL_HASH], *spare;
	uint64_t written, left_out;
	sim_time line; /* VCD: of the last time line */
	bool any; /* JSON: a comma is needed */
	bool oom;
	/* recording */
	struct tl_ev *buf;
	size_t n_buf;
	/* the taps; none when a recording is read */
	struct sim_kernel *k;
	struct tl_tap **tap;
	size_t n_tap;
};

/* timeline.c */
/** tl_open() - @path is opened, @n units are to be named. NULL: @e says why. */
struct timeline *tl_open(const char *path, size_t n, struct err *e) MUST_USE;
/** tl_begin() - the units have their names: the head of the file. */
bool tl_begin(struct timeline *t, struct err *e) MUST_USE;
/** tl_follow() - @ev happens; it is no TL_END. Returns: NULL, or what is wrong with it. */
const char *tl_follow(struct timeline *t, const struct tl_ev *ev);
/** tl_room() - may one more event be written? */
bool tl_room(struct timeline *t);
/** tl_window() - is what begins now shown? */
static inline bool tl_window(const struct timeline *t)
{
	return t->now >= t->first && t->now <= t->last;
}
struct tl_dev *tl_dev(struct timeline *t, uint32_t rid);
/* timeline_tap.c */
void tl_detach(struct timeline *t);
/* timeline_rec.c */
bool tl_record_begin(struct timeline *t, struct err *e) MUST_USE;
void tl_record(struct timeline *t, const struct tl_ev *ev);
void tl_record_flush(struct timeline *t);
#endif
