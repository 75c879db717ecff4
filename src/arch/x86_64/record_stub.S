/* Code that stands for one system call instruction, as a call stub does (call_stub.S), whose front it has: makes the call
 * and records it in its thread's ring, with what the instruction leaves in all registers and flags.
 * Nothing is pushed: only rcx and r11 are free at the site, and rax as soon as the number is known to be the stub's.
 * What else is needed is kept in the thread's block or, the arguments, in the record, and while the call is made rbx
 * points to the block, as all registers but rcx, r11 and rax come back from the kernel as they were. Where there is no
 * room in the ring, or the thread has none, the call is made from `leave`, where it stops: nothing here waits. From
 * `unsuited` it is made where what its pointers refer to cannot be copied: it is too much, or not readable. That is
 * seen by a fault; those of the loads behind the labels _size, _start, _text, _word and _byte are ours (record_stub.cpp).
 * All in front of the call can be done once more. Behind it the commit word comes before the ring's head: the call is
 * being made until that has moved. */
#include "arch/x86_64/copy_macros.h"

        .section .rodata.vdsotrace_record_stub, "a", @progbits
        .balign 16
SHARED vdsotrace_record_stub
1:      .quad   0                       /* the words of a call stub, with the index in the place of the counters */
2:      .quad   0
3:      .quad   0                       /* behind the program's instruction */
8:      .quad   0                       /* where the program goes on */
7:      .quad   0                       /* where calls of other numbers go */
        mov     %rsi, %rcx
        jrcxz   15f
        jmp     16f
SHARED vdsotrace_record_stub_enter
15:     mov     1b(%rip), %rcx
        lea     (%rcx,%rax), %rcx
        jrcxz   4f
16:     jmp     *7b(%rip)
4:      lahf
        seto    %al
        FIRST_SLOT 2b, %r11, %rcx, %ecx
        jne     52f
51:     mov     SLOT_BLOCK(%rcx), %rcx
        ENTER_BLOCK 9f, 81f
82:     BEGIN_RECORD 5f
        mov     3b(%rip), %rax
        mov     %rax, RECORD_CALL_BACK(%rcx)
        mov     %rsp, RECORD_STACK(%rcx)
        mov     %r11, RECORD_KEY(%rcx)
        SET_UP_RECORD
        KEEP_CALL_STACK 17f
        mov     13f(%rip), %eax
        test    %eax, %eax
        jne     90f
91:     cmpl    $0, 10f(%rip)
        je      60f
        mov     RECORD_CALL_END(%rcx), %rdi
        add     %rcx, %rdi
        COPY    vdsotrace_record_stub, entry, 10f, 88f
        RESTORE_ARGUMENTS
60:     READ_COUNTER
        mov     %rax, RECORD_START(%rcx)
        mov     BLOCK_CALL_NEXT(%rbx), %rax
        mov     %rax, BLOCK_CALL_BEGUN(%rbx)
        mov     BLOCK_CALL_FLAGS(%rbx), %rax
        mov     BLOCK_CALL_ARG2(%rbx), %rdx
        RESTORE_FLAGS
        mov     5f(%rip), %rax
SHARED vdsotrace_record_stub_call
        syscall
SHARED vdsotrace_record_stub_called
        mov     BLOCK_CALL_RECORD(%rbx), %rcx
        mov     %rax, RECORD_RESULT(%rcx)
        mov     %r11, BLOCK_CALL_SAVED(%rbx)
        READ_COUNTER
        mov     %rax, RECORD_END(%rcx)
        cmpl    $0, 11f(%rip)
        je      61f
        mov     RECORD_CALL_END(%rcx), %rdi
        add     %rcx, %rdi
        COPY    vdsotrace_record_stub, exit, 11f, 121f
        RESTORE_ARGUMENTS
61:     mov     BLOCK_CALL_NEXT(%rbx), %rdx
        mov     RECORD_CALL_END(%rcx), %r11
        dec     %r11
        shr     $RECORD_LOG2_VALUES, %r11       /* or by the size of the ring's records */
SHARED vdsotrace_record_stub_in_records
        add     %rdx, %r11              /* the head behind it */
        shl     $16, %rdx
        or      $RECORD_SYSTEM_CALL, %rdx
        mov     %rdx, RECORD_COMMIT(%rcx)
        mov     %r11, BLOCK_HEAD(%rbx)
        cmpq    $0, RECORD_CALL_LOOK(%rcx)
        je      62f
SHARED vdsotrace_record_stub_look
        int3
62:     mov     BLOCK_CALL_FLAGS(%rbx), %rax
        RESTORE_FLAGS
        mov     RECORD_RESULT(%rcx), %rax
        mov     BLOCK_CALL_ARG2(%rbx), %rdx
        mov     BLOCK_CALL_SAVED(%rbx), %r11
        mov     BLOCK_CALL_BASE(%rbx), %rbx
        mov     3b(%rip), %rcx
        jmp     *8b(%rip)
SHARED vdsotrace_record_stub_uncalled
52:     OTHER_SLOTS %r11, %rcx, 51b
83:     RESTORE_FLAGS
        mov     5f(%rip), %rax
        jmp     *6f(%rip)
81:     /* No room below the limit that was known; vdsotrace may have moved on. */
        CAPACITY %rbx, %rcx, %ecx
        cmp     9f(%rip), %rcx
        jb      89f
        mov     9f(%rip), %rax
        add     %rdx, %rax
        add     BLOCK_TAIL(%rbx), %rcx
        cmp     %rcx, %rax
        ja      85f
        mov     %rcx, BLOCK_LIMIT(%rbx)
        jmp     82b
85:     mov     BLOCK_CALL_FLAGS(%rbx), %rax
        mov     BLOCK_CALL_ARG2(%rbx), %rdx
        mov     BLOCK_CALL_BASE(%rbx), %rbx
        jmp     83b
90:     CHOOSE_CASE 13f, 14f, 88f
        jmp     91b
SHARED vdsotrace_record_stub_unsuited
88:     RESTORE_ARGUMENTS
89:     mov     BLOCK_CALL_FLAGS(%rbx), %rax
        mov     BLOCK_CALL_ARG2(%rbx), %rdx
        mov     BLOCK_CALL_BASE(%rbx), %rbx
        RESTORE_FLAGS
        mov     5f(%rip), %rax
        jmp     *12f(%rip)
        .balign 8
SHARED vdsotrace_record_stub_words
5:      .quad   0                       /* the number */
6:      .quad   0                       /* leaves by a call that stops */
12:     .quad   0                       /* the same of a call that is not for the stub */
9:      .quad   0                       /* records that it takes up at most */
17:     .quad   0                       /* whether stacks are kept */
10:     .zero   STEPS_MOST * STEP_BYTES /* what is copied at its entry */
11:     .zero   STEPS_MOST * STEP_BYTES /* and at its end */
13:     .quad   0, 0                    /* u32 each: which word of the record says what case it is, as an offset, or 0; its bits; the
                                         * word whose lower half is the upper one of a case's value, or 0; the case if it is none */
14:     .zero   CASES_MOST * CASE_BYTES
SHARED vdsotrace_record_stub_end

        .section .note.GNU-stack, "", @progbits
