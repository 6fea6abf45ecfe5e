/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.h - sparse physical memory, and a timed port to it.
 * Models: 4 KiB pages allocated at the first store; an upper end (beyond it every access is a bus error); addresses that
 * fail on purpose (fault injection); latency, bandwidth, outstanding requests and a last-level-cache hit model in the port.
 * Does not model: caches' coherence traffic, DRAM banks, ordering between ports.
 */
#ifndef IOMMUSIM_MEM_H
#define IOMMUSIM_MEM_H
#include "core/base/err.h"
#include "core/base/rng.h"
#include "core/cfg/cfg.h"
#include "core/stat/stat.h"

enum mem_status {
	MEM_OK,
	MEM_BUS_ERROR, /* beyond the end of memory, or an address made to fail */
	MEM_ABSENT /* strict memory only: the page was never given (an image that does not hold it) */
};
struct mem;
/*
 * Memory that somebody else has. Called with aligned accesses of at most 64 bytes that do not cross a 64-byte line, little-endian data;
 * false: bus error. Poisoned addresses never get there.
 */
struct mem_backend {
	void *arg;
	bool (*read)(void *arg, uint64_t spa, void *data, unsigned bytes);
	bool (*write)(void *arg, uint64_t spa, const void *data, unsigned bytes);
	bool (*cas)(void *arg, uint64_t spa, uint64_t old, uint64_t new_, uint64_t *seen); /* NULL: a read, then a write */
	uint64_t *(*page)(void *arg, uint64_t spa); /* the 512 words of a page, to be used directly until mem_forget(); or NULL. May be NULL */
};
/** mem_create_backed() - memory whose content is @b's (copied); @size_bytes as for mem_create(). */
struct mem *mem_create_backed(uint64_t size_bytes, const struct mem_backend *b);
/** mem_forget() - pages that the backend gave are no longer to be used directly. */
void mem_forget(struct mem *m);
/** mem_create() - @size_bytes 0 means 2^64; @strict: a read of a page never written is MEM_ABSENT instead of zero. */
struct mem *mem_create(uint64_t size_bytes, bool strict);
void mem_destroy(struct mem *m);
/** mem_read() - @n 64-bit words from 8-byte aligned @spa, not crossing a page. */
enum mem_status mem_read(const struct mem *m, uint64_t spa, uint64_t *w, unsigned n);
/** mem_write() - @n words to 8-byte aligned @spa, not crossing a page. MEM_OK or MEM_BUS_ERROR. */
enum mem_status mem_write(struct mem *m, uint64_t spa, const uint64_t *w, unsigned n);
/** mem_write_part() - @bytes 1, 2, 4 or 8, naturally aligned. */
enum mem_status mem_write_part(struct mem *m, uint64_t spa, unsigned bytes, uint64_t v);
/** mem_cas() - locked compare and swap of one word. *@seen is the value found; stored only if it equals @old. */
enum mem_status mem_cas(struct mem *m, uint64_t spa, uint64_t old, uint64_t new_, uint64_t *seen);
/** mem_page() - the 512 words of the page at @spa, NULL if never written, or behind a backend and not yet used directly; borrowed until mem_destroy(). */
const uint64_t *mem_page(const struct mem *m, uint64_t spa);
/**
 * mem_direct() - the 512 words of the page at @spa, to be read without mem_read() as long as mem_is_direct(); borrowed until mem_destroy().
 * NULL: never written, or reaches beyond the end of memory.
 */
const uint64_t *mem_direct(const struct mem *m, uint64_t spa);
/** mem_is_direct() - no backend, and no address made to fail: a read of a page that mem_direct() gave can only succeed. */
bool mem_is_direct(const struct mem *m);
struct mem_cursor { /* a page given by mem_direct(), remembered where the next read is likely to find it */
	uint64_t page; /* its address; no multiple of 4 KiB: none yet */
	const uint64_t *w;
};
/** mem_touch() - make the page exist (zero) even in strict memory. */
bool mem_touch(struct mem *m, uint64_t spa) MUST_USE;
/** mem_poison() - every access to the 8-byte word at @spa fails from now on (or no more): for tests. */
void mem_poison(struct mem *m, uint64_t spa, bool on);
/** mem_each_page() - call @fn for every existing page in ascending address order. */
void mem_each_page(const struct mem *m, void (*fn)(void *arg, uint64_t spa, const uint64_t *w), void *arg);
/** mem_oom() - true once a page could not be allocated: that store was lost and the results of the run are void. */
bool mem_oom(const struct mem *m);
/** mem_set_oom() - the host had no memory for another part of the simulated machine: a command in flight, a page request. As void as a lost store. */
void mem_set_oom(struct mem *m);

struct mem_port_cfg {
	uint64_t lat_ps; /* DRAM round trip */
	uint64_t bytes_per_us; /* bandwidth; 0: unlimited */
	uint32_t outstanding; /* 0: unlimited */
	uint32_t llc_entries; /* 64-byte lines; 0: no LLC model */
	uint32_t llc_ways;
	uint64_t llc_lat_ps; /* latency of an LLC hit */
};
extern const struct cfg_opt mem_port_opts[];
#define MEM_PORT_STATS(X)                                                                          \
	X(reads, "count", "read requests")                                                         \
	X(writes, "count", "write requests")                                                       \
	X(bytes, "bytes", "bytes moved, both ways")                                                \
	X(llc_hits, "count", "requests answered by the last-level cache")                          \
	X(wait_ps, "ps", "time requests waited for a free slot or for bandwidth")
struct mem_port_stats {
	MEM_PORT_STATS(STAT_DECL)
};
struct mem_port {
	struct mem_port_cfg cfg;
	struct mem_port_stats st;
	sim_time bus_free; /* when the bandwidth is next free */
	sim_time *slot; /* completion times of the last `outstanding` requests, a binary min-heap */
	uint32_t busy;
	struct xcache *llc;
};
bool mem_port_init(struct mem_port *p, const struct mem_port_cfg *c, struct err *e) MUST_USE;
void mem_port_fini(struct mem_port *p);
/** mem_port_access() - reserve the port for one request at @now. Returns: when its data is there, ps (>= now). Pure bookkeeping: moves no data. */
sim_time mem_port_access(struct mem_port *p, sim_time now, uint64_t spa, unsigned bytes, bool write);
extern const struct stat_def mem_port_stat_defs[];
#endif
