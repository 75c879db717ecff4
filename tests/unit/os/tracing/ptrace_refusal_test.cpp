#include "os/tracing/ptrace_refusal.hpp"

#include <cerrno>

#include "support/catch.hpp"

namespace vdsotrace {
namespace {

RefusalFacts denied(int code = EPERM) {
  RefusalFacts facts;
  facts.code = code;
  facts.our_user = 1000;
  facts.user = 1000;
  return facts;
}

}  // namespace

TEST_CASE("each reason why ptrace is refused has its words and its hint") {
  RefusalFacts facts = denied();
  CHECK(refusal_of(facts).why == "Operation not permitted");
  CHECK(refusal_of(facts).hint == "attach as root or with CAP_SYS_PTRACE");
  facts.undumpable = true;
  CHECK(refusal_of(facts).hint == "it is not dumpable (prctl PR_SET_DUMPABLE): attach as root or with CAP_SYS_PTRACE");
  facts.more_capable = true;
  CHECK(refusal_of(facts).hint == "it has capabilities that vdsotrace has not: attach as root or with CAP_SYS_PTRACE");
  for (const char* scope : {"1", "2"}) {
    facts.yama_scope = scope;
    CHECK(refusal_of(facts).hint ==
          "kernel.yama.ptrace_scope is " + std::string(scope) + ": attach as root or with CAP_SYS_PTRACE");
  }
  facts.user = 0;
  CHECK(refusal_of(facts).hint == "it belongs to user 0: attach as that user, as root, or with CAP_SYS_PTRACE");
  facts.yama_scope = "3";
  CHECK(refusal_of(facts).hint == "kernel.yama.ptrace_scope is 3: nobody may attach until the next boot");
}

TEST_CASE("of a process that has ended nothing else is said") {
  RefusalFacts facts = denied();
  facts.ended = true;
  facts.privileged = facts.is_child = true;
  CHECK(refusal_of(facts).why == "it has ended");
  CHECK(refusal_of(facts).hint.empty());
}

TEST_CASE("to root a lack of privilege is that of a container, or another user namespace") {
  RefusalFacts facts = denied();
  facts.our_user = facts.user.emplace(0);
  CHECK(refusal_of(facts).hint.starts_with("attach with CAP_SYS_PTRACE; let the container's runtime"));
  CHECK(refusal_of(facts).hint.find("docker run --cap-add SYS_PTRACE") != std::string::npos);
  CHECK(refusal_of(facts).hint.find("securityContext.capabilities.add: [SYS_PTRACE]") != std::string::npos);
  facts.privileged = true;
  CHECK(refusal_of(facts).hint == "this takes CAP_SYS_PTRACE in the user namespace of that process");
}

TEST_CASE("a program that we start is judged as our child") {
  RefusalFacts facts = denied();
  facts.is_child = true;
  facts.yama_scope = "1";  // lets parents trace
  CHECK(refusal_of(facts).hint == "run vdsotrace as root or with CAP_SYS_PTRACE");
  facts.yama_scope = "2";
  CHECK(refusal_of(facts).hint == "kernel.yama.ptrace_scope is 2: run vdsotrace as root or with CAP_SYS_PTRACE");
  facts.tracer = 7;
  facts.tracer_name = "strace";
  CHECK(refusal_of(facts).why == "already traced by process 7 (strace)");
  CHECK(refusal_of(facts).hint == "it follows the children of vdsotrace: run vdsotrace without it");
}

TEST_CASE("a tracer, a filter and a security module come before privilege") {
  RefusalFacts facts = denied(EACCES);
  CHECK(refusal_of(facts).why == "a security module forbids it (Permission denied)");
  facts.selinux_deny = "1 1";
  CHECK(refusal_of(facts).why == "SELinux forbids ptrace (Permission denied)");
  CHECK(refusal_of(facts).hint == "its boolean deny_ptrace is on: setsebool deny_ptrace off");
  facts.tracer = 7;
  CHECK(refusal_of(facts).why == "already traced by process 7");
  CHECK(refusal_of(facts).hint == "a process can have one tracer only: end that one first");
  facts.filtered = true;
  CHECK(refusal_of(facts).why == "a seccomp filter forbids ptrace (Permission denied)");
  CHECK(refusal_of(facts).hint.find("--cap-add SYS_PTRACE") != std::string::npos);
  RefusalFacts missing = denied(ENOSYS);
  CHECK(refusal_of(missing).why == "Function not implemented");
  CHECK(refusal_of(missing).hint.empty());
}

}  // namespace vdsotrace
