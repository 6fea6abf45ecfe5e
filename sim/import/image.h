/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - a memory image: NAME.idx (text) and NAME.pages.gz, as the capture tools write them: registers, requesters and the
 * 4 KiB pages that hold IOMMU structures at one moment.
 */
#ifndef IOMMUSIM_IMAGE_H
#define IOMMUSIM_IMAGE_H
#include "core/base/err.h"

struct image_reg { char name[24]; uint32_t off; uint8_t bytes; uint64_t val; };
struct image_page { uint64_t pa; char kind[24]; const uint64_t *w; /* 512 words, owned by the image */ };
struct image_requester { uint32_t rid; bool has_pasid; uint32_t pasid; char type[20]; };
struct image {
	char kind[12]; /* "vtd", "smmuv3", "amdvi" */
	struct image_reg *reg; size_t n_reg;
	struct image_page *page; size_t n_page; /* ascending pa */
	struct image_requester *req; size_t n_req;
	uint64_t log_lines; /* "note log lines before the pause: N"; 0 if absent */
	uint64_t log_lines_after_reads; /* last log line of the register reads made to take the image; = log_lines if absent */
	bool write_backs; /* "note write-backs are in the log" */
};
/** image_load() - @idx_path NAME.idx; pages from NAME.pages.gz beside it. Errors carry file:line. */
struct image *image_load(const char *idx_path, struct err *e) MUST_USE;
void image_free(struct image *im);
#endif
