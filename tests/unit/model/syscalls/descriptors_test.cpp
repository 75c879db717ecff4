// What descriptors refer to, asked of the kernel about ourselves.
#include "os/proc/descriptors.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "os/procfs.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

constexpr DescriptorDetails kAll{true, true, true, true};

DescriptorFacts facts_of(int fd) { return ProcessDescriptors(::getpid(), kAll, {}).look_up(fd); }

}  // namespace

TEST_CASE("files, devices and processes are known by /proc/PID/fd") {
  if (!procfs::trusted()) return;
  const UniqueFd null(::open("/dev/null", O_RDONLY));
  const DescriptorFacts device = facts_of(null.get());
  CHECK(device.path == "/dev/null");
  REQUIRE(device.device);
  CHECK(device.device->major == 1);
  CHECK(device.device->minor == 3);
  const UniqueFd memory(::memfd_create("ours", 0));
  CHECK(facts_of(memory.get()).path == "/memfd:ours");
  CHECK(facts_of(memory.get()).deleted);
  CHECK(facts_of(1 << 20).path.empty());
  CHECK(facts_of(kCurrentDirectory).path.starts_with('/'));
  if (const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))); process)
    CHECK(facts_of(process.get()).process == ::getpid());
}

TEST_CASE("only what the kernel put behind a name means that it is gone") {
  if (!procfs::trusted()) return;
  const std::string name = fmt::format("/tmp/vdsotrace-unit-{} (deleted)", ::getpid());
  const UniqueFd file(::open(name.c_str(), O_CREAT | O_RDWR, 0600));
  REQUIRE(file);
  CHECK(facts_of(file.get()).path == name);
  CHECK_FALSE(facts_of(file.get()).deleted);
  ::unlink(name.c_str());
  CHECK(facts_of(file.get()).path == name);
  CHECK(facts_of(file.get()).deleted);
}

TEST_CASE("sockets are known by the kernel's diagnosis") {
  if (!procfs::trusted()) return;
  const UniqueFd server(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(server.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(server.get(), 1) == 0);
  REQUIRE(::getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const DescriptorFacts facts = facts_of(server.get());
  REQUIRE(facts.socket);
  CHECK(facts.socket->protocol == "TCP");
  // Without sock_diag no address is known.
  if (!facts.socket->local.empty()) CHECK(facts.socket->local == fmt::format("127.0.0.1:{}", ntohs(address.sin_port)));
  CHECK(facts.socket->remote.empty());
}

TEST_CASE("the ends of a socket pair know each other") {
  if (!procfs::trusted()) return;
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const UniqueFd one(ends[0]);
  const UniqueFd other(ends[1]);
  const DescriptorFacts facts = facts_of(one.get());
  REQUIRE(facts.socket);
  CHECK(facts.socket->protocol.starts_with("UNIX"));
  if (facts.socket->peer != 0) CHECK(facts_of(other.get()).path == fmt::format("socket:[{}]", facts.socket->peer));
}
