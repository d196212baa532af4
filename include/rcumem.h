/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCUMEM_H
#define RCUMEM_H

/**
 * @file
 * rcumem: memory for packet fast paths, looked up without locks.
 *
 * This header adds to rte_memory.h what a stand-alone runtime needs: its life,
 * page allocation, readers, address spaces and statistics.
 *
 * Caveats first:
 * - A function that changes the runtime (a *writer*) must not be called inside
 *   a read section, a walk or a callback: it returns -1 with EDEADLK.  Pins are
 *   no change: they may.
 * - A child that fork() made inside a callback or walk must not return from it:
 *   let it exec or exit.
 * - After fork() the child has no runtime: every call fails with ENODEV, every
 *   lookup answers "not found", and the parent's memory is not mapped there.
 *   A fork() beside rcumem_init() or rcumem_fini() of another thread waits until
 *   it is before or after; a signal handler that interrupts them must not fork.
 * - Memory that was found stays valid only as long as design guarantee G3 says:
 *   inside the section in which it was found, or while the caller owns it.
 *
 * Unless said otherwise, a function that fails returns -1 or NULL, sets
 * rte_errno, and has changed nothing.  Before rcumem_init() writers fail with
 * ENODEV.  Success leaves rte_errno alone.
 */

#include <stddef.h>
#include <stdint.h>

#include <rcumem_api.h>
#include <rte_errno.h>
#include <rte_memory.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Life of the runtime ------------------------------------------------ */

/** How IO addresses are chosen. */
enum rcumem_iova_mode {
	RCUMEM_IOVA_DEFAULT = 0, /**< RCUMEM_IOVA_MODE of the environment, else virtual. */
	RCUMEM_IOVA_PA = 1,      /**< The physical address; needs CAP_SYS_ADMIN. */
	RCUMEM_IOVA_VA = 2,      /**< The virtual address; needs no privilege. */
};

/** Which runtime a prefix may stand for. */
enum rcumem_attach {
	RCUMEM_ATTACH_ANY = 0,    /**< Join the runtime of that name, or create it. */
	RCUMEM_ATTACH_CREATE = 1, /**< Create it: EEXIST when it is there. */
	RCUMEM_ATTACH_JOIN = 2,   /**< Join it: ENOENT when it is not there. */
};

/** Sockets that the per-socket options can name. */
#define RCUMEM_MAX_SOCKETS 32

/**
 * What rcumem_init() may be told.  Zero always means "the default".
 *
 * Set `sz` to sizeof(struct rcumem_options) and clear the rest: a library that
 * knows more fields treats the missing ones as zero, one that knows fewer
 * refuses a non-zero field it does not know (E2BIG).
 */
struct rcumem_options {
	size_t sz; /**< sizeof(struct rcumem_options). */
	/** Name of the runtime, 1 to 63 of [A-Za-z0-9_.-], not beginning with a
	 *  dot; NULL: RCUMEM_PREFIX of the environment, else a private runtime. */
	const char *prefix;
	enum rcumem_iova_mode iova_mode;
	/** Lowest virtual address used; a multiple of 1 GiB.  0: RCUMEM_BASE_VA
	 *  of the environment, else the first of 4 GiB, 68 GiB, ... at which all
	 *  fits (from 32 TiB on in a build for AddressSanitizer). */
	uint64_t base_va;
	/** OR of the page sizes to offer; 0: 4 KiB and every hugepage size of
	 *  the kernel up to 1 GiB. */
	uint64_t page_sizes;
	/** Address space reserved per page size and socket, in bytes, rounded up
	 *  to 1 GiB; 0: 64 GiB (16 GiB for 4 KiB pages). */
	uint64_t list_len;
	/** Bytes to allocate at start on each socket, rounded up to pages; the
	 *  pages carry RTE_MEMSEG_FLAG_DO_NOT_FREE. */
	uint64_t socket_mem[RCUMEM_MAX_SOCKETS];
	/** Most bytes that may ever be allocated on each socket; 0: no limit.
	 *  Memory allocated at start counts, but is never refused. */
	uint64_t socket_limit[RCUMEM_MAX_SOCKETS];
	unsigned int dma_mask_bits; /**< Address width of the devices, 1 to 63. */
	unsigned int nchannel;      /**< Memory channels, told to every segment. */
	unsigned int nrank;         /**< Memory ranks, 1 to 16. */
	unsigned int
		max_lists; /**< Memseg lists, external ones included; at most 4096; default 512. */
	unsigned int max_readers; /**< Reader threads, all processes; default 1024. */
	unsigned int max_nodes;   /**< Index nodes of 4 KiB; default 65536. */
	/** How long a free waits for readers before it leaves the range to be
	 *  reclaimed later, in milliseconds; default 1000. */
	unsigned int free_timeout_ms;
	/** How long a writer waits for another writer, in milliseconds; default 5000. */
	unsigned int lock_timeout_ms;
	/** How long an operation waits for the callbacks of other processes, in
	 *  milliseconds; default 5000. */
	unsigned int event_timeout_ms;
	/** What a prefix stands for. */
	enum rcumem_attach attach;
};

