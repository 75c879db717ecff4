/* The parts of the page that audit_html.cpp puts together, as bytes of the program. */
        .macro  part name, file
        .globl  vdsotrace_page_\name, vdsotrace_page_\name\()_end
        .hidden vdsotrace_page_\name, vdsotrace_page_\name\()_end
vdsotrace_page_\name:
        .incbin "reports/page/\file"
vdsotrace_page_\name\()_end:
        .endm

        .section .rodata.vdsotrace_page, "a", @progbits
        part    html, page.html
        part    style, style.css
        part    script, page.js
        part    who_script, who.js
        .section .note.GNU-stack, "", @progbits
