/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_cmdq.h - private to the command queues: smmuv3_cmdq.c (fetch, order, errors), smmuv3_exec.c (what commands do), smmuv3_atc.c
 * (ATC_INV, CMD_SYNC), smmuv3_ecmdq.c (control pages), smmuv3_vcmdq.c (virtual queues).
 * Every queue fetches for itself, one command at a time; one execution unit serves all queues, each queue having at most one command
 * waiting for it, in order of arrival: round robin when all are busy. CMD_SYNC holds back its own queue only.
 */
#ifndef IOMMUSIM_SMMUV3_CMDQ_H
#define IOMMUSIM_SMMUV3_CMDQ_H
#include "smmuv3/smmuv3_int.h"

enum {
	CMD_PREFETCH_CONFIG = 0x01, CMD_PREFETCH_ADDR = 0x02, CMD_CFGI_STE = 0x03, CMD_CFGI_STE_RANGE = 0x04, CMD_CFGI_CD = 0x05,
	CMD_CFGI_CD_ALL = 0x06, CMD_CFGI_VMS_PIDM = 0x07, CMD_TLBI_NH_ALL = 0x10, CMD_TLBI_NH_ASID = 0x11, CMD_TLBI_NH_VA = 0x12,
	CMD_TLBI_NH_VAA = 0x13, CMD_TLBI_EL2_ALL = 0x20, CMD_TLBI_EL2_ASID = 0x21, CMD_TLBI_EL2_VA = 0x22, CMD_TLBI_EL2_VAA = 0x23,
	CMD_TLBI_S12_VMALL = 0x28, CMD_TLBI_S2_IPA = 0x2a, CMD_TLBI_NSNH_ALL = 0x30, CMD_ATC_INV = 0x40, CMD_PRI_RESP = 0x41, CMD_RESUME = 0x44,
	CMD_STALL_TERM = 0x45, CMD_SYNC = 0x46, CMD_DPTI_ALL = 0x70, CMD_DPTI_PA = 0x73
};
/* ATC_INVs the unit can hold (a queue waits with its next one while all are in use), prefetches in flight: assumed. ITags: PCIe ATS. */
enum { CMDQ_ATCS = 256, CMDQ_PREFETCHES = 16 };
enum smmuv3_cmdq_state { CQ_IDLE, CQ_FETCH, CQ_READY, CQ_EXEC, CQ_ATC /* no room for this ATC_INV */, CQ_SYNC, CQ_SIGNAL };

