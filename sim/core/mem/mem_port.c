/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem_port.c - when an access is done: latency, bandwidth, outstanding requests, last-level cache.
 * Models: a request waits for a free slot, then for the bus; it is done after its transfer and the latency. A request all of
 * whose 64-byte lines are in the last-level cache is done after that cache's latency and uses neither slot nor bus; any other
 * goes to DRAM as a whole and leaves all its lines in the cache, reads and writes alike.
 * Does not model: write-back traffic of the cache, DRAM banks and refresh.
 */
#include <stdlib.h>
#include "core/cache/xcache.h"
#include "core/mem/mem.h"

enum { LINE_LG2 = 6 };

const struct cfg_opt mem_port_opts[] = {
	{ "latency", CFG_TIME, offsetof(struct mem_port_cfg, lat_ps), 90000, 0, UINT64_C(1000000000000), "ps",
	  "Round trip to DRAM.", 0 },
	{ "bandwidth", CFG_U64, offsetof(struct mem_port_cfg, bytes_per_us), 0, 0, 1000000000, "bytes per us",
	  "Bandwidth of the port; 0 is unlimited.", 0 },
	{ "outstanding", CFG_U32, offsetof(struct mem_port_cfg, outstanding), 0, 0, 65536, "requests",
	  "Requests at DRAM at once; 0 is unlimited.", 0 },
	{ "llc.entries", CFG_U32, offsetof(struct mem_port_cfg, llc_entries), 0, 0, 1u << 22, "lines",
	  "Capacity of the last-level cache in 64-byte lines; 0 switches it off.", 0 },
	{ "llc.ways", CFG_U32, offsetof(struct mem_port_cfg, llc_ways), 16, 0, 1u << 22, "ways",
	  "Associativity of the last-level cache; 0 is fully associative.", 0 },
	{ "llc.latency", CFG_TIME, offsetof(struct mem_port_cfg, llc_lat_ps), 30000, 0, UINT64_C(1000000000000), "ps",
	  "Latency of a last-level cache hit.", 0 },
	{ 0 },
};

#define STAT_STRUCT struct mem_port_stats
const struct stat_def mem_port_stat_defs[] = { MEM_PORT_STATS(STAT_ROW) { 0 } };
#undef STAT_STRUCT

bool mem_port_init(struct mem_port *p, const struct mem_port_cfg *c, struct err *e)
{
	*p = (struct mem_port){ .cfg = *c };
	if (c->outstanding) {
		p->slot = calloc(c->outstanding, sizeof(*p->slot));
		if (!p->slot)
			return err_set(e, ERR_MACHINE, "memory port: out of memory");
	}
	if (c->llc_entries) {
		struct xc_cfg xc = { .entries = c->llc_entries, .ways = c->llc_ways, .policy = XC_LRU };

		p->llc = xc_create(&xc, 0, 0, e);
		if (!p->llc) {
			mem_port_fini(p);
			return false;
		}
	}
	return true;
}

void mem_port_fini(struct mem_port *p)
{
	free(p->slot);
	xc_destroy(p->llc);
	p->slot = NULL;
	p->llc = NULL;
}

/* Look up, and bring in, every line of the request. Returns: all were there. */
static bool llc_access(struct mem_port *p, uint64_t spa, unsigned bytes)
{
	uint64_t line = spa >> LINE_LG2, end = (spa + (bytes ? bytes - 1 : 0)) >> LINE_LG2;
	bool all = true;

	for (; line <= end; line++) {
		struct xc_tag t = { .first = line << LINE_LG2, .size_lg2 = LINE_LG2 };

		if (xc_lookup(p->llc, t.first, 0) != XC_MISS)
			continue;
		all = false;
		(void)xc_fill(p->llc, &t);
	}
	return all;
}

static void heap_up(sim_time *h, uint32_t i)
{
	while (i && h[(i - 1) / 2] > h[i]) {
		sim_time t = h[i];

		h[i] = h[(i - 1) / 2];
		h[(i - 1) / 2] = t;
		i = (i - 1) / 2;
	}
}

static void heap_down(sim_time *h, uint32_t n)
{
	sim_time t = h[0];
	uint32_t i = 0, c;

	while ((c = 2 * i + 1) < n) {
		if (c + 1 < n && h[c + 1] < h[c])
			c++;
		if (h[c] >= t)
			break;
		h[i] = h[c];
		i = c;
	}
	h[i] = t;
}

/* ps to move @bytes, rounded up so that no sequence is faster than the bandwidth */
static sim_time transfer(const struct mem_port *p, unsigned bytes)
{
	return p->cfg.bytes_per_us ? ((uint64_t)bytes * 1000000 + p->cfg.bytes_per_us - 1) / p->cfg.bytes_per_us : 0;
}

sim_time mem_port_access(struct mem_port *p, sim_time now, uint64_t spa, unsigned bytes, bool write)
{
	sim_time start = now, done;
	uint32_t slots = p->cfg.outstanding;

	if (write)
		p->st.writes++;
	else
		p->st.reads++;
	p->st.bytes += bytes;
	if (p->llc && llc_access(p, spa, bytes)) {
		p->st.llc_hits++;
		return now + p->cfg.llc_lat_ps;
	}
	if (slots && p->busy == slots && p->slot[0] > start)
		start = p->slot[0];
	if (p->cfg.bytes_per_us) {
		if (p->bus_free > start)
			start = p->bus_free;
		p->bus_free = start + transfer(p, bytes);
		done = p->bus_free + p->cfg.lat_ps;
	} else {
		done = start + p->cfg.lat_ps;
	}
	p->st.wait_ps += start - now;
	if (slots && p->busy < slots) {
		p->slot[p->busy] = done;
		heap_up(p->slot, p->busy++);
	} else if (slots) {
		p->slot[0] = done;
		heap_down(p->slot, slots);
	}
	return done;
}