/**
 * Start the runtime in this process.
 *
 * Works unprivileged and without any hugepage reserved, and prints nothing on
 * success.  What the machine lacks (hugepages, userfaultfd, membarrier, NUMA)
 * is replaced by a fallback and said once at log level "info".
 *
 * With a prefix, processes of one user share the runtime, as peers: whoever
 * comes first creates it, any that lives lets others in, and the last one out
 * leaves nothing.  Who joins gets the runtime as it was made: of the options,
 * `prefix`, `attach` and `lock_timeout_ms` count.  A library thread answers
 * newcomers.  The library keeps files open, none of them as descriptor 0, 1 or
 * 2, even where those are free; a process that closes them behind its back
 * (closefrom()) counts as dead.
 *
 * @param opts
 *   Options, or NULL for the defaults and the environment:
 *   RCUMEM_PREFIX, RCUMEM_IOVA_MODE (pa, va), RCUMEM_BASE_VA (a number),
 *   RCUMEM_LOG (error, warn, info, debug).  An option beats the environment.
 *   Processes meet in RCUMEM_RUNTIME_DIR, else XDG_RUNTIME_DIR/rcumem, else
 *   a directory of the user's: see docs/multi-process.md.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (an option out of range), E2BIG (a field this library does
 *            not know), EALREADY (already started), EPERM (IOVA mode PA
 *            without physical addresses), EADDRNOTAVAIL (base_va given and
 *            taken, or the runtime's addresses are taken in this process),
 *            EDEADLK (inside a section, walk or callback), EMFILE, ENFILE,
 *            ENOMEM, ENOSPC, EAGAIN (no thread).  With a prefix also EEXIST, ENOENT (`attach`),
 *            EACCES (the directory or a process is another user's), EPROTO
 *            (its processes are of another build), EBADMSG (its control region
 *            is damaged), EUSERS (64 processes are attached), ETIMEDOUT (its
 *            processes do not answer), ENAMETOOLONG (the path of its directory),
 *            EROFS (the directory cannot be written).
 * Ownership  The strings may go away after the call.
 * Context    Any thread; not inside a section or callback.  Beside it no other
 *            thread may call anything but rcumem_init(), rcumem_fini(), and
 *            what registers callbacks and validators.
 * Progress   Blocks for the clearing of the initial memory.
 */
RCUMEM_API int rcumem_init(const struct rcumem_options *opts);

/**
 * Leave the runtime: unmap everything, free every page if this process is the
 * last one, and forget callbacks, validators and address spaces.
 *
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     ENODEV (not started), EBUSY (a thread of this process is inside a
 *            section, walk or callback, or holds rte_mcfg_mem_write_lock();
 *            another thread that is an online QSBR reader is inside one).
 * Context    Any thread.  No other thread may be in a lookup or use memory of
 *            the runtime; rcumem_init() may be called again afterwards.
 * Progress   Waits for the writer mutex and for another thread's callback, each
 *            up to the lock timeout.
 */
RCUMEM_API int rcumem_fini(void);

/* ---- Pages -------------------------------------------------------------- */

/** Flags of rcumem_pages_alloc(). */
#define RCUMEM_ALLOC_STRICT_SOCKET (1u << 0) /**< Only on the socket named. */
#define RCUMEM_ALLOC_IOVA_CONTIG   (1u << 1) /**< One run of IO addresses. */
#define RCUMEM_ALLOC_DO_NOT_FREE   (1u << 2) /**< rcumem_pages_free() refuses it. */