struct smmuv3_cmdq;
struct smmuv3_cmdq_kind {
	bool (*enabled)(const struct smmuv3_cmdq *q);
	bool (*failed)(const struct smmuv3_cmdq *q); /* an error is active */
	void (*error)(struct smmuv3_cmdq *q, unsigned reason); /* report; RD stands at the command */
	void (*rest)(struct smmuv3_cmdq *q); /* nothing fetched is unfinished; may be NULL */
	bool (*screen)(struct smmuv3_cmdq *q); /* may this queue issue q->cmd? It may rewrite it. NULL: all commands */
	unsigned max_lg2; /* limit of LOG2SIZE; 0: IDR1.CMDQS */
};
struct smmuv3_cmdq {
	struct smmuv3 *s;
	const struct smmuv3_cmdq_kind *kind;
	uint8_t state; /* enum smmuv3_cmdq_state */
	bool stuck; /* PROD and CONS contradict each other: nothing is consumed before the queue was disabled */
	bool dirty; /* TLBI, CFGI or ATC_INV since the last drain: the next CMD_SYNC drains */
	bool draining;
	struct sim_event ev;
	struct iommu_drain drain;
	struct smmuv3_cmdq *next; /* waiting for the execution unit, or for room for an ATC_INV */
	uint64_t cmd[2];
	sim_time started;
	unsigned atc_open, atc_lost; /* ATC_INVs of this queue unanswered; timed out and not reported yet */
	/* registers; those of the main queue are in the register file. RD and WR are in bits 19:0 */
	uint64_t base;
	uint32_t prod, cons;
};
struct smmuv3_atc { /* one ATC_INV */
	struct smmuv3_atc *next, **pprev; /* in order of execution */
	struct smmuv3_cmdq *q;
	struct sim_event timer;
	struct ats_inv inv;
	uint8_t left; /* completions to come; 0: none seen yet */
	bool issued; /* has an ITag */
};
struct smmuv3_fifo {
	struct smmuv3_cmdq *head, **tail;
};
struct smmuv3_prefetch {
	struct xl x;
	struct smmuv3 *s;
	struct smmuv3_prefetch *next;
};
struct smmuv3_vcmdqs; /* smmuv3_vcmdq.c */
struct smmuv3_cmdqs {
	struct smmuv3_cmdq main;
	struct smmuv3_cmdq *ecmdq; /* n_ecmdq of them, from the first access on */
	unsigned n_ecmdq;
	struct smmuv3_vcmdqs *v;
	/* the execution unit */
	struct smmuv3_cmdq *exec;
	struct smmuv3_fifo ready;
	unsigned busy; /* queues that are not CQ_IDLE */
	/* ATC_INVs */
	struct smmuv3_atc atc_pool[CMDQ_ATCS], *atc_free, *atcs, **atcs_tail;
	struct smmuv3_fifo atc_wait;
	struct itags itags;
	/* prefetches */
	struct smmuv3_prefetch prefetch_pool[CMDQ_PREFETCHES], *prefetch_free;
	unsigned prefetches;
};
/* ---- smmuv3_cmdq.c ---- */
void cmdq_init(struct smmuv3_cmdq *q, struct smmuv3 *s, const struct smmuv3_cmdq_kind *kind);
void cmdq_step(struct smmuv3_cmdq *q); /* go on if anything can */
void cmdq_consumed(struct smmuv3_cmdq *q); /* the command is done with: CONS passes it */
void cmdq_error(struct smmuv3_cmdq *q, unsigned reason); /* the command is not consumed */
void cmdq_fifo_init(struct smmuv3_fifo *f);
void cmdq_fifo_put(struct smmuv3_fifo *f, struct smmuv3_cmdq *q);
struct smmuv3_cmdq *cmdq_fifo_get(struct smmuv3_fifo *f); /* NULL: empty */
/** cmdq_part() - a 64-bit register that held @old, after @v was written to it (8 bytes) or to one of its halves (4 bytes at @off). */
uint64_t cmdq_part(uint64_t old, uint32_t off, unsigned bytes, uint64_t v);
/* ---- smmuv3_exec.c ---- */
bool cmdq_legal(const struct smmuv3 *s, const uint64_t cmd[2]);
uint64_t cmdq_cycles(const struct smmuv3 *s, const uint64_t cmd[2]); /* of the execution unit */
void cmdq_exec(struct smmuv3_cmdq *q); /* the execution time has passed: carry out q->cmd */
/** cmdq_range() - the addresses a TLBI by address is about, and its hints. */
void cmdq_range(const struct smmuv3 *s, const uint64_t cmd[2], struct smmuv3_tlbi *t);
void cmdq_prefetch_init(struct smmuv3 *s);
void cmdq_prefetch_cancel(struct smmuv3 *s);
/* ---- smmuv3_atc.c ---- */
void cmdq_atc_init(struct smmuv3 *s);
void cmdq_atc_destroy(struct smmuv3 *s);
void cmdq_atc(struct smmuv3_cmdq *q); /* execute ATC_INV */
void cmdq_sync(struct smmuv3_cmdq *q); /* CMD_SYNC: go on if anything can */
void cmdq_signal(struct smmuv3_cmdq *q); /* CMD_SYNC: its message has reached memory */
/* ---- smmuv3_ecmdq.c: false if the offset is not theirs ---- */
bool ecmdq_read(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t *v);
bool ecmdq_write(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t v);
void ecmdq_destroy(struct smmuv3 *s);
/* ---- smmuv3_vcmdq.c: the same ---- */
bool vcmdq_create(struct smmuv3 *s);
bool vcmdq_read(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t *v);
bool vcmdq_write(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t v);
void vcmdq_destroy(struct smmuv3 *s);
#endif
