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
#include "arch/x86_64/stub_macros.h"
#include "arch/x86_64/shared_label.h"

        .section .rodata.vdsotrace_record_stub, "a", @progbits
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
/* What the copying has clobbered of the arguments, but the third. */
.macro RESTORE_ARGUMENTS
        mov     RECORD_ARG0(%rcx), %rdi
        mov     RECORD_ARG1(%rcx), %rsi
        mov     RECORD_CALL_ARG3(%rcx), %r10
        mov     RECORD_CALL_ARG4(%rcx), %r8
        mov     RECORD_CALL_ARG5(%rcx), %r9
.endm
/* Copies what the steps say to rdi. rcx: the record. Clobbers rax, rdx, rsi and r8 to r11. The direction flag is the
 * program's: no string instructions. r10: where the steps' words are, r9: the next of the vectors that are copied, or
 * 0. */
.macro COPY phase, steps, unsuited
        lea     \steps(%rip), %r11
        mov     %rcx, %r10
        xor     %r9d, %r9d
100:    mov     STEP_POINTER(%r11), %eax
        test    %eax, %eax
        je      109f
        mov     STEP_CASE(%r11), %edx
        test    %edx, %edx
        je      110f
        cmp     BLOCK_CALL_CASE(%rbx), %rdx
        jne     108f
110:    mov     (%r10,%rax), %rsi
        mov     STEP_MOST(%r11), %edx
        mov     STEP_COUNT(%r11), %eax
        test    %eax, %eax
        je      102f
        mov     (%r10,%rax), %rax
        testl   $STEP_AT, STEP_FLAGS(%r11)
        je      111f
        test    %rax, %rax
        je      101f
SHARED vdsotrace_record_stub_\phase\()_size
        mov     (%rax), %eax
        test    %eax, %eax
        jns     101f
SHARED vdsotrace_record_stub_\phase\()_no_size
        xor     %eax, %eax
111:    testl   $STEP_NARROW, STEP_FLAGS(%r11)
        je      101f
        mov     %eax, %eax
101:
.ifc \phase, entry
        testl   $STEP_DATA, STEP_FLAGS(%r11)
        je      112f
        cmp     $DATA_LEAST, %rax
        jb      112f
        test    %rsi, %rsi
        je      112f
SHARED vdsotrace_record_stub_entry_start
        mov     (%rsi), %r8d
        cmp     $DATA_MOST_LENGTH, %r8d
        jbe     \unsuited
        cmp     $DATA_OF_UDEVD, %r8d
        je      \unsuited
112:
.endif
        cmp     %rdx, %rax
        cmovb   %rax, %rdx
        jbe     102f
        testl   $STEP_WHOLE, STEP_FLAGS(%r11)
        jne     \unsuited
102:    testl   $STEP_CHECKS, STEP_FLAGS(%r11)
        jne     108f
        mov     RECORD_RESULT(%rcx), %rax
        testl   $STEP_RESULT, STEP_FLAGS(%r11)
        je      103f
        cmp     %rdx, %rax
        cmovb   %rax, %rdx
103:    testl   $STEP_ON_SUCCESS, STEP_FLAGS(%r11)
        je      104f
        cmp     $-4095, %rax
        jb      104f
        xor     %edx, %edx
104:
.ifc \phase, exit
        testl   $STEP_DATA, STEP_FLAGS(%r11)
        je      113f
        mov     RECORD_RESULT(%rcx), %rax
        cmp     $-4095, %rax
        jae     113f
        cmp     $DATA_LEAST, %rax
        jb      113f
        test    %rsi, %rsi
        je      113f
SHARED vdsotrace_record_stub_exit_start
        mov     (%rsi), %r8d
        cmp     $DATA_MOST_LENGTH, %r8d
        jbe     112f
        cmp     $DATA_OF_UDEVD, %r8d
        jne     113f
