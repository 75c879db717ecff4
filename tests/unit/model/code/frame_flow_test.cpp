// Functions of our own are followed, as the assembler has made them.
#include "model/code/frame_flow.hpp"

#include "support/catch.hpp"

// Each has a label TEST_place where a call returns to. They are never run.
__asm__(R"(
        .text
.macro begins name
        .globl vdsotrace_flow_\name, vdsotrace_flow_\name\()_place, vdsotrace_flow_\name\()_end
vdsotrace_flow_\name:
.endm
.macro ends name
vdsotrace_flow_\name\()_end:
.endm
begins plain                     # as musl's clock_gettime: a branch before the call
        push %rbx
        mov %rdi, %rbx
        sub $24, %rsp
        test %rsi, %rsi
        je 1f
        lea 8(%rsp), %rsi
        call *%rax
vdsotrace_flow_plain_place:
        add $24, %rsp
        pop %rbx
        ret
1:      add $24, %rsp
        pop %rbx
        jmp vdsotrace_flow_other
ends plain
begins frame                     # alloca: only rbp says where the frame is
        push %rbp
        mov %rsp, %rbp
        push %r12
        sub %rax, %rsp
        mov %rdi, %r12
        call vdsotrace_flow_other
vdsotrace_flow_frame_place:
        mov -8(%rbp), %r12
        leave
        ret
ends frame
begins differs                   # two ways that do not agree
        test %rdi, %rdi
        je 1f
        push %rax
1:      call vdsotrace_flow_other
vdsotrace_flow_differs_place:
        ret
ends differs
begins jumps                     # nobody knows where to
        push %rax
        test %rdi, %rdi
        je 1f
        jmp *%rdx
1:      call vdsotrace_flow_other
vdsotrace_flow_jumps_place:
        pop %rax
        ret
ends jumps
begins unreached
        ret
        call vdsotrace_flow_other
vdsotrace_flow_unreached_place:
        ret
ends unreached
begins loops                     # the depth is the same each time around
        push %rbp
1:      push $7
        call vdsotrace_flow_other
vdsotrace_flow_loops_place:
        pop %rcx
        dec %rbp
        jne 1b
        pop %rbp
        ret
ends loops
begins grows                     # and here it is not
1:      push %rax
        call vdsotrace_flow_other
vdsotrace_flow_grows_place:
        dec %rbp
        jne 1b
        ret
ends grows
begins switches                  # as Go's time.now
        sub $24, %rsp
        mov %rbp, 16(%rsp)
        lea 16(%rsp), %rbp
        mov %rsp, %r12
        mov 48(%r14), %rbx
        cmp %r14, 192(%rbx)
        jne 1f
        mov (%rbx), %rdx
        mov 56(%rdx), %rsp
1:      sub $32, %rsp
        and $-16, %rsp
        call *%rax
        xor %edi, %edi
        call *%rax
vdsotrace_flow_switches_place:
        mov %r12, %rsp
        mov 16(%rsp), %rbp
        add $24, %rsp
        ret
ends switches
begins spoils                    # the way back is overwritten
        mov %rsp, %r12
        and $-16, %rsp
        mov %edi, %r12d
        call *%rax
vdsotrace_flow_spoils_place:
        mov %r12, %rsp
        ret
ends spoils
begins clobbers                  # a call of Go's own preserves no register
        mov %rsp, %r12
        and $-16, %rsp
        call vdsotrace_flow_other
        call *%rax
vdsotrace_flow_clobbers_place:
        mov %r12, %rsp
        ret
ends clobbers
vdsotrace_flow_other:
        ret
)");

#define FUNCTION(name) \
  extern "C" const char vdsotrace_flow_##name[], vdsotrace_flow_##name##_place[], vdsotrace_flow_##name##_end[]
#define RULE(name, ...)                                                                                             \
  frame_rule_of_code(std::as_bytes(std::span(vdsotrace_flow_##name, vdsotrace_flow_##name##_end)),                  \
                     static_cast<std::size_t>(vdsotrace_flow_##name##_place - vdsotrace_flow_##name) __VA_OPT__(, ) \
                         __VA_ARGS__)

FUNCTION(plain);
FUNCTION(frame);
FUNCTION(differs);
FUNCTION(jumps);
FUNCTION(unreached);
FUNCTION(loops);
FUNCTION(grows);
FUNCTION(switches);
FUNCTION(spoils);
FUNCTION(clobbers);

namespace vdsotrace {

TEST_CASE("the code of a function says where its frame is") {
  const auto plain = RULE(plain);
  REQUIRE(plain.has_value());
  CHECK(*plain == FrameRule{kDwarfStackPointer, 40, false, {}});
  const auto frame = RULE(frame);
  REQUIRE(frame.has_value());
  CHECK(frame->base == kDwarfFramePointer);
  CHECK(frame->frame_address == 16);
  CHECK(frame->preserved[0] == FrameRule::Preserved{FrameRule::Keeps::saved, -16});
  CHECK(frame->preserved[1] == FrameRule::Preserved{FrameRule::Keeps::saved, -24});
  CHECK(frame->preserved[2] == FrameRule::Preserved{});
  const auto loops = RULE(loops);
  REQUIRE(loops.has_value());
  CHECK(loops->frame_address == 24);
  CHECK(loops->preserved[0] == FrameRule::Preserved{FrameRule::Keeps::saved, -16});
}

TEST_CASE("code that does not say where its frame is has no rule") {
  CHECK_FALSE(RULE(differs).has_value());
  CHECK_FALSE(RULE(jumps).has_value());
  CHECK_FALSE(RULE(unreached).has_value());
  CHECK_FALSE(RULE(grows).has_value());
  CHECK_FALSE(RULE(spoils).has_value());
  CHECK_FALSE(frame_rule_of_code({}, 0).has_value());
  const std::byte junk[] = {std::byte{0x06}, std::byte{0xff}, std::byte{0xff}};
  CHECK_FALSE(frame_rule_of_code(junk, 2).has_value());
  CHECK_FALSE(frame_rule_of_code(junk, 3).has_value());
}

TEST_CASE("a function on another stack is followed back by the register that kept the way") {
  const auto rule = RULE(switches, true);
  REQUIRE(rule.has_value());
  CHECK(rule->base == kDwarfFramePointer);
  CHECK(rule->leaves_stack);
  CHECK_FALSE(RULE(clobbers, true).has_value());
  CHECK(RULE(clobbers).has_value());
}

}  // namespace vdsotrace