/**
 * Allocate whole pages, contiguous in virtual address, cleared to zero.
 *
 * The pages are visible to every lookup when the call returns, and become so
 * for walks at one instant: a walk sees all of them or none.  ALLOC events are
 * delivered before the call returns.
 *
 * @param len
 *   Bytes, at least 1; rounded up to whole pages.
 * @param page_sz
 *   Page size in bytes, one of those the runtime offers; 0: the largest that
 *   can serve the request, and is allowed to, without wasting half a page.
 * @param socket_id
 *   NUMA node, or SOCKET_ID_ANY for the caller's node and then the nearest.
 *   A node other than the one named is used only for SOCKET_ID_ANY, or
 *   without RCUMEM_ALLOC_STRICT_SOCKET.
 * @param flags
 *   RCUMEM_ALLOC_*.
 * @return
 *   The first page's address, or NULL with rte_errno.
 *
 * Errors     EINVAL (len 0, unknown flag, page size or socket), ENOMEM (no
 *            pages left, a DMA mask or contiguity that cannot be met), ENOSPC
 *            (no room in the lists or the index), EPERM (a validator or the
 *            socket's limit refused), EDEADLK (inside a section, walk or
 *            callback), ETIMEDOUT (another writer holds the mutex, another
 *            thread's callback does not return, or a process does not tell its
 *            callbacks; named in the log), EAGAIN (too much waits for a stuck
 *            reader, or a process is 512 events behind), ENOTRECOVERABLE (the
 *            control region is damaged), ENODEV.  ENOSPC, too, where callbacks
 *            are to be called and the thread finds no reader slot.
 * Ownership  The caller's until rcumem_pages_free().
 * Context    Any thread; an online QSBR reader passes a quiescent state.
 * Progress   Takes the writer mutex.  Waits, without holding it, for callbacks
 *            of all processes up to the event timeout; and for readers up to
 *            the free timeout where they hold all that could be used again.
 */
RCUMEM_API void *rcumem_pages_alloc(size_t len, size_t page_sz, int socket_id, unsigned int flags);

/**
 * Free whole pages: all of an allocation, or any whole-page part of it.
 *
 * FREE events are delivered while the pages can still be found; then they are
 * unpublished, and given back when no reader can hold them.  If readers hold
 * them longer than the free timeout, the call returns 0 all the same and the
 * range stays unused until they leave; rcumem_stats_get() shows it.
 *
 * @param addr
 *   A page's first byte.
 * @param len
 *   Bytes, a multiple of the page size.
 * @return
 *   0, or -1 with rte_errno and nothing freed; with EINPROGRESS it will be.
 *
 * Errors     EINVAL (unaligned, not ours, spans lists, external), ENOENT (a
 *            page of it is not in use), EBUSY (a page is flagged do-not-free or
 *            pinned, or another thread frees it), EINPROGRESS (a process does not tell
 *            its callbacks, and is named in the log: the pages stay in use
 *            until it has, or has died; then they go, with the next writer at
 *            the latest, unless the control region is damaged meanwhile),
 *            ENOSPC (a part of what was allocated at once needs an index node,
 *            and there is none: see max_nodes; or no reader slot), EDEADLK, ETIMEDOUT, EAGAIN,
 *            ENOTRECOVERABLE, ENODEV: as rcumem_pages_alloc().
 * Context    Any thread; an online QSBR reader passes a quiescent state.
 * Progress   Waits, without holding the mutex, for callbacks of all processes up
 *            to the event timeout, and for readers up to the free timeout.
 */
RCUMEM_API int rcumem_pages_free(void *addr, size_t len);

/**
 * Pin whole pages: nobody can free them until they are unpinned.
 *
 * For memory that a device uses by itself, and that cannot be taken from it
 * within a FREE callback.  Who unmaps in its callback needs no pin.
 *
 * Pins are counted, by process and by range: a range that was pinned twice is
 * unpinned twice.  Pins of other ranges and of other processes are apart, and
 * rcumem_pages_free() fails with EBUSY while one of any kind touches its pages;
 * that is found before anybody is told that they go.  A process that ends, or
 * leaves the runtime, has no pins any more.
 *
 * @param addr
 *   A page's first byte.
 * @param len
 *   Bytes, a multiple of the page size.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (unaligned, not ours, spans lists, external), ENOENT (a
 *            page of it is not in use), EBUSY (a page of it is being freed:
 *            callbacks are told that it goes), ENOSPC (16384 ranges are pinned),
 *            EDEADLK (this thread holds rte_mcfg_mem_write_lock()), ETIMEDOUT
 *            (another writer holds the mutex), ENOTRECOVERABLE, ENODEV.
 * Context    Any thread; callbacks, walks and sections included.  In the
 *            callback of an ALLOC event the new pages can be pinned; they stay
 *            then, even if other processes cannot be told of them.
 * Progress   Takes the writer mutex for a moment that grows with the pages and
 *            the pins; waits for no reader and no process.
 */
