/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file iommusim.h
 * The C library: IOMMUs (Intel VT-d, Arm SMMUv3, AMD-Vi) that a program of yours drives. For C and C++.
 *
 * An instance is a machine: memory, one or more units, and the devices behind them, on one clock. Your program is its software and its devices'
 * users: it stores to memory, reads and writes registers, submits DMA, and moves time on. Nothing happens between two calls, and time
 * moves only in iommusim_advance() and iommusim_settle(); callbacks are called from there, in the order of simulated time.
 *
 * What is modelled: docs/architecture.md; what is not: docs/limits.md.
 *
 * Units: times are picoseconds, sizes and addresses bytes. Registers and memory are little-endian.
 *
 * Threads: instances share nothing. Different threads may use different instances at the same time; one instance is for one thread at a time.
 *
 * Errors: functions that can fail return an enum iommusim_status and keep a sentence for iommusim_message(). What a driver does wrong to the
 * hardware is no error: it shows in the unit's fault records, as on a machine.
 *
 * Structures begin with their size, so that a program built with an older header goes on working: initialise them with IOMMUSIM_INIT(type).
 */
#ifndef IOMMUSIM_IOMMUSIM_H
#define IOMMUSIM_IOMMUSIM_H
#include <stddef.h>
#include <stdint.h>

#define IOMMUSIM_VERSION_MAJOR 0
#define IOMMUSIM_VERSION_MINOR 1
#define IOMMUSIM_VERSION_PATCH 0

