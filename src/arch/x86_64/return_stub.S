/* Code that makes one system call in a traced process and brings the thread back to where it was. A tracer that
 * lives takes the thread back itself when the call has returned. It never runs here.
 *
 * What some calls have made is given back on the way, as no one else knows of it then.
 *
 * Position independent; RETURN_STUB_* words behind the code are filled in. Nothing is pushed, as there may be no
 * stack; no flags are changed, and none by `syscall` (Intel SDM: SYSRET loads them from what SYSCALL saved). */
#include "arch/x86_64/return_stub.h"
#include "arch/x86_64/shared_label.h"

        .section .rodata.vdsotrace_return_stub, "a", @progbits
        .balign 16
#define WORD(number) (vdsotrace_return_stub_words + 8 * (number))(%rip)

SHARED vdsotrace_return_stub
SHARED vdsotrace_return_stub_unmap
        syscall
        mov     %rax, %rdi              /* munmap(what it has mapped, the length that it was given) */
        mov     $11, %eax
        jmp     vdsotrace_return_stub_keep
SHARED vdsotrace_return_stub_close
        syscall
        mov     %eax, %r8d
        jmp     1f
SHARED vdsotrace_return_stub_close_mapped
        syscall
1:      mov     %r8d, %edi              /* close(what it has opened, or mapped) */
        mov     $3, %eax
SHARED vdsotrace_return_stub_keep
        syscall
SHARED vdsotrace_return_stub_back
        mov     $14, %eax               /* rt_sigprocmask(SIG_SETMASK, &mask, NULL, 8) */
        mov     $2, %edi
        lea     WORD(RETURN_STUB_MASK), %rsi
        mov     $0, %edx
        mov     $8, %r10d
        syscall
        mov     WORD(RETURN_STUB_RAX), %rax
        mov     WORD(RETURN_STUB_RCX), %rcx
        mov     WORD(RETURN_STUB_RDX), %rdx
        mov     WORD(RETURN_STUB_RSI), %rsi
        mov     WORD(RETURN_STUB_RDI), %rdi
        mov     WORD(RETURN_STUB_R8), %r8
        mov     WORD(RETURN_STUB_R9), %r9
        mov     WORD(RETURN_STUB_R10), %r10
        mov     WORD(RETURN_STUB_R11), %r11
        jmp     *WORD(RETURN_STUB_RIP)

        .balign 8
SHARED vdsotrace_return_stub_words
        .fill   RETURN_STUB_WORDS, 8, 0
SHARED vdsotrace_return_stub_end

        .section .note.GNU-stack, "", @progbits
