/* Code that makes the system calls of a program that was attached to, and records them in their threads' rings. The
 * syscalls engine copies it into a traced process, where it outlives us: whenever we are killed, calls go on as if it
 * had not been there, and nothing here stops or needs us.
 *
 *   site:  syscall   enter: which number?   one that is not recorded:  plain: syscall, and back
 *   back:  ...  <--  done                   else, by the table, to the stub of that number, of all sites:
 *
 *          record stub:  fills the next record, in the ring of the thread's block    no room, or no block: to plain
 *          gate of the block:  syscall
 *          record stub:  result and end; to done
 *
 * As in call_stub.S only rcx and r11 are free at the site, and rax once the number is known. What else is needed is kept in
 * the thread's block, but not while the call is made: then all registers are the program's, for a handler that runs
 * after our death to find them so. What leads back to the block is the gate: each block has one, which knows its own.
 * What pointers refer to is copied when the call has come back, of a call that shows by its result that the kernel has
 * found it there: nothing else is read, as who reads where nothing is dies of that if we do in that moment. Should it be
 * gone already all the same, what is missing is left out (attached_stub.cpp), while we live.
 * A block that is in use is left alone (BUSY): by such a handler, and by whoever shares its thread pointer unknown to us.
 * Once we have died no call is recorded any more.
 *
 * What an address says of a thread that stands there, attached_stub.cpp and engines/syscalls/attached/recording_calls.cpp know. */
#include "arch/x86_64/copy_macros.h"

/* Rounds of waiting for room in a ring, of some 50 ns each, without a sign of life of vdsotrace's: 10 s. */
#define PATIENCE 200000000

        .section .rodata.vdsotrace_attached_stub, "a", @progbits

/* ---- One for each site -------------------------------------------------------------------------- */

        .balign 16
SHARED vdsotrace_recorded_site
1:      .quad   0                       /* behind the program's instruction */
2:      .quad   0                       /* the table: a stub's address for each number below 512 */
SHARED vdsotrace_recorded_site_enter
        IF_IN_TABLE 5f
SHARED vdsotrace_recorded_site_plain
        syscall
        jmp     7f
SHARED vdsotrace_recorded_site_done
        movq    $0, BLOCK_CALL_BUSY(%rcx)
7:      mov     1b(%rip), %rcx
        jmp     *%rcx
5:      mov     2b(%rip), %rcx
        lea     (%rcx,%rax,8), %rcx
        lea     1b(%rip), %r11
        jmp     *(%rcx)
SHARED vdsotrace_recorded_site_end

#define TO_PLAIN (vdsotrace_recorded_site_plain - vdsotrace_recorded_site)
#define TO_DONE (vdsotrace_recorded_site_done - vdsotrace_recorded_site)

/* ---- One for all -------------------------------------------------------------------------------- */

/* Of numbers that are not recorded. */
        .balign 16
SHARED vdsotrace_unrecorded_stub
        lea     TO_PLAIN(%r11), %r11
        jmp     *%r11
SHARED vdsotrace_unrecorded_stub_end

/* Behind a gate, which says in ecx how far behind the region's begin its block is. */
        .balign 16
SHARED vdsotrace_return_from_gate
1:      .quad   0                       /* the region */
SHARED vdsotrace_return_from_gate_enter
        add     1b(%rip), %rcx
        jmp     *BLOCK_CALL_AFTER(%rcx)
SHARED vdsotrace_return_from_gate_end

/* ---- One for each number ------------------------------------------------------------------------ */

/* rax: the number, r11: the site's stub. Flags and r11 are kept together, as addresses have 47 bits. */
        .balign 16
