/* Code that stands for one system call instruction of a program: makes the call and counts it. The syscalls engine copies
 * it into a traced process. It never runs here.
 *
 *   site:   syscall              enter: is it the number that this copy counts?  no: on to the next copy, or to `leave`
 *   back:   ...         <------  call:  syscall; one more call; one more error
 *
 * Where calls change something unless their second argument is null, jumps lead to `query`, in front of that: those that
 * change something go where other numbers go. Where they are counted by the clock that they are about, their first
 * argument, jumps lead to `clock`: those of another clock go there, too.
 *
 * `enter` to `end` lie in the range that system calls may be made from (syscall user dispatch), `leave` lies outside of it:
 * its call stops before it is made.
 *
 * Only rcx and r11 are free, which the instruction itself destroys (Intel SDM, SYSCALL): nothing is pushed, as there may be no
 * stack, or one without room. Flags are as the program left them until the call is made; behind it they are made so again
 * from r11, where the instruction has kept them. Each address within says what a thread has done that stands there
 * (call_stub.cpp): keep both in step.
 *
 * Position independent; the words in front are filled in. */
#include "arch/x86_64/count_call.h"
#include "arch/x86_64/shared_label.h"

        .section .rodata.vdsotrace_call_stub, "a", @progbits

        .balign 16
SHARED vdsotrace_call_stub
1:      .quad   0                       /* minus the number */
2:      .quad   0                       /* address of its counters: calls, errors */
3:      .quad   0                       /* behind the program's instruction */
8:      .quad   0                       /* where the program goes on */
7:      .quad   0                       /* where other calls go */
SHARED vdsotrace_call_stub_query
        mov     %rsi, %rcx
        jrcxz   11f
        jmp     12f
SHARED vdsotrace_call_stub_enter
11:     mov     1b(%rip), %rcx
        lea     (%rcx,%rax), %rcx
        jrcxz   4f
SHARED vdsotrace_call_stub_others_jump
12:     jmp     *7b(%rip)
4:
SHARED vdsotrace_call_stub_call
        syscall
SHARED vdsotrace_call_stub_called
        mov     2b(%rip), %rcx
COUNT_CALL vdsotrace_call_stub, uncounted, 3b, 8b
SHARED vdsotrace_call_stub_clock
        mov     13f(%rip), %rcx
        lea     (%rcx,%rdi), %ecx       /* clockid_t has 32 bits */
        jrcxz   14f
        jmp     12b
14:     jmp     11b
SHARED vdsotrace_call_stub_clock_word
13:     .quad   0                       /* minus the clock */
SHARED vdsotrace_call_stub_end

        .balign 16
SHARED vdsotrace_leave_stub
6:      .quad   0                       /* behind the program's instruction */
9:      .quad   0                       /* where the program goes on */
SHARED vdsotrace_leave_stub_call
        syscall
SHARED vdsotrace_leave_stub_called
10:     mov     6b(%rip), %rcx
        jmp     *9b(%rip)
SHARED vdsotrace_leave_stub_unsuited_call
        syscall
        jmp     10b
SHARED vdsotrace_leave_stub_end

        .section .note.GNU-stack, "", @progbits