112:    movq    $1, RECORD_CALL_LOOK(%rcx)
SHARED vdsotrace_record_stub_exit_no_start
113:
.endif
        testl   $STEP_BITS, STEP_FLAGS(%r11)
        je      117f
        add     $63, %rdx
        shr     $6, %rdx
117:    mov     STEP_UNIT(%r11), %eax
        imul    %rax, %rdx
        test    %rsi, %rsi
        cmove   %rsi, %rdx
        mov     %rdi, %r8
        add     $PIECE_BYTES, %rdi
        testl   $STEP_TO_NUL, STEP_FLAGS(%r11)
        je      106f
105:    test    %rdx, %rdx
        je      107f
SHARED vdsotrace_record_stub_\phase\()_text
        movzbl  (%rsi), %eax
        mov     %al, (%rdi)
        inc     %rsi
        inc     %rdi
        dec     %rdx
        test    %eax, %eax
        jne     105b
        jmp     107f
106:    cmp     $8, %rdx
        jb      .Lbytes_\phase
SHARED vdsotrace_record_stub_\phase\()_word
        mov     (%rsi), %rax
        mov     %rax, (%rdi)
        add     $8, %rsi
        add     $8, %rdi
        sub     $8, %rdx
        jmp     106b
.Lbytes_\phase\():
SHARED vdsotrace_record_stub_\phase\()_bytes
        test    %rdx, %rdx
        je      107f
SHARED vdsotrace_record_stub_\phase\()_byte
        movzbl  (%rsi), %eax
        mov     %al, (%rdi)
        inc     %rsi
        inc     %rdi
        dec     %rdx
        jmp     .Lbytes_\phase
SHARED vdsotrace_record_stub_\phase\()_copied
107:    mov     %rdi, %rax
        sub     %r8, %rax
        sub     $PIECE_BYTES, %rax
        mov     %rax, (%r8)
        add     $(PIECE_BYTES - 1), %rdi
        and     $-PIECE_BYTES, %rdi
        test    %r9, %r9
        jne     115f
        testl   $(STEP_VECTORS | STEP_STRUCTURE | STEP_FAMILY), STEP_FLAGS(%r11)
        jne     114f
108:    add     $STEP_BYTES, %r11
        jmp     100b
114:    testl   $STEP_VECTORS, STEP_FLAGS(%r11)
        jne     119f
        testl   $STEP_STRUCTURE, STEP_FLAGS(%r11)
        je      118f
        mov     %r8, %r10
        cmp     STEP_MOST(%r11), %eax
        jb      109f
        jmp     108b
118:    cmp     $FAMILY_BYTES, %rax
        jb      108b
        mov     PIECE_BYTES(%r8), %eax
        and     $FAMILY_MASK, %eax
        cmp     $FAMILY_NETLINK, %eax
        jne     108b
.ifc \phase, entry
        jmp     \unsuited
.else
120:    movq    $1, RECORD_CALL_LOOK(%rcx)
        jmp     108b
121:    movq    $1, RECORD_CALL_LOOK(%rcx)      /* too much: an empty piece, as each step has one */
        xor     %edx, %edx
        jmp     102b
.endif
119:    and     $-VECTOR_BYTES, %rax
        lea     PIECE_BYTES(%r8), %r9
        add     %r9, %rax
        mov     %rax, BLOCK_CALL_VECTORS_END(%rbx)
.ifc \phase, exit
        xor     %edx, %edx
        mov     RECORD_RESULT(%rcx), %rax
        test    %rax, %rax
        cmovns  %rax, %rdx
        mov     %rdx, BLOCK_CALL_FILLED(%rbx)
.endif
115:    cmp     %r9, BLOCK_CALL_VECTORS_END(%rbx)
        je      116f
        mov     VECTOR_ADDRESS(%r9), %rsi
        mov     VECTOR_LENGTH(%r9), %rdx
        add     $VECTOR_BYTES, %r9
