/* Code that the inline engine copies beside a traced process's vDSO. It never runs here.
 *
 * Every template is  slots | code | end  and position independent: `slots` are 64-bit words that the
 * engine fills in each copy. What follows `end` in the copy is written by the engine: the displaced
 * instructions of the vDSO function and the jump back, in these comments "the body".
 *
 * Registers. At a function's entry rax, r10 and r11 are free (psABI 3.2.3). Around a fallback's
 * system call only rcx and r11 are, which the instruction itself destroys, and the 128
 * bytes below the stack pointer may hold the function's variables. No template uses more than 200
 * bytes of stack, return address included; none touches vector registers (Go keeps X15 zero). */
#include "arch/stub_layout.h"

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
.macro BACK name
        .globl vdsotrace_stub_\name\()_back
        .hidden vdsotrace_stub_\name\()_back
vdsotrace_stub_\name\()_back:
.endm
.macro END name
        .globl vdsotrace_stub_\name\()_end
        .hidden vdsotrace_stub_\name\()_end
vdsotrace_stub_\name\()_end:
.endm

/* The first place in the table for this thread's entry, and in the flags whether it is there.
 * out: key (fs base + 1), entry. */
.macro FIRST_ENTRY region, key, entry, entry32
        rdfsbase \key
        imul    $HASH_FACTOR, \key, \entry
        shr     $HASH_SHIFT, \entry32
        shl     $ENTRY_LOG2, \entry32
        lea     REGION_TABLE(\region, \entry), \entry
        inc     \key
        cmp     \key, ENTRY_KEY(\entry)
.endm
/* The other places, one after the other; leaves to `found`. */
.macro OTHER_ENTRIES key, entry, found
        .rept TABLE_PROBES - 1
        add     $(1 << ENTRY_LOG2), \entry
        cmp     \key, ENTRY_KEY(\entry)
        je      \found
        .endr
.endm
/* The column of the clock id in edi. */
.macro CLOCK column
        mov     $CLOCK_OTHER, \column
        cmp     \column, %edi
        cmovb   %edi, \column
.endm
/* One more entry, in the thread's own block: nobody else writes there. Leaves its table entry in rax.
 * Threads that are not in the table share a block and lock. Clobbers r10, r11. */
.macro COUNT_ENTRY region, row, clocked
        mov     \region(%rip), %r11
        FIRST_ENTRY %r11, %r10, %rax, %eax
        jne     52f
51:     mov     ENTRY_COUNTERS(%rax), %r10
        add     \row(%rip), %r10
        .if \clocked
        CLOCK   %r11d
        incq    (%r10, %r11, 8)
        .else
        incq    (%r10)
        .endif
53:
.endm
.macro COUNT_ENTRY_ELSEWHERE row, clocked
52:
        OTHER_ENTRIES %r10, %rax, 51b
        lea     REGION_SHARED_ENTRY(%r11), %rax
        mov     ENTRY_COUNTERS(%rax), %r10
        add     \row(%rip), %r10
        .if \clocked
        CLOCK   %r11d
        lock incq (%r10, %r11, 8)
        .else
        lock incq (%r10)
        .endif
        jmp     53b
.endm

/* ---- Counting: at the entry ---------------------------------------------------------- */

.macro COUNT_TEMPLATE name, clocked
TEMPLATE \name
1:      .quad   0                       /* entries row, in a block */
2:      .quad   0                       /* region */
CODE \name
        COUNT_ENTRY 2b, 1b, \clocked
        jmp     90f
        COUNT_ENTRY_ELSEWHERE 1b, \clocked
90:
END \name
.endm
COUNT_TEMPLATE count, 0
COUNT_TEMPLATE count_clock, 1

/* ---- Counting: instead of a fallback's `syscall` --------------------------------------- */

/* The sixth argument, which none of these calls has, tells seccomp filters whose call this is. */
.macro MARKED_SYSCALL mark
        push    %r9
        mov     \mark(%rip), %r9
        syscall
        pop     %r9
.endm
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
2:      .quad   0                       /* mark */
3:      .quad   0                       /* region */
4:      .quad   0                       /* (function + 1) << 32 */
CODE \name
        lea     -128(%rsp), %rsp
        MARKED_SYSCALL 2b
        mov     1b(%rip), %rcx
        .if \clocked
        CLOCK   %r11d
        lock incq (%rcx, %r11, 8)
        cmp     $-4095, %rax
        jb      6f
        lock incq (1 << KIND_LOG2)(%rcx, %r11, 8)
6:      cmp     $CLOCK_OTHER, %r11d
        jne     9f
        COUNT_OTHER 3b, 4b
        .else
        lock incq (%rcx)
        cmp     $-4095, %rax
        jb      9f
        lock incq (1 << KIND_LOG2)(%rcx)
        .endif
