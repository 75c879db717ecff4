/* A label of code that is copied into traced processes, for the C++ beside it. */
#ifndef VDSOTRACE_SHARED_LABEL_H
#define VDSOTRACE_SHARED_LABEL_H

// The macro is the assembler's.
// clang-format off
.macro SHARED name
        .globl \name
        .hidden \name
\name:
.endm
// clang-format on

#endif
