/* What the stubs (assembly) and the inline engine (C++) agree upon: the layout of the memory
 * that a traced process shares with vdsotrace. All numbers are bytes unless a name says otherwise. */
#ifndef VDSOTRACE_STUB_LAYOUT_H
#define VDSOTRACE_STUB_LAYOUT_H

/* Control page. */
#define REGION_HEARTBEAT 0    /* u64, moves on whenever vdsotrace has looked */
#define REGION_ORPHANED 8     /* u32, set by a stub that waited in vain: recording has ended */
#define REGION_MAY_SLEEP 12   /* u32, the process may be put to sleep by futex(2) while a ring is full */
#define REGION_LOST 16        /* u64, calls made while orphaned */
#define REGION_KEEPER 24      /* u32, a robust futex (os/death_mark.hpp): the kernel sets KEEPER_DIED when vdsotrace dies */
#define KEEPER_DIED 0x40000000
#define REGION_ANSWER 32      /* u32, of a system call that the process is made to make */
/* Fallbacks by clock ids without a column: {u64 clock id | (function + 1) << 32, u64 calls, u64 errors} */
#define REGION_OTHERS 1024
#define OTHER_LOG2 5
#define OTHER_CALLS 8
#define OTHER_ERRORS 16
#define OTHERS_COUNT 64

/* Counters: the shared block, which needs locked instructions, then one per thread that is in the table. In
 * a block per function a row of u64, one per clock. Fallbacks are counted in the shared block only. */
#define REGION_COUNTERS 4096
#define BLOCK_COUNT 256
#define BLOCK_LOG2 13
#define ROW_LOG2 8            /* 32 clocks */
#define CLOCK_OTHER 31        /* clock ids from here on share one counter */
#define ROW_KINDS 3           /* entries, fallbacks, failed fallbacks: blocks of rows */
#define KIND_LOG2 11          /* 8 functions */
#define FUNCTIONS_MAX 8

/* Thread table: entries found by hash of the thread pointer (fs base), then the shared ring's. */
#define REGION_TABLE (REGION_COUNTERS + (BLOCK_COUNT << BLOCK_LOG2))
#define TABLE_LOG2 8
#define TABLE_PROBES 4
#define ENTRY_LOG2 7
#define ENTRY_KEY 0           /* u64 fs base + 1, 0: free */
#define ENTRY_HEAD 8          /* u64 records begun, counted by the stubs */
#define ENTRY_LIMIT 16        /* u64 below it HEAD may be used without looking at TAIL */
#define ENTRY_RING 24         /* u64 address of the ring in the process */
#define ENTRY_COUNTERS 32     /* u64 address of the block in the process */
#define ENTRY_STACK_LOW 40    /* u64 from here ... */
#define ENTRY_STACK_TOP 48    /* u64 ... to here, exclusive, lies the thread's stack, all of it mapped above its pointer */
#define ENTRY_LAST 56         /* u32 records that fit into the ring, a power of two, less one */
#define ENTRY_STRIDE 60       /* u32 from one record to the next */
#define ENTRY_TAIL 64         /* u64 records taken by vdsotrace, on a cache line of its own */
#define TABLE_ENTRIES ((1 << TABLE_LOG2) + TABLE_PROBES)
#define REGION_SHARED_ENTRY (REGION_TABLE + ((TABLE_ENTRIES - 1) << ENTRY_LOG2))
#define HASH_FACTOR 0x61C88647
#define HASH_SHIFT 24         /* of a 32-bit product: TABLE_LOG2 bits are left */

/* Rings. Records lie as close as what is kept of a call allows: the fewer cache lines are written and read, the less they cost. */
#define RING_LOG2 19
#define RING_BYTES (1 << RING_LOG2)
#define RECORD_LOG2_LINE 6    /* one cache line: no values */
#define RECORD_LOG2_VALUES 7  /* what the arguments point to */
#define RECORD_LOG2_WINDOW 8  /* words of the stack */
#define RING_COUNT 64
#define REGION_RINGS ((REGION_TABLE + (TABLE_ENTRIES << ENTRY_LOG2) + 4095) / 4096 * 4096)
#define REGION_BYTES (REGION_RINGS + RING_COUNT * RING_BYTES)

/* Record. The commit word is written last: (position + 1) << 16 | flags << 8 | function. */
#define RECORD_COMMIT 0
#define RECORD_ARG0 8
#define RECORD_ARG1 16
#define RECORD_RETURN_ADDRESS 24
#define RECORD_RESULT 32
#define RECORD_START 40       /* time-stamp counter, timed records only */
#define RECORD_STACK 48       /* stack pointer at the entry, or at the fallback's system call */
#define RECORD_KEY 56         /* as ENTRY_KEY */
#define RECORD_END 64
#define RECORD_ARG2 72
#define RECORD_VALUE 80       /* 48 bytes of what the arguments point to */
#define RECORD_VALUE_BYTES 48
#define RECORD_WINDOW 128     /* where asked for: words of the stack above the return address */
#define RECORD_WINDOW_WORDS 16
#define RECORD_SHORT_FLAG 0x200     /* the end is in ARG1's place: a record of one cache line */
#define RECORD_FALLBACK_FLAG 0x100  /* this is a system call that the function made, not its return */

/* On the stack of a recorded call, from where the body's return address lies. */
#define STUB_FRAME_START 8
#define STUB_FRAME_ARG2 16    /* where the function has a third argument */
#define STUB_FRAME_ARG1 24
#define STUB_FRAME_ARG0 32
#define STUB_FRAME_ENTRY 48   /* the stack pointer at the entry: the function's own return address */

#endif
