/* The stubs at the return of a function: they close the call and write its record, or count it by its caller. */
#include "arch/x86_64/stubs/count_by_path.h"
#include "arch/x86_64/stubs/template.h"

/* ---- Words of the stack, which say who has called ---------------------------------------------- */

/* Copies what lies above the return address into the record, no further than memory is sure to be there: to the top of the
 * thread's stack, or, on another stack, to the end of the page. Clobbers rsi, r11. */
.macro KEEP_STACK block, record, window, most
        push    %rdi
        push    %rcx
        lea     16(%rsp), %rsi
        mov     %rsi, %rdi
        or      $4095, %rdi
        inc     %rdi
        cmp     BLOCK_STACK_LOW(\block), %rsi
        jb      97f
        cmp     BLOCK_STACK_TOP(\block), %rsi
        jae     97f
        mov     BLOCK_STACK_TOP(\block), %rdi
97:     mov     \most(%rip), %r11
        lea     8(%rsi, %r11), %r11
        cmp     %rdi, %r11
        cmovb   %r11, %rdi
        lea     \window(\record), %rcx
98:     add     $8, %rsi
        cmp     %rdi, %rsi
        jae     99f
        mov     (%rsi), %r11
        mov     %r11, (%rcx)
        add     $8, %rcx
        jmp     98b
99:     pop     %rcx
        pop     %rdi
.endm

/* To `goroutine` if the call returns into Go's code. Clobbers rsi, r11. */
.macro IF_GO region, goroutine
        mov     \region(%rip), %r11
        mov     (%rsp), %rsi
        sub     REGION_GO_CODE(%r11), %rsi
        cmp     REGION_GO_CODE_BYTES(%r11), %rsi
        jb      \goroutine
.endm
/* Go calls the vDSO on the thread's first stack: the way back leads through the goroutine's, to which r12 points, rbp
 * just above it (time·now and its like in runtime/sys_linux_amd64.s and time_linux_amd64.s). r14 is the g (Go's
 * internal ABI, since 1.17), which begins with the bounds of that stack; nothing beyond them is read. Else to `other`.
 * Clobbers rsi, r11. */
.macro KEEP_GOROUTINE open, record, window, other
        mov     %rbp, %rsi
        sub     %r12, %rsi
        cmp     $GOROUTINE_FRAME, %rsi
        jae     \other
        cmp     (%r14), %r12
        jb      \other
        mov     8(%r14), %r11
        cmp     %r11, %rbp
        jae     \other
        orq     $RECORD_GOROUTINE_FLAG, OPEN_COMMIT(\open)
        mov     %rbp, (\window + GOROUTINE_FRAME_POINTER)(\record)
        mov     %r12, (\window + GOROUTINE_STACK)(\record)
        mov     %r11, (\window + GOROUTINE_STACK_TOP)(\record)
        push    %rdi
        push    %rcx
        lea     (\window + GOROUTINE_WORDS)(\record), %rcx
        lea     (GOROUTINE_WORDS_COUNT * 8)(%r12), %rdi
        cmp     %rdi, %r11
        cmovb   %r11, %rdi
        mov     %r12, %rsi
98:     mov     (%rsi), %r11
        mov     %r11, (%rcx)
        add     $8, %rsi
        add     $8, %rcx
        cmp     %rdi, %rsi
        jb      98b
        pop     %rcx
        pop     %rdi
.endm

/* ---- What arguments point to ------------------------------------------------------------------- */

/* In these rdi is the open call, r8 the result, r9 the record; rsi and r11 are free. */
.macro VALUES_none
.endm
/* Two words at that argument, unless it is null. */
.macro KEEP_PAIR argument, null
        mov     \argument(%rdi), %rsi
        test    %rsi, %rsi
        jz      \null
        mov     (%rsi), %r11
        mov     8(%rsi), %rsi
        mov     %r11, RECORD_VALUE(%r9)
        mov     %rsi, (RECORD_VALUE + 8)(%r9)
