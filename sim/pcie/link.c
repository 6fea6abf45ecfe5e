/* SPDX-License-Identifier: Apache-2.0 */
/* link.c - next-free-time reservation; see link.h for what is modelled. */
#include "pcie/link.h"

void link_init(struct link_dir *l, uint64_t lat_ps, uint64_t bytes_per_us, uint32_t header_bytes)
{
	*l = (struct link_dir){ .lat_ps = lat_ps, .bytes_per_us = bytes_per_us, .header_bytes = header_bytes };
}

/* 1 us = 10^6 ps; rounded up so that a packet never takes no time on a limited wire. Bytes stay below 2^32, so this cannot overflow. */
static uint64_t wire_time(const struct link_dir *l, uint64_t bytes)
{
	return l->bytes_per_us ? (bytes * 1000000 + l->bytes_per_us - 1) / l->bytes_per_us : 0;
}

sim_time link_send(struct link_dir *l, sim_time now, uint64_t payload, uint32_t packets)
{
	sim_time start = now > l->free ? now : l->free;

	start += wire_time(l, payload + (uint64_t)packets * l->header_bytes);
	l->free = start;
	return start + l->lat_ps;
}

sim_time link_message(struct link_dir *l, sim_time now, uint32_t bytes, bool first)
{
	uint64_t t = wire_time(l, bytes);

	l->free = (now > l->free ? now : l->free) + t;
	return (first ? now + t : l->free) + l->lat_ps;
}