SHARED vdsotrace_attached_stub
1:      .quad   0                       /* the region */
2:      .quad   0                       /* the index */
3:      .quad   0                       /* the gates */
5:      .quad   0                       /* the number */
9:      .quad   0                       /* records that it takes up at most */
4:      .quad   0                       /* whether stacks are kept */
6:      .quad   0                       /* what is copied: 0: nothing; COPIES, COPIES_PATHS */
SHARED vdsotrace_attached_stub_enter
        lahf
        seto    %al
        shl     $16, %r11
        or      %r11, %rax
        mov     1b(%rip), %rcx
        testl   $KEEPER_DIED, REGION_KEEPER(%rcx)
        jne     83f
        cmpl    $0, REGION_ORPHANED(%rcx)
        jne     83f
        FIRST_SLOT 2b, %r11, %rcx, %ecx
        jne     52f
51:     mov     SLOT_BLOCK(%rcx), %rcx
        mov     $1, %r11d
        xchg    %r11, BLOCK_CALL_BUSY(%rcx)
        test    %r11, %r11
        jne     83f
        ENTER_BLOCK 9b, 81f
82:     BEGIN_RECORD 5b
        mov     BLOCK_CALL_FLAGS(%rbx), %rax
        shr     $16, %rax
        lea     TO_DONE(%rax), %r11
        mov     %r11, BLOCK_CALL_RESUME(%rbx)
        mov     (%rax), %rax
        mov     %rax, RECORD_CALL_BACK(%rcx)
        mov     %rsp, RECORD_STACK(%rcx)
        rdfsbase %rax
        inc     %rax
        mov     %rax, RECORD_KEY(%rcx)
        SET_UP_RECORD
        KEEP_CALL_STACK 4b
        lea     60f(%rip), %rax
        mov     %rax, BLOCK_CALL_AFTER(%rbx)
        READ_COUNTER
        mov     %rax, RECORD_START(%rcx)
        mov     BLOCK_CALL_NEXT(%rbx), %rax
        mov     %rax, BLOCK_CALL_BEGUN(%rbx)
        mov     3b(%rip), %r11
        add     BLOCK_CALL_GATE(%rbx), %r11
        mov     BLOCK_CALL_FLAGS(%rbx), %rax
        mov     BLOCK_CALL_ARG2(%rbx), %rdx
        mov     BLOCK_CALL_BASE(%rbx), %rbx
        RESTORE_FLAGS
        mov     5b(%rip), %rax
        jmp     *%r11
60:     /* It has come back. rcx: the block. */
        mov     %r11, BLOCK_CALL_SAVED(%rcx)
        mov     %rbx, BLOCK_CALL_BASE(%rcx)
        mov     %rdx, BLOCK_CALL_ARG2(%rcx)
        mov     %rcx, %rbx
        mov     BLOCK_CALL_RECORD(%rbx), %rcx
        mov     %rax, RECORD_RESULT(%rcx)
        READ_COUNTER
        mov     %rax, RECORD_END(%rcx)
        cmpl    $0, 6b(%rip)
        jne     70f
61:     mov     BLOCK_CALL_NEXT(%rbx), %rdx
        mov     RECORD_CALL_END(%rcx), %r11
        dec     %r11
        shr     $RECORD_LOG2_VALUES, %r11       /* or by the size of the ring's records */
SHARED vdsotrace_attached_stub_in_records
        add     %rdx, %r11
        shl     $16, %rdx
        or      $RECORD_SYSTEM_CALL, %rdx
        mov     %rdx, RECORD_COMMIT(%rcx)
        mov     %r11, BLOCK_HEAD(%rbx)
        mov     BLOCK_CALL_FLAGS(%rbx), %rax
        mov     BLOCK_CALL_ARG2(%rbx), %rdx
        RESTORE_FLAGS
        mov     RECORD_RESULT(%rcx), %rax
        mov     %rbx, %rcx
        mov     BLOCK_CALL_SAVED(%rcx), %r11
        mov     BLOCK_CALL_BASE(%rcx), %rbx
        jmp     *BLOCK_CALL_RESUME(%rcx)
