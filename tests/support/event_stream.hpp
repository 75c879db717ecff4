// Events made by hand, and the text that sinks make of them.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "model/syscalls/spec.hpp"
#include "output/output.hpp"
#include "support/catch.hpp"
#include "vdsotrace/event.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace::testing {

inline std::string text_in(const std::string& path) {
  std::string all;
  std::FILE* file = std::fopen(path.c_str(), "r");
  REQUIRE(file != nullptr);
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) all.push_back(static_cast<char>(c));
  std::fclose(file);
  return all;
}

/// A file that is read back and removed.
class Scratch {
 public:
  Scratch() {
    path_ = "/tmp/vdsotrace-unit-XXXXXX";
    const int fd = ::mkstemp(path_.data());
    REQUIRE(fd >= 0);
    ::close(fd);
    output = *Output::file(path_, false);
  }
  ~Scratch() { ::unlink(path_.c_str()); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& path() const { return path_; }

  std::string text() {
    output->flush();
    return text_in(path_);
  }

  std::shared_ptr<Output> output;

 private:
  std::string path_;
};

constexpr pid_t kPid = 100;
constexpr std::int64_t kTime = 1'619'316'657'828'106'000;

inline Event event(Event::Body body, pid_t tid = kPid, std::int64_t time_ns = kTime) {
  Event made;
  made.seq = 1;
  made.time_ns = time_ns;
  made.pid = kPid;
  made.tid = tid;
  made.body = std::move(body);
  return made;
}

/// A call that is still running.
inline Call running(std::string_view name, std::array<std::uint64_t, 6> args) {
  Call call;
  call.nr = number_of(Abi::x86_64, name);
  call.name = name;
  call.args = args;
  call.start_ns = kTime;
  call.engine = "breakpoint";
  return call;
}

inline Call returned(Call call, std::int64_t result) {
  call.ending = Ending::returned;
  call.result = result;
  call.error = result < 0 ? static_cast<int>(-result) : 0;
  return call;
}

template <class T>
void note(Capture& capture, std::uint64_t address, const T& value) {
  capture.note(address, std::as_bytes(std::span(&value, 1)));
}

/// clock_gettime(CLOCK_MONOTONIC, {1, 2}) = 0 by that route.
inline Call clock_call(Route route) {
  Call call = returned(running("clock_gettime", {1, 0x1000}), 0);
  note(call.at_exit, 0x1000, timespec{1, 2});
  call.route = route;
  call.symbol = route == Route::syscall ? "" : "__vdso_clock_gettime";
  return call;
}

}  // namespace vdsotrace::testing
