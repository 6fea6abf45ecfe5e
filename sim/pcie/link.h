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
/*
 * Bytes on the wire of the messages of ATS and PRI: header, payload, framing; 4 more with a PASID.
 * Spec: PCI Express Base, "Transaction Layer Packet Format", "Data Link Layer".
 */
enum {
	LINK_XLAT_REQ = 24, LINK_XLAT_CPL = 28, LINK_INV_REQ = 32, LINK_INV_CPL = 24, LINK_PAGE_REQ = 24, LINK_PAGE_RESP = 24,
	LINK_PASID = 4
};
void link_init(struct link_dir *l, uint64_t lat_ps, uint64_t bytes_per_us, uint32_t header_bytes);
/** link_send() - reserve the wire for @packets packets with @payload bytes together, ready at @now. Returns: when the last byte arrives. */
sim_time link_send(struct link_dir *l, sim_time now, uint64_t payload, uint32_t packets);
/** link_message() - reserve the wire for @bytes, all included. @first: it need not wait for what is queued. Returns: as link_send(). */
sim_time link_message(struct link_dir *l, sim_time now, uint32_t bytes, bool first);
#endif