.endm
/* struct timespec at the second argument, written if the call succeeded */
.macro VALUES_timespec
        test    %r8d, %r8d
        jnz     60f
        KEEP_PAIR OPEN_ARG1, 60f
60:
.endm
/* struct timeval at the first, struct timezone at the second */
.macro VALUES_timeval
        test    %r8d, %r8d
        jnz     60f
        KEEP_PAIR OPEN_ARG0, 61f
61:     mov     OPEN_ARG1(%rdi), %rsi
        test    %rsi, %rsi
        jz      60f
        mov     (%rsi), %r11
        mov     %r11, (RECORD_VALUE + 16)(%r9)
60:
.endm
/* unsigned at the first and at the second, and a third argument */
.macro VALUES_getcpu
        mov     OPEN_ARG2(%rdi), %rsi
        mov     %rsi, RECORD_ARG2(%r9)
        test    %r8d, %r8d
        jnz     60f
        mov     OPEN_ARG0(%rdi), %rsi
        test    %rsi, %rsi
        jz      61f
        mov     (%rsi), %r11d
        mov     %r11d, RECORD_VALUE(%r9)
61:     mov     OPEN_ARG1(%rdi), %rsi
        test    %rsi, %rsi
        jz      60f
        mov     (%rsi), %r11d
        mov     %r11d, (RECORD_VALUE + 8)(%r9)
60:
.endm
/* As many bytes at the first as the result says. One that asked the kernel for a key is shown as its system call, as
 * strace would. The loop's counter is on the stack's side of rdx, which is the position. */
.macro VALUES_getrandom
        push    %rax
        push    %rcx
        testl   $RECORD_FALLBACK_FLAG, OPEN_COMMIT(%rdi)
        jnz     61f
        mov     OPEN_ARG2(%rdi), %rsi
        mov     %rsi, RECORD_ARG2(%r9)
        mov     OPEN_ARG0(%rdi), %rsi
        test    %rsi, %rsi
        jz      60f
        mov     $RECORD_VALUE_BYTES, %ecx
        cmp     %rcx, %r8
        cmovl   %r8, %rcx
        test    %rcx, %rcx
        jle     60f
76:     mov     -1(%rsi, %rcx), %al
        mov     %al, (RECORD_VALUE - 1)(%r9, %rcx)
        dec     %rcx
        jnz     76b
        jmp     60f
61:     mov     OPEN_CALL_ARG0(%rdi), %rsi
        mov     %rsi, RECORD_ARG0(%r9)
        mov     OPEN_CALL_ARG1(%rdi), %rsi
        mov     %rsi, RECORD_ARG1(%r9)
        mov     OPEN_CALL_ARG2(%rdi), %rsi
        mov     %rsi, RECORD_ARG2(%r9)
        mov     OPEN_CALL_RESULT(%rdi), %rsi
        mov     %rsi, RECORD_RESULT(%r9)
        mov     $(RECORD_VALUE_BYTES / 8), %ecx
62:     mov     (OPEN_CALL_VALUE - 8)(%rdi, %rcx, 8), %rsi
        mov     %rsi, (RECORD_VALUE - 8)(%r9, %rcx, 8)
        dec     %ecx
        jnz     62b
60:     pop     %rcx
        pop     %rax
.endm

/* ---- Closing a call ---------------------------------------------------------------------------- */

/* Waiting for room in a ring: spin, then sleep briefly, and give up when vdsotrace has died or for some ten seconds
 * shows no sign of life. It wakes those that sleep; shorter sleeps, or longer spinning, of many threads would take the
 * processor from it that it needs to make room. */
#define SPINS 100
#define NAP_NS 10000000
#define PATIENCE 2000000                /* rounds of spinning, each some two-thousandth of a sleep */
#define NAP_ROUNDS 2000
#define SYS_FUTEX 202

