/* What stubs have in common: how they find their thread's block, its next record, and a number in a table. */
#ifndef VDSOTRACE_STUB_MACROS_H
#define VDSOTRACE_STUB_MACROS_H

#include "arch/stub_layout.h"

// The macros are the assembler's.
// clang-format off

/* The first place in the index for this thread, and in the flags whether it is there. out: key (fs base + 1), slot. */
.macro FIRST_SLOT index, key, slot, slot32
        rdfsbase \key
        imul    $HASH_FACTOR, \key, \slot
        shr     $HASH_SHIFT, \slot32
        shl     $SLOT_LOG2, \slot32
        add     \index(%rip), \slot
        inc     \key
        cmp     \key, SLOT_KEY(\slot)
.endm
/* The other places, one after the other; leaves to `found`. */
.macro OTHER_SLOTS key, slot, found
        .rept INDEX_PROBES - 1
        add     $(1 << SLOT_LOG2), \slot
        cmp     \key, SLOT_KEY(\slot)
        je      \found
        .endr
.endm

/* Where the record at `position`, whose lower half is `position32`, lies. Asks for the lines that come some records later: vdsotrace
 * has read them last, and fetching them back takes longer than a call. */
#define AHEAD 1024
.macro RECORD_AT position32, block, record, record32
        mov     BLOCK_LAST(\block), \record32
        and     \position32, \record32
        imul    BLOCK_STRIDE(\block), \record32
        add     BLOCK_RING(\block), \record
        prefetchw AHEAD(\record)
.endm
/* To `found` if rax is a number below 512, of which there are tables. Leaves flags alone, and clobbers rcx. */
.macro IF_IN_TABLE found
        mov     %rax, %rcx
        mov     $0, %cl
        jrcxz   \found                  /* below 256 */
        lea     -256(%rcx), %rcx
        jrcxz   \found                  /* below 512 */
.endm
/* How many records are in the ring when it is full. */
.macro CAPACITY block, capacity, capacity32
        mov     BLOCK_LAST(\block), \capacity32
        inc     \capacity
.endm

#endif
