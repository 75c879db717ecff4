#include "model/syscalls/process/keys.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <linux/keyctl.h>

#include "model/syscalls/errno.hpp"
#include "model/syscalls/files/iovec.hpp"
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

// include/uapi/linux/keyctl.h, include/linux/key.h.
constexpr NamedValue kPermissions[] = {
    {0x01000000, "KEY_POS_VIEW"}, {0x02000000, "KEY_POS_READ"}, {0x04000000, "KEY_POS_WRITE"},
    {0x08000000, "KEY_POS_SEARCH"}, {0x10000000, "KEY_POS_LINK"}, {0x20000000, "KEY_POS_SETATTR"},
    {0x00010000, "KEY_USR_VIEW"}, {0x00020000, "KEY_USR_READ"}, {0x00040000, "KEY_USR_WRITE"},
    {0x00080000, "KEY_USR_SEARCH"}, {0x00100000, "KEY_USR_LINK"}, {0x00200000, "KEY_USR_SETATTR"},
    {0x00000100, "KEY_GRP_VIEW"}, {0x00000200, "KEY_GRP_READ"}, {0x00000400, "KEY_GRP_WRITE"},
    {0x00000800, "KEY_GRP_SEARCH"}, {0x00001000, "KEY_GRP_LINK"}, {0x00002000, "KEY_GRP_SETATTR"},
    {0x00000001, "KEY_OTH_VIEW"}, {0x00000002, "KEY_OTH_READ"}, {0x00000004, "KEY_OTH_WRITE"},
    {0x00000008, "KEY_OTH_SEARCH"}, {0x00000010, "KEY_OTH_LINK"}, {0x00000020, "KEY_OTH_SETATTR"}};
constexpr NameTable kPermissionNames{kPermissions, "KEY_???"};

constexpr NamedValue kDefaultKeyrings[] = {
    {0xffffffff, "KEY_REQKEY_DEFL_NO_CHANGE"}, {0, "KEY_REQKEY_DEFL_DEFAULT"},
    {1, "KEY_REQKEY_DEFL_THREAD_KEYRING"}, {2, "KEY_REQKEY_DEFL_PROCESS_KEYRING"},
    {3, "KEY_REQKEY_DEFL_SESSION_KEYRING"}, {4, "KEY_REQKEY_DEFL_USER_KEYRING"},
    {5, "KEY_REQKEY_DEFL_USER_SESSION_KEYRING"}, {6, "KEY_REQKEY_DEFL_GROUP_KEYRING"},
    {7, "KEY_REQKEY_DEFL_REQUESTOR_KEYRING"}};

constexpr NamedValue kMoveFlags[] = {{1, "KEYCTL_MOVE_EXCL"}};
constexpr NameTable kMoveFlagNames{kMoveFlags, "KEYCTL_MOVE_???"};

constexpr NamedValue kFirstCapabilities[] = {
    {0x01, "KEYCTL_CAPS0_CAPABILITIES"}, {0x02, "KEYCTL_CAPS0_PERSISTENT_KEYRINGS"},
    {0x04, "KEYCTL_CAPS0_DIFFIE_HELLMAN"}, {0x08, "KEYCTL_CAPS0_PUBLIC_KEY"},
    {0x10, "KEYCTL_CAPS0_BIG_KEY"}, {0x20, "KEYCTL_CAPS0_INVALIDATE"},
    {0x40, "KEYCTL_CAPS0_RESTRICT_KEYRING"}, {0x80, "KEYCTL_CAPS0_MOVE"}};
constexpr NamedValue kMoreCapabilities[] = {
    {0x01, "KEYCTL_CAPS1_NS_KEYRING_NAME"}, {0x02, "KEYCTL_CAPS1_NS_KEY_TAG"}, {0x04, "KEYCTL_CAPS1_NOTIFICATIONS"}};

void print_key(ArgContext& c, std::uint32_t serial) {
  const auto* found = std::ranges::find(kKeyrings, serial, &NamedValue::value);
  if (found != std::end(kKeyrings)) {
    print_constant(c, serial, found->name, Digits::decimal);
  } else {
    c.put_number(static_cast<std::int32_t>(serial));
  }
}

void key(ArgContext& c) { print_key(c, c.as_uint()); }

void default_keyring(ArgContext& c) {
  print_choice(c, c.as_uint(), kDefaultKeyrings, "KEY_REQKEY_DEFL_???", Digits::decimal);
}

/// What a request for a key shall fail with.
void error(ArgContext& c) {
  const auto number = [&] { c.put_number(c.as_uint()); };
  const std::string_view name = c.as_int() > 0 ? errno_name(c.as_int()) : std::string_view();
  if (name.empty()) {
    number();
  } else {
    print_meaning(c, number, [&] { c.put(name); });
  }
}

