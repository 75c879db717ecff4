// Calls of all plans of pointees, and memory for their pointers.
#pragma once

#include <algorithm>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "model/syscalls/pointees.hpp"
#include "model/syscalls/render.hpp"
#include "model/syscalls/spec.hpp"
#include "vdsotrace/argument_sets.hpp"

namespace vdsotrace::testing {

inline std::uint64_t some_argument(std::mt19937& random);

/// A piece of memory that begins and ends at an address, with something unreadable around it.
class Piece final : public Memory {
 public:
  static constexpr std::uint64_t kStart = 0x10000;
  static constexpr std::size_t kSize = 16384;
  /// Where addresses and lengths lie one behind the other.
  static constexpr std::size_t kVectorsAt = 4096, kVectors = 80;
  /// And messages with such vectors.
  static constexpr std::size_t kMessagesAt = 6144, kMessages = 24;

  explicit Piece(std::mt19937& random) : bytes_(&some_image(random)) {}
  /// As a kernel does when it fills buffers, everywhere.
  void change(std::mt19937& random) { bytes_ = &some_image(random); }
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
    if (address < kStart || address >= kStart + kSize) return 0;
    const std::size_t size = std::min<std::size_t>(into.size(), kStart + kSize - address);
    std::ranges::copy_n(bytes_->begin() + static_cast<std::ptrdiff_t>(address - kStart),
                        static_cast<std::ptrdiff_t>(size), into.begin());
    return size;
  }

 private:
  using Image = std::vector<std::byte>;

  static void put(Image& image, std::size_t at, std::uint64_t word) { std::memcpy(&image[at], &word, sizeof word); }

  /// struct msghdr
  static void put_message(Image& image, std::size_t at, std::mt19937& random) {
    const std::uint64_t words[] = {some_argument(random), random() % 40,  some_argument(random), random() % 8,
                                   some_argument(random), random() % 100, random() % 4};
    for (const std::uint64_t word : words) put(image, std::exchange(at, at + sizeof word), word);
  }

  static Image make_image(std::mt19937& random) {
    Image image(kSize);
    for (std::byte& byte : image) {
      const auto value = random();
      // Small numbers come often: lengths, counts, NULs.
      byte = static_cast<std::byte>(value % 4 == 0 ? 0 : value % 4 == 1 ? value / 4 % 40 : value / 4);
    }
    for (std::size_t i = 0; i < kVectors; ++i) {
      put(image, kVectorsAt + i * 16, some_argument(random));
      put(image, kVectorsAt + i * 16 + 8, random() % 4 == 0 ? 0 : random() % 70);
    }
    for (std::size_t i = 0; i < kMessages; ++i) put_message(image, kMessagesAt + i * 64, random);
    // Text without a NUL, longer than what is read of it at once.
    std::fill_n(image.begin() + kSize / 2, 5000, std::byte{'a'});
    return image;
  }
  /// The same for all tests, whichever begins.
  static const Image& some_image(std::mt19937& random) {
    static const std::vector<Image> kImages = [] {
      std::mt19937 of_images(3);
      return std::vector<Image>{make_image(of_images), make_image(of_images), make_image(of_images)};
    }();
    return kImages[random() % kImages.size()];
  }

  const Image* bytes_;
};

inline std::uint64_t some_argument(std::mt19937& random) {
  switch (random() % 12) {
    case 0: return 0;
    case 1: return random() % 4096;
    case 2: return 0xffffffff00000000 | random();
    case 3: return 0x7000 + random() % 64;                              // unreadable
    case 4: return Piece::kStart + Piece::kSize - random() % 300;       // ends soon
    case 5: return Piece::kStart + Piece::kSize / 2 + random() % 5000;  // long text
    case 6: return random() % 40;
    case 9:
    case 10: return Piece::kStart + Piece::kMessagesAt + random() % Piece::kMessages * 64;
    case 7:
    case 8: return Piece::kStart + Piece::kVectorsAt + random() % Piece::kVectors * 16;
    default: return Piece::kStart + random() % (Piece::kSize / 2);
  }
}

inline std::int64_t some_result(std::mt19937& random) {
  switch (random() % 7) {
    case 0: return 0;
    case 4: return -512 - static_cast<std::int64_t>(random() % 5);  // ERESTARTSYS and its kin
    case 1: return -static_cast<std::int64_t>(random() % 133) - 1;
    case 2: return random() % 100000;
    case 3: return 1;
    default: return random() % 64;
  }
}

/// Levels whose options are shown as more than bytes, and options that there are.
inline std::uint64_t some_option_value(std::size_t argument, std::mt19937& random) {
  constexpr std::uint32_t kLevels[] = {SOL_SOCKET, SOL_SOCKET, SOL_IP, SOL_IPV6, SOL_TCP, SOL_PACKET, SOL_NETLINK, 255};
  switch (argument) {
    case 1: return kLevels[random() % std::size(kLevels)];
    case 2: return 1 + random() % 76;
    default: return random() % 4 == 0 ? random() % 300 : random() % 24;
  }
}

/// What makes it a call that such a plan is for.
inline void choose(const PointeeChoice& choice, std::array<std::uint64_t, 6>& args, std::mt19937& random) {
  if (choice.mask == 0 || choice.is_for_others) return;
  const std::uint64_t chosen = choice.values[random() % choice.count] & UINT32_MAX;
  args[choice.argument] = (some_argument(random) & ~std::uint64_t{choice.mask}) | chosen;
}

inline Call some_call(const PointeePlan& plan, std::mt19937& random) {
  Call call;
  call.nr = number_of(Abi::x86_64, plan.name);
  call.name = plan.name;
  for (std::uint64_t& argument : call.args) argument = some_argument(random);
  choose(plan.choice, call.args, random);
  if (!plan.name.ends_with("sockopt")) return call;
  do {
    for (const std::size_t argument : {1, 2}) call.args[argument] = some_option_value(argument, random);
    if (plan.name == "setsockopt") call.args[4] = some_option_value(4, random);
  } while (pointee_plan(call.nr, call.args) == nullptr);
  return call;
}

inline std::string text_of(const Call& call, const DecodeLimits& limits) {
  const CallText text = render(call, limits);
  return fmt::format("{}({}) = {}", call.name, text.arguments(), text.result());
}

/// In turn: as by default, no strings, long ones, everything in full.
inline DecodeLimits limits_of(int round) {
  static const ArgumentSets kInFull = [] {
    std::vector<std::string> expressions{"abbrev=none"};
    return ArgumentSets::take(expressions).value();
  }();
  DecodeLimits limits;
  if (round % 4 == 1) limits.string = 0;
  if (round % 4 == 2) limits.string = 1000;
  if (round % 4 == 3) limits.sets = &kInFull;
  return limits;
}

}  // namespace vdsotrace::testing