RCUMEM_API int rcumem_pages_pin(const void *addr, size_t len);

/**
 * Take back one rcumem_pages_pin() of this process, of exactly this range.
 *
 * Errors     EINVAL, EDEADLK, ETIMEDOUT, ENOTRECOVERABLE, ENODEV: as
 *            rcumem_pages_pin(); ENOENT
 *            (this process has not pinned exactly this range).
 * Context    As rcumem_pages_pin(): in callbacks too.
 */
RCUMEM_API int rcumem_pages_unpin(const void *addr, size_t len);

/**
 * How many pins touch pages of a range, of whatever process.
 *
 * @return
 *   The number, 0 when the pages could be freed as far as pins are concerned;
 *   or -1 with rte_errno: EINVAL, ENODEV.
 *
 * Context    Any thread, callbacks included; takes no lock.  A figure: pins may
 *            come and go meanwhile, and those of a process that has died count
 *            until somebody comes across it.
 */
RCUMEM_API int64_t rcumem_pages_pins(const void *addr, size_t len);

/**
 * Describe external memory, as rte_extmem_register() does, and say on which NUMA
 * node it is.
 *
 * The library believes it: it touches no memory of the user's.
 *
 * @param socket_id
 *   A node of this machine, which list and segments carry; or SOCKET_ID_ANY for
 *   a number of their own from 256 on, as rte_extmem_register() gives them.
 *
 * Errors     EINVAL (also: no such node); all else as rte_extmem_register(), of
 *            which rte_extmem_unregister(), _attach() and _detach() serve here too.
 */
RCUMEM_API int rcumem_extmem_register(void *va_addr, size_t len, const rte_iova_t *iova_addrs,
	unsigned int n_pages, size_t page_sz, int socket_id);

/* ---- Readers ------------------------------------------------------------ */

/**
 * Register the calling thread as a reader ahead of its first section.
 *
 * Optional: the first section does it.  A registered thread's sections make no
 * system call and write only the thread's own cache line.
 *
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     ENODEV, ENOSPC (options.max_readers reached), ENOMEM, EAGAIN (the
 *            program has no key for thread-specific data left).
 * Context    Any thread.  The registration ends with the thread.
 */
RCUMEM_API int rcumem_thread_init(void);

/**
 * Begin a read section.  What lookups find inside stays valid until the
 * matching rcumem_read_unlock() (guarantee G3).  Sections nest.
 *
 * @return
 *   0, or -1 with rte_errno when the thread could not be registered.
 *
 * Errors     As rcumem_thread_init(): only a thread's first section can fail.
 * Context    Any thread, callbacks included.
 * Progress   Wait-free.  One store to the thread's own line.
 * Ordering   Every lookup inside sees at least the operations completed before.
 */
RCUMEM_API int rcumem_read_lock(void);

/** End a read section.  Unbalanced calls are ignored. */
RCUMEM_API void rcumem_read_unlock(void);

/**
 * Make the calling thread a QSBR reader, online at once: from here on it is
 * inside one long section that rcumem_reader_quiescent() renews for free.
 *
 * An online QSBR reader that neither announces quiescent states nor goes
 * offline holds up the reuse of freed memory (not the callers of free beyond
 * their timeout).
 *
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     As rcumem_thread_init(); EALREADY (already a QSBR reader), EDEADLK
 *            (inside a section or callback).
 * Context    Any thread.
 */
RCUMEM_API int rcumem_reader_register(void);

/** Stop being a QSBR reader.  0, or -1 with EINVAL (is none) or EDEADLK. */
RCUMEM_API int rcumem_reader_unregister(void);

/**
 * Announce that the calling QSBR reader holds nothing it found before.
 * Ignored inside an explicit section and in threads that are no QSBR readers.
 *
 * Progress   Wait-free.  One load, one store to the thread's own line.
 */
RCUMEM_API void rcumem_reader_quiescent(void);

/** Leave the long section before blocking; lookups' results expire. */
RCUMEM_API void rcumem_reader_offline(void);

/** Return to the long section after rcumem_reader_offline(). */
RCUMEM_API void rcumem_reader_online(void);