9:      lea     128(%rsp), %rsp
END \name
.endm
COUNT_FALLBACK_TEMPLATE count_fallback, 0
COUNT_FALLBACK_TEMPLATE count_fallback_clock, 1

/* ---- Recording ------------------------------------------------------------------------- */

/* The thread's entry in the table, or the one shared by all who have none.
 * in: region; out: key (fs base + 1), entry. Clobbers nothing else. */
.macro FIND_ENTRY region, key, entry, entry32
        FIRST_ENTRY \region, \key, \entry, \entry32
        je      70f
        OTHER_ENTRIES \key, \entry, 70f
        lea     REGION_SHARED_ENTRY(\region), \entry
70:
.endm
/* The ring's next position, into `position`, which holds 1, and the thread's key. Others take positions in the shared ring only,
 * and a signal does not come in the middle of an instruction. */
.macro NEXT_POSITION entry, position, key
        mov     ENTRY_KEY(\entry), \key
        test    \key, \key
        jz      71f
        xadd    \position, ENTRY_HEAD(\entry)
        jmp     72f
71:     rdfsbase \key
        inc     \key
        lock xadd \position, ENTRY_HEAD(\entry)
72:
.endm
/* Where the record at `position`, whose lower half is `position32`, lies. Asks for the lines that come some records later: vdsotrace
 * has read them last, and fetching them back takes longer than a call. */
#define AHEAD 1024
.macro RECORD_AT position32, entry, record, record32
        mov     ENTRY_LAST(\entry), \record32
        and     \position32, \record32
        imul    ENTRY_STRIDE(\entry), \record32
        add     ENTRY_RING(\entry), \record
        prefetchw AHEAD(\record)
.endm
/* How many records are in the ring when it is full. */
.macro CAPACITY entry, capacity, capacity32
        mov     ENTRY_LAST(\entry), \capacity32
        inc     \capacity
.endm

/* Waiting for room in a ring: spin, then nap, and give up when vdsotrace has died or shows no sign of life. */
#define SPINS 2000
#define NAP_NS 100000
#define PATIENCE 10000                  /* naps */
#define LONG_SPIN 100000000
#define SYS_FUTEX 202

#define FRAME_ARG0 -8
#define FRAME_ARG1 -16
#define FRAME_ARG2 -24                  /* or the thread's table entry, where there are two arguments */
#define FRAME_START -32

/* Copies what lies above the return address into the record, no further than memory is sure to be there: to the top of the
 * thread's stack, or, on another stack, to the end of the page. Records with a window are aligned to their size. */
.macro KEEP_STACK entry, record
        lea     8(%rbp), %rsi
        mov     %rsi, %rdi
        or      $4095, %rdi
        inc     %rdi
        cmp     ENTRY_STACK_LOW(\entry), %rsi
        jb      97f
        cmp     ENTRY_STACK_TOP(\entry), %rsi
        jae     97f
        mov     ENTRY_STACK_TOP(\entry), %rdi
97:     lea     RECORD_WINDOW(\record), %rcx
98:     add     $8, %rsi
        cmp     %rdi, %rsi
        jae     99f
        mov     (%rsi), %r11
        mov     %r11, (%rcx)
        add     $8, %rcx
        test    %cl, %cl
        jnz     98b
99:
.endm

/* Copies as many bytes at the first argument as the result says, if that is a number of bytes. Clobbers rcx. */
.macro KEEP_BYTES result, record, byte
        mov     $RECORD_VALUE_BYTES, %ecx
        cmp     %rcx, \result
        cmovl   \result, %rcx
        test    %rcx, %rcx
        jle     77f
76:     mov     -1(%rdi, %rcx), \byte
        mov     \byte, (RECORD_VALUE - 1)(\record, %rcx)
        dec     %rcx
        jnz     76b
77:
.endm

/* A call of the function with a record of it. `kind` says what the arguments point to, `three` whether
 * there is a third argument: else rdx is free at the entry. */
.macro RECORD_TEMPLATE name, clocked, timed, kind, three
TEMPLATE \name
1:      .quad   0                       /* entries row, in a block */
2:      .quad   0                       /* region, 0 once recording has ended */
3:      .quad   0                       /* function and flags */
4:      .quad   0                       /* whether to keep words of the stack */
        .if \timed
5:      .quad   0                       /* whether the time-stamp counter may be read: else times are 0 */
        .endif
CODE \name
        push    %rbp
        mov     %rsp, %rbp
        push    %rdi
        push    %rsi
        .if \three
        push    %rdx
        .endif
        .if \timed
        cmpq    $0, 5b(%rip)
        je      62f
        rdtsc                           /* first: what comes now is done while the body waits to read the clock */
        shl     $32, %rdx
        or      %rax, %rdx
