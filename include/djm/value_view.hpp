#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "djm/enum_names.hpp"
#include "djm/error.hpp"

/// JSON that has been parsed, to look at without the library that parsed it. `value_reader` reads it into any type with
/// a field list.
namespace djm {

namespace impl {
struct value_access;
} // namespace impl

/// What a JSON value is.
enum class value_kind : std::uint8_t {
  /// null: no value.
  none,
  /// true or false.
  boolean,
  /// A number without fraction and exponent that 64 bits hold, with a sign or without.
  integer,
  /// Any other number.
  real,
  /// A text, in UTF-8.
  text,
  /// An array.
  list,
  /// An object.
  object,
};

/// The names of the kinds, in their order.
constexpr auto enum_names(value_kind) {
  return name_enum("value_kind", "none", "boolean", "integer", "real", "text", "list", "object");
}

/// A value within a JSON document that somebody else owns: as cheap as a pointer, and valid as long as the document. It
/// changes nothing, so any number of threads may look.
class value_view {
public:
  /// null.
  value_view() noexcept;

  /// What it is; the functions below answer with nothing for another kind.
  value_kind kind() const noexcept;
  /// Whether it is null.
  bool is_none() const noexcept { return kind() == value_kind::none; }

  /// True or false.
  std::optional<bool> as_boolean() const noexcept;
  /// An integer from -2^63 to 2^63 - 1.
  std::optional<std::int64_t> as_integer() const noexcept;
  /// An integer from 0 to 2^64 - 1.
  std::optional<std::uint64_t> as_natural() const noexcept;
  /// Any number, rounded where a double is too coarse for it.
  std::optional<double> as_real() const noexcept;
  /// A text; nullptr when it is none.
  const std::string* as_text() const noexcept;

  /// How many elements a list or members an object has; 0 for anything else.
  std::size_t size() const noexcept;
  /// The element of a list; null beyond its end, and of anything else.
  value_view element(std::size_t index) const noexcept;
  /// The member of an object; nothing when it has none of this name, or is no object.
  std::optional<value_view> find(std::string_view name) const;
  /// Calls `f` with each member of an object, sorted by name (as bytes).
  void each_member(const std::function<void(const std::string& name, value_view value)>& f) const;

  /// The value on one line, shortened, for complaints: a text in quotation marks, "an object", "[]", "12". Where a text
  /// stands for a reference (`user_config::resolved`), the reference and never what it stands for.
  std::string shown() const;
  /// The text as it is stored, references and all; nullptr when it is none.
  const std::string* stored_text() const noexcept;
  /// Whether it is a text other than the stored one: what the reference in that one stands for.
  bool is_resolved() const noexcept;

private:
  friend struct impl::value_access;
  value_view(const void* value, const void* stored) noexcept : value_(value), stored_(stored) {}

  const void* value_;
  const void* stored_; // the same, unless references were resolved
};

/// JSON with its owner. Immutable and shared, so that copies are cheap.
class value_document {
public:
  /// null.
  value_document() = default;

  /// Parses a whole text. It must be UTF-8, arrays and objects nest at most 64 deep, no object holds a key twice.
  /// `errc::invalid_file` with the reason and the place.
  static expected<value_document> parse(std::string_view text);

  /// Valid as long as this document or a copy of it.
  value_view root() const noexcept;

private:
  std::shared_ptr<const void> tree_;
};

} // namespace djm