.ifc \phase, exit
        mov     BLOCK_CALL_FILLED(%rbx), %rax
        cmp     %rax, %rdx
        cmova   %rax, %rdx
        sub     %rdx, %rax
        mov     %rax, BLOCK_CALL_FILLED(%rbx)
.endif
        mov     STEP_EACH(%r11), %eax
        cmp     %rax, %rdx
        cmova   %rax, %rdx
        test    %rsi, %rsi
        cmove   %rsi, %rdx
        mov     %rdi, %r8
        add     $PIECE_BYTES, %rdi
        jmp     106b
116:    xor     %r9d, %r9d
        jmp     108b
109:    sub     %rcx, %rdi
        mov     %rdi, RECORD_CALL_END(%rcx)
.endm

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
        mov     %rax, BLOCK_CALL_FLAGS(%rcx)
        mov     %rbx, BLOCK_CALL_BASE(%rcx)
        mov     %rdx, BLOCK_CALL_ARG2(%rcx)
        mov     %rcx, %rbx
        mov     BLOCK_HEAD(%rbx), %rdx
        mov     9f(%rip), %rcx
        add     %rdx, %rcx
        cmp     BLOCK_LIMIT(%rbx), %rcx
        ja      81f
82:     RECORD_AT %edx, %rbx, %rcx, %ecx
        mov     %rcx, BLOCK_CALL_RECORD(%rbx)
        mov     %rdi, RECORD_ARG0(%rcx)
        mov     %rsi, RECORD_ARG1(%rcx)
        mov     BLOCK_CALL_ARG2(%rbx), %rax
        mov     %rax, RECORD_ARG2(%rcx)
        mov     %r10, RECORD_CALL_ARG3(%rcx)
        mov     %r8, RECORD_CALL_ARG4(%rcx)
        mov     %r9, RECORD_CALL_ARG5(%rcx)
        mov     5f(%rip), %rax
        mov     %rax, RECORD_CALL_NUMBER(%rcx)
        mov     3b(%rip), %rax
        mov     %rax, RECORD_CALL_BACK(%rcx)
        mov     %rsp, RECORD_STACK(%rcx)
        mov     %r11, RECORD_KEY(%rcx)
        movq    $RECORD_POINTEES, RECORD_CALL_END(%rcx)
        movq    $0, RECORD_CALL_LOOK(%rcx)
        inc     %rdx
        mov     %rdx, BLOCK_CALL_NEXT(%rbx)
        mov     13f(%rip), %eax
        test    %eax, %eax
        jne     90f
91:     cmpl    $0, 10f(%rip)
        je      60f
        lea     RECORD_POINTEES(%rcx), %rdi
        COPY    entry, 10f, 88f
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
        COPY    exit, 11f, 121f
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
90:     mov     (%rcx,%rax), %eax       /* which case is it? */
        and     (13f + 4)(%rip), %eax
        mov     (13f + 8)(%rip), %edx
        test    %edx, %edx
        je      94f
        mov     (%rcx,%rdx), %edx
        shl     $32, %rdx
        or      %rdx, %rax
94:     lea     14f(%rip), %r11
92:     mov     CASE_NUMBER(%r11), %edx
        test    %edx, %edx
        je      95f
        cmp     CASE_VALUE(%r11), %rax
        je      93f
        add     $CASE_BYTES, %r11
        jmp     92b
95:     mov     (13f + 12)(%rip), %edx
93:     test    %edx, %edx
        js      88f
        mov     %rdx, BLOCK_CALL_CASE(%rbx)
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
10:     .zero   STEPS_MOST * STEP_BYTES /* what is copied at its entry */
11:     .zero   STEPS_MOST * STEP_BYTES /* and at its end */
13:     .quad   0, 0                    /* u32 each: which word of the record says what case it is, as an offset, or 0; its bits; the
                                         * word whose lower half is the upper one of a case's value, or 0; the case if it is none */
14:     .zero   CASES_MOST * CASE_BYTES
SHARED vdsotrace_record_stub_end

        .section .note.GNU-stack, "", @progbits
