/* Which of its plan's cases a call is, and how what its pointers refer to is copied. */
#ifndef VDSOTRACE_COPY_MACROS_H
#define VDSOTRACE_COPY_MACROS_H

#include "arch/x86_64/record_macros.h"
#include "arch/x86_64/shared_label.h"

// The macros are the assembler's.
// clang-format off

/* Notes in the block which case the call is, by `which` and the list of `cases`; to `unsuited` if it is none for the stub. eax: the
 * first word of `which`, not 0. Clobbers rdx and r11. */
.macro CHOOSE_CASE which, cases, unsuited
        mov     (%rcx,%rax), %eax
        and     (\which + 4)(%rip), %eax
        mov     (\which + 8)(%rip), %edx
        test    %edx, %edx
        je      94f
        mov     (%rcx,%rdx), %edx
        shl     $32, %rdx
        or      %rdx, %rax
94:     lea     \cases(%rip), %r11
92:     mov     CASE_NUMBER(%r11), %edx
        test    %edx, %edx
        je      95f
        cmp     CASE_VALUE(%r11), %rax
        je      93f
        add     $CASE_BYTES, %r11
        jmp     92b
95:     mov     (\which + 12)(%rip), %edx
93:     test    %edx, %edx
        js      \unsuited
        mov     %rdx, BLOCK_CALL_CASE(%rbx)
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
 * 0. To `unsuited` where a call is not for the stub: 121 and 122 are such places in the macro, with and without a look at it. */
.macro COPY prefix, phase, steps, unsuited
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
SHARED \prefix\()_\phase\()_size
        mov     (%rax), %eax
        test    %eax, %eax
        jns     101f
SHARED \prefix\()_\phase\()_no_size
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
SHARED \prefix\()_entry_start
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
SHARED \prefix\()_exit_start
        mov     (%rsi), %r8d
        cmp     $DATA_MOST_LENGTH, %r8d
        jbe     112f
        cmp     $DATA_OF_UDEVD, %r8d
        jne     113f
112:    movq    $1, RECORD_CALL_LOOK(%rcx)
SHARED \prefix\()_exit_no_start
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
SHARED \prefix\()_\phase\()_text
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
SHARED \prefix\()_\phase\()_word
        mov     (%rsi), %rax
        mov     %rax, (%rdi)
        add     $8, %rsi
        add     $8, %rdi
        sub     $8, %rdx
        jmp     106b
.Lbytes_\phase\():
SHARED \prefix\()_\phase\()_bytes
        test    %rdx, %rdx
        je      107f
SHARED \prefix\()_\phase\()_byte
        movzbl  (%rsi), %eax
        mov     %al, (%rdi)
        inc     %rsi
        inc     %rdi
        dec     %rdx
        jmp     .Lbytes_\phase
SHARED \prefix\()_\phase\()_copied
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
121:    movq    $1, RECORD_CALL_LOOK(%rcx)
.endif
122:    xor     %edx, %edx              /* too much: an empty piece, as each step has one */
        jmp     102b
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

// clang-format on

#endif
