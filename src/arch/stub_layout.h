/* What the stubs (assembly) and the inline engine (C++) agree upon: the layout of the memory
 * that a traced process shares with vdsotrace. All numbers are bytes unless a name says otherwise.
 *
 *   +0            control page
 *   +4 KiB        index: which thread pointer has which block
 *   +264 KiB      shared block: of all threads that are not in the index, with their open calls
 *   +276 KiB      fallbacks: counters that all threads share
 *   +280 KiB      paths: which words of a stack lead to which of a thread's counters
 *   +316 KiB      the shared block's ring, where calls are recorded; then a block for each thread, each with its ring.
 *                 This part grows with the number of threads. */
#ifndef VDSOTRACE_STUB_LAYOUT_H
#define VDSOTRACE_STUB_LAYOUT_H

/* Control page: first a cache line that hardly changes. */
#define REGION_MAGIC 0      /* u64, by which it is known to be this memory */
#define REGION_ORPHANED 8   /* u32, set by a stub that waited in vain: recording has ended */
#define REGION_MAY_SLEEP 12 /* u32, the process may be put to sleep by futex(2) while a ring is full */
#define REGION_LOST 16      /* u64, calls of which there is no record */
#define REGION_KEEPER                                                                                   \
  24 /* u32, a robust futex (os/memory/death_mark.hpp): the kernel sets KEEPER_DIED when vdsotrace dies \
      */
#define KEEPER_DIED 0x40000000
#define REGION_ANSWER 32        /* u32, of a system call that the process is made to make */
#define REGION_GO_CODE 40       /* u64, where code begins that Go 1.18 or newer has compiled */
#define REGION_GO_CODE_BYTES 48 /* u64, 0: there is none */
#define REGION_HEARTBEAT 64     /* u64, moves on whenever vdsotrace has looked */
/* Fallbacks by clock ids without a column: {u64 clock id | (function + 1) << 32, u64 calls, u64 errors}. Negative ids,
 * CPU clocks and those of descriptors, stand here without what they belong to, by their kind: 0 is ours
 * (linux/posix-timers.h). */
#define REGION_OTHERS 1024
#define OTHER_LOG2 5
#define OTHER_CALLS 8
#define OTHER_ERRORS 16
#define OTHERS_COUNT 64

// The rows of tables stand in columns.
// clang-format off

/* Index: slots found by hash of the thread pointer, or in the slots that follow. */
#define REGION_INDEX 4096
#define INDEX_LOG2 14
#define INDEX_PROBES 8
#define INDEX_SLOTS ((1 << INDEX_LOG2) + INDEX_PROBES)
#define SLOT_LOG2 4
#define SLOT_KEY 0            /* u64 thread pointer + 1, 0: free */
#define SLOT_BLOCK 8          /* u64 address of the thread's block in the process */
#define HASH_FACTOR 0x61C88647
#define HASH_SHIFT 18         /* of a 32-bit product: INDEX_LOG2 bits are left */

/* Block: what one thread alone writes. In a row of u64 counters there is one for each clock. */
#define BLOCK_BYTES 4096       /* a page: threads that are gone leave their part of it alone */
#define BLOCK_HEAD 0          /* u64 records begun, counted by the stubs */
#define BLOCK_LIMIT 8         /* u64 below it HEAD may be used without looking at TAIL */
#define BLOCK_RING 16         /* u64 address of the ring in the process */
#define BLOCK_LAST 24         /* u32 records that fit into the ring, a power of two, less one */
#define BLOCK_STRIDE 28       /* u32 from one record to the next */
#define BLOCK_STACK_LOW 32    /* u64 from here ... */
#define BLOCK_STACK_TOP 40    /* u64 ... to here, exclusive, lies the thread's stack, all of it mapped above its pointer */
#define BLOCK_TAIL 64         /* u64 records taken by vdsotrace, on a cache line of its own */
#define BLOCK_OPEN 128        /* the call that the thread is in, then calls that signal handlers have interrupted */
#define OPEN_COUNT 6
#define BLOCK_ROWS 1024
#define ROW_LOG2 8            /* 32 clocks */
#define CLOCK_OTHER 31        /* clock ids from here on share one counter */
#define FUNCTIONS_MAX 8
/* To which paths lead, up to PATHS_END: u64 calls, and where they are timed u64 ticks that these took. */
#define BLOCK_PATHS (BLOCK_ROWS + (FUNCTIONS_MAX << ROW_LOG2))
#define BLOCK_PATHS_END BLOCK_CALL_GATE
#define PATH_TICKS 8
/* Of timed calls every so many is recorded all the same, with RECORD_SAMPLE_FLAG, and all that took as long: 2.7 us at 3 GHz. */
#define PATH_SAMPLES 64
#define PATH_LONG_TICKS 8192
/* A system call of the program's that the thread makes in a stub. Its arguments are in the next record already. Of processes that
 * outlive us these come first (x86_64/attached_stub.S): */
