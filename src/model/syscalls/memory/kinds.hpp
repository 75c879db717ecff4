// Kinds of arguments of calls on address spaces.
#pragma once

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

void print_map_flags_arg(ArgContext& c);
void print_remap_address_arg(ArgContext& c);
void print_resident_pages_arg(ArgContext& c);
void print_membarrier_cpu_arg(ArgContext& c);
void print_policy_mode_arg(ArgContext& c);
void print_long_policy_mode_arg(ArgContext& c);
void print_policy_mode_at_arg(ArgContext& c);
void print_node_mask_before_size_arg(ArgContext& c);
void print_node_mask_after_size_arg(ArgContext& c);
void print_page_list_arg(ArgContext& c);
void print_node_list_arg(ArgContext& c);
void print_page_status_arg(ArgContext& c);
void print_iovec_addresses_arg(ArgContext& c);
void print_process_read_arg(ArgContext& c);
void print_process_write_arg(ArgContext& c);
void result_membarrier(ArgContext& c);

inline constexpr ArgKind kMapFlags{print_map_flags_arg};
inline constexpr ArgKind kRemapAddress{print_remap_address_arg};  ///< only with MREMAP_FIXED
inline constexpr ArgKind kResidentPages{print_resident_pages_arg, When::exit};
inline constexpr ArgKind kMembarrierCpu{print_membarrier_cpu_arg};     ///< only with MEMBARRIER_CMD_FLAG_CPU
inline constexpr ArgKind kPolicyMode{print_policy_mode_arg};           ///< a C int
inline constexpr ArgKind kLongPolicyMode{print_long_policy_mode_arg};  ///< a C long
inline constexpr ArgKind kPolicyModeOut{print_policy_mode_at_arg, When::exit};
/// Node masks: the number of bits is the next argument, or the one before.
inline constexpr ArgKind kNodeMask{print_node_mask_before_size_arg};
inline constexpr ArgKind kNodeMaskOut{print_node_mask_before_size_arg, When::exit};
inline constexpr ArgKind kNodeMaskAfterSize{print_node_mask_after_size_arg};
inline constexpr ArgKind kPageList{print_page_list_arg};  ///< move_pages: count in argument 1
inline constexpr ArgKind kNodeList{print_node_list_arg};
inline constexpr ArgKind kPageStatusOut{print_page_status_arg, When::exit};
inline constexpr ArgKind kIovecAddresses{print_iovec_addresses_arg};  ///< count in the next argument
inline constexpr ArgKind kProcessRead{print_process_read_arg, When::exit};
inline constexpr ArgKind kProcessWrite{print_process_write_arg};

}  // namespace vdsotrace
