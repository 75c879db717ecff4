#include "model/syscalls/process/keys.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "model/syscalls/kinds_common.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

constexpr NamedValue kKeyrings[] = {
    {0xffffffff, "KEY_SPEC_THREAD_KEYRING"}, {0xfffffffe, "KEY_SPEC_PROCESS_KEYRING"},
    {0xfffffffd, "KEY_SPEC_SESSION_KEYRING"}, {0xfffffffc, "KEY_SPEC_USER_KEYRING"},
    {0xfffffffb, "KEY_SPEC_USER_SESSION_KEYRING"}, {0xfffffffa, "KEY_SPEC_GROUP_KEYRING"},
    {0xfffffff9, "KEY_SPEC_REQKEY_AUTH_KEY"}, {0xfffffff8, "KEY_SPEC_REQUESTOR_KEYRING"}};

constexpr NamedValue kKeyctlNames[] = {
    {0, "KEYCTL_GET_KEYRING_ID"}, {1, "KEYCTL_JOIN_SESSION_KEYRING"}, {2, "KEYCTL_UPDATE"},
    {3, "KEYCTL_REVOKE"}, {4, "KEYCTL_CHOWN"}, {5, "KEYCTL_SETPERM"}, {6, "KEYCTL_DESCRIBE"},
    {7, "KEYCTL_CLEAR"}, {8, "KEYCTL_LINK"}, {9, "KEYCTL_UNLINK"}, {10, "KEYCTL_SEARCH"},
    {11, "KEYCTL_READ"}, {12, "KEYCTL_INSTANTIATE"}, {13, "KEYCTL_NEGATE"},
    {14, "KEYCTL_SET_REQKEY_KEYRING"}, {15, "KEYCTL_SET_TIMEOUT"}, {16, "KEYCTL_ASSUME_AUTHORITY"},
    {17, "KEYCTL_GET_SECURITY"}, {18, "KEYCTL_SESSION_TO_PARENT"}, {19, "KEYCTL_REJECT"},
    {20, "KEYCTL_INSTANTIATE_IOV"}, {21, "KEYCTL_INVALIDATE"}, {22, "KEYCTL_GET_PERSISTENT"},
    {23, "KEYCTL_DH_COMPUTE"}, {24, "KEYCTL_PKEY_QUERY"}, {25, "KEYCTL_PKEY_ENCRYPT"},
    {26, "KEYCTL_PKEY_DECRYPT"}, {27, "KEYCTL_PKEY_SIGN"}, {28, "KEYCTL_PKEY_VERIFY"},
    {29, "KEYCTL_RESTRICT_KEYRING"}, {30, "KEYCTL_MOVE"}, {31, "KEYCTL_CAPABILITIES"},
    {32, "KEYCTL_WATCH_KEY"}};
constexpr NameTable kKeyctl{kKeyctlNames, "KEYCTL_???"};

/// What each argument behind the operation is: 'k' key, 's' string, 'p' address, 'z' size,
/// 'd' int, 'i' user or group id, 'u' unsigned, 'x' hexadecimal.
struct Shape {
  std::uint32_t operation;
  std::string_view arguments;
};

constexpr Shape kShapes[] = {
    {0, "kd"},    {1, "s"},     {2, "kpz"},  {3, "k"},    {4, "kii"},   {5, "kx"},   {6, "kpz"},
    {7, "k"},     {8, "kk"},    {9, "kk"},   {10, "kssk"}, {11, "kpz"}, {12, "kpzk"}, {13, "kuk"},
    {14, "d"},    {15, "ku"},   {16, "k"},   {17, "kpz"}, {18, ""},     {19, "kudk"}, {20, "kpuk"},
    {21, "k"},    {22, "ik"},   {23, "ppzp"}, {24, "kspp"}, {25, "pspp"}, {26, "pspp"}, {27, "pspp"},
    {28, "pspp"}, {29, "kss"},  {30, "kkkx"}, {31, "pz"}};

constexpr std::string_view kUnknownShape = "pppp";

std::string_view arguments_of(std::uint32_t operation) {
  const auto* found = std::find_if(std::begin(kShapes), std::end(kShapes), [&](const Shape& shape) {
    return shape.operation == operation;
  });
  return found != std::end(kShapes) ? found->arguments : kUnknownShape;
}

void print_serial(ArgContext& c) {
  const auto* found = std::find_if(std::begin(kKeyrings), std::end(kKeyrings),
                                   [&](const NamedValue& one) { return one.value == c.as_uint(); });
  if (found != std::end(kKeyrings)) {
    print_constant(c, found->value, found->name, Digits::decimal);
  } else {
    c.print("{}", c.as_int());
  }
}

void print_keyctl(ArgContext& c) {
  const std::string_view arguments = arguments_of(static_cast<std::uint32_t>(c.arg(0)));
  if (c.index() > arguments.size()) return;
  switch (arguments[c.index() - 1]) {
    case 'k': print_serial(c); break;
    case 's': print_string_at(c, c.value()); break;
    case 'z': c.print("{}", c.value()); break;
    case 'd': c.print("{}", c.as_int()); break;
    case 'i': print_id_arg(c); break;
    case 'u': c.print("{}", c.as_uint()); break;
    case 'x': print_hex(c, c.as_uint()); break;
    default: print_address(c, c.value()); break;
  }
}

}  // namespace

const ArgKind kKeySerial{print_serial};
const ArgKind kKeyPayload{print_sized_buffer_arg};
const ArgKind kKeyctlOperation{print_choice_arg<kKeyctl>};
const ArgKind kKeyctlArg{print_keyctl};

}  // namespace vdsotrace
