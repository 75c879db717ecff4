/* The words behind the code of return_stub.S, for both languages. */
#pragma once

#define RETURN_STUB_MASK 0
#define RETURN_STUB_RAX 1
#define RETURN_STUB_RCX 2
#define RETURN_STUB_RDX 3
#define RETURN_STUB_RSI 4
#define RETURN_STUB_RDI 5
#define RETURN_STUB_R8 6
#define RETURN_STUB_R9 7
#define RETURN_STUB_R10 8
#define RETURN_STUB_R11 9
#define RETURN_STUB_RIP 10
#define RETURN_STUB_WORDS 11