63:
        .endif
        COUNT_ENTRY 2b, 1b, \clocked
        .ifeq \three
        push    %rax
        .endif
        push    %rdx
        .if \three
        mov     FRAME_ARG2(%rbp), %rdx
        .endif
        call    90f                     /* the stack is aligned as it was at the entry */
BACK \name
        mov     %rax, %r8
        mov     2b(%rip), %r11
        test    %r11, %r11
        jz      80f
        .if \timed
        cmpq    $0, 5b(%rip)
        je      64f
        rdtsc
        shl     $32, %rdx
        or      %rdx, %rax
65:
        .endif
        cmpl    $0, REGION_ORPHANED(%r11)
        jne     83f
        .if \three
        FIND_ENTRY %r11, %r10, %rcx, %ecx
        .else
        mov     FRAME_ARG2(%rbp), %rcx
        .endif
        mov     $1, %edx
        NEXT_POSITION %rcx, %rdx, %r10
        cmp     ENTRY_LIMIT(%rcx), %rdx
        jae     81f
82:     RECORD_AT %edx, %rcx, %r9, %r9d
        cmpq    $0, 4b(%rip)
        jne     95f
96:     mov     FRAME_ARG0(%rbp), %rdi
        mov     FRAME_ARG1(%rbp), %rsi
        mov     8(%rbp), %rcx
        mov     %rdi, RECORD_ARG0(%r9)
        .ifnc \kind, none
        mov     %rsi, RECORD_ARG1(%r9)
        .endif
        mov     %rcx, RECORD_RETURN_ADDRESS(%r9)
        mov     %r8, RECORD_RESULT(%r9)
        lea     8(%rbp), %rcx
        mov     %rcx, RECORD_STACK(%r9)
        mov     %r10, RECORD_KEY(%r9)
        .if \timed
        mov     FRAME_START(%rbp), %rcx
        mov     %rcx, RECORD_START(%r9)
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
        or      3b(%rip), %rdx
        mov     %rdx, RECORD_COMMIT(%r9)
80:     mov     %r8, %rax
        leave
        ret
83:     lock incq REGION_LOST(%r11)
        jmp     80b
95:     KEEP_STACK %rcx, %r9
        jmp     96b
81:     /* No room below the limit that was known; vdsotrace may have moved on. */
        push    %rax
        mov     $SPINS, %esi
84:     CAPACITY %rcx, %rax, %eax
        add     ENTRY_TAIL(%rcx), %rax
        cmp     %rax, %rdx
        jb      85f
        pause
        dec     %esi
        jnz     84b
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
        jnz     91f
78:     movl    $1, REGION_ORPHANED(%r11)
        jmp     88f
91:     cmpl    $0, REGION_MAY_SLEEP(%r11)
        je      92f
        push    %r8
        push    %r10
        push    %r11
        push    %rcx
        push    %rdx
        pushq   $NAP_NS                 /* struct timespec */
        pushq   $0
        mov     %rsp, %r10
        mov     ENTRY_TAIL(%rcx), %edx
        lea     ENTRY_TAIL(%rcx), %rdi
        xor     %esi, %esi              /* FUTEX_WAIT */
        mov     $SYS_FUTEX, %eax
        syscall
        add     $16, %rsp
        pop     %rdx
        pop     %rcx
        pop     %r11
        pop     %r10
        pop     %r8
        jmp     93f
92:     mov     $SPINS, %esi
94:     pause
        dec     %esi
        jnz     94b
93:     CAPACITY %rcx, %rax, %eax
        add     ENTRY_TAIL(%rcx), %rax
        cmp     %rax, %rdx
        jae     86b
        add     $16, %rsp
85:     mov     %rax, ENTRY_LIMIT(%rcx)
        pop     %rax
        jmp     82b
88:     add     $16, %rsp
87:     pop     %rax
        jmp     83b
        .if \timed
62:     xor     %edx, %edx
        jmp     63b
64:     xor     %eax, %eax
        jmp     65b
        .endif
        COUNT_ENTRY_ELSEWHERE 1b, \clocked
90:
END \name
.endm

.macro VALUES_none
.endm
/* struct timespec at the second argument, written if the call succeeded */
.macro VALUES_timespec
        test    %r8d, %r8d
        jnz     60f
        test    %rsi, %rsi
        jz      60f
        mov     (%rsi), %rcx
        mov     8(%rsi), %rsi
        mov     %rcx, RECORD_VALUE(%r9)
        mov     %rsi, (RECORD_VALUE + 8)(%r9)
60:
.endm
/* struct timeval at the first, struct timezone at the second */
.macro VALUES_timeval
        test    %r8d, %r8d
        jnz     60f
        test    %rdi, %rdi
        jz      61f
        mov     (%rdi), %rcx
        mov     8(%rdi), %rdi
        mov     %rcx, RECORD_VALUE(%r9)
        mov     %rdi, (RECORD_VALUE + 8)(%r9)
