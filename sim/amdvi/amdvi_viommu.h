/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_viommu.h - private to the hardware vIOMMU: one guest's registers and engines, accesses through the unit's own translation, turns.
 * amdvi_viommu.c: creation, statistics, turns; amdvi_vcmd.c: guest command engine; amdvi_vmmio.c: registers; amdvi_pas.c: accesses and
 * id maps; amdvi_vlog.c: guest logs.
 *
 * The command set, the registers and the private addresses are known (document 48882 and the drivers that use them); how the hardware
 * works inside is not public. Our choices, which cost simulated time and therefore show in results:
 *  - Every access is a request of the unit itself: of its own device id to private addresses, of TransDevID to guest-physical ones. It
 *    looks up the device table cache and the IOTLB, competes for walkers, and its entries are dropped by invalidations of that domain.
 *  - A guest engine has one operation in flight: mark the buffer dirty, fetch 16 bytes, decode, look up the id, execute. Engines of several
 *    guests overlap; execution is one unit shared with the host's buffer (struct vi_turn).
 *  - The dirty bit of a guest is set before the first fetch and cleared when the buffer is empty, each time by reading and writing
 *    its double word in one access. With the last command done a guest's commands are finished; the clearing follows.
 *  - An id map entry in memory is the register written: bit 0 valid, 29:14 host id (16 bytes for a device, 8 for a domain). Map writes are
 *    done one after the other; a guest's commands wait for the map writes to that guest that came before.
 *  - Bit 63 of a map register reads 1 until its writes are done.
 *  - Source (17:16) of VIOMMU_HARDWARE_ERROR: 0 command buffer, 1 id map, 2 completion store, 3 log. Flags of its first operand: RW, PR,
 *    PE, RZ and Type as the refused access has them, VCmd (31) for accesses of guest commands. GUEST_EVENT_FAULT has VEvent (29).
 */
#ifndef IOMMUSIM_AMDVI_VIOMMU_H
#define IOMMUSIM_AMDVI_VIOMMU_H
#include "amdvi/amdvi_int.h"

/* ---- accesses ---- */
enum vi_region { VI_R_MMIO, VI_R_DIRTY, VI_R_DEVMAP, VI_R_DOMMAP, VI_R_CMD, VI_R_PPR, VI_R_PPRB, VI_R_EVT, VI_R_EVTB, VI_REGIONS };
enum vi_op { VI_READ, VI_WRITE, VI_SET, VI_CLEAR /* the bits of w[0] in one word */ };
enum vi_space { VI_PRIVATE, VI_GUEST /* through TransDevID */, VI_SYSTEM /* no translation */ };
enum vi_source { VI_S_CMD, VI_S_MAP, VI_S_STORE, VI_S_LOG };
enum vi_kind { VI_DEV, VI_DOM };
struct vi_access {
	struct xl xl;
	struct sim_event ev;
	struct amdvi *v;
	void (*done)(struct vi_access *a, bool ok);
	uint64_t addr, w[2];
	uint64_t flags; /* of a failure: bits 59:48 of the event */
	sim_time since;
	uint8_t n, op, space;
};

/* ---- turns at the execution unit ---- */
struct vi_turn {
	struct vi_turn *next;
	void (*go)(struct vi_turn *t);
	sim_time since;
	bool brief; /* the unit is free again after cfg->fetch_cyc, whatever the command waits for */
};

