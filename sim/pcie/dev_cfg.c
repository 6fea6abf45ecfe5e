/* SPDX-License-Identifier: Apache-2.0 */
/* dev_cfg.c - options of a device, and its statistics: names, one struct a PASID, registration. */
#include <stdio.h>
#include <stdlib.h>
#include "pcie/dev_int.h"

#define NS(n) ((uint64_t)(n) * 1000)
#define T struct dev_cfg
#define O(m) offsetof(T, m)
#define FLAG(key, m, def, help) { key, CFG_BOOL, O(m), def, 0, 1, "", help, 0 }
#define U32(key, m, def, lo, hi, unit, help) { key, CFG_U32, O(m), def, lo, hi, unit, help, 0 }
#define WORDS(key, m, def, words, help) { key, CFG_ENUM, O(m), def, 0, 0, "", help, words }
const struct cfg_opt dev_opts[] = {
	U32("outstanding", outstanding, 32, 1, 4096, "requests", "Requests in flight after splitting."),
	WORDS("retire", retire, DEV_RETIRE_IN_ORDER, "in-order|any", "Order in which reads finish and free their slots."),
	U32("mps", mps, 256, 128, DEV_PAGE, "bytes", "Maximum payload of a write or a completion packet; a power of two."),
	U32("mrrs", mrrs, 512, 128, DEV_PAGE, "bytes", "Maximum read request; a power of two."),
	{ "link.latency", CFG_TIME, O(link_lat_ps), NS(100), 0, NS(1000000), "ps", "One-way latency of the link; the default is assumed.", 0 },
	{ "link.bandwidth", CFG_U64, O(link_bytes_per_us), 7877, 0, 10000000, "bytes/us",
	  "Each direction; 0 is unlimited; the default is PCIe Gen3 x8, 63 Gb/s.", 0 },
	U32("link.header", header_bytes, 24, 0, 256, "bytes", "Header and framing of every packet."),
	{ "fixed_time", CFG_TIME, O(fixed_ps), 0, 0, NS(1000000), "ps", "Added once to every request: path outside link, IOMMU, memory.", 0 },
	WORDS("unknown.dir", unknown_dir, 0, "read|write", "Direction of a DMA whose trace does not say it."),
	U32("unknown.len", unknown_len, 64, 1, DEV_PAGE, "bytes", "Length of a DMA whose trace does not say it; never past its page."),
	{ "ats.completion_time", CFG_TIME, O(ats_cpl_ps), NS(1000), 0, UINT64_C(600000000000000), "ps",
	  "Time the device takes to answer an invalidate request.", 0 },
	FLAG("ats.silent", ats_silent, 0, "The device never answers invalidate requests."),
	FLAG("ats.enabled", ats_enabled, 1, "Translation service is on from the start, not only from the trace's ats-on."),
	U32("ats.queue_depth", queue_depth, 0, 0, 32, "requests", "Invalidate requests accepted before the link is held up; 0 is 32."),
	U32("ats.stu", atc.stu, 0, 0, 31, "log2", "Smallest translation unit: 4 KiB shifted left by this."),
	FLAG("ats.page_aligned", atc.page_aligned, 1, "Addresses in translation requests are page-aligned."),
	FLAG("ats.global_inv", atc.global_inv, 1, "The Global bit of an invalidate request is honoured."),
	U32("ats.requests", atc.requests, 16, 1, 1024, "requests", "Translation requests in flight (assumed)."),
	XC_OPTS(T, atc.cache, "atc", 0, 0, 4, "translation cache of the device (ATC)"),
	{ "atc.clock", CFG_TIME, O(atc.clock_ps), 1000, 1, 1000000000, "ps", "Clock period of the translation cache.", 0 },
	FLAG("atc.tag_pasid", atc.tag_pasid, 1, "Lines are tagged by PASID; off: a line is found whatever the PASID."),
	WORDS("atc.partition", atc.partition, ATC_PART_NONE, "none|pasid|engine|request",
	      "Slices of equal size: none, one for each of the first PASIDs, by a hash of the PASID, or as the DMA says (library only; traces: slice 0)."),
	U32("atc.slices", atc.slices, 4, 1, ATC_MAX_SLICES, "slices", "Slices of a partitioned translation cache; must divide its entries."),
	U32("atc.prefetch", atc.prefetch, 0, 0, 64, "pages", "Following pages asked for with every miss, while translation requests are free."),
	WORDS("atc.on_no_access", atc.on_no_access, ATC_DENY_FAIL, "fail|untranslated|pri",
	      "A translation that does not grant what is needed: the DMA fails, goes untranslated, or asks for the page."),
	WORDS("atc.inv_when_disabled", inv_off, ATC_OFF_SILENT, "complete|ur|silent", "Invalidate requests while ATS is off."),
	WORDS("atc.nopasid_inv_scope", atc.nopasid_scope, ATC_SCOPE_OWN, "own|all",
	      "Lines meant by an invalidate request without PASID: those without one, or all (as Linux expects under SMMUv3)."),
	U32("atc.tc_count", atc.tc_count, 1, 1, 8, "classes", "Traffic classes in use; each sends its own invalidate completion."),
	FLAG("atc.keeps_lines_after_e0", atc.keeps_after_e0, 0, "Lines survive ATS off and the next ATS on, against the rule."),
	FLAG("atc.slow", slow, 0, "Invalidate requests are answered late."),
	{ "atc.late_completion", CFG_TIME, O(late_ps), UINT64_C(120000000000000), 0, UINT64_C(600000000000000), "ps",
	  "What a slow device adds to the time of its answer; the default is past the longest time-out.", 0 },
	FLAG("atc.wrong_itag", wrong_itag, 0, "Invalidate completions carry the ITag above the right one."),
	FLAG("atc.no_flush", no_flush, 0, "Invalidate requests are answered, but nothing is removed."),
	FLAG("atc.misorders_completion", misorder, 0, "Invalidate completions overtake posted writes."),
	U32("atc.drops_completion", drop_every, 0, 0, 1u << 20, "count",
	    "Every n-th invalidate request is not answered; 0: none (the event drop: 2)."),
	FLAG("atc.ur", ur, 0, "Invalidate requests meet Unsupported Request; nothing is removed."),
	FLAG("atc.ur_completes", ur_completes, 0, "The unit takes Unsupported Request for a completion (as SMMUv3 does); off: its time-out runs."),
	U32("pasid.width", atc.pasid_width, 20, 0, 20, "bits", "With a translation cache: DMAs with a wider PASID fail in the device."),
	FLAG("pasid.translated", atc.translated_pasid, 0, "Translated requests carry their PASID."),
	FLAG("pri.enabled", pri.enabled, 1, "Page requests are on from the start (sent only with atc.on_no_access = pri)."),
	U32("pri.capacity", pri.capacity, 32, 0, 1u << 20, "pages", "Page requests the device can have outstanding."),
	U32("pri.allocation", pri.allocation, 32, 0, 1u << 20, "pages", "Page requests the host allows it to have outstanding."),
	U32("pri.group", pri.group, 1, 1, PRI_MAX_GROUP, "pages", "Pages of one DMA asked for in one group."),
	U32("pri.retries", pri.retries, 64, 0, 1u << 20, "count", "Page requests for one request before it fails; 0 is no limit."),
	FLAG("pri.resp_pasid_required", pri.resp_pasid, 1, "Responses must carry the PASID of their group, or are unexpected."),
	FLAG("pri.stop_marker", pri.stop_marker, 0, "A PASID is stopped by a stop marker; off: by waiting for the responses."),
	U32("rx.buffer", rx_buffer, 0, 0, 1u << 26, "bytes",
	    "Receive buffer: packets wait in it for their DMA, and are dropped if they do not fit; 0: none."),
	{ "rx.rate", CFG_U64, O(rx_rate), 0, 0, 10000000, "bytes/us",
	  "With a receive buffer: rate at which packets arrive; 125 is 1 Gb/s; 0: when the trace submits them.", 0 },
	{ "rx.train", CFG_U64, O(rx_train), 0, 0, 1u << 30, "bytes",
	  "With rx.rate: packets come in trains of at least this, at exponentially distributed distances; 0: evenly spaced.", 0 },
	{ "rx.line_rate", CFG_U64, O(rx_line_rate), 25000, 1, 10000000, "bytes/us",
	  "With rx.train: rate within a train; not below rx.rate; the default is 200 Gb/s.", 0 },
	U32("rx.packet_min", rx_packet_min, 60, 1, 1u << 16, "bytes",
	    "With a receive buffer: writes shorter than this are not packets, and wait like other DMAs."),
	U32("per_pasid", per_pasid, 0, 0, 1024, "PASIDs", "The first PASIDs that get statistics of their own; the rest share one more."),
	{ 0 },
};

