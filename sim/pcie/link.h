/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h - one direction of a serial link: packets leave one after the other, arrive a latency later.
 * Models: bandwidth as the next time the wire is free, header bytes per packet, propagation latency.
 * Does not model: flow-control credits per class, replays, ordering rules between classes.
 * Units: ps, bytes.
 */
#ifndef IOMMUSIM_LINK_H
#define IOMMUSIM_LINK_H
#include "core/base/util.h"

struct link_dir {
	sim_time free; /* when the wire is next free */
	uint64_t lat_ps;
	uint64_t bytes_per_us; /* 0: unlimited */
	uint32_t header_bytes;
};
void link_init(struct link_dir *l, uint64_t lat_ps, uint64_t bytes_per_us, uint32_t header_bytes);
/** link_send() - reserve the wire for @packets packets with @payload bytes together, ready at @now. Returns: when the last byte arrives. */
sim_time link_send(struct link_dir *l, sim_time now, uint64_t payload, uint32_t packets);
#endif
