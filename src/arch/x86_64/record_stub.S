/* Code that stands for one system call instruction of a program, as a call stub does (call_stub.S): makes the call and
 * records it in its thread's ring, with what the instruction leaves in all registers and flags.
 *
 * Nothing is pushed: only rcx and r11 are free at the site, and rax as soon as the number is known to be the stub's.
 * What else is needed is kept in the thread's block, and while the call is made rbx points there, as all registers but
 * rcx, r11 and rax come back from the kernel as they were. Where there is no room in the ring, or the thread has none,
 * the call is made from `leave`, where it stops: nothing here waits.
 *
 * Everything in front of the call can be done once more. Behind it the commit word comes before the head of the ring:
 * the call is being made until the head has moved. */
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

        .balign 16
SHARED vdsotrace_record_stub
1:      .quad   0                       /* the words of a call stub, with the index in the place of the counters */
2:      .quad   0
3:      .quad   0                       /* behind the program's instruction */
8:      .quad   0                       /* where the program goes on */
7:      .quad   0                       /* where calls of other numbers go */
SHARED vdsotrace_record_stub_enter
        mov     1b(%rip), %rcx
        lea     (%rcx,%rax), %rcx
        jrcxz   4f
        jmp     *7b(%rip)
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
        cmp     BLOCK_LIMIT(%rbx), %rdx
        jae     81f
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
        lea     1(%rdx), %r11
        READ_COUNTER
        mov     %rax, RECORD_START(%rcx)
        mov     %r11, BLOCK_CALL_BEGUN(%rbx)
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
        mov     BLOCK_CALL_BEGUN(%rbx), %rdx
        mov     %rdx, %r11
        shl     $16, %rdx
        or      $RECORD_SYSTEM_CALL, %rdx
        mov     %rdx, RECORD_COMMIT(%rcx)
        mov     %r11, BLOCK_HEAD(%rbx)
        mov     BLOCK_CALL_FLAGS(%rbx), %rax
        RESTORE_FLAGS
        mov     RECORD_RESULT(%rcx), %rax
        mov     BLOCK_CALL_ARG2(%rbx), %rdx
        mov     BLOCK_CALL_SAVED(%rbx), %r11
        mov     BLOCK_CALL_BASE(%rbx), %rbx
        mov     3b(%rip), %rcx
        jmp     *8b(%rip)

52:     OTHER_SLOTS %r11, %rcx, 51b
83:     RESTORE_FLAGS
        mov     5f(%rip), %rax
        jmp     *6f(%rip)
81:     /* No room below the limit that was known; vdsotrace may have moved on. */
        CAPACITY %rbx, %rcx, %ecx
        add     BLOCK_TAIL(%rbx), %rcx
        cmp     %rcx, %rdx
        jae     85f
        mov     %rcx, BLOCK_LIMIT(%rbx)
        jmp     82b
85:     mov     BLOCK_CALL_FLAGS(%rbx), %rax
        mov     BLOCK_CALL_ARG2(%rbx), %rdx
        mov     BLOCK_CALL_BASE(%rbx), %rbx
        jmp     83b
        .balign 8
SHARED vdsotrace_record_stub_words
5:      .quad   0                       /* the number */
6:      .quad   0                       /* leaves by a call that stops */
SHARED vdsotrace_record_stub_end

        .section .note.GNU-stack, "", @progbits
