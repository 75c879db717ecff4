/* Counting a call by who has made it, where that is known from words of the stack. */
#ifndef VDSOTRACE_COUNT_BY_PATH_H
#define VDSOTRACE_COUNT_BY_PATH_H

#include "arch/stub_layout.h"

// The macros are the assembler's.
// clang-format off

/* Counts the call and returns if a path is known that leads from it to its caller's counter. Only of threads whose
 * stack is known, or on goroutines' stacks, and not where the call has failed. What an entry leads to is read before it
 * is compared: vdsotrace may put another into its place meanwhile. What is known of the call itself is looked at last:
 * it takes longer to come. Timed calls are in OPEN_START and OPEN_END; some are recorded all the same. rcx is the
 * thread's block, rdi the open call, r8 the result. Clobbers rax, rdx, rsi, r9, r10, r11. */
.macro COUNT_BY_PATH region, paths, clock_mask, timed, uncounted
        mov     (%rsp), %r11
        mov     \region(%rip), %r9
        mov     %r11, %rax
        sub     REGION_GO_CODE(%r9), %rax
        cmp     REGION_GO_CODE_BYTES(%r9), %rax
        jb      71f
70:     mov     $PATH_IS_CALL, %esi
        mov     BLOCK_STACK_TOP(%rcx), %rdx
        cmp     %rdx, %rsp
        jae     \uncounted
        cmp     BLOCK_STACK_LOW(%rcx), %rsp
        jb      \uncounted
        lea     8(%rsp), %r9
        jmp     72f
71:     mov     %rbp, %rsi              /* as KEEP_GOROUTINE */
        sub     %r12, %rsi
        cmp     $GOROUTINE_FRAME, %rsi
        jae     70b
        cmp     (%r14), %r12
        jb      70b
        mov     8(%r14), %rdx
        cmp     %rdx, %rbp
        jae     70b
        add     $(PATH_IS_CALL + 1), %rsi
        mov     %r12, %r9
72:     lea     (%rsi, %r11), %rax      /* state and value; r9 is the first word, rdx the stack's end */
        imul    $HASH_FACTOR, %rax, %rax
        shr     $PATHS_HASH_SHIFT, %eax
        shl     $PATH_LOG2, %eax
        add     \paths(%rip), %rax
        .rept   PATH_PROBES
        mov     PATH_NEXT(%rax), %r10
        cmp     %rsi, PATH_STATE(%rax)
        jne     73f
        cmp     %r11, PATH_VALUE(%rax)
        je      74f
73:     add     $(1 << PATH_LOG2), %rax
        .endr
        jmp     \uncounted
74:     test    %r10, %r10
        jns     75f
        mov     %r10, %rsi
        mov     %r10d, %eax
        and     $PATH_OFFSET_MASK, %eax
        lea     8(%r9, %rax), %r11
        cmp     %rdx, %r11
        ja      \uncounted
        mov     (%r9, %rax), %r11
        test    $PATH_RELATIVE, %esi
        jz      72b
        sub     %r9, %r11
        jmp     72b
75:     cmp     $-4095, %r8d
        jae     \uncounted
        mov     OPEN_COMMIT(%rdi), %r9
        and     $PATH_CALL_MASK, %r9d
        mov     OPEN_ARG0(%rdi), %rdx
        and     \clock_mask(%rip), %rdx
        shl     $PATH_CLOCK_SHIFT, %rdx
        or      %rdx, %r9
        cmp     %r9, PATH_CALL(%rax)
        jne     76f
79:
        .if \timed
        mov     OPEN_END(%rdi), %rax
        sub     OPEN_START(%rdi), %rax
        cmp     $PATH_LONG_TICKS, %rax
        jae     \uncounted
        add     %rax, PATH_TICKS(%rcx, %r10)
        mov     (%rcx, %r10), %rdx
        incq    (%rcx, %r10)
        and     $(PATH_SAMPLES - 1), %edx
        cmp     $(PATH_SAMPLES - 1), %edx
        je      78f
        .else
        incq    (%rcx, %r10)
        .endif
        movq    $0, OPEN_STACK(%rdi)
        mov     %r8, %rax
        ret
76:     /* The same words, another function, route or clock: one of those that follow? */
        .rept   PATH_PROBES
        add     $(1 << PATH_LOG2), %rax
        mov     PATH_NEXT(%rax), %r10
        cmp     %rsi, PATH_STATE(%rax)
        jne     77f
        cmp     %r11, PATH_VALUE(%rax)
        jne     77f
        cmp     %r9, PATH_CALL(%rax)
        je      79b
77:
        .endr
        jmp     \uncounted
        .if \timed
78:     orq     $RECORD_SAMPLE_FLAG, OPEN_COMMIT(%rdi)
        jmp     \uncounted
        .endif
.endm

#endif
