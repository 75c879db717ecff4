/* How stubs that make a system call count it, with a pair of counters and no more registers than the instruction
 * destroys. */
#ifndef VDSOTRACE_COUNT_CALL_H
#define VDSOTRACE_COUNT_CALL_H

#include "arch/x86_64/shared_label.h"

// The macro is the assembler's.
// clang-format off

/* The call has been made; rcx: where its counters are. Leaves flags as r11 has them, rcx as the word at `back` and goes on
 * where the word at `resume` says. Each label says what has been done. */
.macro COUNT_CALL prefix, begin, back, resume
SHARED \prefix\()_\begin
        lock incq (%rcx)
SHARED \prefix\()_counted
        cmp     $-4095, %rax
        jb      99f
SHARED \prefix\()_failed
        lock incq 8(%rcx)
SHARED \prefix\()_done
99:     mov     %rax, %rcx
SHARED \prefix\()_flags
        mov     %r11d, %eax
        shr     $11, %eax
        and     $1, %eax
        add     $0x7f, %al              /* overflows if there was an overflow */
        mov     %r11d, %eax
        mov     %al, %ah
        sahf                            /* the other flags that an addition sets */
        mov     %rcx, %rax
SHARED \prefix\()_restored
        mov     \back(%rip), %rcx
        jmp     *\resume(%rip)
.endm
// clang-format on

#endif