/* Closes the open call and writes its record. `kind` says what the arguments point to. */
.macro CLOSE_TEMPLATE name, timed, kind
TEMPLATE \name
1:      .quad   0                       /* index */
2:      .quad   0                       /* shared block */
3:      .quad   0                       /* region */
4:      .quad   0                       /* how many bytes of the stack to keep */
        .ifc \kind, none
5:      .quad   0                       /* paths */
6:      .quad   0                       /* which bits of the first argument are a clock id */
        .endif
        .if \timed
7:      .quad   0                       /* whether the time-stamp counter may be read: else times are 0 */
        .endif
CODE \name
        mov     %rax, %r8
        .if \timed
        cmpq    $0, 7b(%rip)
        je      64f
        rdtsc
        shl     $32, %rdx
        or      %rdx, %rax
65:
        .endif
        FIRST_SLOT 1b, %r10, %rcx, %ecx
        jne     52f
51:     mov     SLOT_BLOCK(%rcx), %rcx
        lea     BLOCK_OPEN(%rcx), %rdi
        cmp     %rsp, OPEN_STACK(%rdi)
        jne     56f
57:
        .ifc \kind, none
        .if \timed
        cmpq    $0, 4b(%rip)
        je      66f
        mov     %rax, OPEN_END(%rdi)
        .endif
        COUNT_BY_PATH 3b, 5b, 6b, \timed, 59f
59:     rdfsbase %r10
        inc     %r10
        .if \timed
        mov     OPEN_END(%rdi), %rax
        .endif
66:
        .endif
        mov     3b(%rip), %r11
        cmpl    $0, REGION_ORPHANED(%r11)
        jne     83f
        mov     BLOCK_HEAD(%rcx), %rdx  /* no other thread counts here: the thread's handlers run outside of stubs */
        lea     1(%rdx), %rsi
        mov     %rsi, BLOCK_HEAD(%rcx)
58:     cmp     BLOCK_LIMIT(%rcx), %rdx
        jae     81f
82:     RECORD_AT %edx, %rcx, %r9, %r9d
        cmpq    $0, 4b(%rip)
        jne     95f
96:     mov     OPEN_ARG0(%rdi), %rsi
        mov     %rsi, RECORD_ARG0(%r9)
        .ifnc \kind, none
        mov     OPEN_ARG1(%rdi), %rsi
        mov     %rsi, RECORD_ARG1(%r9)
        .endif
        mov     (%rsp), %rsi
        mov     %rsi, RECORD_RETURN_ADDRESS(%r9)
        mov     %r8, RECORD_RESULT(%r9)
        mov     %rsp, RECORD_STACK(%r9)
        mov     %r10, RECORD_KEY(%r9)
        .if \timed
        mov     OPEN_START(%rdi), %rsi
        mov     %rsi, RECORD_START(%r9)
        .ifc \kind, none
        mov     %rax, RECORD_ARG1(%r9)
        .else
        mov     %rax, RECORD_END(%r9)
        prefetchw (AHEAD + RECORD_END)(%r9)
        .endif
        .endif
        VALUES_\kind
        inc     %rdx
        shl     $16, %rdx
        or      OPEN_COMMIT(%rdi), %rdx
        mov     %rdx, RECORD_COMMIT(%r9)
        movq    $0, OPEN_STACK(%rdi)
80:     mov     %r8, %rax
        ret
83:     lock incq REGION_LOST(%r11)
        movq    $0, OPEN_STACK(%rdi)
        jmp     80b
56:     /* A signal handler has interrupted it, or it began before anybody looked. */
        .rept OPEN_COUNT - 1
        add     $(1 << OPEN_LOG2), %rdi
        cmp     %rsp, OPEN_STACK(%rdi)
        je      57b
        .endr
        jmp     80b
52:     OTHER_SLOTS %r10, %rcx, 51b
        mov     2b(%rip), %rcx
        FIRST_SHARED_OPEN %rcx, %rsp, %rdi, %edi
        mov     $SHARED_OPEN_COUNT, %edx
