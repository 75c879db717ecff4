// Calls on files; expected lines are strace 6.1's.
#include <fcntl.h>
#include <sys/stat.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kPath = 0x10000;
constexpr std::uint64_t kData = 0x20000;
constexpr std::uint64_t kMore = 0x30000;
constexpr auto kCwd = static_cast<std::uint64_t>(AT_FDCWD);

std::string with_path(std::string_view name, std::vector<std::uint64_t> args, std::int64_t result) {
  return DecodedCall(name, std::move(args)).put(kPath, "/tmp/a").leave(result).line();
}

TEST_CASE("open shows its mode only if it creates") {
  CHECK(with_path("openat", {kCwd, kPath, O_RDONLY | O_CLOEXEC, 0644}, 3) ==
        R"(openat(AT_FDCWD, "/tmp/a", O_RDONLY|O_CLOEXEC) = 3)");
  CHECK(with_path("openat", {kCwd, kPath, O_RDWR | O_CREAT | O_TRUNC, 0644}, 3) ==
        R"(openat(AT_FDCWD, "/tmp/a", O_RDWR|O_CREAT|O_TRUNC, 0644) = 3)");
  CHECK(with_path("open", {kPath, O_RDWR | O_TMPFILE, 0600}, 3) == R"(open("/tmp/a", O_RDWR|O_TMPFILE, 0600) = 3)");
  CHECK(with_path("open", {kPath, O_DIRECTORY, 0600}, -2) ==
        R"(open("/tmp/a", O_RDONLY|O_DIRECTORY) = -1 ENOENT (No such file or directory))");
  CHECK(with_path("openat", {kCwd, kPath, 0xffffffff, 0xffffffff}, -2) ==
        "openat(AT_FDCWD, \"/tmp/a\", O_ACCMODE|O_CREAT|O_EXCL|O_NOCTTY|O_TRUNC|O_APPEND|O_NONBLOCK|"
        "O_SYNC|O_DIRECT|O_LARGEFILE|O_NOFOLLOW|O_NOATIME|O_CLOEXEC|O_PATH|O_TMPFILE|FASYNC|"
        "0xff80003c, 0177777) = -1 ENOENT (No such file or directory)");
}

TEST_CASE("openat2 shows what lies behind the structure it knows") {
  using How = std::array<std::uint64_t, 3>;
  DecodedCall call("openat2", {kCwd, kPath, kData, 32});
  call.put(kPath, "a").put(kData, How{O_CLOEXEC, 0, 0}).put(kData + 24, std::uint64_t{5});
  CHECK(call.leave(-7).line() == R"(openat2(AT_FDCWD, "a", {flags=O_RDONLY|O_CLOEXEC, resolve=0, /* bytes 24..31 */ )"
                                 R"("\x05\x00\x00\x00\x00\x00\x00\x00"}, 32) = -1 E2BIG (Argument list too long))");
  DecodedCall small("openat2", {kCwd, kPath, kData, 16});
  small.put(kPath, "a").put(kData, How{});
  CHECK(small.leave(-22).line() == R"(openat2(AT_FDCWD, "a", 0x20000, 16) = -1 EINVAL (Invalid argument))");
}

TEST_CASE("stat shows the mode and the size, or the device") {
  struct stat st {};
  st.st_mode = S_IFREG | 0644;
  st.st_size = 123;
  DecodedCall file("newfstatat", {kCwd, kPath, kData, 0});
  CHECK(file.put(kPath, "/tmp/a").enter().put(kData, st).leave(0).line() ==
        R"(newfstatat(AT_FDCWD, "/tmp/a", {st_mode=S_IFREG|0644, st_size=123, ...}, 0) = 0)");
  st.st_mode = S_IFCHR | 0666;
  st.st_rdev = 0x103;
  DecodedCall device("fstat", {1, kData});
  CHECK(device.put(kData, st).leave(0).line() ==
        "fstat(1, {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}) = 0");
  st.st_mode = S_IFDIR | S_ISVTX | 0777;
  DecodedCall link("lstat", {kPath, kData});
  CHECK(link.put(kPath, "/tmp").put(kData, st).leave(0).line() ==
        R"(lstat("/tmp", {st_mode=S_IFDIR|S_ISVTX|0777, st_size=123, ...}) = 0)");
}