static bool power_of_two(uint32_t v, const struct cfg_opt *range)
{
	return v >= range->min && v <= range->max && !(v & (v - 1));
}

static bool atc_check(const struct atc_cfg *a, struct err *e)
{
	if (a->partition && (!a->slices || a->slices > ATC_MAX_SLICES || a->cache.entries % a->slices))
		return err_set(e, ERR_INPUT, "device atc.slices: %u slices do not divide %u entries", a->slices, a->cache.entries);
	if (!a->requests || a->requests > 1024 || !a->tc_count || a->tc_count > INV_TCS || !a->clock_ps || a->stu > 31)
		return err_set(e, ERR_INPUT, "device atc: a translation cache needs ats.requests, atc.tc_count, atc.clock and ats.stu in their ranges");
	return true;
}

bool dev_cfg_check(const struct dev_cfg *c, struct err *e)
{
	if (!power_of_two(c->mps, cfg_find(dev_opts, "mps")))
		return err_set(e, ERR_INPUT, "device mps: %u is not a power of two from 128 to 4096", c->mps);
	if (!power_of_two(c->mrrs, cfg_find(dev_opts, "mrrs")))
		return err_set(e, ERR_INPUT, "device mrrs: %u is not a power of two from 128 to 4096", c->mrrs);
	if (!c->outstanding || c->outstanding > 4096)
		return err_set(e, ERR_INPUT, "device outstanding: %u is not from 1 to 4096", c->outstanding);
	if (!c->unknown_len)
		return err_set(e, ERR_INPUT, "device unknown.len: 0 is below the minimum 1");
	if (c->queue_depth > INV_SLOTS || c->pri.group > PRI_MAX_GROUP || !c->pri.group)
		return err_set(e, ERR_INPUT, "device: ats.queue_depth or pri.group is above 32, or pri.group is 0");
	if (c->rx_buffer && !c->rx_packet_min)
		return err_set(e, ERR_INPUT, "device rx.packet_min: 0 is below the minimum 1");
	if (c->rx_rate && !c->rx_buffer)
		return err_set(e, ERR_INPUT, "device rx.rate: packets need a receive buffer; set rx.buffer");
	if (c->rx_train && (!c->rx_rate || c->rx_line_rate < c->rx_rate))
		return err_set(e, ERR_INPUT, "device rx.train: trains need rx.rate, and an rx.line_rate that is not below it");
	return !c->atc.cache.entries || atc_check(&c->atc, e);
}

