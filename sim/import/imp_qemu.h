/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_qemu.h - a QEMU trace log (VT-d, SMMUv3, AMD-Vi) turned into a hardware-level trace.
 * Models: the driver's stores and write-backs (mem_* lines), register reads and writes, DMAs with the address QEMU arrived at, faults; commands the log
 * has but no store wrote are put into the ring before the tail moves, so the command engine always runs.
 * Does not model: times (the log has none), device TLB or PASID requests (QEMU logs neither), interrupt remapping requests (counted only).
 * The architecture is that of the image, without an image that of the first event that belongs to one.
 *
 * The expected result of a DMA is kept only while the memory of the trace is known to be the memory QEMU walked: an image is given, and no
 * descriptor was executed that the ring does not hold. Without an image no expectation is written, because the tables are unknown.
 */
#ifndef IOMMUSIM_IMP_QEMU_H
#define IOMMUSIM_IMP_QEMU_H
#include <stdio.h>
#include "core/trace/trc.h"
#include "import/image.h"

enum { IMP_KINDS = 128, IMP_BAD_LINES = 8 };
struct imp_kind {
	char name[44];
	uint8_t ev; /* what the importer does with it; internal */
	uint8_t len;
	uint64_t total, before; /* lines in the log; of them before the pause */
	uint64_t used; /* became a record, or completed one */
	uint64_t checked; /* commands found in the ring as the stores left it */
	uint64_t unused, unreadable;
};
struct imp_sum {
	char log[64], image[64]; /* file names without folders; image "" if none */
	struct imp_kind kind[IMP_KINDS]; /* in order of first appearance */
	unsigned n_kind;
	uint64_t lines, pause; /* @pause: last line that belongs to the image; 0 without image */
	uint64_t recs[TRC_KINDS]; /* records written */
	uint64_t bad_line[IMP_BAD_LINES], unreadable;
	uint64_t desc_written, desc_missing, desc_differ; /* put into the ring; tail moved over without; stores say otherwise */
	uint64_t cmd_untold; /* of those written: the log has not their fields; a wider or an idle command stands for them */
	uint64_t no_page; /* translations whose page size the tables do not tell: no expectation (AMD-Vi) */
	uint64_t no_offset; /* translations without a hit or update line: offset 0 assumed */
	uint64_t expected, not_compared; /* DMAs with and without an expectation */
	uint64_t cut; /* lines cut because of their length */
	bool own_length; /* the log says where the command buffer is, but not how long (AMD-Vi without image) */
	bool own_ring; /* the log does not say where the ring is: one of ours was used */
};
struct imp_qemu_in {
	const char *log; /* path, "-": standard input */
	const char *image; /* path of the index as given; NULL without */
	const struct image *im;
};
/** imp_qemu() - Streams the log into @out (not finished here). @s is valid also after an error. */
bool imp_qemu(const struct imp_qemu_in *in, struct trc_writer *out, struct imp_sum *s, struct err *e) MUST_USE;
/** imp_sum_print() - for people; the "events" line has every kind of the whole log, most frequent first. */
void imp_sum_print(FILE *o, const struct imp_sum *s);
#endif