54:     cmp     %rsp, OPEN_STACK(%rdi)
        je      55f
        NEXT_SHARED_OPEN %rcx, %rdi, %rsi
        dec     %edx
        jnz     54b
        jmp     80b
55:     mov     3b(%rip), %r11
        cmpl    $0, REGION_ORPHANED(%r11)
        jne     83b
        mov     $1, %edx
        lock xadd %rdx, BLOCK_HEAD(%rcx)
        jmp     58b
95:     IF_GO   3b, 62f
        .ifc \kind, none
66:     KEEP_STACK %rcx, %r9, RECORD_SHORT_WINDOW, 4b
        jmp     96b
62:     KEEP_GOROUTINE %rdi, %r9, RECORD_SHORT_WINDOW, 66b
        .else
66:     KEEP_STACK %rcx, %r9, RECORD_WINDOW, 4b
        jmp     96b
62:     KEEP_GOROUTINE %rdi, %r9, RECORD_WINDOW, 66b
        .endif
        jmp     96b
81:     /* No room below the limit that was known; vdsotrace may have moved on. */
        push    %rax
        mov     $SPINS, %esi
84:     CAPACITY %rcx, %rax, %eax
        add     BLOCK_TAIL(%rcx), %rax
        cmp     %rax, %rdx
        jb      85f
        pause
        dec     %esi
        jnz     84b
        mov     3b(%rip), %r11
        cmpl    $0, REGION_ORPHANED(%r11)
        jne     87f
        push    REGION_HEARTBEAT(%r11)
        pushq   $PATIENCE
86:     /* It sleeps a moment, or, where system calls are not ours to make, spins on. */
        cmpl    $0, REGION_ORPHANED(%r11)
        jne     88f
        testl   $KEEPER_DIED, REGION_KEEPER(%r11)
        jnz     78f
        mov     REGION_HEARTBEAT(%r11), %rax
        cmp     8(%rsp), %rax
        je      89f
        mov     %rax, 8(%rsp)
        movq    $PATIENCE, (%rsp)
89:     decl    (%rsp)
        jg      91f
78:     movl    $1, REGION_ORPHANED(%r11)
        jmp     88f
91:     cmpl    $0, REGION_MAY_SLEEP(%r11)
        je      92f
        subl    $(NAP_ROUNDS - 1), (%rsp)
        push    %rdi
        push    %r8
        push    %r10
        push    %r11
        push    %rcx
        push    %rdx
        pushq   $NAP_NS                 /* struct timespec */
        pushq   $0
        mov     %rsp, %r10
        mov     BLOCK_TAIL(%rcx), %edx
        lea     BLOCK_TAIL(%rcx), %rdi
        xor     %esi, %esi              /* FUTEX_WAIT */
        mov     $SYS_FUTEX, %eax
        syscall
        add     $16, %rsp
        pop     %rdx
        pop     %rcx
        pop     %r11
        pop     %r10
        pop     %r8
        pop     %rdi
        jmp     93f
92:     mov     $SPINS, %esi
94:     pause
        dec     %esi
        jnz     94b
93:     CAPACITY %rcx, %rax, %eax
        add     BLOCK_TAIL(%rcx), %rax
        cmp     %rax, %rdx
        jae     86b
        add     $16, %rsp
85:     mov     %rax, BLOCK_LIMIT(%rcx)
        pop     %rax
        jmp     82b
88:     add     $16, %rsp
87:     pop     %rax
        jmp     83b
        .if \timed
64:     xor     %eax, %eax
        jmp     65b
        .endif
END \name
.endm

CLOSE_TEMPLATE close, 0, none
CLOSE_TEMPLATE close_timed, 1, none
CLOSE_TEMPLATE close_timespec, 1, timespec
CLOSE_TEMPLATE close_timeval, 1, timeval
CLOSE_TEMPLATE close_getcpu, 1, getcpu
CLOSE_TEMPLATE close_getrandom, 1, getrandom

        .section .note.GNU-stack, "", @progbits
