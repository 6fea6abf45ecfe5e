/* SPDX-License-Identifier: Apache-2.0 */
/* api_int.h - private to the public C library (include/iommusim/iommusim.h): what an instance holds. */
#ifndef IOMMUSIM_API_INT_H
#define IOMMUSIM_API_INT_H
#include "check/oracle.h"
#include "core/stat/stat.h"
#include "iommusim/iommusim.h"
#include "run_build.h"

struct api_call { /* a DMA from iommusim_submit() until its completion was told */
	struct iommusim_dma dma;
	iommusim_dma_done *done;
	void *arg;
	iommusim *sim;
	uint64_t submitted, line; /* line: number of the call */
	struct api_call *next; /* waiting, or spare */
	struct api_call *made; /* every one, wherever it is */
};
struct api_dev { /* a device with DMAs that it has no room for yet */
	uint64_t key; /* unit << 32 | rid */
	struct api_call *head, **tail;
};
struct api_check; /* api_check.c: the ordering checker */
struct iommusim {
	struct run_cfg c;
	struct plat *p;
	struct oracle *oracle;
	struct api_check *check; /* NULL: none */
	struct stat_reg reg;
	struct iommusim_callbacks cb;
	struct iommusim_memory mem;
	struct mem_backend backend;
	struct err err;
	bool running; /* time moves: no call from a callback may move it, too */
	bool started; /* a register write, DMA or device event has been: nothing can be restored any more */
	uint64_t n_call, in_flight, n_waiting;
	struct api_call *spare, *made;
	void *waiting; /* struct api_dev, a tree of tsearch() */
	uint64_t no_memory; /* completions after which a waiting DMA could not be handed on */
};
/** api_fail() - keep the sentence. Returns: @e's code as an enum iommusim_status. */
int api_fail(iommusim *s, const struct err *e);
int api_invalid(iommusim *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool api_start_oracle(iommusim *s, struct err *e) MUST_USE;
void api_dma_fini(iommusim *s);
/* api_check.c; all but the first do nothing without a checker. */
bool api_check_start(iommusim *s, const char *const *knobs, struct err *e) MUST_USE;
/** api_check_before() - what the units have done until now; before each call that api_check_take() is told of. */
bool api_check_before(iommusim *s) MUST_USE;
/** api_check_take() - @r has taken effect. Returns: false, and the checker has stopped: s->err. */
bool api_check_take(iommusim *s, const struct trc_rec *r) MUST_USE;
/** api_check_dma() - the DMA that began with call @line has completed with @res. */
void api_check_dma(iommusim *s, const struct iommusim_dma *d, uint64_t line, const struct xl_res *res);
void api_check_free(iommusim *s);
#endif
