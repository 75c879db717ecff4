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
 * return, all that a call may change but rax (psABI 3.2.3). Behind a system call only rcx and r11 are, which the instruction
 * itself destroys, and the 128 bytes below the stack pointer may hold the function's variables. None touches
 * vector registers (Go keeps X15 zero). */
#include "arch/stub_layout.h"
#include "arch/x86_64/stub_macros.h"

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

/* ---- Trampolines: in the vDSO's last page ------------------------------------------------ */

/* In front of a function: what its first instructions gave way to comes behind. */
TEMPLATE enter
1:      .quad   0                       /* the stub's address */
CODE enter
        lea     2f(%rip), %r11
        jmp     *1b(%rip)
2:
END enter
/* Instead of a `ret`. */
TEMPLATE leave
1:      .quad   0
CODE leave
        jmp     *1b(%rip)
END leave
/* Behind a system call: what came there gave way and comes behind. */
TEMPLATE called
1:      .quad   0
CODE called
        lea     2f(%rip), %rcx
        jmp     *1b(%rip)
2:
END called
/* In front of a system call that stays where it is, in r9, which is then dead: none of these calls has a sixth argument; it shows
 * seccomp filters whose call this is. */
TEMPLATE mark
1:      .quad   0                       /* the mark */
CODE mark
        mov     1b(%rip), %r9
END mark
/* A system call where no jump fits behind its own. */
TEMPLATE call
1:      .quad   0                       /* the mark */
2:      .quad   0                       /* the stub's address */
CODE call
        lea     -128(%rsp), %rsp
        push    %r9
        mov     1b(%rip), %r9
        syscall
        pop     %r9
        lea     128(%rsp), %rsp
        lea     3f(%rip), %rcx
        jmp     *2b(%rip)
3:
END call

/* ---- Who is calling ---------------------------------------------------------------------- */

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

/* ---- Counting: at the entry ---------------------------------------------------------- */

.macro COUNT_TEMPLATE name, clocked
TEMPLATE \name
1:      .quad   0                       /* entries row, in a block */
2:      .quad   0                       /* index */
3:      .quad   0                       /* shared block */
CODE \name
        FIRST_SLOT 2b, %r10, %rax, %eax
        jne     52f
51:     mov     SLOT_BLOCK(%rax), %rax
        add     1b(%rip), %rax
        .if \clocked
        CLOCK   %r10d
        incq    (%rax, %r10, 8)
        .else
        incq    (%rax)
        .endif
        jmp     *%r11
52:     OTHER_SLOTS %r10, %rax, 51b
        mov     3b(%rip), %rax
        add     1b(%rip), %rax
        .if \clocked
        CLOCK   %r10d
        lock incq (%rax, %r10, 8)
        .else
        lock incq (%rax)
        .endif
        jmp     *%r11
END \name
.endm
COUNT_TEMPLATE count, 0
COUNT_TEMPLATE count_clock, 1

/* ---- Counting: behind a system call ---------------------------------------------------- */

/* One more for a clock id without a column: finds or makes its cell; without room it is only in the
 * last column. Keeps rax, which says whether the call failed. */
.macro COUNT_OTHER region, function
        push    %rax
        mov     %edi, %ecx
        or      \function(%rip), %rcx
        mov     \region(%rip), %r11
        add     $REGION_OTHERS, %r11
64:     mov     (%r11), %rax
        cmp     %rcx, %rax
        je      65f
        test    %rax, %rax
        jnz     67f
        lock cmpxchg %rcx, (%r11)
        je      65f
        cmp     %rcx, %rax
        je      65f
67:     add     $(1 << OTHER_LOG2), %r11
        mov     \region(%rip), %rax
        add     $(REGION_OTHERS + (OTHERS_COUNT << OTHER_LOG2)), %rax
        cmp     %rax, %r11
        jb      64b
        jmp     68f
65:     lock incq OTHER_CALLS(%r11)
        cmpq    $-4095, (%rsp)
        jb      68f
        lock incq OTHER_ERRORS(%r11)
68:     pop     %rax
.endm

/* Counted when it has returned: until then nothing is left undone should a handler jump out of it. */
.macro COUNT_FALLBACK_TEMPLATE name, clocked
TEMPLATE \name
1:      .quad   0                       /* fallbacks row, in the region */
2:      .quad   0                       /* region */
3:      .quad   0                       /* (function + 1) << 32 */
CODE \name
        lea     -128(%rsp), %rsp
        push    %rcx
        mov     1b(%rip), %rcx
        .if \clocked
        CLOCK   %r11d
        lock incq (%rcx, %r11, 8)
        cmp     $-4095, %rax
        jb      6f
        lock incq (1 << FALLBACK_KIND_LOG2)(%rcx, %r11, 8)
6:      cmp     $CLOCK_OTHER, %r11d
        jne     9f
        COUNT_OTHER 2b, 3b
        .else
        lock incq (%rcx)
        cmp     $-4095, %rax
        jb      9f
        lock incq (1 << FALLBACK_KIND_LOG2)(%rcx)
        .endif