void payload(ArgContext& c) { print_sized_buffer_arg(c); }
void payload_parts(ArgContext& c) { print_iovecs_at(c, c.value(), c.arg(c.index() + 1)); }
void payload_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_result_buffer_arg(c);
}

/// The result counts the NUL; it is what there is even if there is no room for it.
void text_out(ArgContext& c) {
  if (c.wait_for_exit()) return;
  const std::uint64_t room = c.arg(c.index() + 1);
  const std::uint64_t length = c.filled(UINT64_MAX);
  if (c.failed()) {
    print_address(c, c.value());
  } else {
    print_buffer_at(c, c.value(), length > room ? room : length - (length > 0 ? 1 : 0));
  }
}

/// Bytes of bits: what the kernel's key service can do.
void capabilities_out(ArgContext& c) {
  if (c.wait_for_exit()) return;
  bool first = true;
  print_array_at<std::uint8_t>(c, c.value(), c.filled(c.arg(c.index() + 1)), [&](std::uint8_t bits) {
    print_flags(c, bits, first ? std::span<const NamedValue>(kFirstCapabilities) : kMoreCapabilities,
                first ? "KEYCTL_CAPS0_???" : "KEYCTL_CAPS1_???");
    first = false;
  });
}

void exchange(ArgContext& c) {
  print_object_at<keyctl_dh_params>(c, c.value(), [&](const keyctl_dh_params& keys) {
    c.put("{private=");
    print_key(c, static_cast<std::uint32_t>(keys.priv));
    c.put(", prime=");
    print_key(c, static_cast<std::uint32_t>(keys.prime));
    c.put(", base=");
    print_key(c, static_cast<std::uint32_t>(keys.base));
    c.put("}");
  });
}

void derivation(ArgContext& c) {
  print_object_at<keyctl_kdf_params>(c, c.value(), [&](const keyctl_kdf_params& given) {
    c.put("{hashname=");
    print_string_at(c, reinterpret_cast<std::uintptr_t>(given.hashname));
    c.put(", otherinfo=");
    if (given.otherinfolen == 0) {
      print_address(c, reinterpret_cast<std::uintptr_t>(given.otherinfo));
    } else {
      print_buffer_at(c, reinterpret_cast<std::uintptr_t>(given.otherinfo), given.otherinfolen);
    }
    c.print(", otherinfolen={}", given.otherinfolen);
    print_reserved(c, "__spare", given.__spare);
    c.put("}");
  });
}

void ability_out(ArgContext& c) {
  static constexpr NamedValue kOperations[] = {{1, "KEYCTL_SUPPORTS_ENCRYPT"}, {2, "KEYCTL_SUPPORTS_DECRYPT"},
                                               {4, "KEYCTL_SUPPORTS_SIGN"}, {8, "KEYCTL_SUPPORTS_VERIFY"}};
  if (c.wait_for_exit()) return;
  print_object_at<keyctl_pkey_query>(c, c.value(), [&](const keyctl_pkey_query& found) {
    c.put("{supported_ops=");
    print_flags(c, found.supported_ops, kOperations, "KEYCTL_SUPPORTS_???");
    c.print(", key_size={}, max_data_size={}, max_sig_size={}, max_enc_size={}, max_dec_size={}", found.key_size,
            found.max_data_size, found.max_sig_size, found.max_enc_size, found.max_dec_size);
    print_reserved(c, "__spare", found.__spare);
    c.put("}");
  });
}

bool verifies(const ArgContext& c) { return static_cast<std::uint32_t>(c.arg(0)) == KEYCTL_PKEY_VERIFY; }

void pkey(ArgContext& c) {
  print_object_at<keyctl_pkey_params>(c, c.value(), [&](const keyctl_pkey_params& given) {
    c.put("{key_id=");
    print_key(c, static_cast<std::uint32_t>(given.key_id));
    c.print(", in_len={}, {}={}", given.in_len, verifies(c) ? "in2_len" : "out_len", given.out_len);
    print_reserved(c, "__spare", given.__spare);
    c.put("}");
  });
}

/// The sizes of its buffers stand in its first argument.
std::optional<keyctl_pkey_params> pkey_parameters(ArgContext& c) {
  if (c.arg(1) == 0 || !c.native_layout()) return std::nullopt;
  return c.entry_memory().object<keyctl_pkey_params>(c.arg(1));
}