61:     test    %rsi, %rsi
        jz      60f
        mov     (%rsi), %rcx
        mov     %rcx, (RECORD_VALUE + 16)(%r9)
60:
.endm
/* unsigned at the first and at the second, and a third argument */
.macro VALUES_getcpu
        mov     FRAME_ARG2(%rbp), %rcx
        mov     %rcx, RECORD_ARG2(%r9)
        test    %r8d, %r8d
        jnz     60f
        test    %rdi, %rdi
        jz      61f
        mov     (%rdi), %ecx
        mov     %ecx, RECORD_VALUE(%r9)
61:     test    %rsi, %rsi
        jz      60f
        mov     (%rsi), %ecx
        mov     %ecx, (RECORD_VALUE + 8)(%r9)
60:
.endm
/* as many bytes at the first as the result says */
.macro VALUES_getrandom
        mov     FRAME_ARG2(%rbp), %rcx
        mov     %rcx, RECORD_ARG2(%r9)
        test    %rdi, %rdi
        jz      60f
        KEEP_BYTES %r8, %r9, %sil
60:
.endm

RECORD_TEMPLATE timespec, 1, 1, timespec, 0
RECORD_TEMPLATE timeval, 0, 1, timeval, 0
RECORD_TEMPLATE getcpu, 0, 1, getcpu, 1
RECORD_TEMPLATE getrandom, 0, 1, getrandom, 1
RECORD_TEMPLATE plain, 0, 0, none, 0
RECORD_TEMPLATE plain_clock, 1, 0, none, 0
RECORD_TEMPLATE plain_three, 0, 0, none, 1
RECORD_TEMPLATE measured, 0, 1, none, 0
RECORD_TEMPLATE measured_clock, 1, 1, none, 0
RECORD_TEMPLATE measured_three, 0, 1, none, 1

/* Instead of a fallback's `syscall`: the call, and a record that it was made; where `own_arguments` are not the
 * function's, with those, and with as many bytes at the first as the result says. */
.macro RECORD_FALLBACK_TEMPLATE name, own_arguments
TEMPLATE \name
1:      .quad   0                       /* mark */
2:      .quad   0                       /* region, 0 once recording has ended */
3:      .quad   0                       /* function and RECORD_FALLBACK_FLAG */
CODE \name
        lea     -128(%rsp), %rsp
        MARKED_SYSCALL 1b
        push    %rdx
        push    %r10
        mov     2b(%rip), %r11
        test    %r11, %r11
        jz      80f
        cmpl    $0, REGION_ORPHANED(%r11)
        jne     80f                     /* the function's own record will count as lost */
        FIND_ENTRY %r11, %r10, %rcx, %ecx
        mov     $1, %edx
        NEXT_POSITION %rcx, %rdx, %r10
        cmp     ENTRY_LIMIT(%rcx), %rdx
        jae     81f
82:     RECORD_AT %edx, %rcx, %r11, %r11d
        lea     (128 + 16)(%rsp), %rcx
        mov     %rcx, RECORD_STACK(%r11)
        mov     %r10, RECORD_KEY(%r11)
        mov     %rax, RECORD_RESULT(%r11)
        .if \own_arguments
        mov     %rdi, RECORD_ARG0(%r11)
        mov     %rsi, RECORD_ARG1(%r11)
        mov     8(%rsp), %rcx           /* rdx */
        mov     %rcx, RECORD_ARG2(%r11)
        KEEP_BYTES %rax, %r11, %r10b
        .endif
        inc     %rdx
        shl     $16, %rdx
        or      3b(%rip), %rdx
        mov     %rdx, RECORD_COMMIT(%r11)
80:     pop     %r10
        pop     %rdx
        lea     128(%rsp), %rsp
        jmp     90f
81:     mov     $LONG_SPIN, %r10d       /* no registers and no stack to spare for more than waiting */
83:     CAPACITY %rcx, %r11, %r11d
        add     ENTRY_TAIL(%rcx), %r11
        cmp     %r11, %rdx
        jb      84f
        pause
        mov     2b(%rip), %r11
        cmpl    $0, REGION_ORPHANED(%r11)
        jne     80b
        testl   $KEEPER_DIED, REGION_KEEPER(%r11)
        jnz     85f
        dec     %r10d
        jnz     83b
85:     movl    $1, REGION_ORPHANED(%r11)
        jmp     80b
84:     mov     %r11, ENTRY_LIMIT(%rcx)
        rdfsbase %r10
        inc     %r10
        jmp     82b
90:
END \name
.endm
RECORD_FALLBACK_TEMPLATE record_fallback, 0
RECORD_FALLBACK_TEMPLATE record_fallback_three, 1


        .section .note.GNU-stack, "", @progbits