9:      pop     %rcx
        lea     128(%rsp), %rsp
        jmp     *%rcx
END \name
.endm
COUNT_FALLBACK_TEMPLATE count_fallback, 0
COUNT_FALLBACK_TEMPLATE count_fallback_clock, 1

/* ---- Recording: at the entry ------------------------------------------------------------- */

/* The call is open from here on. Once vdsotrace has died none is opened any more: none would be set aside before a
 * signal handler makes another, perhaps in the middle of writing the first one's record. `three`: there are more than two arguments; else rdx is free, and rcx and r8 are.
 * Calls of threads that are not in the index are distinguished by their stack pointers; where there are more at a time than
 * places, no record is made of them. */
.macro OPEN_TEMPLATE name, clocked, timed, three
TEMPLATE \name
1:      .quad   0                       /* entries row, in a block */
2:      .quad   0                       /* index */
3:      .quad   0                       /* shared block */
4:      .quad   0                       /* region */
5:      .quad   0                       /* function and flags */
        .if \timed
6:      .quad   0                       /* whether the time-stamp counter may be read: else times are 0 */
        .endif
CODE \name
        .if \timed
        .if \three
        mov     %rdx, %r9
        .endif
        cmpq    $0, 6b(%rip)
        je      62f
        rdtsc                           /* first: what comes now is done while the body waits to read the clock */
        shl     $32, %rdx
        or      %rax, %rdx
63:
        .if \three
        xchg    %rdx, %r9
        .endif
        .endif
        FIRST_SLOT 2b, %r10, %rax, %eax
        jne     52f
51:     mov     4b(%rip), %r10
        testl   $KEEPER_DIED, REGION_KEEPER(%r10)
        jnz     56f
        mov     SLOT_BLOCK(%rax), %rax
        mov     1b(%rip), %r10
        .if \clocked
        CLOCK   %ecx
        lea     (%r10, %rcx, 8), %r10
        .endif
        incq    (%rax, %r10)
        add     $BLOCK_OPEN, %rax
53:     mov     %rsp, OPEN_STACK(%rax)
        .if \timed
        .if \three
        mov     %r9, OPEN_START(%rax)
        .else
        mov     %rdx, OPEN_START(%rax)
        .endif
        .endif
        mov     5b(%rip), %r10
        mov     %rdi, OPEN_ARG0(%rax)
        mov     %rsi, OPEN_ARG1(%rax)
        .if \three
        mov     %rdx, OPEN_ARG2(%rax)
        .endif
        mov     %r10, OPEN_COMMIT(%rax)
        jmp     *%r11
56:     jmp     *%r11
        .if \timed
62:     xor     %edx, %edx
        jmp     63b
        .endif
52:     OTHER_SLOTS %r10, %rax, 51b
        mov     4b(%rip), %r10
        testl   $KEEPER_DIED, REGION_KEEPER(%r10)
        jnz     56b
        push    %rbx
        push    %rcx
        push    %r8
        mov     3b(%rip), %rbx
        mov     1b(%rip), %r10
        .if \clocked
        CLOCK   %ecx
        lea     (%r10, %rcx, 8), %r10
        .endif
        lock incq (%rbx, %r10)
        lea     24(%rsp), %r10
        FIRST_SHARED_OPEN %rbx, %r10, %r8, %r8d
        mov     $SHARED_OPEN_COUNT, %ecx
54:     cmp     %r10, OPEN_STACK(%r8)   /* a call that was jumped out of */
        je      55f
        xor     %eax, %eax
        lock cmpxchg %r10, OPEN_STACK(%r8)
        je      55f
        NEXT_SHARED_OPEN %rbx, %r8, %rax
        dec     %ecx
        jnz     54b
        mov     4b(%rip), %rax
        lock incq REGION_LOST(%rax)
        pop     %r8
        pop     %rcx
        pop     %rbx
        jmp     *%r11
55:     mov     %r8, %rax
        pop     %r8
        pop     %rcx
        pop     %rbx
        jmp     53b
END \name
.endm
OPEN_TEMPLATE open, 0, 0, 0
OPEN_TEMPLATE open_clock, 1, 0, 0
OPEN_TEMPLATE open_three, 0, 0, 1
OPEN_TEMPLATE open_timed, 0, 1, 0
OPEN_TEMPLATE open_timed_clock, 1, 1, 0
OPEN_TEMPLATE open_timed_three, 0, 1, 1

/* ---- Recording: behind a system call ----------------------------------------------------- */

/* Notes that the open call has made it; where it is not made with the function's own arguments, also with which, and as many
 * bytes at the first as the result says. */
.macro NOTE_FALLBACK_TEMPLATE name, own_arguments
TEMPLATE \name
1:      .quad   0                       /* index */
2:      .quad   0                       /* shared block */
CODE \name
        lea     -128(%rsp), %rsp
        push    %rcx
        push    %rdx
        push    %r10
        FIRST_SLOT 1b, %r10, %rcx, %ecx
        jne     52f