/**
 * Wait until every reader that was inside a section has left it.
 *
 * @param timeout_ms
 *   Most milliseconds to wait; 0 asks and returns at once.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     ETIMEDOUT (the reader that holds it up is named in the log),
 *            EDEADLK (inside a section, walk or callback), ENODEV.
 * Context    Any thread; an online QSBR reader passes a quiescent state.
 */
RCUMEM_API int rcumem_synchronize(unsigned int timeout_ms);

/* ---- Address spaces ----------------------------------------------------- */

/**
 * An address space: a map of IO addresses that belongs to one peer, as a guest
 * whose addresses begin at 0.  It is private to this process.  Wherever a
 * `const struct rcumem_space *` is taken, NULL names space 0: the runtime's
 * own, the one that the rte_ functions use.
 */
struct rcumem_space;

/** The regions of a space as they were published at one instant. */
struct rcumem_map;

/** One region of an address space: exactly [iova, iova + len), any alignment. */
struct rcumem_region {
	uint64_t iova; /**< First IO address. */
	uint64_t len;  /**< Bytes, at least 1; iova + len must not exceed 2^64. */
	/** Where it is mapped when `fd` is -1; the caller keeps the mapping until
	 *  the call that removes the region has returned 0. */
	void *va;
	int fd; /**< Mapped shared by the space itself when not -1; may be closed after the call. */
	uint64_t fd_off; /**< Offset of the region's first byte in `fd`. */
};

/**
 * Create an empty address space.
 *
 * @return
 *   The space, or NULL with rte_errno: ENOMEM, ENODEV.
 *
 * Context    Any thread; not inside a section or callback (EDEADLK).
 */
RCUMEM_API struct rcumem_space *rcumem_space_create(void);

/**
 * Destroy an address space: unpublish its regions, wait for readers, unmap.
 *
 * @return
 *   0, or -1 with rte_errno; NULL is EINVAL.
 *
 * Errors     ENODEV, EDEADLK; ETIMEDOUT (a reader is stuck in a section: the
 *            space is empty now, and destroying it may be tried again).
 */
RCUMEM_API int rcumem_space_destroy(struct rcumem_space *space);

/**
 * Add one region.  Its pages are mapped and faulted in before it is published.
 *
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (no space, no bytes, wrap-around, no backing, a file shorter than
 *            the region), EEXIST (overlaps another region), ENOSPC (more than
 *            65535 regions), ENOMEM, EAGAIN (64 replaced sets wait for a stuck
 *            reader), EDEADLK, ENODEV.
 * Ordering   The region is complete for every lookup that finds it.
 * Progress   Waits for no reader, for what it replaces is freed later; but for
 *            one that holds 64 replaced sets, up to the free timeout.
 */
RCUMEM_API int rcumem_space_register(
	struct rcumem_space *space, const struct rcumem_region *region);

/**
 * Remove the region that is exactly [iova, iova + len), wait for readers, and
 * unmap it.
 *
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (no space), ENOENT (no such region), ENOMEM, EAGAIN (as
 *            rcumem_space_register()), EDEADLK; ETIMEDOUT: the region is not
 *            found any more, but a reader is stuck; it is unmapped later.
 */
RCUMEM_API int rcumem_space_unregister(struct rcumem_space *space, uint64_t iova, uint64_t len);

/**
 * Replace all regions at one instant.  A region equal to one that is there
 * (addresses and backing) keeps its mapping.  `user` is published with them.
 *
 * @param regions
 *   The new set, in any order; may be NULL when `n` is 0.
 * @param n
 *   Number of regions.
 * @param user
 *   Any pointer; rcumem_map_user() returns it to readers of this set.  After
 *   the call has returned 0 no reader holds the earlier one.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     as rcumem_space_register(); ETIMEDOUT: the new set is published,
 *            a stuck reader may still hold the old one and its user pointer.
 */
RCUMEM_API int rcumem_space_replace(struct rcumem_space *space, const struct rcumem_region *regions,
	unsigned int n, void *user);

/**
 * The set of regions now published; valid until the section ends.
 * Translate a burst through one map, and it is all of one set.
 *
 * Context    Inside a section, or an online QSBR reader.
 * Progress   Wait-free: one load.
 */
RCUMEM_API const struct rcumem_map *rcumem_space_map(const struct rcumem_space *space);