52:     OTHER_SLOTS %r11, %rcx, 51b
83:     mov     %rax, %r11
        shr     $16, %r11
        lea     TO_PLAIN(%r11), %r11
        RESTORE_FLAGS
        mov     5b(%rip), %rax
        jmp     *%r11
81:     /* No room below the limit that was known; vdsotrace may have moved on. Else it waits for that, as long as there
         * are signs of life: where system calls are not ours to make it spins. */
        CAPACITY %rbx, %rcx, %ecx
        cmp     9b(%rip), %rcx
        jb      85f
84:     mov     1b(%rip), %rcx
        mov     REGION_HEARTBEAT(%rcx), %rax
        mov     %rax, BLOCK_CALL_FILLED(%rbx)
        mov     $PATIENCE, %r11d
86:     CAPACITY %rbx, %rax, %eax
        add     BLOCK_TAIL(%rbx), %rax
        sub     9b(%rip), %rax          /* up to here a record may begin */
        cmp     %rax, %rdx
        jbe     87f
        testl   $KEEPER_DIED, REGION_KEEPER(%rcx)
        jne     85f
        cmpl    $0, REGION_ORPHANED(%rcx)
        jne     88f
        pause
        dec     %r11d
        jne     86b
        mov     REGION_HEARTBEAT(%rcx), %rax
        cmp     BLOCK_CALL_FILLED(%rbx), %rax
        jne     84b
        movl    $1, REGION_ORPHANED(%rcx)
88:     lock incq REGION_LOST(%rcx)
85:     mov     BLOCK_CALL_FLAGS(%rbx), %rax
        mov     BLOCK_CALL_ARG2(%rbx), %rdx
        mov     %rbx, %rcx
        mov     BLOCK_CALL_BASE(%rcx), %rbx
        movq    $0, BLOCK_CALL_BUSY(%rcx)
        jmp     83b
87:     add     9b(%rip), %rax
        mov     %rax, BLOCK_LIMIT(%rbx)
        jmp     82b
/* Of a number of which nothing is copied it ends here. */
        .balign 16
SHARED vdsotrace_attached_stub_copies
70:     mov     1b(%rip), %rax
        testl   $KEEPER_DIED, REGION_KEEPER(%rax)
        jne     61b
        mov     RECORD_RESULT(%rcx), %rax
        cmp     $-4095, %rax
        jae     73f
71:     mov     13f(%rip), %eax
        test    %eax, %eax
        jne     90f
91:     mov     RECORD_CALL_END(%rcx), %rdi
        add     %rcx, %rdi
        COPY    vdsotrace_attached_stub, entry, 10f, 122f
        mov     RECORD_CALL_END(%rcx), %rdi
        add     %rcx, %rdi
        COPY    vdsotrace_attached_stub, exit, 11f, 122f
        RESTORE_ARGUMENTS
        jmp     61b
73:     /* It has looked at its paths before it has failed so. */
        cmpl    $COPIES_PATHS, 6b(%rip)
        jne     61b
        cmp     $-2, %eax               /* ENOENT */
        je      71b
        cmp     $-13, %eax              /* EACCES */
        je      71b
        cmp     $-17, %eax              /* EEXIST */
        je      71b
        cmp     $-20, %eax              /* ENOTDIR */
        je      71b
        cmp     $-40, %eax              /* ELOOP */
        je      71b
        jmp     61b
90:     CHOOSE_CASE 13f, 14f, 61b
        jmp     91b
        .balign 8
SHARED vdsotrace_attached_stub_words
10:     .zero   STEPS_MOST * STEP_BYTES /* what is copied that the call was given */
11:     .zero   STEPS_MOST * STEP_BYTES /* and what it has left behind */
13:     .quad   0, 0                    /* as in record_stub.S, as is the next */
14:     .zero   CASES_MOST * CASE_BYTES
SHARED vdsotrace_attached_stub_end

        .section .note.GNU-stack, "", @progbits