TEST_CASE("statx") {
  struct statx stx {};
  stx.stx_mask = STATX_ALL | STATX_MNT_ID;
  stx.stx_mode = S_IFREG | 0644;
  stx.stx_size = 1271;
  DecodedCall call("statx", {kCwd, kPath, 0, 0xfff, kData});
  CHECK(call.put(kPath, "/etc/passwd").put(kData, stx).leave(0).line() ==
        R"(statx(AT_FDCWD, "/etc/passwd", AT_STATX_SYNC_AS_STAT, STATX_ALL, )"
        "{stx_mask=STATX_ALL|STATX_MNT_ID, stx_attributes=0, stx_mode=S_IFREG|0644, "
        "stx_size=1271, ...}) = 0");
  CHECK(with_path("statx", {kCwd, kPath, 0x900, 0, kData}, -2) ==
        R"(statx(AT_FDCWD, "/tmp/a", AT_STATX_SYNC_AS_STAT|AT_SYMLINK_NOFOLLOW|AT_NO_AUTOMOUNT, 0, )"
        "0x20000) = -1 ENOENT (No such file or directory)");
  DecodedCall raw("statx", {kCwd, kPath, 0x900, 0, kData});
  CHECK(args_of(raw.put(kPath, "a").constants(ConstantStyle::raw).leave(-2).text()).at(2) == "|0x900");
  DecodedCall synced("statx", {kCwd, kPath, AT_STATX_DONT_SYNC, 0, kData});
  CHECK(args_of(synced.put(kPath, "a").constants(ConstantStyle::raw).leave(-2).text()).at(2) == "0x4000");
}

TEST_CASE("scatter lists show what they gather") {
  using Iovec = std::array<std::uint64_t, 2>;
  DecodedCall write("writev", {3, kData, 2});
  write.put(kData, Iovec{kPath, 3}).put(kData + 16, Iovec{0, 0}).put(kPath, "abc");
  CHECK(write.leave(3).line() == R"(writev(3, [{iov_base="abc", iov_len=3}, {iov_base=NULL, iov_len=0}], 2) = 3)");

  DecodedCall read("readv", {3, kData, 2});
  read.put(kData, Iovec{kPath, 2}).put(kData + 16, Iovec{kMore, 10});
  read.enter().put(kPath, "abc").put(kMore, "defghijklm").leave(5);
  CHECK(read.line() == R"(readv(3, [{iov_base="ab", iov_len=2}, {iov_base="def", iov_len=10}], 2) = 5)");

  DecodedCall failed("readv", {3, kData, 1});
  failed.put(kData, Iovec{kPath, 2}).leave(-9);
  CHECK(failed.line() == "readv(3, [{iov_base=0x10000, iov_len=2}], 1) = -1 EBADF (Bad file descriptor)");
  CHECK(line_of("writev", {3, kData, UINT64_MAX}, -22) ==
        "writev(3, 0x20000, 18446744073709551615) = -1 EINVAL (Invalid argument)");
  CHECK(line_of("writev", {3, kData, 0}, 0) == "writev(3, [], 0) = 0");
}

TEST_CASE("a long list is cut like a string") {
  using Iovec = std::array<std::uint64_t, 2>;
  DecodedCall call("writev", {3, kData, 3});
  call.strings(2);
  for (std::uint64_t i = 0; i < 3; ++i) call.put(kData + 16 * i, Iovec{0, i});
  CHECK(call.leave(0).line() == "writev(3, [{iov_base=NULL, iov_len=0}, {iov_base=NULL, iov_len=1}, ...], 3) = 0");
}

TEST_CASE("directory entries are counted") {
  const auto entry = [](std::uint16_t size) {
    std::array<std::byte, 24> bytes{};
    std::memcpy(bytes.data() + 16, &size, sizeof size);
    return bytes;
  };
  DecodedCall call("getdents64", {5, kData, 32768});
  call.enter().put(kData, entry(24)).put(kData + 24, entry(24));
  CHECK(call.leave(48).line() == "getdents64(5, 0x20000 /* 2 entries */, 32768) = 48");
  DecodedCall hostile("getdents64", {5, kData, 32768});
  CHECK(hostile.put(kData, entry(0)).leave(24).line() == "getdents64(5, 0x20000 /* 0 entries */, 32768) = 24");
}

TEST_CASE("readlink shows as much as the kernel wrote") {
  DecodedCall call("readlink", {kPath, kData, 100});
  CHECK(call.put(kPath, "/proc/self/exe").put(kData, "/bin/cat and more").leave(8).line() ==
        R"(readlink("/proc/self/exe", "/bin/cat", 100) = 8)");
}