#define BLOCK_CALL_GATE 3984   /* u64 from the first gate to the block's own, which makes its thread's calls */
#define BLOCK_CALL_AFTER 3992  /* u64 address where its call goes on in the stub when it has come back */
#define BLOCK_CALL_RESUME 4000 /* u64 address where it leaves the stub */
#define BLOCK_CALL_BUSY 4008   /* u64, not 0: a thread is between its call's begin and there, so that what follows is taken */
#define BLOCK_CALL_VECTORS_END 4016 /* u64 address behind the last of the vectors whose data are copied */
#define BLOCK_CALL_FILLED 4024 /* u64 bytes that the call has put into those of them that are yet to be copied */
#define BLOCK_CALL_BEGUN 4032  /* u64 position + 1 of its record: it is being made as long as HEAD is that position */
#define BLOCK_CALL_RECORD 4040 /* u64 address of that record in the process */
#define BLOCK_CALL_FLAGS 4048  /* u64 and what follows, which is the processor's: registers as the program has them */
#define BLOCK_CALL_BASE 4056
#define BLOCK_CALL_ARG2 4064
#define BLOCK_CALL_SAVED 4072
#define BLOCK_CALL_NEXT 4080   /* u64 position of its record + 1 */
#define BLOCK_CALL_CASE 4088   /* u64 which of its stub's cases it is */

/* A call between its begin and its return. */
#define OPEN_STACK 0          /* u64 stack pointer at the entry, where the return address lies; 0: no call is open */
#define OPEN_START 8          /* u64 counter */
#define OPEN_ARG0 16
#define OPEN_ARG1 24
#define OPEN_ARG2 32
#define OPEN_COMMIT 40        /* u64 as RECORD_COMMIT will be, but for the position */
/* What its system call was, where that is not made with the function's own arguments. */
#define OPEN_CALL_ARG0 48
#define OPEN_END 48           /* or, where only times are kept, the counter when it returned */
#define OPEN_CALL_ARG1 56
#define OPEN_CALL_ARG2 64
#define OPEN_CALL_RESULT 72
#define OPEN_CALL_VALUE 80    /* RECORD_VALUE_BYTES: what ARG0 points to */
#define OPEN_LOG2 7
/* DEEPEST: no vDSO function has more on the stack when it makes its system call, and no signal frame takes as little: what is nearer
 * belongs to the same call. */
#include "processor/stub_stack.h"

/* The shared block: as a block, but threads lock, and open calls are found by hash of their stack pointer. */
#define REGION_SHARED ((REGION_INDEX + (INDEX_SLOTS << SLOT_LOG2) + 4095) / 4096 * 4096)
#define SHARED_OPEN BLOCK_BYTES
#define SHARED_OPEN_LOG2 6
#define SHARED_OPEN_COUNT (1 << SHARED_OPEN_LOG2)
#define SHARED_OPEN_END (SHARED_OPEN + (SHARED_OPEN_COUNT << OPEN_LOG2))
#define STACK_HASH_SHIFT (32 - SHARED_OPEN_LOG2)

/* Fallbacks that returned, then those that failed: rows as in a block. */
#define REGION_FALLBACKS (REGION_SHARED + SHARED_OPEN_END)
#define FALLBACK_KIND_LOG2 11 /* 8 functions */

/* Paths: calls that are counted by their callers (engines/inline/region/caller_paths.hpp). A path begins in state PATH_IS_CALL, with the
 * return address as value. Each entry says where one state and value lead: to a state that names the next word of the stack, whose
 * value is looked up then, or, if the call is that one, to a counter. Entries are found by hash of state + value, or among those that
 * follow; of those for other calls, as many follow. vdsotrace alone writes them. */
