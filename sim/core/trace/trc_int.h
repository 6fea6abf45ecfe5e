/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trc_int.h - private to sim/core/trace: byte source (plain or zstd), byte sink, reader and writer state, number printers.
 * Does not know: what a record means (trc_check() in trc.c), the text grammar (trc_text.c), the binary layout (trc_bin.c).
 */
#ifndef IOMMUSIM_TRC_INT_H
#define IOMMUSIM_TRC_INT_H
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>
#include "core/iommu.h"
#include "core/trace/ord_ev.h"
#include "core/trace/trc.h"

enum { TRC_VERSION = 1, TRC_PAGE_WORDS = 512, TRC_CMD_WORDS = 8, TRC_LINE_MAX = 16 << 20 /* bytes of one line or comment */ };

/* Bytes [pos, len) of buf are unread; one byte more than len is always writable (the text reader's sentinel). */
struct trc_src {
	int fd;
	bool own_fd, raw_eof, eof, frame_open;
	char *buf;
	size_t cap, pos, len;
	ZSTD_DStream *z; /* NULL: plain */
	char *in;
	ZSTD_inBuffer zin;
	int code; /* of the failure */
	char why[160];
};
bool trc_src_open(struct trc_src *s, const char *path, struct err *e) MUST_USE;
/** trc_src_more() - append bytes behind len (moves what is unread to the front). At the end sets eof. Returns: false with code and why. */
bool trc_src_more(struct trc_src *s) MUST_USE;
void trc_src_close(struct trc_src *s);

struct trc_sink {
	int fd;
	bool rename;
	char *path, *tmp; /* owned */
	char *buf;
	size_t cap, len;
	ZSTD_CStream *z; /* NULL: plain */
	char *out;
	size_t out_cap;
};
bool trc_sink_open(struct trc_sink *s, const char *path, bool zstd, struct err *e) MUST_USE;
bool trc_sink_flush(struct trc_sink *s, bool last, struct err *e) MUST_USE;
/** trc_sink_room() - where the next @n bytes go; the caller adds what it wrote to len. NULL on error. */
char *trc_sink_room(struct trc_sink *s, size_t n, struct err *e) MUST_USE;
bool trc_sink_commit(struct trc_sink *s, struct err *e) MUST_USE; /* last flush, close, rename; frees */
void trc_sink_drop(struct trc_sink *s);

struct trc_last { /* what deltas are taken against; starts all zero on both sides */
	uint64_t at, iova, pa, store, page, map_iova, map_pa;
	uint32_t rid, pasid1; /* of the last dma; pasid + 1, 0: none */
};
struct trc_reader {
	struct trc_src src;
	char *path; /* for messages; owned */
	bool binary, ended, failed;
	struct err err; /* the failure, repeated by later calls */
	uint64_t n; /* records delivered */
	/* text */
	uint64_t line;
	char *p, *bol, *pending; /* cursor, begin of line, comment behind the event just delivered */
	char *more; /* the end of a line of ordering events not all read, or NULL */
	uint64_t at; /* time of the line, for the rest of its ordering events */
	/* binary */
	struct trc_last last;
	uint64_t w[TRC_PAGE_WORDS];
	char ord[ORD_TEXT_MAX + 1];
	struct ord_names *names; /* NULL: events are only checked */
	struct ord_ev ev; /* the last one read */
};
struct trc_writer {
	struct trc_sink sink;
	enum trc_format format;
	uint64_t n;
	struct trc_last last;
};
/** trc_check() - may this record be written? Returns: NULL, or what is wrong with it. */
const char *trc_check(const struct trc_rec *r);
const char *trc_check_read(struct trc_reader *t, const struct trc_rec *r); /* the same of a record read; an ordering event goes to t->ev */
bool trc_word_ok(const char *s, size_t n); /* a register or table type name: letters, digits and _.[]- */

bool trc_text_begin(struct trc_reader *t, struct err *e) MUST_USE; /* the version line */
int trc_text_next(struct trc_reader *t, struct trc_rec *r, struct err *e) MUST_USE;
bool trc_text_put(struct trc_writer *t, const struct trc_rec *r, struct err *e) MUST_USE;
extern const char trc_magic[7];
bool trc_bin_begin(struct trc_reader *t, struct err *e) MUST_USE; /* the version byte */
int trc_bin_next(struct trc_reader *t, struct trc_rec *r, struct err *e) MUST_USE;
bool trc_bin_head(struct trc_writer *t, struct err *e) MUST_USE;
bool trc_bin_put(struct trc_writer *t, const struct trc_rec *r, struct err *e) MUST_USE;
bool trc_bin_end(struct trc_writer *t, struct err *e) MUST_USE;

/* Tables shared by parser, printer and binary form: index = value. */
extern const char *const trc_at_name[3];
extern const char trc_dir_chars[6]; /* "rwxa?" */
#endif
