/* Code that the inline engine copies into a traced process. It never runs here.
 *
 *   the vDSO's code       the vDSO's last page, unused      pages of our own
 *   entry:  jmp  ------>  enter:   lea  back, %r11
 *                                  jmp  *stub  ---------->  stub: counts, or opens the call
 *                         back:    what jmp displaced  <--  jmp *%r11
 *    ...         <------           jmp  entry + 5
 *   syscall
 *   jmp  ------------->   called:  lea  back, %rcx
 *                                  jmp  *stub  ---------->  stub: notes the fallback
 *    ...         <------  back:    displaced; jmp      <--  jmp *%rcx
 *   jmp  ------------->            what jmp displaced, but not the ret
 *                         leave:   jmp  *stub  ---------->  stub: writes the record
 *                                                           ret
 *
 * Nothing of this is on the stack: return address and stack pointer are those of an untraced program wherever
 * the vDSO's own code runs, so its unwind information stays true and no call returns to a stub. The trampolines
 * lie in the vDSO's mapping and move with it; what leads out of it are whole addresses.
 *
 * Every template is  slots | code | end  and position independent: `slots` are 64-bit words that the engine fills in
 * each copy.
 *
 * Registers. At a function's entry rax, r9, r10 and r11 are free, and those of arguments that it does not have; at its
 * return, all that a call may change but rax (psABI 3.2.3). Behind a system call only rcx and r11 are, which the
 * instruction itself destroys, and the 128 bytes below the stack pointer may hold the function's variables. None
 * touches vector registers (Go keeps X15 zero). */
#ifndef VDSOTRACE_STUB_TEMPLATE_H
#define VDSOTRACE_STUB_TEMPLATE_H

#include "arch/stub_layout.h"
#include "arch/x86_64/stub_macros.h"

// The macros are the assembler's.
// clang-format off

        .section .rodata.vdsotrace_stubs, "a", @progbits

.macro TEMPLATE name
        .balign 16
        .globl vdsotrace_stub_\name
        .hidden vdsotrace_stub_\name
vdsotrace_stub_\name:
.endm
.macro CODE name
        .globl vdsotrace_stub_\name\()_code
        .hidden vdsotrace_stub_\name\()_code
vdsotrace_stub_\name\()_code:
.endm
.macro END name
        .globl vdsotrace_stub_\name\()_end
        .hidden vdsotrace_stub_\name\()_end
vdsotrace_stub_\name\()_end:
.endm

/* The column of the clock id in edi. */
.macro CLOCK column
        mov     $CLOCK_OTHER, \column
        cmp     \column, %edi
        cmovb   %edi, \column
.endm
/* Where in the shared block the search for the open call at `stack` begins. */
.macro FIRST_SHARED_OPEN shared, stack, open, open32
        imul    $HASH_FACTOR, \stack, \open
        shr     $STACK_HASH_SHIFT, \open32
        shl     $OPEN_LOG2, \open32
        lea     SHARED_OPEN(\shared, \open), \open
.endm
/* The place behind it, or the first. */
.macro NEXT_SHARED_OPEN shared, open, scratch
        add     $(1 << OPEN_LOG2), \open
        lea     SHARED_OPEN_END(\shared), \scratch
        cmp     \scratch, \open
        lea     SHARED_OPEN(\shared), \scratch
        cmove   \scratch, \open
.endm

#endif
