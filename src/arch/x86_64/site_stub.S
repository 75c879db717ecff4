/* Code that stands for one system call instruction of a program that was attached to: makes the call and counts it by its
 * number. The syscalls engine copies it into a traced process. It never runs here. Nothing stops a call that is made
 * elsewhere; so these stubs serve calls of every number that an instruction makes.
 *
 *   site:   syscall           enter: which number?  one that is not counted here:  syscall, and back
 *   back:   ...      <------  call:  syscall; one more call; one more error
 *
 * There are two templates. The first counts calls of one number, which the program puts into the register right before its
 * instruction, and restart_syscall, which the kernel puts there. The second has an entry for each number:
 *
 *   entry:  syscall; lea COUNTERS(%rip), %rcx; jmp counting      or, of a number that is not counted:  jmp uncounted
 *
 * As in call_stub.S only rcx and r11 are free, and flags are to be as the program left them until the call is made. What an
 * address says of a thread that stands there, site_stub.cpp knows: keep both in step.
 *
 * Position independent; the words in front are filled in, and the entries are written behind. */
#include "arch/x86_64/count_call.h"
#include "arch/x86_64/shared_label.h"
#include "arch/x86_64/stub_macros.h"

/* A call of a number that is not counted. */
.macro UNCOUNTED prefix
SHARED \prefix\()_uncounted
        syscall
SHARED \prefix\()_uncounted_called
        mov     1b(%rip), %rcx
        jmp     *1b(%rip)
SHARED \prefix\()_uncounted_end
.endm

        .section .rodata.vdsotrace_site_stub, "a", @progbits

        .balign 16
SHARED vdsotrace_number_stub
1:      .quad   0                       /* behind the program's instruction */
2:      .quad   0                       /* minus the number */
3:      .quad   0                       /* its counters: calls, errors */
4:      .quad   0                       /* those of restart_syscall */
SHARED vdsotrace_number_stub_enter
        mov     2b(%rip), %rcx
        lea     (%rcx,%rax), %rcx
        jrcxz   5f
        lea     -219(%rax), %rcx        /* restart_syscall */
        jrcxz   6f
UNCOUNTED vdsotrace_number_stub
SHARED vdsotrace_number_stub_restart
6:      syscall
SHARED vdsotrace_number_stub_restarted
        mov     4b(%rip), %rcx
        jmp     7f
SHARED vdsotrace_number_stub_call
5:      syscall
SHARED vdsotrace_number_stub_called
        mov     3b(%rip), %rcx
7:
COUNT_CALL vdsotrace_number_stub, counting, 1b, 1b
SHARED vdsotrace_number_stub_end

        .balign 16
SHARED vdsotrace_table_stub
1:      .quad   0                       /* behind the program's instruction */
SHARED vdsotrace_table_stub_enter
        IF_IN_TABLE 5f
        jmp     6f
5:      lea     8f(%rip), %r11
        lea     (%rax,%rax), %rcx
        lea     (%r11,%rcx,8), %rcx
        jmp     *%rcx
6:
UNCOUNTED vdsotrace_table_stub
COUNT_CALL vdsotrace_table_stub, counting, 1b, 1b
        .balign 16
8:                                      /* entries */
SHARED vdsotrace_table_stub_end

        .section .note.GNU-stack, "", @progbits
