/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trc.h - one trace record, readers and writers (text and binary, streamed; pipes work).
 * Text: docs/trace-format.md. Binary: zstd-compressed, versioned. Readers detect which of the two they are given.
 */
#ifndef IOMMUSIM_TRC_H
#define IOMMUSIM_TRC_H
#include <stdio.h>
#include "core/base/err.h"

enum trc_kind {
	TRC_COMMENT, /* text after '#', kept */
	/* hardware level */
	TRC_PAGE, /* initial state: content of one 4 KiB page */
	TRC_REGSTATE, /* initial state: register as captured */
	TRC_DMA, TRC_STORE, TRC_MMIO_WRITE, TRC_MMIO_READ, TRC_DEVICE,
	/* software level */
	TRC_ATTACH, TRC_DETACH, TRC_MAP, TRC_UNMAP, TRC_FLUSH,
	/* for the ordering checker: one neutral event (core/trace/ord_ev.h), one raw command or descriptor */
	TRC_ORDER, TRC_COMMAND,
	TRC_KINDS,
	/* never in a file: what software models hand to the replay */
	TRC_DELAY = TRC_KINDS /* software computes: passes u.delay_ps after the commands before it are finished */
};
enum trc_expect { TRC_EXP_NONE, TRC_EXP_OK, TRC_EXP_FAULT };
enum trc_dev_event {
	TRC_DEV_ATS_ON, TRC_DEV_ATS_OFF, TRC_DEV_RESET, TRC_DEV_SILENT, TRC_DEV_ALIVE,
	TRC_DEV_SLOW, TRC_DEV_WRONG_ITAG, TRC_DEV_NO_FLUSH, TRC_DEV_MISORDER, TRC_DEV_DROP, TRC_DEV_UR, /* ways to answer badly, until alive */
	TRC_DEV_REMOVED, TRC_DEV_PRI_ON, TRC_DEV_PRI_OFF,
	TRC_DEV_EVENTS
};
#define TRC_NO_TIME UINT64_MAX
#define TRC_NO_PASID UINT32_MAX
#define TRC_NO_SLOT UINT32_MAX
struct trc_rec {
	uint8_t kind; /* enum trc_kind */
	uint8_t unit; /* index of the IOMMU; 0 unless the trace says otherwise */
	uint64_t at; /* ps since the start, or TRC_NO_TIME */
	uint64_t line; /* text: line number; binary: record number; from 1. Not stored. */
	union {
		struct {
			uint64_t iova, pa; /* pa: expected result, valid if expect = OK */
			uint32_t rid, pasid; /* TRC_NO_PASID: none */
			uint32_t len; /* 0: the source did not say ('?') */
			uint8_t dir; /* 'r', 'w', 'x' (instruction fetch), 'a' (atomic), '?' */
			uint8_t at; /* enum xl_at */
			uint8_t expect; /* enum trc_expect */
			bool priv;
			uint16_t code; /* expect = FAULT: the source's reason code, 0 when it has none */
		} dma;
		struct { uint64_t pa, val; uint8_t bytes; } store; /* bytes 1, 2, 4, 8 */
		struct { uint64_t val; uint32_t off; uint8_t bytes; bool has_val; bool unwaited; } mmio; /* reads: has_val says an expected value is known; writes: unwaited, not stored: software does not wait for the unit */
		struct { uint64_t pa; const uint64_t *w; } page; /* 512 words; borrowed until the next read */
		struct { uint64_t val; uint32_t off; uint8_t bytes; char name[24]; } reg;
		struct { uint32_t rid; uint8_t event; } dev;
		struct { uint64_t iova, pa, size; uint32_t rid, pasid, dom; uint8_t perm; /* XL_R|XL_W|XL_X */ char type[12]; } sw; /* size 0 in FLUSH: the whole domain */
		uint64_t delay_ps;
		struct { uint64_t w[8]; uint32_t q, slot; uint8_t n; } cmd; /* n words; slot TRC_NO_SLOT: not recorded */
		const char *text; /* comment, without '#' and newline; ordering event, one, canonical. Borrowed until the next read */
	} u;
};
struct trc_reader;
/** trc_open() - @path "-" is standard input. Detects text, binary, and either inside zstd. */
struct trc_reader *trc_open(const char *path, struct err *e) MUST_USE;
/** trc_next() - Returns: 1 and *r, 0 at the end, -1 on error (file:line:col or record number in @e; a truncated binary is an error). */
int trc_next(struct trc_reader *t, struct trc_rec *r, struct err *e) MUST_USE;
void trc_close(struct trc_reader *t);
/** trc_names() - from the next record on, ordering events are parsed with @n; trc_event() is @r, just read; NULL if that was before trc_names(). */
struct ord_ev;
struct ord_names;
void trc_names(struct trc_reader *t, struct ord_names *n);
const struct ord_ev *trc_event(struct trc_reader *t, const struct trc_rec *r);
enum trc_format { TRC_TEXT, TRC_BINARY };
struct trc_writer;
/** trc_create() - @path "-" is standard output; a file is written under a temporary name and renamed by trc_finish(). */
struct trc_writer *trc_create(const char *path, enum trc_format f, struct err *e) MUST_USE;
bool trc_put(struct trc_writer *t, const struct trc_rec *r, struct err *e) MUST_USE;
/** trc_finish() - flush, rename, free. trc_abandon(): free and remove the temporary file. */
bool trc_finish(struct trc_writer *t, struct err *e) MUST_USE;
void trc_abandon(struct trc_writer *t);
/** trc_format_of() - by suffix: ".iot", ".txt" and "-" text; ".iotb", ".bin", ".zst" binary. */
enum trc_format trc_format_of(const char *path);
extern const char *const trc_kind_name[TRC_KINDS]; /* the first word of a text line */
extern const char *const trc_dev_name[TRC_DEV_EVENTS];
#endif
