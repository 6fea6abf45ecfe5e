/* SPDX-License-Identifier: Apache-2.0 */
/* amd_host_int.h - private to amd_host.c and amd_hv.c: registers (48882, "MMIO Registers"), the host's command buffer, steps of threads. */
#ifndef IOMMUSIM_AMD_HOST_INT_H
#define IOMMUSIM_AMD_HOST_INT_H
#include "core/base/bits.h"
#include "software/amd_host.h"

enum { AMDH_R_DEVTAB = 0x00, AMDH_R_CMD_BASE = 0x08, AMDH_R_EVT_BASE = 0x10, AMDH_R_CONTROL = 0x18 };
enum { AMDH_R_CMD_HEAD = 0x2000, AMDH_R_CMD_TAIL = 0x2008 };
enum { AMDH_RING_LEN = 12, AMDH_RING_N = 1 << AMDH_RING_LEN };
#define AMDH_RING UINT64_C(0x2000000)
#define AMDH_SEM UINT64_C(0x2100000)

bool amd_hv_init(struct amd_host *h);

static inline enum thread_op th_mmio(struct thread *t, uint64_t off, uint64_t v)
{
	t->addr = off;
	t->value = v;
	t->bytes = 8;
	return TH_MMIO_WRITE;
}

static inline enum thread_op th_store(struct thread *t, uint64_t spa, uint64_t v)
{
	t->addr = spa;
	t->value = v;
	t->bytes = 8;
	return TH_STORE;
}

static inline enum thread_op th_poll_sem(struct thread *t, uint64_t want)
{
	t->addr = AMDH_SEM;
	t->bytes = 8;
	t->mask = UINT64_MAX;
	t->want = want;
	t->at_least = true;
	t->ps = 0;
	return TH_POLL;
}
#endif
