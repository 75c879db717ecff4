/* The page that audit_html.cpp fills in, as bytes of the program. */
        .section .rodata.vdsotrace_audit_page, "a", @progbits
        .globl  vdsotrace_audit_page, vdsotrace_audit_page_end
        .hidden vdsotrace_audit_page, vdsotrace_audit_page_end
vdsotrace_audit_page:
        .incbin AUDIT_PAGE
vdsotrace_audit_page_end:
        .section .note.GNU-stack, "", @progbits
