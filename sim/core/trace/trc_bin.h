/* SPDX-License-Identifier: Apache-2.0 */
/* trc_bin.h - private to trc_bin.c and trc_bin_put.c: the bits of a record's tag and of the flags of a DMA. docs/trace-format.md, "Binary form". */
#ifndef IOMMUSIM_TRC_BIN_H
#define IOMMUSIM_TRC_BIN_H
#include "core/trace/trc_int.h"

enum {
	TAG_KIND = 15, TAG_TIME = 16, TAG_UNIT = 32, TAG_ARG = 6 /* shift of the kind's own two bits */, KIND_END = 15,
	DMA_DIR = 7, DMA_AT = 3 /* shift */, DMA_PRIV = 32, DMA_PASID = 64, DMA_RID = 128,
	ROOM_SMALL = 128, ROOM_PAGE = TRC_PAGE_WORDS * 12 + 64
};
#endif