#define REGION_PATHS (REGION_FALLBACKS + (2 << FALLBACK_KIND_LOG2))
#define PATHS_LOG2 10
#define PATH_PROBES 6
#define PATH_SLOTS ((1 << PATHS_LOG2) + 2 * PATH_PROBES)
#define PATHS_HASH_SHIFT (32 - PATHS_LOG2)
#define PATH_LOG2 5
#define PATH_STATE 0          /* u64, 0: free */
#define PATH_VALUE 8          /* u64 */
#define PATH_NEXT 16          /* u64 a state with PATH_GOES_ON, or the offset of a counter in the thread's block */
#define PATH_CALL 24          /* u64, of a counter: what OPEN_COMMIT has of PATH_CALL_MASK, and above it the u32 clock id */
#define PATH_CALL_MASK 0x1ff  /* function and RECORD_FALLBACK_FLAG */
#define PATH_CLOCK_SHIFT 9
/* First state. Of a call from Go's code: plus 1 + its goroutine's frame pointer - stack pointer. */
#define PATH_IS_CALL 0x1000
/* Other states. */
#define PATH_OFFSET_MASK 0xff /* bytes from the first word above the return address, or of the goroutine's stack, to the next word */
#define PATH_RELATIVE 0x100   /* that word's value is a distance from there */
#define PATH_NUMBER_SHIFT 16  /* by which states are distinguished */
#define PATH_GOES_ON 0x8000000000000000

#define REGION_GROWS ((REGION_PATHS + (PATH_SLOTS << PATH_LOG2) + 4095) / 4096 * 4096)

/* Records lie as close as what is kept of a call allows: the fewer cache lines are written and read, the less they cost. */
#define RECORD_LOG2_LINE 6            /* one cache line: no values */
#define RECORD_LOG2_VALUES 7          /* what the arguments point to */
#define RECORD_LOG2_WINDOW 8          /* one cache line, and words of the stack */
#define RECORD_LOG2_VALUES_WINDOW 9   /* both */

/* Record. The commit word is written last: (position + 1) << 16 | flags << 8 | function. */
#define RECORD_COMMIT 0
#define RECORD_ARG0 8
#define RECORD_ARG1 16
#define RECORD_RETURN_ADDRESS 24
#define RECORD_RESULT 32
#define RECORD_START 40       /* counter, timed records only */
#define RECORD_STACK 48       /* stack pointer at the entry */
#define RECORD_KEY 56         /* as SLOT_KEY */
#define RECORD_END 64
#define RECORD_ARG2 72
#define RECORD_VALUE 80       /* 48 bytes of what the arguments point to */
#define RECORD_VALUE_BYTES 48
/* Of a system call the commit word has this in the function's place; its record has room for values. */
#define RECORD_SYSTEM_CALL 0xff
#define RECORD_CALL_NUMBER 24 /* u64 in RETURN_ADDRESS's place */
#define RECORD_CALL_ARG3 80   /* u64 each, in VALUE's place */
#define RECORD_CALL_ARG4 88
#define RECORD_CALL_ARG5 96
#define RECORD_CALL_BACK 104  /* u64 address behind the program's instruction */
#define RECORD_CALL_END 112   /* u64 bytes from the record's begin to the end of what was copied */
#define RECORD_CALL_LOOK 120  /* u64, not 0: its thread waits behind it in a trap, so that its memory and descriptors can be looked at */
/* Behind the record, and over the places of the next ones, lies what its pointers refer to, one piece behind the other: those of its
 * entry, then those of its end. The head moves on by as many records as that takes. The last place of a ring has room behind it. */
#define RECORD_POINTEES (1 << RECORD_LOG2_VALUES)
#define PIECE_BYTES 8         /* u64 in front of each: how many bytes were copied; then these, up to the next multiple of that */
/* Where stacks are kept the first piece is of the thread: registers that C preserves, as the call found them, then
 * what lies on its stack from its stack pointer on, no further than memory is sure to be there. */
