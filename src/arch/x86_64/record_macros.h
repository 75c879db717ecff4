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
/* rcx: the thread's block, rax: flags. Notes what the stub needs registers for. To `full` if there is no room for `most` records
 * below the limit that is known. rbx: the block, rdx: the position of the next record. */
.macro ENTER_BLOCK most, full
        mov     %rax, BLOCK_CALL_FLAGS(%rcx)
        mov     %rbx, BLOCK_CALL_BASE(%rcx)
        mov     %rdx, BLOCK_CALL_ARG2(%rcx)
        mov     %rcx, %rbx
        mov     BLOCK_HEAD(%rbx), %rdx
        mov     \most(%rip), %rcx
        add     %rdx, %rcx
        cmp     BLOCK_LIMIT(%rbx), %rcx
        ja      \full
.endm
/* Begins the record at position rdx, with the call's arguments and number. rcx: the record. Clobbers rax. */
.macro BEGIN_RECORD number
        RECORD_AT %edx, %rbx, %rcx, %ecx
        mov     %rcx, BLOCK_CALL_RECORD(%rbx)
        KEEP_ARGUMENTS %rbx, %rcx, %rax
        mov     \number(%rip), %rax
        mov     %rax, RECORD_CALL_NUMBER(%rcx)
.endm
/* Nothing has been copied yet, and nobody has to look at it. rdx: the position + 1. */
.macro SET_UP_RECORD
        movq    $RECORD_POINTEES, RECORD_CALL_END(%rcx)
        movq    $0, RECORD_CALL_LOOK(%rcx)
        inc     %rdx
        mov     %rdx, BLOCK_CALL_NEXT(%rbx)
.endm
// clang-format on

#endif
