#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "djm/error.hpp"
#include "djm/fields.hpp"

namespace djm {

/// The longest id, in bytes.
constexpr std::size_t max_id_length = 120;

/// What an id names; only used to say so in an error.
enum class id_kind {
  /// A node, which is a worker, too.
  node,
  /// A job.
  job,
  /// A work item.
  item,
};

/// The names of the kinds, in their order.
constexpr auto enum_names(id_kind) {
  return name_enum("id_kind", "node", "job", "item");
}

/// "node", "job", "item".
std::string to_string(id_kind kind);

/// Whether `text` follows the rule.
bool is_valid_id(std::string_view text) noexcept;

/// The error that names kind, value (shortened above 120 characters, control characters escaped) and rule.
expected<void> check_id(id_kind kind, std::string_view text);

/// A name of one kind of thing: a text that cannot stand where the name of another kind is meant. All kinds follow one
/// rule, because they are names of store nodes and parts of log lines: `[a-zA-Z0-9._-]+`, at most 120 characters, not
/// "." or "..". Making one checks nothing, so that what came from outside can be named in an error; whatever takes ids
/// from you does (`check_id`). A text becomes an id where you say so, a literal of the source by itself:
///
///     job_id mail = "mail";
///     item_id inbox{text};
///     item_id wrong{mail}; // does not compile
template <id_kind Kind>
class basic_id {
public:
  /// The empty text, which names nothing.
  basic_id() = default;
  /// A literal of the source.
  template <std::size_t N>
  basic_id(const char (&literal)[N]) : text_(static_cast<const char*>(literal)) {}
  /// A text, unchecked.
  explicit basic_id(std::string text) noexcept : text_(std::move(text)) {}
  /// A text, unchecked.
  explicit basic_id(std::string_view text) : text_(text) {}
  /// A text, unchecked.
  explicit basic_id(const char* text) : text_(text) {}
  /// No text at all is none, either.
  basic_id(std::nullptr_t) = delete;
  /// A name of another kind is none of this.
  template <id_kind Other>
  basic_id(const basic_id<Other>&) = delete;

  /// Its text.
  const std::string& str() const noexcept { return text_; }
  /// Its text.
  operator const std::string&() const noexcept { return text_; }
  /// Its text.
  operator std::string_view() const noexcept { return text_; }
  /// Whether it names nothing.
  bool empty() const noexcept { return text_.empty(); }
  /// In bytes.
  std::size_t size() const noexcept { return text_.size(); }

  friend bool operator==(const basic_id& a, const basic_id& b) noexcept { return a.text_ == b.text_; } ///< By text.
  friend bool operator!=(const basic_id& a, const basic_id& b) noexcept { return a.text_ != b.text_; } ///< By text.
  friend bool operator<(const basic_id& a, const basic_id& b) noexcept { return a.text_ < b.text_; }   ///< By text.

  friend std::string operator+(std::string_view a, const basic_id& b) { return std::string{a} + b.text_; }  ///< Text.
  friend std::string operator+(const basic_id& a, std::string_view b) { return std::string{a.text_} += b; } ///< Text.
  friend std::string operator+(char a, const basic_id& b) { return std::string(1, a).append(b.text_); }     ///< Text.
  friend std::string operator+(const basic_id& a, char b) { return std::string{a.text_}.append(1, b); }     ///< Text.

private:
  std::string text_;
};

/// Names of different kinds are never compared.
template <id_kind A, id_kind B>
std::enable_if_t<A != B, bool> operator==(const basic_id<A>&, const basic_id<B>&) = delete;
/// Names of different kinds are never compared.
template <id_kind A, id_kind B>
std::enable_if_t<A != B, bool> operator!=(const basic_id<A>&, const basic_id<B>&) = delete;
/// Names of different kinds are never compared.
template <id_kind A, id_kind B>
std::enable_if_t<A != B, bool> operator<(const basic_id<A>&, const basic_id<B>&) = delete;

namespace detail {

template <class T>
constexpr bool is_plain_text = std::is_convertible_v<const T&, std::string_view>;
template <id_kind Kind>
inline constexpr bool is_plain_text<basic_id<Kind>> = false;

} // namespace detail

/// With a text that need not be an id.
template <id_kind Kind, class Text, class = std::enable_if_t<detail::is_plain_text<Text>>>
bool operator==(const basic_id<Kind>& id, const Text& text) noexcept {
  return std::string_view{id.str()} == std::string_view{text};
}
/// With a text that need not be an id.
template <id_kind Kind, class Text, class = std::enable_if_t<detail::is_plain_text<Text>>>
bool operator==(const Text& text, const basic_id<Kind>& id) noexcept {
  return id == text;
}
/// With a text that need not be an id.
template <id_kind Kind, class Text, class = std::enable_if_t<detail::is_plain_text<Text>>>
bool operator!=(const basic_id<Kind>& id, const Text& text) noexcept {
  return !(id == text);
}
/// With a text that need not be an id.
template <id_kind Kind, class Text, class = std::enable_if_t<detail::is_plain_text<Text>>>
bool operator!=(const Text& text, const basic_id<Kind>& id) noexcept {
  return !(id == text);
}
/// With a text that need not be an id.
template <id_kind Kind, class Text, class = std::enable_if_t<detail::is_plain_text<Text>>>
bool operator<(const basic_id<Kind>& id, const Text& text) noexcept {
  return std::string_view{id.str()} < std::string_view{text};
}
/// With a text that need not be an id.
template <id_kind Kind, class Text, class = std::enable_if_t<detail::is_plain_text<Text>>>
bool operator<(const Text& text, const basic_id<Kind>& id) noexcept {
  return std::string_view{text} < std::string_view{id.str()};
}

/// Shows the text.
template <id_kind Kind>
std::ostream& operator<<(std::ostream& out, const basic_id<Kind>& id) {
  return out << id.str();
}

/// How fmt 10 and later show it: as its text.
template <id_kind Kind>
const std::string& format_as(const basic_id<Kind>& id) noexcept {
  return id.str();
}

/// Name of a node, which is a worker, too.
using node_id = basic_id<id_kind::node>;
/// Name of a job.
using job_id = basic_id<id_kind::job>;
/// Name of a work item, unique within its job.
using item_id = basic_id<id_kind::item>;

/// Whether `T` is an id.
template <class T>
constexpr bool is_id = false;
template <id_kind Kind>
inline constexpr bool is_id<basic_id<Kind>> = true; ///< It is one.

/// Texts as ids, unchecked.
template <class Id>
std::vector<Id> to_ids(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

/// The same for an id, whose kind is known.
template <id_kind Kind>
expected<void> check_id(const basic_id<Kind>& id) {
  return check_id(Kind, id.str());
}

/// A work item within its job.
struct item_ref {
  /// The job.
  job_id job;
  /// The item.
  item_id item;
};
DJM_FIELDS(item_ref, job, item)

/// Whether both name the same item.
inline bool operator==(const item_ref& a, const item_ref& b) {
  return a.job == b.job && a.item == b.item;
}
/// By job, then by item.
inline bool operator<(const item_ref& a, const item_ref& b) {
  return a.job != b.job ? a.job < b.job : a.item < b.item;
}

} // namespace djm

/// By text.
template <djm::id_kind Kind>
struct std::hash<djm::basic_id<Kind>> {
  /// Of the text.
  std::size_t operator()(const djm::basic_id<Kind>& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