void pkey_data(ArgContext& c) {
  const auto parameters = pkey_parameters(c);
  if (parameters) {
    print_buffer_at(c, c.value(), c.index() == 3 ? parameters->in_len : parameters->in2_len);
  } else {
    print_address(c, c.value());
  }
}

void pkey_data_out(ArgContext& c) {
  if (c.wait_for_exit()) return;
  const auto parameters = pkey_parameters(c);
  if (parameters && !c.failed()) {
    print_buffer_at(c, c.value(), c.filled(parameters->out_len));
  } else {
    print_address(c, c.value());
  }
}

void user(ArgContext& c) { print_id_arg(c); }
void text(ArgContext& c) { print_string_at(c, c.value()); }
void size(ArgContext& c) { print_ulong_arg(c); }
void count(ArgContext& c) { print_uint_arg(c); }

/// What the arguments behind the operation are; null from the first that is not there.
struct KeyOperation {
  std::uint32_t value;
  std::array<Printer, 4> arguments{};
};

constexpr std::array kOperations{
    KeyOperation{KEYCTL_GET_KEYRING_ID, {key, print_int_arg}},
    KeyOperation{KEYCTL_JOIN_SESSION_KEYRING, {text}},
    KeyOperation{KEYCTL_UPDATE, {key, payload, size}},
    KeyOperation{KEYCTL_REVOKE, {key}},
    KeyOperation{KEYCTL_CHOWN, {key, user, user}},
    KeyOperation{KEYCTL_SETPERM, {key, print_flags_arg<kPermissionNames>}},
    KeyOperation{KEYCTL_DESCRIBE, {key, text_out, size}},
    KeyOperation{KEYCTL_CLEAR, {key}},
    KeyOperation{KEYCTL_LINK, {key, key}},
    KeyOperation{KEYCTL_UNLINK, {key, key}},
    KeyOperation{KEYCTL_SEARCH, {key, text, text, key}},
    KeyOperation{KEYCTL_READ, {key, payload_out, size}},
    KeyOperation{KEYCTL_INSTANTIATE, {key, payload, size, key}},
    KeyOperation{KEYCTL_NEGATE, {key, count, key}},
    KeyOperation{KEYCTL_SET_REQKEY_KEYRING, {default_keyring}},
    KeyOperation{KEYCTL_SET_TIMEOUT, {key, count}},
    KeyOperation{KEYCTL_ASSUME_AUTHORITY, {key}},
    KeyOperation{KEYCTL_GET_SECURITY, {key, text_out, size}},
    KeyOperation{KEYCTL_SESSION_TO_PARENT, {}},
    KeyOperation{KEYCTL_REJECT, {key, count, error, key}},
    KeyOperation{KEYCTL_INSTANTIATE_IOV, {key, payload_parts, size, key}},
    KeyOperation{KEYCTL_INVALIDATE, {key}},
    KeyOperation{KEYCTL_GET_PERSISTENT, {user, key}},
    KeyOperation{KEYCTL_DH_COMPUTE, {exchange, payload_out, size, derivation}},
    KeyOperation{KEYCTL_PKEY_QUERY, {key, print_hex_arg, text, ability_out}},
    KeyOperation{KEYCTL_PKEY_ENCRYPT, {pkey, text, pkey_data, pkey_data_out}},
    KeyOperation{KEYCTL_PKEY_DECRYPT, {pkey, text, pkey_data, pkey_data_out}},
    KeyOperation{KEYCTL_PKEY_SIGN, {pkey, text, pkey_data, pkey_data_out}},
    KeyOperation{KEYCTL_PKEY_VERIFY, {pkey, text, pkey_data, pkey_data}},
    KeyOperation{KEYCTL_RESTRICT_KEYRING, {key, text, text}},
    KeyOperation{KEYCTL_MOVE, {key, key, key, print_flags_arg<kMoveFlagNames>}},
    KeyOperation{KEYCTL_CAPABILITIES, {capabilities_out, size}},
};
constexpr KeyOperation kUnknownOperation{0, {print_address_arg, print_address_arg, print_address_arg, print_address_arg}};

void print_keyctl(ArgContext& c) {
  const auto* known = std::ranges::find(kOperations, static_cast<std::uint32_t>(c.arg(0)), &KeyOperation::value);
  const KeyOperation& operation = known != kOperations.end() ? *known : kUnknownOperation;
  if (const Printer print = operation.arguments[c.index() - 1]) print(c);
}

}  // namespace

const ArgKind kKeySerial{key};
const ArgKind kKeyPayload{print_sized_buffer_arg};
const ArgKind kKeyctlOperation{print_choice_arg<kKeyctl>};
const ArgKind kKeyctlArg{print_keyctl, When::either};

}  // namespace vdsotrace
