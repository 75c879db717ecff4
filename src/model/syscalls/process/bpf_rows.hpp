// How the attributes of bpf(2)'s commands are laid out: rows that say what lies where.
#pragma once

#include <span>

#include <linux/bpf.h>

#include "model/syscalls/given_bytes.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/print.hpp"

namespace vdsotrace::bpf {

/// The attributes of a command.
using Attributes = GivenBytes<sizeof(bpf_attr)>;

struct AttributeRow;
using ShowAttribute = void (*)(ArgContext& c, const Attributes& all, const AttributeRow& row);

/// A member of union bpf_attr.
struct AttributeRow {
  std::string_view name;
  std::uint16_t offset;
  ShowAttribute show;
  const NameTable* names = nullptr;
  std::uint16_t behind = 0;  ///< shown if more bytes than that are given; 0: than its offset
  bool (*present)(const Attributes& all) = nullptr;
};

/// What a command takes.
struct CommandRow {
  std::uint32_t command;
  std::string_view wrapper;  ///< the structure within the union, if that has a name
  std::uint16_t least;       ///< members up to there are shown in any case
  std::uint16_t known;       ///< where the last member ends
  std::span<const AttributeRow> rows;
};

// Kinds of members.
void number(ArgContext& c, const Attributes& all, const AttributeRow& row);
void hex(ArgContext& c, const Attributes& all, const AttributeRow& row);
void wide_hex(ArgContext& c, const Attributes& all, const AttributeRow& row);
void pointer(ArgContext& c, const Attributes& all, const AttributeRow& row);
void descriptor(ArgContext& c, const Attributes& all, const AttributeRow& row);
void interface(ArgContext& c, const Attributes& all, const AttributeRow& row);
void choice(ArgContext& c, const Attributes& all, const AttributeRow& row);
void wide_choice(ArgContext& c, const Attributes& all, const AttributeRow& row);
void flags(ArgContext& c, const Attributes& all, const AttributeRow& row);
void wide_flags(ArgContext& c, const Attributes& all, const AttributeRow& row);
void name(ArgContext& c, const Attributes& all, const AttributeRow& row);

/// {map_fd=3, key=0x1, without the bracket that ends it.
void print_rows(ArgContext& c, const Attributes& all, const CommandRow& command);

/// The row of BPF_LINK_CREATE, which goes by the type of the link, and of commands that give something back. Null: it
/// is none of those.
const CommandRow* row_of_link_or_query(std::uint32_t command, const Attributes& all);
/// Whether what such a command takes is known at its end alone.
bool gives_back(std::uint32_t command);

}  // namespace vdsotrace::bpf
