/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rx.c - the receive buffer of a network device: packets arrive whether or not the device can put them away.
 * Models: writes of at least rx.packet_min bytes are packets. A packet stays in the buffer until its DMA is done; one that does not
 * fit as a whole is dropped. Other DMAs keep their place behind the packet before them.
 * With rx.rate packets arrive at that rate, and a DMA is the next place in a receive ring: a packet that is dropped leaves its
 * place to the next one, so every DMA is done at last. Packets are evenly spaced, or come in trains: at rx.line_rate while a train
 * lasts, and trains begin at exponentially distributed distances (one that begins during another follows it). The network does not
 * wait: what should have arrived while there was no DMA (the trace waited for software) arrives at once.
 * Without rx.rate a packet arrives when it is submitted, and if it is dropped, its DMA is not done.
 * Does not model: flow control, retransmission, a choice of ring by the packet; packets in more than one DMA.
 */
#include <math.h>
#include <stdlib.h>
#include "pcie/dev_int.h"

enum { PRIO_ARRIVAL = 500 }; /* a packet meets the room of every DMA that is done at its instant */

/* What @len takes at @rate; what is less than a picosecond is carried on. */
static sim_time span(struct rx *x, uint64_t len, uint64_t rate)
{
	sim_time t;

	x->rest += len * 1000000;
	t = x->rest / rate;
	x->rest %= rate;
	return t;
}

/* The start of the next train: on average the last one's bytes at rx.rate behind its own start, but not before the wire is free. */
static void next_train(struct rx *x)
{
	double u = ((double)(rng_next(&x->rng) >> 11) + 1) * 0x1p-53, mean = (double)x->train * 1e6 / (double)x->d->cfg.rx_rate;

	x->begin += (sim_time)(-log(u) * mean);
	x->train = 0;
	if (x->begin > x->next)
		x->next = x->begin;
}

/* The time of the packet behind the first one: that one arrives now, or should have. */
static void tick(struct rx *x, uint64_t len)
{
	const struct dev_cfg *c = &x->d->cfg;
	sim_time now = dev_now(x->d);

	if (!x->started)
		x->next = x->begin = now;
	x->started = true;
	x->st.late_packets += x->next < now;
	x->next += span(x, len, c->rx_train ? c->rx_line_rate : c->rx_rate);
	x->train += len;
	if (c->rx_train && x->train >= c->rx_train)
		next_train(x);
}

static bool fits(struct rx *x, uint64_t len)
{
	bool yes = len <= x->d->cfg.rx_buffer - x->held;

	x->st.offered_packets++;
	x->st.offered_bytes += len;
	if (yes) {
		x->st.accepted_packets++;
		x->st.accepted_bytes += len;
		x->held += (uint32_t)len;
		if (x->held > x->st.held_peak)
			x->st.held_peak = x->held;
	} else {
		x->st.dropped_packets++;
		x->st.dropped_bytes += len;
	}
	return yes;
}

static struct op *take_first(struct rx *x)
{
	struct op *o = x->coming;

	x->coming = o->next;
	if (!x->coming)
		x->tail = &x->coming;
	o->next = NULL;
	return o;
}

/* The callback comes last: it may submit. */
static void lose_first(struct rx *x)
{
	struct dev *d = x->d;
	struct op *o = take_first(x);
	struct dev_dma q = o->q;

	dev_op_free(d, o);
	if (d->dropped)
		d->dropped(d->arg, &q);
}

/* A packet longer than the buffer never fits: it must not wait for a time when it does. */
static void rx_event(struct sim_event *e)
{
	struct rx *x = container_of(e, struct rx, ev);
	struct dev *d = x->d;
	const uint64_t rate = d->cfg.rx_rate;

	while (x->coming) {
		struct op *o = x->coming;

		if (rx_packet(d, o)) {
			if (rate && x->started && x->next > dev_now(d))
				break;
			if (rate)
				tick(x, o->q.len);
			if (!fits(x, o->q.len)) {
				if (!rate || o->q.len > d->cfg.rx_buffer)
					lose_first(x);
				continue;
			}
		}
		dev_enqueue(d, take_first(x));
	}
	if (x->coming && !sim_pending(&x->ev))
		sim_at(d->u->k, x->next, &x->ev);
}

bool rx_packet(const struct dev *d, const struct op *o)
{
	return o->write && o->q.len >= d->cfg.rx_packet_min;
}

bool rx_take(struct dev *d, struct op *o)
{
	struct rx *x = d->rx;

	if (!rx_packet(d, o) && !x->coming)
		return false;
	*x->tail = o;
	x->tail = &o->next;
	if (!sim_pending(&x->ev))
		sim_at(d->u->k, x->next > dev_now(d) ? x->next : dev_now(d), &x->ev);
	return true;
}

void rx_leave(struct dev *d, const struct op *o)
{
	d->rx->held -= (uint32_t)o->q.len;
}

const struct rx_stats *dev_rx_stats(const struct dev *d)
{
	return d->rx ? &d->rx->st : NULL;
}

bool rx_create(struct dev *d)
{
	d->rx = calloc(1, sizeof(*d->rx));
	if (!d->rx)
		return false;
	d->rx->d = d;
	d->rx->tail = &d->rx->coming;
	sim_event_init(&d->rx->ev, rx_event);
	d->rx->ev.prio = PRIO_ARRIVAL;
	rng_seed(&d->rx->rng, d->cfg.seed);
	return true;
}