/**
 * Translate through a map.
 *
 * @param iova
 *   IO address, any value.
 * @param len
 *   In: bytes wanted.  Out: how many of them are contiguous from the returned
 *   address on, within one region.  May be NULL for one byte.
 * @return
 *   The address of that byte, or NULL (and *len 0).
 */
RCUMEM_API void *rcumem_map_iova2virt(const struct rcumem_map *map, uint64_t iova, uint64_t *len);

/** The user pointer published with a map. */
RCUMEM_API void *rcumem_map_user(const struct rcumem_map *map);

/** Number of regions in a map. */
RCUMEM_API unsigned int rcumem_map_count(const struct rcumem_map *map);

/* ---- Translation by the index ------------------------------------------- */

/**
 * Translate an IO address, with the length that stays contiguous.
 *
 * @param space
 *   NULL for space 0; any other only inside a section or as a QSBR reader.
 * @param iova
 *   IO address, any value.
 * @param len
 *   In: bytes wanted.  Out: how many of them are contiguous.  NULL: one byte.
 *   Where none are wanted, space 0 finds none, others find the address.
 * @return
 *   The virtual address, or NULL (and *len 0).
 *
 * Errors     NULL is an answer: rte_errno is left alone.
 * Progress   Wait-free in space 0; one descent for each segment that the
 *            wanted length crosses.
 */
RCUMEM_API void *rcumem_iova2virt(const struct rcumem_space *space, uint64_t iova, uint64_t *len);

/**
 * Translate a virtual address of a segment in use, by the index: unlike
 * rte_mem_virt2iova() it knows the IO addresses of external memory, and never
 * asks the kernel.
 *
 * @return
 *   The IO address, or RTE_BAD_IOVA (and *len 0) when the byte is in no
 *   segment in use or its segment has none.
 *
 * Parameters, errors and progress as rcumem_iova2virt().
 */
RCUMEM_API rte_iova_t rcumem_virt2iova(
	const struct rcumem_space *space, const void *virt, uint64_t *len);

/**
 * Translate `n` IO addresses at once, each as rcumem_iova2virt() does.
 *
 * Descents run side by side, by vector instructions where the processor has
 * them, so that the misses of a burst overlap.  Addresses that are not in
 * internal memory cost what they cost one by one.
 *
 * @param space
 *   NULL for space 0; any other only inside a section or as a QSBR reader.
 * @param iova
 *   `n` IO addresses, any values.
 * @param virt
 *   Out: `n` virtual addresses, NULL for an IO address that is in no segment in
 *   use.  The same array as `iova`, or one that does not overlap it.
 * @param n
 *   Number of addresses; 0 is nothing to do.
 * @return
 *   How many of them were found.
 *
 * Errors     NULL is an answer: rte_errno is left alone.
 * Context    As rcumem_iova2virt().
 * Progress   Wait-free in space 0.
 * Ordering   Each answer is right at some instant of the call: not all of them
 *            at one.  In another space all are of one set of regions.
 */
RCUMEM_API unsigned int rcumem_iova2virt_batch(
	const struct rcumem_space *space, const rte_iova_t *iova, void **virt, unsigned int n);

/**
 * Translate `n` virtual addresses at once, each as rcumem_virt2iova() does.
 *
 * @param virt
 *   `n` virtual addresses, any values.
 * @param iova
 *   Out: `n` IO addresses, RTE_BAD_IOVA for an address that has none.  The same
 *   array as `virt`, or one that does not overlap it.
 * @return
 *   How many of them have one.
 *
 * All else as rcumem_iova2virt_batch().
 */
RCUMEM_API unsigned int rcumem_virt2iova_batch(
	const struct rcumem_space *space, void *const *virt, rte_iova_t *iova, unsigned int n);

/* ---- Memory events ------------------------------------------------------- */

/**
 * Register a memory event callback that misses nothing and hears nothing twice.
 *
 * Before the call returns, the calling thread calls it with RTE_MEM_EVENT_ALLOC
 * for each run of pages in use, as of one instant; every event after that
 * instant follows, of whichever process, in the order of
 * rte_mem_event_callback_register().  Pages that are leaving at that instant
 * are not shown.  External memory is not.  rte_mem_event_callback_unregister()
 * with the same name and argument ends it.
 *
 * @param name
 *   Up to 63 bytes, unique together with `arg` among all event callbacks.
 * @param clb
 *   The callback; it may call every reader and no writer.
 * @param arg
 *   Handed to the callback.
 * @return
 *   0, or -1 with rte_errno; then the callback is not registered.
 *
 * Errors     EINVAL, ENAMETOOLONG, EEXIST (name and argument are registered),
 *            ENODEV, EDEADLK (inside a section, walk or callback), ENOMEM,
 *            ENOSPC (no slot for one more reader), ETIMEDOUT (another thread's
 *            callback, or another writer, takes too long; or memory comes and
 *            goes all the time), EAGAIN (no thread), ENOTRECOVERABLE (the
 *            control region is damaged).
 * Ownership  `name` is copied; `arg` stays the caller's.
 * Context    Any thread; not inside a section or callback.
 * Ordering   A page shown is in use, and its memory stays until the callback
 *            was told that it goes.
 */