TEST_CASE("fcntl's argument and result are what its command says") {
  CHECK(line_of("fcntl", {3, F_GETFD, 77}, 1) == "fcntl(3, F_GETFD) = 0x1 (flags FD_CLOEXEC)");
  CHECK(line_of("fcntl", {3, F_GETFD, 77}, 0) == "fcntl(3, F_GETFD) = 0");
  CHECK(line_of("fcntl", {3, F_SETFD, 1}, 0) == "fcntl(3, F_SETFD, FD_CLOEXEC) = 0");
  CHECK(line_of("fcntl", {3, F_GETFL, 0}, 0x8002) == "fcntl(3, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)");
  CHECK(line_of("fcntl", {3, F_DUPFD_CLOEXEC, 20}, 20) == "fcntl(3, F_DUPFD_CLOEXEC, 20) = 20");
  CHECK(line_of("fcntl", {3, F_GETSIG, 0}, 10) == "fcntl(3, F_GETSIG) = 10 (SIGUSR1)");
  CHECK(line_of("fcntl", {3, 999, 7}, -22) == "fcntl(3, 0x3e7 /* F_??? */, 0x7) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("fcntl's locks are read before the call or after it") {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_len = 10;
  DecodedCall set("fcntl", {3, F_SETLK, kData});
  CHECK(set.put(kData, lock).enter().put(kData, flock{}).leave(0).line() ==
        "fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=10}) = 0");
  DecodedCall get("fcntl", {3, F_GETLK, kData});
  get.put(kData, lock).enter();
  CHECK(get.beginning().beginning() == "3, F_GETLK, ");
  lock.l_type = F_UNLCK;
  CHECK(get.put(kData, lock).leave(0).line() ==
        "fcntl(3, F_GETLK, {l_type=F_UNLCK, l_whence=SEEK_SET, l_start=0, l_len=10, l_pid=0}) = 0");
}

TEST_CASE("mknod shows a device only for devices") {
  CHECK(with_path("mknod", {kPath, S_IFREG | 0644, 5}, 0) == R"(mknod("/tmp/a", S_IFREG|0644) = 0)");
  CHECK(with_path("mknod", {kPath, S_IFCHR | 0644, 0x103}, 0) ==
        R"(mknod("/tmp/a", S_IFCHR|0644, makedev(0x1, 0x3)) = 0)");
  CHECK(with_path("mknod", {kPath, 0170000, 0}, -22) == R"(mknod("/tmp/a", 0170000) = -1 EINVAL (Invalid argument))");
}

TEST_CASE("mount looks at type and data only if the kernel does") {
  const auto mount = [](std::uint64_t flags) {
    DecodedCall call("mount", {kPath, kPath, kData, flags, kMore});
    return call.put(kPath, "/s").put(kData, "ext4").put(kMore, "ro").leave(0).line();
  };
  CHECK(mount(0xb) == R"(mount("/s", "/s", "ext4", MS_RDONLY|MS_NOSUID|MS_NOEXEC, "ro") = 0)");
  CHECK(mount(0x5000) == R"(mount("/s", "/s", 0x20000, MS_BIND|MS_REC, 0x30000) = 0)");
  CHECK(mount(0x20) == R"(mount("/s", "/s", 0x20000, MS_REMOUNT, "ro") = 0)");
  CHECK(mount(0xc0ed0000) == R"(mount("/s", "/s", "ext4", MS_MGC_VAL, "ro") = 0)");
  CHECK(mount(0xc0ed0001) == R"(mount("/s", "/s", "ext4", MS_MGC_VAL|MS_RDONLY, "ro") = 0)");
}

TEST_CASE("an attribute loses the NUL that ends it") {
  DecodedCall call("getxattr", {kPath, kMore, kData, 100});
  call.put(kPath, "f").put(kMore, "user.a").put(kData, "val").leave(4);
  CHECK(call.line() == R"(getxattr("f", "user.a", "val", 100) = 4)");
  DecodedCall size("listxattr", {kPath, kData, 0});
  CHECK(size.put(kPath, "f").leave(14).line() == R"(listxattr("f", 0x20000, 0) = 14)");
}

TEST_CASE("times for a file have their date behind them") {
  using Times = std::array<timespec, 2>;
  DecodedCall call("utimensat", {kCwd, kPath, kData, 0});
  call.put(kPath, "f").put(kData, Times{timespec{0, UTIME_NOW}, timespec{0, UTIME_OMIT}});
  CHECK(call.leave(0).line() == R"(utimensat(AT_FDCWD, "f", [UTIME_NOW, UTIME_OMIT], 0) = 0)");
  CHECK(args_of(call.constants(ConstantStyle::verbose).text()).at(2) ==
        "[{tv_sec=0, tv_nsec=1073741823} /* UTIME_NOW */, {tv_sec=0, tv_nsec=1073741822} /* UTIME_OMIT */]");
  DecodedCall zero("utimensat", {kCwd, kPath, kData, 0});
  zero.put(kPath, "f").put(kData, Times{});
  CHECK(zero.leave(0).line() == R"(utimensat(AT_FDCWD, "f", [{tv_sec=0, tv_nsec=0}, {tv_sec=0, tv_nsec=0}], 0) = 0)");
  DecodedCall half("utimensat", {kCwd, kPath, kData, 0});
  half.put(kPath, "f").put(kData, timespec{0, 0});
  CHECK(half.leave(-14).line() == fmt::format("utimensat(AT_FDCWD, \"f\", {:#x}, 0) = -1 EFAULT (Bad address)", kData));
}

TEST_CASE("file handles before and after") {
  struct Handle {
    std::uint32_t bytes;
    std::int32_t type;
    std::array<unsigned char, 4> data;
  };
  DecodedCall call("name_to_handle_at", {kCwd, kPath, kData, kMore, 0});
  call.put(kPath, "/tmp").put(kData, Handle{128, 0, {}}).enter();
  call.put(kData, Handle{4, 1, {0x1a, 0xc5, 3, 0}}).put(kMore, 27).leave(0);
  CHECK(call.line() == R"(name_to_handle_at(AT_FDCWD, "/tmp", {handle_bytes=128 => 4, handle_type=1, )"
                       R"(f_handle="\x1a\xc5\x03\x00"}, [27], 0) = 0)");
}

TEST_CASE("a name of memory is shown as far as the kernel takes it") {
  constexpr std::uint64_t kName = 0x40000;
  const auto shown = [](std::size_t limit, std::size_t length) {
    DecodedCall call("memfd_create", {kName, 0});
    return call.put(kName, std::string(length, 'a')).strings(limit).leave(3).line();
  };
  CHECK(shown(32, 40) == fmt::format("memfd_create(\"{}\"..., 0) = 3", std::string(32, 'a')));
  CHECK(shown(256, 40) == fmt::format("memfd_create(\"{}\", 0) = 3", std::string(40, 'a')));
  CHECK(shown(256, 300) == fmt::format("memfd_create(\"{}\"..., 0) = 3", std::string(250, 'a')));
  CHECK(line_of("memfd_create", {kName, 0}, -14) == "memfd_create(0x40000, 0) = -1 EFAULT (Bad address)");
}

TEST_CASE("a value of an attribute that is too long is not read") {
  const std::array<char, 64> value{'a'};
  DecodedCall call("fsetxattr", {3, kPath, kData, 65537, 0});
  CHECK(call.put(kPath, "user.a").put(kData, value).leave(-7).line() ==
        R"(fsetxattr(3, "user.a", 0x20000, 65537, 0) = -1 E2BIG (Argument list too long))");
}

TEST_CASE("a parameter of a file system is shown as far as the kernel reads it") {
  const std::string key(256, 'k');
  DecodedCall call("fsconfig", {3, 0, kPath, 0, 0});
  CHECK(call.put(kPath, key + "more").strings(1000).leave(-22).line() ==
        fmt::format(R"(fsconfig(3, FSCONFIG_SET_FLAG, "{}"..., NULL, 0) = -1 EINVAL (Invalid argument))", key));
  DecodedCall binary("fsconfig", {3, 2, 0, kData, 0xffffffff});
  CHECK(binary.put(kData, std::uint64_t{0}).leave(-22).line() ==
        "fsconfig(3, FSCONFIG_SET_BINARY, NULL, 0x20000, -1) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("swapon says its priority") {
  CHECK(with_path("swapon", {kPath, 0x8000}, -2) ==
        R"(swapon("/tmp/a", SWAP_FLAG_PREFER|0) = -1 ENOENT (No such file or directory))");
  CHECK(with_path("swapon", {kPath, 0x18007}, 0) == R"(swapon("/tmp/a", SWAP_FLAG_PREFER|SWAP_FLAG_DISCARD|7) = 0)");
}

TEST_CASE("an offset is a size") {
  DecodedCall call("sendfile", {4, 5, kData, 1});
  CHECK(call.put(kData, ~std::uint64_t{0}).leave(-22).line() ==
        "sendfile(4, 5, [18446744073709551615], 1) = -1 EINVAL (Invalid argument)");
  DecodedCall moved("sendfile", {4, 5, kData, 1});
  moved.put(kData, std::uint64_t{7}).enter();
  CHECK(moved.put(kData, std::uint64_t{8}).leave(1).line() == "sendfile(4, 5, [7] => [8], 1) = 1");
}

}  // namespace
}  // namespace vdsotrace::testing