51:     mov     SLOT_BLOCK(%rcx), %rcx
        add     $BLOCK_OPEN, %rcx
        mov     $OPEN_COUNT, %r10d
53:     mov     OPEN_STACK(%rcx), %rdx  /* not far above: it is the call that we are in */
        sub     %rsp, %rdx
        cmp     $(DEEPEST + 128 + 24), %rdx
        jb      54f
        add     $(1 << OPEN_LOG2), %rcx
        dec     %r10d
        jnz     53b
        jmp     80f
54:     orq     $RECORD_FALLBACK_FLAG, OPEN_COMMIT(%rcx)
        .if \own_arguments
        mov     8(%rsp), %rdx
        mov     %rdi, OPEN_CALL_ARG0(%rcx)
        mov     %rsi, OPEN_CALL_ARG1(%rcx)
        mov     %rdx, OPEN_CALL_ARG2(%rcx)
        mov     %rax, OPEN_CALL_RESULT(%rcx)
        mov     $RECORD_VALUE_BYTES, %r10d
        cmp     %r10, %rax
        cmovl   %rax, %r10
        test    %r10, %r10
        jle     80f
76:     mov     -1(%rdi, %r10), %r11b
        mov     %r11b, (OPEN_CALL_VALUE - 1)(%rcx, %r10)
        dec     %r10
        jnz     76b
        .endif
80:     pop     %r10
        pop     %rdx
        pop     %rcx
        lea     128(%rsp), %rsp
        jmp     *%rcx
52:     OTHER_SLOTS %r10, %rcx, 51b
        mov     2b(%rip), %rcx
        add     $SHARED_OPEN, %rcx
        mov     $SHARED_OPEN_COUNT, %r10d
        jmp     53b
END \name
.endm
NOTE_FALLBACK_TEMPLATE note_fallback, 0
NOTE_FALLBACK_TEMPLATE note_fallback_three, 1

/* ---- Recording: at the return ------------------------------------------------------------ */

/* Waiting for room in a ring: spin, then sleep briefly, and give up when vdsotrace has died or for some ten seconds shows no sign of life. It
 * wakes those that sleep; shorter sleeps of many threads would take the processor from it that it needs to make room. */
#define SPINS 2000
#define NAP_NS 1000000
#define PATIENCE 100000                 /* rounds of spinning, each some tenth of a sleep */
#define NAP_ROUNDS 10
#define SYS_FUTEX 202

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
/* Go calls the vDSO on the thread's first stack: the way back leads through the goroutine's, to which r12 points, rbp just above it
 * (time·now and its like in runtime/sys_linux_amd64.s and time_linux_amd64.s). r14 is the g (Go's internal ABI, since 1.17), which
 * begins with the bounds of that stack; nothing beyond them is read. Else to `other`. Clobbers rsi, r11. */
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

/* Counts the call and returns if a path is known that leads from it to its caller's counter. Only of threads whose stack is known, or
 * on goroutines' stacks, and not where the call has failed. What an entry leads to is read before it is compared: vdsotrace may put
 * another into its place meanwhile. What is known of the call itself is looked at last: it takes longer to come. Timed calls are in OPEN_START and OPEN_END; some are recorded all the same.
 * rcx is the thread's block, rdi the open call, r8 the result. Clobbers rax, rdx, rsi, r9, r10, r11. */
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

/* In these rdi is the open call, r8 the result, r9 the record; rsi and r11 are free. */
.macro VALUES_none
.endm
/* struct timespec at the second argument, written if the call succeeded */
.macro VALUES_timespec
        test    %r8d, %r8d
        jnz     60f
        mov     OPEN_ARG1(%rdi), %rsi
        test    %rsi, %rsi
        jz      60f
        mov     (%rsi), %r11
        mov     8(%rsi), %rsi
        mov     %r11, RECORD_VALUE(%r9)
        mov     %rsi, (RECORD_VALUE + 8)(%r9)
60:
.endm
/* struct timeval at the first, struct timezone at the second */
.macro VALUES_timeval
        test    %r8d, %r8d
        jnz     60f
        mov     OPEN_ARG0(%rdi), %rsi
        test    %rsi, %rsi
        jz      61f
        mov     (%rsi), %r11
        mov     8(%rsi), %rsi
        mov     %r11, RECORD_VALUE(%r9)
        mov     %rsi, (RECORD_VALUE + 8)(%r9)
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
/* As many bytes at the first as the result says. One that asked the kernel for a key is shown as its system call, as strace would.
 * The loop's counter is on the stack's side of rdx, which is the position. */
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

CLOSE_TEMPLATE close, 0, none
CLOSE_TEMPLATE close_timed, 1, none
CLOSE_TEMPLATE close_timespec, 1, timespec
CLOSE_TEMPLATE close_timeval, 1, timeval
CLOSE_TEMPLATE close_getcpu, 1, getcpu
CLOSE_TEMPLATE close_getrandom, 1, getrandom

        .section .note.GNU-stack, "", @progbits