/* ---- statistics ---- */

#define STAT_STRUCT struct dev_stats
const struct stat_def dev_stat_defs[] = {
	DEV_STATS(STAT_ROW){ "latency", "ps", "request issued to completed", offsetof(struct dev_stats, latency_ps), STAT_HIST, 0 },
	{ 0 },
};
#undef STAT_STRUCT
#define STAT_STRUCT struct dev_pasid_stats
const struct stat_def dev_pasid_stat_defs[] = {
	DEV_PASID_STATS(STAT_ROW){ "latency", "ps", "request issued to completed", offsetof(struct dev_pasid_stats, latency_ps), STAT_HIST, 0 },
	{ 0 },
};
#undef STAT_STRUCT
#define STAT_STRUCT struct atc_stats
const struct stat_def atc_stat_defs[] = {
	ATC_STATS(STAT_ROW)
	{ "latency", "ps", "translation request sent to completion received", offsetof(struct atc_stats, latency_ps), STAT_HIST, 0 },
	{ "hit_rate", "ratio", "hits / lookups", offsetof(struct atc_stats, hits), STAT_RATIO, offsetof(struct atc_stats, lookups) },
	{ 0 },
};
#undef STAT_STRUCT
#define STAT_STRUCT struct inv_stats
const struct stat_def inv_stat_defs[] = {
	INV_STATS(STAT_ROW)
	{ "latency", "ps", "invalidate request received to its last completion at the unit", offsetof(struct inv_stats, latency_ps),
	  STAT_HIST, 0 },
	{ 0 },
};
#undef STAT_STRUCT
#define STAT_STRUCT struct rx_stats
const struct stat_def rx_stat_defs[] = { RX_STATS(STAT_ROW){ 0 } };
#undef STAT_STRUCT
#define STAT_STRUCT struct pri_stats
const struct stat_def pri_stat_defs[] = {
	PRI_STATS(STAT_ROW){ "latency", "ps", "group sent to response received", offsetof(struct pri_stats, latency_ps), STAT_HIST, 0 },
	{ 0 },
};
#undef STAT_STRUCT

