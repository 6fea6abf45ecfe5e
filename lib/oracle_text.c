/* SPDX-License-Identifier: Apache-2.0 */
/* oracle_text.c - a finding of the oracle as text: "trace:LINE: dma ..." and the chain below it: store, command, wait, use. */
#include "oracle_text.h"
#include <inttypes.h>

static void print_rid(FILE *o, uint32_t rid, bool has_pasid, uint32_t pasid)
{
	fprintf(o, "%02x:%02x.%x", rid >> 8, rid >> 3 & 31, rid & 7);
	if (has_pasid)
		fprintf(o, " pasid %" PRIu32, pasid);
}

static void print_ans(FILE *o, struct oracle_ans a)
{
	if (a.ok)
		fprintf(o, "0x%" PRIx64, a.spa);
	else
		fprintf(o, "refused (0x%x)", a.code);
}

static double us(sim_time t)
{
	return 1e-6 * (double)t;
}

static void print_store(FILE *o, const struct oracle_finding *f)
{
	if (f->lost)
		fprintf(o, "  store: longer ago than the last %d changes of the words on its path\n", ORACLE_HISTORY);
	if (f->has_store)
		fprintf(o, "  store: line %" PRIu64 ", [0x%" PRIx64 "] 0x%" PRIx64 " -> 0x%" PRIx64 ", %.3f us\n", f->store.line,
		       f->store.addr, f->store.old, f->store.new_, us(f->store.at));
}

static void print_cmd(FILE *o, const struct oracle_finding *f)
{
	if (!f->has_cmd) {
		if (f->class == ORACLE_WINDOW || f->class == ORACLE_REUSE)
			fprintf(o, "  command: none has completed since\n");
		return;
	}
	fprintf(o, "  command: ");
	if (f->cmd.first_line)
		fprintf(o, "stored in lines %" PRIu64 "-%" PRIu64 ", ", f->cmd.first_line, f->cmd.last_line);
	fprintf(o, "register 0x%" PRIx32 "%s = 0x%" PRIx64 " in line %" PRIu64 ", %.3f us\n", f->cmd.off, f->cmd.tail ? " (queue tail)" : "",
	       f->cmd.val, f->cmd.line, us(f->cmd.at));
	if (f->inv_line) {
		fprintf(o, "  invalidation: submitted in line %" PRIu64, f->inv_line);
		if (f->inv_pos != UINT64_MAX)
			fprintf(o, ", at 0x%" PRIx64 " of the queue", f->inv_pos);
		putc('\n', o);
	}
	fprintf(o, "  wait: completed %.3f us\n", us(f->cmd.done_at));
}

void oracle_text(const struct oracle_finding *f, const char *trace, FILE *o)
{
	const uint8_t acc = f->req.acc;

	fprintf(o, "%s:%" PRIu64 ": dma ", trace, f->line);
	print_rid(o, f->req.rid, f->req.has_pasid, f->req.pasid);
	fprintf(o, " %c 0x%" PRIx64 ": %s%s: got ", acc & XL_ATOMIC ? 'a' : acc & XL_X ? 'x' : acc & XL_W ? 'w' : 'r', f->req.iova,
	       oracle_class_name[f->class], f->atc ? " (device translation cache)" : "");
	print_ans(o, f->got);
	fprintf(o, ", the tables say ");
	print_ans(o, f->now);
	putc('\n', o);
	print_store(o, f);
	print_cmd(o, f);
	if (f->has_other) {
		fprintf(o, "  other context: ");
		print_rid(o, f->other_rid, f->other_has_pasid, f->other_pasid);
		if (f->same_tag && !f->atc)
			fprintf(o, ", the same tag (domain %u, ASID %u, VMID %u)", f->did, f->asid, f->vmid);
		else if (!f->same_tag)
			fprintf(o, ", another tag");
		putc('\n', o);
	}
	if (f->has_reuse)
		fprintf(o, "  reuse: line %" PRIu64 ", the page went into [0x%" PRIx64 "]\n", f->reuse_line, f->reuse_word);
	fprintf(o, "  use: %.3f us", us(f->at));
	if (f->has_store)
		fprintf(o, ", %.3f us after the store", us(f->at - f->store.at));
	if (f->has_cmd)
		fprintf(o, ", %.3f us after the wait", us(f->at - f->cmd.done_at));
	putc('\n', o);
}