/* ---- statistics ---- */
#define VIOMMU_STATS(X)                                                                                   \
	X(wait, "count", "guest COMPLETION_WAIT completed")                                               \
	X(devtab, "count", "guest INVALIDATE_DEVTAB_ENTRY executed")                                      \
	X(pages, "count", "guest INVALIDATE_IOMMU_PAGES executed")                                        \
	X(iotlb, "count", "guest INVALIDATE_IOTLB_PAGES sent")                                            \
	X(irt, "count", "guest INVALIDATE_INTERRUPT_TABLE executed")                                      \
	X(prefetch, "count", "guest PREFETCH_IOMMU_PAGES executed")                                       \
	X(ppr_complete, "count", "guest COMPLETE_PPR_REQUEST executed")                                   \
	X(all, "count", "guest INVALIDATE_IOMMU_ALL executed")                                            \
	X(all_ids, "count", "host ids these went through")                                                \
	X(illegal, "count", "illegal guest commands")                                                     \
	X(dropped, "count", "guest commands dropped: id not mapped")                                      \
	X(halts, "count", "guest command buffers stopped by an error")                                    \
	X(private_reads, "count", "reads of the private address space")                                   \
	X(private_writes, "count", "writes of the private address space, dirty bits included")            \
	X(private_ps, "ps", "time of these accesses, translation included")                               \
	X(guest_reads, "count", "reads of guest-physical memory")                                         \
	X(guest_writes, "count", "writes of guest-physical memory")                                       \
	X(guest_ps, "ps", "time of these accesses, translation included")                                 \
	X(dirty_updates, "count", "dirty bits set or cleared")                                            \
	X(map_lookups, "count", "id map look-ups by guest commands")                                      \
	X(map_reads, "count", "of these, read from memory")                                               \
	X(map_zero, "count", "look-ups that gave host id 0: an entry the driver cleared")                 \
	X(map_writes, "count", "id map entries written")                                                  \
	X(hw_errors, "count", "VIOMMU_HARDWARE_ERROR events")                                             \
	X(log_faults, "count", "GUEST_EVENT_FAULT events")                                                \
	X(events, "count", "guest event log entries written")                                             \
	X(events_lost, "count", "guest events not logged: log off or full")                               \
	X(pprs, "count", "guest PPR log entries written")                                                 \
	X(pprs_lost, "count", "guest page requests not logged: log full")                                 \
	X(ppr_auto, "count", "guest page requests answered by hardware")                                  \
	X(overflows, "count", "guest log overflows")                                                      \
	X(interrupts, "count", "guest interrupts")                               \
	X(turns, "count", "commands that used the execution unit")                                        \
	X(turn_wait_ps, "ps", "time they waited for it")
struct vi_stats {
	VIOMMU_STATS(STAT_DECL)
	struct hist latency_ps; /* tail write to completion store */
};
#define VIOMMU_GUEST_STATS(X)                                                                             \
	X(commands, "count", "commands finished")                                                         \
	X(waits, "count", "of these, COMPLETION_WAIT")                                                    \
	X(turn_wait_ps, "ps", "time commands waited for the execution unit")
struct vi_guest_stats {
	VIOMMU_GUEST_STATS(STAT_DECL)
	struct hist latency_ps;
};

/* ---- one guest ---- */
enum { VI_VF_REGS = 0x98 / 8, VI_TAILS = 32, VI_RECS = 64, VI_IDS = 65536, VI_STAT_GUESTS = 64 };
enum { VC_DEVMAP, VC_DOMMAP, VC_MISC, VC_EVTB_BASE, VC_CMD, VC_EVT, VC_PPR, VC_PPRB_BASE, VC_REGS }; /* of VFCntl, by offset / 8 */
enum { /* of a VF page, by offset / 8 */
	VF_CMD_HEAD, VF_CMD_TAIL, VF_EVT_HEAD, VF_EVT_TAIL, VF_STATUS, VF_PPR_HEAD = 6, VF_PPR_TAIL, VF_PPRB_HEAD = 10, VF_PPRB_TAIL,
	VF_EVTB_HEAD = 14, VF_EVTB_TAIL, VF_AUTORSP, VF_EARLY, VF_EARLYB
};
#define VC_CMD_EN BIT64(8)
#define VC_CMD_INT BIT64(9)
#define VC_EVT_EN BIT64(8)
#define VC_EVT_INT BIT64(9)
#define VC_PPR_LOG_EN BIT64(8)
#define VC_PPR_INT BIT64(9)
#define VC_PPR_EN BIT64(10)
#define VC_PPR_AUTO BIT64(13)
#define VC_PPR_BLKSTOP BIT64(14)
#define VC_PPR_AON BIT64(15)

