/* What stubs that record system calls have in common. */
#ifndef VDSOTRACE_RECORD_MACROS_H
#define VDSOTRACE_RECORD_MACROS_H

#include "arch/x86_64/stub_macros.h"

// The macros are the assembler's.
// clang-format off

/* rax has the overflow flag in its lowest byte and the others in the next (seto, lahf). */
.macro RESTORE_FLAGS
        add     $0x7f, %al              /* overflows if there was an overflow */
        sahf
.endm
/* The time-stamp counter in rax. Clobbers rdx. */
.macro READ_COUNTER
        rdtsc
        shl     $32, %rdx
        or      %rdx, %rax
.endm
/* Notes the call's arguments in the record, the third of which the block has. */
.macro KEEP_ARGUMENTS block, record, through
        mov     %rdi, RECORD_ARG0(\record)
        mov     %rsi, RECORD_ARG1(\record)
        mov     BLOCK_CALL_ARG2(\block), \through
        mov     \through, RECORD_ARG2(\record)
        mov     %r10, RECORD_CALL_ARG3(\record)
        mov     %r8, RECORD_CALL_ARG4(\record)
        mov     %r9, RECORD_CALL_ARG5(\record)
.endm
// clang-format on

#endif