RCUMEM_API int rcumem_subscribe(const char *name, rte_mem_event_callback_t clb, void *arg);

/* ---- Statistics --------------------------------------------------------- */

/** Counters of the runtime, since its start, all processes. */
struct rcumem_stats {
	size_t sz;                  /**< sizeof(struct rcumem_stats), set by the caller. */
	uint64_t allocs;            /**< Times pages came; also such as were taken back. */
	uint64_t frees;             /**< Times pages went; also when taken back. */
	uint64_t alloc_failures;    /**< Refused or failed allocations. */
	uint64_t segments;          /**< Segments in use, external ones included. */
	uint64_t bytes;             /**< Bytes in use, external ones excluded. */
	uint64_t lists;             /**< Active memseg lists. */
	uint64_t quarantined_bytes; /**< Freed, waiting for a reader. */
	uint64_t grace_periods;     /**< Grace periods waited for. */
	uint64_t grace_timeouts;    /**< Of these, given up at the timeout. */
	uint64_t recoveries;      /**< Half-done operations of dead writers completed or undone. */
	uint64_t index_nodes;     /**< Index nodes in use, 4 KiB each. */
	uint64_t readers;         /**< Registered reader threads. */
	uint64_t snapshot_blocks; /**< Snapshot blocks in use, 512 bytes each. */
	uint64_t processes;       /**< Attached processes, this one included. */
	uint64_t pins;            /**< Ranges that processes have pinned. */
};

/**
 * Read the statistics.
 *
 * @return
 *   0, or -1 with rte_errno: ENODEV, EINVAL (NULL, or sz too small).
 *
 * Context    Any thread, callbacks included; takes no lock.
 */
RCUMEM_API int rcumem_stats_get(struct rcumem_stats *stats);

/** What the machine offers, found without starting a runtime. */
struct rcumem_features {
	size_t sz;            /**< sizeof(struct rcumem_features), set by the caller. */
	uint64_t page_sizes;  /**< OR of the page sizes the kernel knows, 4 KiB included. */
	int hugepages_usable; /**< 1: at least one hugepage is free now. */
	int userfaultfd;      /**< 1: holes are guarded. */
	int membarrier;       /**< 1: sections of a process that is alone cost no fence. */
	int phys_addrs;       /**< 1: pagemap shows physical addresses. */
	int numa_nodes;       /**< Nodes with memory or CPUs; 1 without NUMA. */
};

/** Detect the features of this machine: 0, or -1 with EINVAL. */
RCUMEM_API int rcumem_features_get(struct rcumem_features *features);

/** The library's version, as "1.2.3". */
RCUMEM_API const char *rcumem_version(void);

/* ---- Observers ---------------------------------------------------------- */

/**
 * A look at a runtime from outside, without attaching to it.
 *
 * An observer holds descriptors that cannot be written through, and reads
 * copies: it can corrupt nothing, takes no page of the runtime and no lock, and
 * nobody waits for it.  It needs a live process of the same user to let it in;
 * afterwards it sees the runtime as long as it likes.  The process may be
 * attached to that runtime, to another one, or to none.
 *
 * What it shows is a picture, taken by rcumem_observer_check(): all other
 * functions read the last one.  An observer is used by one thread at a time.
 */
struct rcumem_observer;

/**
 * Find a runtime to look at.
 *
 * @param prefix
 *   Its name, or NULL for RCUMEM_PREFIX of the environment.
 * @return
 *   The observer, or NULL with rte_errno.
 *
 * Errors     EINVAL (no prefix, or one that cannot be), ENOENT (no process of
 *            that name lives), EPROTO (its processes are of another build),
 *            EACCES (they are another user's), ETIMEDOUT (they do not answer),
 *            ENAMETOOLONG (the path of its directory), EMFILE, ENOMEM.
 * Ownership  The caller's until rcumem_observer_close().
 * Context    Any thread, callbacks included.
 * Progress   Blocks for up to a few seconds while processes do not answer.
 */