enum vi_state { VI_IDLE, VI_DIRTY, VI_FETCH, VI_DECODE, VI_MAP, VI_TURN, VI_EXEC, VI_CLEAN };
enum vi_what { VI_EVENT, VI_PPR, VI_INSERT /* an event to be read at w[1] first */ };
struct vi_rec {
	uint64_t w[2];
	uint16_t rid; /* page requests: the device, as the host knows it */
	uint8_t what;
	bool gprp; /* its responses may have the PASID */
};
struct vi_guest {
	struct amdvi *v; /* NULL: never used */
	uint32_t gid;
	uint64_t cntl[VC_REGS], vf[VI_VF_REGS];
	/* command engine */
	uint8_t state; /* enum vi_state */
	bool dirty; /* the bit in memory is set */
	bool working; /* counted in amdvi_viommu.busy */
	bool want_cmd, want_evt, want_ppr; /* enabled, by registers */
	bool failed; /* the completion store */
	bool all; /* a restricted INVALIDATE_IOMMU_ALL is in execution */
	uint32_t epoch, cmd_epoch; /* a reset, or a new buffer, ends what was fetched before */
	uint32_t at; /* offset of the command in the buffer */
	uint64_t cmd[2];
	uint32_t all_next; /* position in the loop of INVALIDATE_IOMMU_ALL */
	struct amdvi_exec x;
	struct vi_turn turn;
	struct sim_event ev;
	struct vi_access acc;
	struct { uint32_t tail; sim_time t; } tails[VI_TAILS]; /* tail writes not yet reached */
	uint8_t tails_first, tails_n;
	/* id maps: entries as the hardware wrote them, valid bit 16, host id 15:0; NULL: none was written */
	uint32_t *map[2];
	uint32_t map_pending[2];
	/* logs */
	struct vi_rec rec[VI_RECS];
	uint8_t rec_first, rec_n;
	bool log_busy, log_b; /* the entry being written goes to log B */
	uint32_t log_epoch, rec_epoch; /* a reset ends the write in progress */
	struct vi_access log;
	struct sim_event log_ev;
	struct vi_guest_stats *st; /* NULL: totals only */
};
struct vi_map_write {
	uint32_t gid;
	uint16_t id, host;
	uint8_t kind;
	bool valid;
};
struct amdvi_viommu {
	struct amdvi *v;
	struct vi_guest *guest; /* cfg->viommu_guests */
	uint32_t busy; /* engines at work: commands, logs */
	struct vi_stats st;
	struct vi_guest_stats *gst; /* NULL with more than VI_STAT_GUESTS guests */
	struct xcache *idmap;
	/* the execution unit */
	struct vi_turn *turn_first, **turn_last;
	bool unit_busy;
	struct sim_event turn_ev;
	uint64_t ids[2][VI_IDS / 64]; /* host ids an INVALIDATE_IOMMU_ALL goes through; whoever has the unit */
	/* writes of id maps, a ring that grows */
	struct vi_map_write *mw;
	uint32_t mw_cap, mw_first, mw_n;
	struct vi_access mw_acc;
	struct sim_event mw_ev;
	char (*path)[80];
};
/** vi_guest_of() - NULL: no such guest, or vIommuEn = 0. */
struct vi_guest *vi_guest_of(struct amdvi *v, uint32_t gid);
static inline uint32_t vi_buf_bytes(uint64_t len) /* 0: a reserved length */
{
	return len < 8 ? 0 : UINT32_C(16) << len;
}
/** vi_interrupt() - counted, and told to whoever stands for the guest. */
void vi_interrupt(struct vi_guest *g);
/** vi_busy() - an engine begins (+1) or ends (-1) work. */
void vi_busy(struct amdvi *v, int n);
/* amdvi_pas.c */
uint64_t vi_private_addr(enum vi_region r, uint32_t gid, uint64_t off);
/** vi_dirty_addr() - word of the dirty bit of @gid, and *@bit in it. */
uint64_t vi_dirty_addr(uint32_t gid, uint64_t *bit);
/** vi_access() - @n words at @addr; a->done is called once, never from inside. @g: whose TransDevID, VI_GUEST only. */
void vi_access(struct amdvi *v, struct vi_access *a, enum vi_op op, enum vi_space space, const struct vi_guest *g, uint64_t addr,
	       unsigned n);
void vi_hw_error(struct amdvi *v, uint32_t gid, enum vi_source s, uint64_t flags, uint64_t addr);
/** vi_map_put() - map register @kind was written with bit 63. */
void vi_map_put(struct vi_guest *g, enum vi_kind kind, uint64_t reg);
uint64_t vi_map_addr(uint32_t gid, enum vi_kind kind, uint16_t id);
/** vi_map_find() - look-up in the cache. vi_map_entry(): the entry was read. Both: host id, -1: none. */
int vi_map_find(struct vi_guest *g, enum vi_kind kind, uint16_t id);
int vi_map_entry(struct vi_guest *g, enum vi_kind kind, uint16_t id, uint64_t w);
/* amdvi_vcmd.c */
void vi_engine_init(struct vi_guest *g);
void vi_guest_kick(struct vi_guest *g); /* tail or enables changed */
void vi_tail_written(struct vi_guest *g);
/* amdvi_viommu.c */
/**
 * amdvi_turn_take() - t->go is called when the execution unit is free, maybe at once. amdvi_turn_give(): it is free again; brief turns end
 * by themselves.
 */
void amdvi_turn_take(struct amdvi *v, struct vi_turn *t, bool brief);
void amdvi_turn_give(struct amdvi *v);
/* amdvi_vmmio.c */
void vi_latch(struct vi_guest *g); /* Run bits from enables */
/* amdvi_vlog.c */
void vi_log_event(struct vi_guest *g, const uint64_t rec[2]); /* as it goes to the log */
void vi_log_init(struct vi_guest *g);
#endif
