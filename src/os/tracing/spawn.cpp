#include "os/tracing/spawn.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "os/tracing/ptrace.hpp"
#include "os/tracing/ptrace_refusal.hpp"
#include "os/tracing/seccomp_filter.hpp"

namespace vdsotrace {
namespace {

struct User {
  uid_t uid;
  gid_t gid;
  std::string name;
};

/// All that the child needs, made before the fork: the child may allocate nothing
/// that could be locked, and what strace's users see as arguments is just this.
struct ChildPlan {
  std::string program;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::optional<User> user;
  const OwnSignals& signals;
  const std::vector<sock_filter>& filter;
  int go;
  int report;
};

Error why_not(const std::string& path, int code) {
  return {code, fmt::format("{}: {}", path, std::strerror(code)), {}};
}

/// Whether execve could work on that path, as far as is known beforehand.
std::optional<int> obstacle(const std::string& path) {
  struct stat facts;
  if (::stat(path.c_str(), &facts) != 0) return errno;
  if (S_ISDIR(facts.st_mode)) return EISDIR;
  if (!S_ISREG(facts.st_mode) || ::access(path.c_str(), X_OK) != 0) return EACCES;
  return std::nullopt;
}

}  // namespace

Result<std::string> find_program(const std::string& name) {
  if (name.empty()) return tl::unexpected(Error{ENOENT, "cannot run '': No such file or directory", {}});
  if (name.find('/') != std::string::npos) {
    if (const auto code = obstacle(name)) return tl::unexpected(why_not(name, *code));
    return name;
  }
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/bin:/usr/bin";
  int worst = ENOENT;
  for (bool more = true; more;) {
    const auto colon = rest.find(':');
    const auto folder = rest.substr(0, colon);
    const std::string candidate = folder.empty() ? name : fmt::format("{}/{}", folder, name);
    const auto code = obstacle(candidate);
    if (!code) return candidate;
    if (*code == EACCES) worst = EACCES;
    more = colon != std::string_view::npos;
    if (more) rest.remove_prefix(colon + 1);
  }
  Error error = why_not(name, worst);
  if (obstacle("./" + name) == std::nullopt) error.hint = fmt::format("for the file in this directory say ./{}", name);
  return tl::unexpected(std::move(error));
}

namespace {

Result<User> find_user(const std::string& name) {
  errno = 0;
  if (const passwd* entry = ::getpwnam(name.c_str())) return User{entry->pw_uid, entry->pw_gid, name};
  return fail(fmt::format("cannot find user '{}'", name));
}

bool has_capability(int number) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  return ::syscall(SYS_capget, &header, data) == 0 && (data[0].effective >> number & 1) != 0;
}

/// As setreuid(2) and setregid(2) judge.
bool may_become(const User& user) {
  uid_t uids[3];
  gid_t gids[3];
  ::getresuid(&uids[0], &uids[1], &uids[2]);
  ::getresgid(&gids[0], &gids[1], &gids[2]);
  return (std::ranges::count(uids, user.uid) > 0 || has_capability(CAP_SETUID)) &&
         (std::ranges::count(gids, user.gid) > 0 || has_capability(CAP_SETGID));
}

std::vector<std::string> edited_environment(const std::vector<std::string>& edits) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) result.emplace_back(*entry);
  for (const std::string& edit : edits) {
    const auto equals = edit.find('=');
    const std::string prefix = edit.substr(0, equals) + "=";
    const auto same = [&](const std::string& entry) { return entry.starts_with(prefix); };
    const auto found = std::find_if(result.begin(), result.end(), same);
    if (equals == std::string::npos) {
      std::erase_if(result, same);
    } else if (found != result.end()) {
      *found = edit;
    } else {
      result.push_back(edit);
    }
  }
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void give_up(int report) {
  const int code = errno;
  if (::write(report, &code, sizeof code) < 0) ::_exit(126);
  ::_exit(EXIT_FAILURE);
}

/// Runs in the child: only async-signal-safe calls.
[[noreturn]] void run_child(const ChildPlan& plan) {
  // Before anybody looks: each call from then on is two stops.
  plan.signals.restore_in_child();
  char go;
  // The tracer died or gave up when nothing arrives.
  if (::read(plan.go, &go, 1) != 1) ::_exit(127);
  if (plan.user) {
    if (::geteuid() == 0 && ::initgroups(plan.user->name.c_str(), plan.user->gid) != 0) give_up(plan.report);
    if (::setregid(plan.user->gid, plan.user->gid) != 0 || ::setreuid(plan.user->uid, plan.user->uid) != 0)
      give_up(plan.report);
  }
  if (!plan.filter.empty()) install_filter(plan.filter);
  ::execve(plan.program.c_str(), plan.arguments.data(), plan.environment.data());
  give_up(plan.report);
}

