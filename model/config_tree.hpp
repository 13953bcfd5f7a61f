#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "djm/complaint_list.hpp"
#include "djm/value_sink.hpp"

/// What a `user_config` holds, as a tree. Internal: not installed.
namespace djm::impl {

/// Writes a tree in its one form: keys sorted, a whole number that 64 bits hold as an integer, every other one as short
/// as it can be.
void write_tree(value_sink& sink, const nlohmann::json& tree);

/// Calls `f` with every text of a tree, with its place entered in `found`.
void each_text(nlohmann::json& tree, complaint_list& found, const std::function<void(std::string& text)>& f);

/// The first integer of a well-formed JSON text that 64 bits do not hold; empty when there is none. The parser would
/// make a double of it, which is another number.
std::string_view find_long_integer(std::string_view text);

/// FNV-1a.
std::uint64_t hash_of(std::string_view text) noexcept;

} // namespace djm::impl
