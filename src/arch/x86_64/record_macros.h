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
/* Keeps registers and the top of the stack as the first piece, if the word `kept` is not 0. rbx: the block, rcx: the record. Nothing
 * is read but what is sure to be there: up to the top of the thread's stack, or, on another stack, to the end of the page. Clobbers
 * rax, rdx and r11. */
.macro KEEP_CALL_STACK kept
        cmpl    $0, \kept(%rip)
        je      199f
        mov     BLOCK_CALL_BASE(%rbx), %rax
        mov     %rax, (RECORD_POINTEES + PIECE_BYTES)(%rcx)
        mov     %rbp, (RECORD_POINTEES + PIECE_BYTES + 8)(%rcx)
        mov     %r12, (RECORD_POINTEES + PIECE_BYTES + 16)(%rcx)
        mov     %r13, (RECORD_POINTEES + PIECE_BYTES + 24)(%rcx)
        mov     %r14, (RECORD_POINTEES + PIECE_BYTES + 32)(%rcx)
        mov     %r15, (RECORD_POINTEES + PIECE_BYTES + 40)(%rcx)
        mov     %rsp, %rdx
        or      $4095, %rdx
        inc     %rdx
        cmp     BLOCK_STACK_LOW(%rbx), %rsp
        jb      196f
        mov     BLOCK_STACK_TOP(%rbx), %rax
        cmp     %rax, %rsp
        jae     196f
        mov     %rax, %rdx
196:    sub     %rsp, %rdx
        and     $-8, %rdx
        mov     $KEPT_STACK_BYTES, %eax
        cmp     %rax, %rdx
        cmova   %rax, %rdx
        xor     %r11d, %r11d
197:    cmp     %rdx, %r11
        jae     198f
        mov     (%rsp,%r11), %rax
        mov     %rax, (RECORD_POINTEES + PIECE_BYTES + KEPT_REGISTERS_BYTES)(%rcx,%r11)
        add     $8, %r11
        jmp     197b
198:    add     $KEPT_REGISTERS_BYTES, %rdx
        mov     %rdx, RECORD_POINTEES(%rcx)
        add     $(RECORD_POINTEES + PIECE_BYTES), %rdx
        mov     %rdx, RECORD_CALL_END(%rcx)
199:
.endm
// clang-format on

#endif