#if defined(__GNUC__)
#define IOMMUSIM_API __attribute__((visibility("default")))
#else
#define IOMMUSIM_API
#endif
#ifdef __cplusplus
/** A structure of @a type with its size set and the rest zero. */
#define IOMMUSIM_INIT(type) ([] { type iommusim_init_{}; iommusim_init_.size = sizeof(type); return iommusim_init_; }())
extern "C" {
#else
/** A structure of @a type with its size set and the rest zero. */
#define IOMMUSIM_INIT(type) ((type){ .size = sizeof(type) })
#endif

/** One machine. */
typedef struct iommusim iommusim;

enum iommusim_status {
	IOMMUSIM_OK = 0,
	IOMMUSIM_BUSY = 1, /**< the watchdog found that nothing moves any more, or a device has no room */
	IOMMUSIM_INVALID = 2, /**< an argument or the configuration is wrong */
	IOMMUSIM_MACHINE = 3 /**< out of memory, or a file could not be read */
};

/** No PASID. */
#define IOMMUSIM_NO_PASID UINT32_MAX
/** No time: there is no next event. */
#define IOMMUSIM_NEVER UINT64_MAX

/**
 * Memory that your program has. Accesses are aligned, of 1, 2, 4 or 8 bytes or a multiple of 8 up to 64, and within one 64-byte line.
 * Return 0, or anything else for a bus error. Called only while one of the instance's functions runs; must not call the instance back.
 */
struct iommusim_memory {
	size_t size; /**< of this structure */
	void *arg; /**< first argument of the functions */
	int (*read)(void *arg, uint64_t address, void *data, unsigned bytes);
	int (*write)(void *arg, uint64_t address, const void *data, unsigned bytes);
	/** Locked compare and swap of a 64-bit word; *seen: what was there. NULL: a read and a write. */
	int (*compare_swap)(void *arg, uint64_t address, uint64_t expected, uint64_t desired, uint64_t *seen);
	/** The 4096 bytes of the page at @a address, aligned to 8, to be used directly until iommusim_forget_pages(); or NULL. NULL: none may be. */
	void *(*page)(void *arg, uint64_t address);
};

/** A request that a unit refused, recorded in its fault log or not. */
struct iommusim_fault {
	size_t size;
	unsigned unit;
	uint32_t rid, pasid; /**< pasid: IOMMUSIM_NO_PASID if it had none */
	uint64_t address; /**< untranslated */
	unsigned code; /**< the architecture's reason: VT-d fault reason, SMMUv3 event number, AMD-Vi event code */
	int write;
	uint64_t time;
};

/**
 * A finding of the ordering checker: a step of the driver that a rule of docs/ordering.md forbids, because a device could then use what
 * software believes gone. The strings live as long as the instance; in a callback, during the call. A later version may have more members.
 */
struct iommusim_ordering {
	size_t size;
	const char *rule; /**< "GEN-ORD-03" */
	const char *title, *clause; /**< of the rule: what it asks for, and the section of the specification; "" if it names none */
	const char *verdict; /**< "VIOLATION", "MANIFEST" (a DMA did use the stale entry), "HAZARD" or "PERF" */
	const char *severity; /**< "CRITICAL", "HIGH", "MEDIUM", "LOW" or "PERF" */
	const char *event; /**< what the finding is at: "PTE_SET", "TAIL", "DMA", ... (docs/trace-format.md, "Ordering events") */
	const char *what, *right; /**< what happened; what would have been right */
	const char *history; /**< the calls that led here: "call 12 PTE_CLR: open; call 15 TLBINV: covered"; "" if there are none */
	unsigned unit;
	int error; /**< VIOLATION or MANIFEST of severity CRITICAL or HIGH: what makes `iommusim check` fail */
	uint64_t call; /**< number of the call, as iommusim_calls() counts; 0: iommusim_ordering_finish() */
	uint64_t time; /**< when it was found */
};

/** Whom to tell. Every function may be NULL. */
struct iommusim_callbacks {
	size_t size;
	void *arg;
	/** A message-signalled interrupt of a unit: @a data is written to @a address. */
	void (*interrupt)(void *arg, unsigned unit, uint64_t address, uint32_t data);
	void (*fault)(void *arg, const struct iommusim_fault *fault);
	/** Reports of the watchdog and the like, a line each. */
	void (*note)(void *arg, const char *text);
	/**
	 * The ordering checker has a finding (options.checker). Called inside the call that it is about - your driver is on the stack -, while time
	 * moves on if it is about a DMA, and for what hangs below an entry or table just stored at the next call that is no store. Must not call the
	 * instance back.
	 */
	void (*ordering)(void *arg, const struct iommusim_ordering *finding);
};

struct iommusim_options {
	size_t size;
	const char *config_file; /**< YAML, as for `iommusim run`; NULL: none */
	const char *config_text; /**< the same as text; at most one of the two; with neither one VT-d unit with defaults */
	const char *const *set; /**< "key=value" each, as behind `--set`; NULL-terminated; NULL: none */
	const struct iommusim_memory *memory; /**< NULL: the instance has its own; copied */
	const struct iommusim_callbacks *callbacks; /**< NULL: none; copied */
	int oracle; /**< not 0: compare every translation used with the tables at that moment (docs/oracle.md) */
	int checker; /**< not 0: check the order of stores, commands, waits and reuse (docs/ordering.md) */
	const char *const *checker_knobs; /**< "key=value" each, as behind `iommusim check --knob`; NULL-terminated; NULL: none */
};

/** The version of the library that is running, "0.1.0". */
IOMMUSIM_API const char *iommusim_version(void);

/**
 * Make a machine at time 0, every unit in reset.
 * @param options NULL: all defaults.
 * @param message where to put a sentence if it fails ("file:line:col: ..." for a configuration); NULL: nowhere.
 * @param message_size bytes there.
 * @return NULL if it fails.
 */
IOMMUSIM_API iommusim *iommusim_create(const struct iommusim_options *options, char *message, size_t message_size);
/** Everything is gone; DMAs that have not completed never call back. NULL is fine. */
IOMMUSIM_API void iommusim_destroy(iommusim *sim);
/** The sentence about the last call that failed; valid until the next call. */
IOMMUSIM_API const char *iommusim_message(const iommusim *sim);

/**
 * @name Units, by index from 0
 * @{
 */
IOMMUSIM_API unsigned iommusim_unit_count(const iommusim *sim);
/** The name that the configuration gave it ("vtd0"); NULL if there is no such unit. */
IOMMUSIM_API const char *iommusim_unit_name(const iommusim *sim, unsigned unit);
/** "vtd", "smmuv3" or "amdvi"; NULL if there is no such unit. */
IOMMUSIM_API const char *iommusim_unit_architecture(const iommusim *sim, unsigned unit);
/** A register access of @a bytes 4 or 8 at @a offset from the unit's base takes effect at the present time. */
IOMMUSIM_API int iommusim_mmio_write(iommusim *sim, unsigned unit, uint32_t offset, unsigned bytes, uint64_t value);
IOMMUSIM_API int iommusim_mmio_read(iommusim *sim, unsigned unit, uint32_t offset, unsigned bytes, uint64_t *value);
/**
 * The register has this value, as in a machine that was saved and goes on: nothing starts by it, and status and capabilities can be set, too.
 * Allowed until the first register write, DMA or device event; memory first.
 */
IOMMUSIM_API int iommusim_restore_register(iommusim *sim, unsigned unit, uint32_t offset, unsigned bytes, uint64_t value);
/** The specification's name of a fault code ("F_TRANSLATION"), and a sentence; NULL: unknown. */
IOMMUSIM_API const char *iommusim_fault_name(const iommusim *sim, unsigned unit, unsigned code);
IOMMUSIM_API const char *iommusim_fault_text(const iommusim *sim, unsigned unit, unsigned code);
/** @} */

/**
 * @name Memory, as a processor sees it: any address and size
 * @{
 */
IOMMUSIM_API int iommusim_memory_write(iommusim *sim, uint64_t address, const void *data, size_t bytes);
IOMMUSIM_API int iommusim_memory_read(iommusim *sim, uint64_t address, void *data, size_t bytes);
/** Pages that iommusim_memory.page gave are not used any more; it is asked again. */
IOMMUSIM_API void iommusim_forget_pages(iommusim *sim);
/** One store of 1, 2, 4 or 8 bytes, naturally aligned: what a table entry is written with. */
IOMMUSIM_API int iommusim_store(iommusim *sim, uint64_t address, unsigned bytes, uint64_t value);
/**
 * Your program has stored to its own memory (iommusim_memory, iommusim_memory.page) other than by iommusim_store(): the ordering checker reads
 * what is there now. Call it behind each store to a table or queue, before anything else happens; several words are taken as stored in
 * the order of their addresses. Without a checker it does nothing. What is stored and not told is unknown to the checker.
 */
IOMMUSIM_API int iommusim_stored(iommusim *sim, uint64_t address, size_t bytes);
/** @} */

enum iommusim_access { IOMMUSIM_READ = 'r', IOMMUSIM_WRITE = 'w', IOMMUSIM_EXECUTE = 'x', IOMMUSIM_ATOMIC = 'a' };
enum iommusim_address_type { IOMMUSIM_UNTRANSLATED = 0, IOMMUSIM_TRANSLATION_REQUEST = 1, IOMMUSIM_TRANSLATED = 2 };

/** A DMA. It may cross pages; the device cuts it as its configuration says. */
struct iommusim_dma {
	size_t size;
	unsigned unit;
	uint32_t rid; /**< bus << 8 | device << 3 | function; StreamID; DeviceID */
	uint32_t pasid; /**< or IOMMUSIM_NO_PASID; 0 is a PASID */
	uint64_t address;
	uint32_t bytes; /**< at least 1 */
	enum iommusim_access access;
	enum iommusim_address_type type;
	int privileged;
};

struct iommusim_completion {
	size_t size;
	int ok; /**< 0: refused */
	uint64_t address; /**< ok: where the first byte is in memory */
	unsigned code; /**< refused: as iommusim_fault.code */
	uint64_t submitted, completed; /**< times */
};
typedef void iommusim_dma_done(void *arg, const struct iommusim_dma *dma, const struct iommusim_completion *completion);

/**
 * The device @a dma->rid begins a DMA now, or, if it has as many in flight as it can, as soon as it can. @a done is called once, while time
 * moves on, and may submit again. The content of memory is not moved: the address is the result.
 */
IOMMUSIM_API int iommusim_submit(iommusim *sim, const struct iommusim_dma *dma, iommusim_dma_done *done, void *arg);
/** DMAs submitted and not completed. */
IOMMUSIM_API uint64_t iommusim_in_flight(const iommusim *sim);

/** What happens to a device: "ats-on", "reset", "silent", ... (docs/trace-format.md has the list). */
IOMMUSIM_API int iommusim_device_event(iommusim *sim, unsigned unit, uint32_t rid, const char *event);

/**
 * @name Time
 * @{
 */
IOMMUSIM_API uint64_t iommusim_now(const iommusim *sim);
/** The time of the next event, IOMMUSIM_NEVER if nothing is pending. */
IOMMUSIM_API uint64_t iommusim_next_event(const iommusim *sim);
/** Run everything up to and including @a time, which then is the present. Times in the past are an error. */
IOMMUSIM_API int iommusim_advance(iommusim *sim, uint64_t time);
/** Run until nothing is pending. IOMMUSIM_BUSY if DMAs are then still in flight: they wait for software. */
IOMMUSIM_API int iommusim_settle(iommusim *sim);
/** @} */

/**
 * @name Statistics
 * @{
 */
/** One counter by its flat name: "vtd0.iotlb.hits", histograms as "vtd0.latency.p99" (in ps). IOMMUSIM_INVALID, and the nearest name in the message, if there is none. */
IOMMUSIM_API int iommusim_statistic(iommusim *sim, const char *name, double *value);
/** All of them as a JSON tree; iommusim_free() it. NULL: no memory. */
IOMMUSIM_API char *iommusim_statistics_json(iommusim *sim);
/** Begin to count anew. */
IOMMUSIM_API void iommusim_statistics_reset(iommusim *sim);
IOMMUSIM_API void iommusim_free(char *text);
/** @} */

/**
 * @name Findings of the oracle (options.oracle)
 * @{
 */
/** Translations used that the tables did not say, other than in the legal window before an invalidation completes. */
IOMMUSIM_API uint64_t iommusim_finding_count(const iommusim *sim);
/**
 * One of the first hundred, as text of several lines: the use, the store, the command, the wait. Its "call" numbers count stores, register accesses,
 * device events and DMAs from 1. Writes at most @a size bytes. @return as snprintf(), 0: no such finding is kept.
 */
IOMMUSIM_API int iommusim_finding(const iommusim *sim, size_t index, char *text, size_t size);
/** @} */

/**
 * @name Findings of the ordering checker (options.checker)
 * It sees what your program does: stores, register writes, DMAs, device events; and asks the units what they have completed. Everything
 * before the first register write is the state it begins with. That an address, a tag or a page of tables was given back it infers from its next use;
 * pages of data it does not follow: docs/ordering-captures.md.
 * @{
 */
/** Stores, register accesses, device events and DMAs until now, as findings number them. */
IOMMUSIM_API uint64_t iommusim_calls(const iommusim *sim);
/** Findings until now, and those of them with iommusim_ordering.error. */
IOMMUSIM_API uint64_t iommusim_ordering_count(const iommusim *sim);
IOMMUSIM_API uint64_t iommusim_ordering_errors(const iommusim *sim);
/**
 * A finding that is kept: of each rule the first twenty, in the order in which they were found.
 * @param finding initialised with IOMMUSIM_INIT(struct iommusim_ordering)
 * @return IOMMUSIM_INVALID: there is no such finding, or the size is not set.
 */
IOMMUSIM_API int iommusim_ordering_get(iommusim *sim, size_t index, struct iommusim_ordering *finding);
/** The same as text of several lines, as `iommusim check` prints it. Writes at most @a size bytes. @return as snprintf(), 0: no such finding is kept. */
IOMMUSIM_API int iommusim_ordering_text(const iommusim *sim, size_t index, char *text, size_t size);
/**
 * Your driver is done: what must not be left open is reported, and nothing is checked from here on.
 * @return IOMMUSIM_INVALID or IOMMUSIM_MACHINE if the checker had stopped before: its tables were of a kind it does not follow, or no memory.
 */
IOMMUSIM_API int iommusim_ordering_finish(iommusim *sim);
/** @} */

#ifdef __cplusplus
}
#endif
#endif