RCUMEM_API struct rcumem_observer *rcumem_observe(const char *prefix);

/** Close an observer; NULL is ignored. */
RCUMEM_API void rcumem_observer_close(struct rcumem_observer *observer);

/**
 * Receives a line for each thing that is wrong, without a newline; of more than
 * 100 only the first 100.
 */
typedef void (*rcumem_report_t)(const char *finding, void *arg);

/**
 * Take a picture of the runtime, and check it: whether every place that says
 * which memory is in use says the same, everything is in one place only, what
 * is counted is there, and the files hold what is in use and no more.
 *
 * Works on regions that are damaged in any way.  An operation that is in
 * progress while nothing moves (its process is stopped, or has died and no
 * other process has come across it yet) is told as such, and only what must
 * hold meanwhile is checked.
 *
 * @param report
 *   Called for each finding; may be NULL.
 * @param arg
 *   Handed to `report`.
 * @return
 *   The number of findings, 0 when the runtime is sound; or -1 with rte_errno.
 *
 * Errors     EINVAL (no observer), EAGAIN (operations follow each other so
 *            closely that 100 attempts saw no instant between them), EPROTO,
 *            EBADMSG (it is no control region any more), ENOMEM.
 * Ordering   The picture is of one instant, but for readers' words.
 */
RCUMEM_API int rcumem_observer_check(
	struct rcumem_observer *observer, rcumem_report_t report, void *arg);

/** What a picture shows of the runtime as a whole. */
struct rcumem_observer_info {
	size_t sz;             /**< sizeof(struct rcumem_observer_info), set by the caller. */
	char prefix[64];       /**< Its name. */
	int iova_mode;         /**< enum rte_iova_mode. */
	unsigned int nchannel; /**< Memory channels. */
	unsigned int nrank;    /**< Memory ranks. */
	unsigned int busy;     /**< 1: an operation is in progress or was interrupted. */
	uint64_t base_va;      /**< Its lowest address. */
	uint64_t len;          /**< Addresses from there on that it keeps in each process. */
};

/** 0, or -1 with rte_errno: EINVAL (NULL, or sz too small), ENODATA (no picture). */
RCUMEM_API int rcumem_observer_info_get(
	const struct rcumem_observer *observer, struct rcumem_observer_info *info);

/** The statistics of the picture; return and errors as rcumem_observer_info_get(). */
RCUMEM_API int rcumem_observer_stats_get(
	const struct rcumem_observer *observer, struct rcumem_stats *stats);

/** An attached process. */
struct rcumem_observer_process {
	unsigned int slot;    /**< 0 to 63. */
	int pid;              /**< As it knows itself: another PID namespace has other numbers. */
	unsigned int leaving; /**< 1: it left or died, and what it held is being given back. */
	unsigned int listens; /**< 1: it has event callbacks. */
	unsigned int readers; /**< Its reader threads. */
	unsigned int inside;  /**< Of these, inside a section. */
};

/**
 * The attached processes of the picture.
 *
 * @param processes
 *   Filled in slot order; may be NULL when `max` is 0.
 * @param max
 *   Entries of `processes`; there are never more than 64.
 * @return
 *   How many there are, which may be more than `max`; or -1 with rte_errno:
 *   EINVAL, ENODATA (no picture).
 */
RCUMEM_API int rcumem_observer_processes(const struct rcumem_observer *observer,
	struct rcumem_observer_process *processes, unsigned int max);

/**
 * Walk the memseg lists of the picture, in the order of walks.
 *
 * The callback gets copies; the pointers in them are addresses in the processes
 * of the runtime and must not be followed.  Lists whose records are damaged are
 * left out.
 *
 * @return
 *   0, or the first value of the callback that is not 0; or -1 with rte_errno:
 *   EINVAL, ENODATA (no picture).
 */
RCUMEM_API int rcumem_observer_list_walk(
	const struct rcumem_observer *observer, rte_memseg_list_walk_t func, void *arg);

/** Walk the segments in use of the picture; all else as rcumem_observer_list_walk(). */
RCUMEM_API int rcumem_observer_walk(
	const struct rcumem_observer *observer, rte_memseg_walk_t func, void *arg);

#ifdef __cplusplus
}
#endif

#endif /* RCUMEM_H */