/// The program's process learns who traces it, and lets it (the Yama module, else EINVAL).
bool let_trace(int go, int report) {
  pid_t tracer = 0;
  if (::read(go, &tracer, sizeof tracer) != sizeof tracer) return false;
  ::prctl(PR_SET_PTRACER, static_cast<unsigned long>(tracer), 0, 0, 0);
  return ::write(report, &tracer, sizeof tracer) == sizeof tracer;
}

/// The tracer's side of it.
bool may_trace(int go, int report) {
  pid_t own = ::getpid();
  return ::write(go, &own, sizeof own) == sizeof own && ::read(report, &own, sizeof own) == sizeof own;
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// The pipes between the program's process, which waits, and the tracer.
struct Pipes {
  Pipe go;
  Pipe report;
};

Result<Pipes> make_pipes() {
  auto go = make_pipe();
  if (!go) return tl::unexpected(go.error());
  auto report = make_pipe();
  if (!report) return tl::unexpected(report.error());
  return Pipes{std::move(*go), std::move(*report)};
}

/// Forks twice and becomes the program; returns in the grandchild, with the number that the caller has had.
Result<pid_t> become_program(const ChildPlan& plan, Pipes& pipes, Daemonize how) {
  const pid_t program = ::getpid();
  const pid_t between = ::fork();
  if (between < 0) return fail(fmt::format("cannot fork: {}", std::strerror(errno)));
  if (between > 0) {
    pipes.go.write.reset();
    pipes.report.read.reset();
    // Nobody would wait for it later, and the program shall have no child that it does not know.
    ::waitpid(between, nullptr, 0);
    if (!let_trace(plan.go, plan.report)) ::_exit(127);
    run_child(plan);
  }
  if (::fork() != 0) ::_exit(0);
  if (how == Daemonize::group) ::setpgid(0, 0);
  if (how == Daemonize::session) ::setsid();
  plan.signals.renew_timers();
  pipes.report.write.reset();
  if (!may_trace(pipes.go.write.get(), pipes.report.read.get()))
    return fail("the process that was to run the program has ended");
  return program;
}

Result<pid_t> fork_child(const ChildPlan& plan, const Pipes& pipes) {
  const pid_t pid = ::fork();
  if (pid < 0) return fail(fmt::format("cannot fork: {}", std::strerror(errno)));
  if (pid > 0) return pid;
  // Else our own end would keep the child waiting after our death.
  ::close(pipes.go.write.get());
  run_child(plan);
}

}  // namespace

Result<SpawnedChild> SpawnedChild::start(const SpawnRequest& request, const OwnSignals& signals) {
  auto program = find_program(request.command.front());
  if (!program) return tl::unexpected(program.error());

  std::vector<std::string> arguments = request.command;
  std::vector<std::string> environment = edited_environment(request.environment);
  ChildPlan plan{*program, pointers_to(arguments), pointers_to(environment), {}, signals, request.filter, -1, -1};
  if (!request.user.empty()) {
    auto user = find_user(request.user);
    if (!user) return tl::unexpected(user.error());
    if (!may_become(*user))
      return fail(fmt::format("-u {}: only root may run a program as another user", request.user),
                  "run vdsotrace as root, or with CAP_SETUID and CAP_SETGID");
    plan.user = *user;
  }
  auto pipes = make_pipes();
  if (!pipes) return tl::unexpected(pipes.error());
  plan.go = pipes->go.read.get();
  plan.report = pipes->report.write.get();

  const bool daemonized = request.daemonize != Daemonize::no;
  const auto started = daemonized ? become_program(plan, *pipes, request.daemonize) : fork_child(plan, *pipes);
  if (!started) return tl::unexpected(started.error());
  const pid_t pid = *started;
  SpawnedChild child(pid, *program, std::move(pipes->go.write), std::move(pipes->report.read));
  if (auto seized = ptrace::seize(pid, ptrace::OnTracerDeath::kill, !request.filter.empty()); !seized) {
    Refusal refusal = refusal_of(refusal_facts(pid, seized.error().code, true));
    child.go_.reset();
    ::waitpid(pid, nullptr, 0);
    return fail(fmt::format("cannot trace process {}: {}", pid, refusal.why), std::move(refusal.hint),
                seized.error().code);
  }
  return child;
}

void SpawnedChild::begin() {
  const char go = 1;
  // A failure means that the child is dead already; its wait status will say.
  [[maybe_unused]] const ssize_t written = ::write(go_.get(), &go, 1);
  go_.reset();
}

Error SpawnedChild::failure() const {
  int code = 0;
  if (::read(report_.get(), &code, sizeof code) != sizeof code)
    return {0, fmt::format("{}: it ended before it could be run", program_), {}};
  return why_not(program_, code);
}

}  // namespace vdsotrace