#define KEPT_REGISTERS 6
#define KEPT_REGISTERS_BYTES (KEPT_REGISTERS * 8)
#define KEPT_STACK_BYTES 8192 /* at most */
#define KEPT_MOST_BYTES (PIECE_BYTES + KEPT_REGISTERS_BYTES + KEPT_STACK_BYTES)
#define RECORD_MOST_BYTES (33 * 1024 + KEPT_MOST_BYTES)
/* What a record stub is to copy: a list for the call's entry and one for its end, each with a step of zeros behind it. */
#define STEP_POINTER 0        /* u32 which word of the record is the address, as an offset */
#define STEP_COUNT 4          /* u32 which one says how many elements are wanted; 0: none, MOST does */
#define STEP_MOST 8           /* u32 elements that are copied at most */
#define STEP_UNIT 12          /* u32 bytes of each */
#define STEP_FLAGS 16         /* u32 */
#define STEP_NARROW 1         /* COUNT's word has 32 bits */
#define STEP_WHOLE 2          /* a call with more than MOST is not for the stub, or behind the call looked at */
#define STEP_CHECKS 4         /* nothing but that is done */
#define STEP_TO_NUL 8         /* up to a NUL and with it */
#define STEP_ON_SUCCESS 16    /* of a call that has not failed */
#define STEP_RESULT 32        /* no more than the result says */
#define STEP_AT 64            /* COUNT's word is the address of an int, which says how many */
#define STEP_DATA 128         /* of a socket: what may be messages (netlink::begins_like_message) is not for the stub, or behind the call looked at */
#define STEP_VECTORS 256      /* the elements are vectors: behind their piece come those of what they lead to, at the call's end as much as
                               * the result says that it has filled */
#define STEP_STRUCTURE 512    /* the words of later steps are in this piece; there are none if it is not whole */
#define STEP_BITS 1024        /* COUNT is of bits, in elements of 64 */
#define STEP_FAMILY 2048      /* a socket's address: if it is netlink's, data may be messages, as with DATA */
#define FAMILY_BYTES 2
#define FAMILY_MASK 0xffff
#define FAMILY_NETLINK 16
#define VECTOR_ADDRESS 0      /* struct iovec */
#define VECTOR_LENGTH 8
#define VECTOR_BYTES 16
#define DATA_LEAST 16         /* bytes of a message */
#define DATA_MOST_LENGTH (256 * 1024) /* that it says of itself */
#define DATA_OF_UDEVD 0x7562696c      /* "libu" */
#define STEP_CASE 20          /* u32 of which calls it is a step; 0: of all */
#define STEP_EACH 24          /* u32 of VECTORS, bytes that are copied at most of what each leads to */
#define STEP_BYTES 28
#define STEPS_MOST 8          /* with the one behind them */
/* Where a call's pointers depend on another argument: what is among its bits says which case the call is. */
#define CASE_VALUE 0          /* u64 */
#define CASE_NUMBER 8         /* u64 from 1 on */
#define CASE_UNSUITED 0x80000000 /* or this: such a call is not for the stub */
#define CASE_BYTES 16
#define CASES_MOST 17         /* with one of zeros behind them */
/* Where all is copied behind the call: of which calls. */
#define COPIES 1              /* that have succeeded */
#define COPIES_PATHS 2        /* also those that have failed after a look at their paths, and were given nothing else */
/* Where asked for: words of the stack above the return address, behind the values or, in a short record, in their place. */
#define RECORD_WINDOW 128
#define RECORD_SHORT_WINDOW 64
#define RECORD_WINDOW_WORDS 16
#define RECORD_LONG_WINDOW_WORDS 24 /* with RECORD_LONG_FLAG: glibc's getrandom alone has a frame of 17 */
#define RECORD_LONG_FLAG 0x400
/* Of a call from Go's code, which has left its goroutine's stack: what lies on that, from where a register points that C preserves. */
#define RECORD_GOROUTINE_FLAG 0x800
#define GOROUTINE_FRAME 256         /* more than from there to the frame pointer in any function that calls so */
#define GOROUTINE_FRAME_POINTER 0   /* u64 frame pointer, in the window */
#define GOROUTINE_STACK 8           /* u64 that register, where its stack pointer was */
#define GOROUTINE_STACK_TOP 16      /* u64 exclusive end of its stack */
#define GOROUTINE_WORDS 24          /* from here: the words of the stack, as far as it goes */
#define GOROUTINE_WORDS_COUNT (RECORD_LONG_WINDOW_WORDS - GOROUTINE_WORDS / 8)
#define RECORD_SAMPLE_FLAG 0x1000   /* its duration stands for those of PATH_SAMPLES calls of its path */
#define RECORD_SHORT_FLAG 0x200     /* the end is in ARG1's place: a record of one cache line */
#define RECORD_FALLBACK_FLAG 0x100  /* the function has made its system call */

#endif
