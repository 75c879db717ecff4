/* Trampolines, and the stubs at the entry of a function and behind a system call: they count the call, or open it and
 * note that it fell back to the kernel. */
#include "arch/x86_64/stubs/template.h"

/* ---- Trampolines: in the vDSO's last page ------------------------------------------------------ */

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
/* In front of a system call that stays where it is, in r9, which is then dead: none of these calls has a sixth
 * argument; it shows seccomp filters whose call this is. */
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

/* ---- Counting: at the entry -------------------------------------------------------------------- */

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

/* ---- Counting: behind a system call ------------------------------------------------------------ */

/* One more for a clock id without a column: finds or makes its cell; without room it is only in the
 * last column. Keeps rax, which says whether the call failed. */
.macro COUNT_OTHER region, function
        push    %rax
        mov     %edi, %ecx
        test    %ecx, %ecx
        jns     63f
        or      $~7, %ecx
63:     or      \function(%rip), %rcx
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

/* ---- Recording: at the entry ------------------------------------------------------------------- */

/* The call is open from here on. Once vdsotrace has died none is opened any more: none would be set aside before a
 * signal handler makes another, perhaps in the middle of writing the first one's record. `three`: there are more than
 * two arguments; else rdx is free, and rcx and r8 are. Calls of threads that are not in the index are distinguished by
 * their stack pointers; where there are more at a time than places, no record is made of them. */
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

/* ---- Recording: behind a system call ----------------------------------------------------------- */

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

        .section .note.GNU-stack, "", @progbits
