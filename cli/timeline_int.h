/* SPDX-License-Identifier: Apache-2.0 */
/* timeline_int.h - private to timeline*.c. */
#ifndef IOMMUSIM_TIMELINE_INT_H
#define IOMMUSIM_TIMELINE_INT_H
#include "timeline.h"
#include "outfile.h"

enum { TL_HASH = 4096 };
#define TL_NOBODY UINT64_MAX
struct tl_live { /* a request in flight */
	struct tl_live *next; /* hash chain, or free list */
	const struct xl *x;
	struct tl_unit *u;
	uint32_t lane; /* of its requester */
	uint32_t walker;
	sim_time phase, read; /* begin of this phase, of this read */
	uint64_t read_spa;
	uint8_t state; /* enum xl_state of this phase */
	bool walking, reading;
	bool shown, walk_shown; /* JSON: its begin was written, so its end is too */
};
struct tl_lanes { /* rows of a track, and who is on each: NULL is nobody */
	struct tl_live **row;
	size_t n;
};
struct tl_unit {
	const struct iommu *u;
	const struct iommu_ops *orig;
	struct iommu_ops ops;
	struct iommu_tap tap;
	struct timeline *t;
	struct tl_lanes walkers;
	uint32_t index, n_walk, n_miss, n_flight, n_ats, n_page;
	uint32_t told[5]; /* as last written */
	bool commands;
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
	void (*request)(struct timeline *t, struct tl_live *l, bool on);
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
	const struct tl_fmt *fmt;
	struct sim_kernel *k;
	struct outfile out;
	FILE *o; /* out.o */
	char *path;
	struct tl_unit **unit;
	size_t n_unit;
	struct tl_dev *dev;
	size_t n_dev;
	struct tl_live *hash[TL_HASH], *spare;
	uint64_t written, left_out;
	sim_time now; /* VCD: of the last time line */
	bool any; /* JSON: a comma is needed */
	bool oom;
};
/** tl_room() - may one more event be written? */
bool tl_room(struct timeline *t);
struct tl_dev *tl_dev(struct timeline *t, uint32_t rid);
#endif