/* The struct of @pasid; of the rest for UINT32_MAX (no PASID) and once all places are taken. */
struct dev_pasid_stats *dev_pasid_of(struct dev *d, uint32_t pasid)
{
	uint32_t n = d->cfg.per_pasid;

	if (pasid == UINT32_MAX)
		return &d->pp[n];
	for (uint32_t i = 0; i < d->pp_used; i++)
		if (d->pp_key[i] == pasid) {
			d->pp[i].pasid = pasid; /* again: the end of warm-up clears it */
			return &d->pp[i];
		}
	if (d->pp_used == n)
		return &d->pp[n];
	d->pp_key[d->pp_used] = pasid;
	d->pp[d->pp_used].pasid = pasid;
	return &d->pp[d->pp_used++];
}

static bool add(struct dev *d, struct stat_reg *r, const char *path, unsigned at, const char *what, void *base, const struct stat_def *defs)
{
	snprintf(d->path[at], sizeof(d->path[at]), "%.38s.%s", path, what);
	return stat_add(r, d->path[at], base, defs);
}

static bool list_special(struct dev *d, struct stat_reg *r, const char *path)
{
	char what[24];
	bool ok = true;

	if (d->atc)
		ok = add(d, r, path, 1, "atc", &d->atc->st, atc_stat_defs) && add(d, r, path, 2, "pri", &d->pri->st, pri_stat_defs);
	for (uint32_t i = 0; ok && d->pp && i <= d->cfg.per_pasid; i++) {
		snprintf(what, sizeof(what), i < d->cfg.per_pasid ? "pasid%u" : "rest", i);
		ok = add(d, r, path, 3 + i, what, &d->pp[i], dev_pasid_stat_defs);
	}
	return ok && (!d->rx || add(d, r, path, 4 + d->cfg.per_pasid, "rx", &d->rx->st, rx_stat_defs));
}

bool dev_list_stats(struct dev *d, struct stat_reg *r, const char *path)
{
	if (!d->path && (d->atc || d->pp || d->rx || d->had_fault)) {
		d->path = calloc(5 + d->cfg.per_pasid, sizeof(*d->path));
		if (!d->path)
			return false;
	}
	if (d->listed != r) {
		if (!stat_add(r, path, &d->st, dev_stat_defs) || !list_special(d, r, path))
			return false;
		d->listed = r;
	}
	if (d->inv_listed != r && (d->atc || d->had_fault)) {
		if (!add(d, r, path, 0, "inv", &d->inv_st, inv_stat_defs))
			return false;
		d->inv_listed = r;
	}
	return true;
}

void dev_forget_stats(struct dev *d)
{
	d->listed = d->inv_listed = NULL;
}
