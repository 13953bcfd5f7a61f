#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "djm/complaint_list.hpp"
#include "djm/enum_names.hpp"
#include "djm/field_rules.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/one_word.hpp"
#include "djm/time.hpp"
#include "djm/value_sink.hpp"
#include "djm/value_view.hpp"

/// The way back from JSON: reads what `json_sink` writes into any type with a field list.
namespace djm {

class value_reader;

namespace detail {

template <class T, class = void>
struct reads_itself_impl : std::false_type {};

template <class T>
struct reads_itself_impl<T, std::void_t<decltype(std::declval<T&>().read_from(
                              std::declval<const value_view&>(), std::declval<value_reader&>()))>> : std::true_type {};

} // namespace detail

/// Whether a type that has no field list reads itself: `void read_from(const value_view&, value_reader&)`, which
/// complains to the reader. It writes itself as well (`writes_itself`).
template <class T>
constexpr bool reads_itself = detail::reads_itself_impl<T>::value;

/// What becomes of members that a type does not have.
enum class unknown_keys : std::uint8_t {
  /// Nothing: a later version may have written them.
  ignored,
  /// A complaint, with the name that was probably meant: for what people write.
  refused,
};

/// The names of the two, in their order.
constexpr auto enum_names(unknown_keys) {
  return name_enum("unknown_keys", "ignored", "refused");
}

/// How secret members may stand in a document.
enum class secret_texts : std::uint8_t {
  /// As any text.
  plain,
  /// As a reference alone (`config_reference`), or empty: the document is stored where others can read it.
  references,
};

/// The names of the two, in their order.
constexpr auto enum_names(secret_texts) {
  return name_enum("secret_texts", "plain", "references");
}

/// Reads a value of any type that may stand in a field list. Members that are missing keep the value they have. Goes on
/// after a fault, so that all complaints come at once; each names the JSON pointer, the value and the rule, and never
/// shows a secret.
class value_reader {
public:
  /// `unknown` and `secrets` hold for everything that it reads.
  explicit value_reader(unknown_keys unknown = unknown_keys::refused, secret_texts secrets = secret_texts::plain)
    : unknown_(unknown), secrets_(secrets) {}

  /// Reads `v` into `x`, as a whole or, where there are complaints, in part.
  template <class T>
  void read(const value_view& v, T& x) {
    if constexpr (is_one_word<T>) {
      if (const auto* text = text_of(v)) {
        expect(from_word(*text, x), v, rule_of_words(x));
      }
    } else if constexpr (has_fields<T>) {
      read_object(v, x, always_named<T>);
    } else if constexpr (reads_itself<T>) {
      x.read_from(v, *this);
    } else if constexpr (std::is_same_v<T, bool>) {
      const auto flag = v.as_boolean();
      x = expect(flag.has_value(), v, "true or false") ? *flag : x;
    } else if constexpr (std::is_enum_v<T>) {
      read_enum(v, x);
    } else if constexpr (std::is_integral_v<T>) {
      read_integer(v, x);
    } else if constexpr (std::is_floating_point_v<T>) {
      read_real(v, x);
    } else if constexpr (std::is_same_v<T, std::string> || is_id<T>) {
      if (const auto* text = text_of(v)) {
        x = T{*text};
      }
    } else if constexpr (detail::is_duration<T>::value) {
      read_duration(v, x);
    } else if constexpr (std::is_same_v<T, time_point>) {
      duration since_epoch{};
      read(v, since_epoch);
      x = time_point{since_epoch};
    } else if constexpr (std::is_same_v<T, wall_time>) {
      read_time(v, x);
    } else if constexpr (detail::is_instance<std::vector, T>::value) {
      read_list(v, x);
    } else if constexpr (detail::is_instance<std::map, T>::value) {
      read_map(v, x);
    } else if constexpr (detail::is_instance<std::pair, T>::value) {
      if (expect(v.kind() == value_kind::list && v.size() == 2, v, "an array of two")) {
        read_at("0", v.element(0), x.first);
        read_at("1", v.element(1), x.second);
      }
    } else if constexpr (detail::is_instance<std::optional, T>::value) {
      if (v.is_none()) {
        x.reset();
      } else {
        read(v, x.emplace());
      }
    } else if constexpr (detail::is_instance<std::variant, T>::value) {
      read_variant(v, x, static_cast<T*>(nullptr));
    } else {
      static_assert(detail::always_false<T>, "this type cannot be read from JSON");
    }
  }

  /// The same for the member or element `name`, where complaints say that it is.
  template <class T>
  void read_at(std::string name, const value_view& v, T& x) {
    complaints_.enter(std::move(name));
    read(v, x);
    complaints_.leave();
  }

  /// A complaint about `found`, which stands at the present place, unless `ok`; what is returned is `ok`.
  bool expect(bool ok, const value_view& found, std::string_view rule) {
    if (!ok) {
      complain(found, std::string{"is not "}.append(rule));
    }
    return ok;
  }

  /// A complaint: what is found at the present place, and `text`.
  void complain(const value_view& found, std::string_view text);

  /// Complaints so far, and those that the caller adds.
  complaint_list& complaints() noexcept { return complaints_; }

private:
  struct member_reader {
    value_reader& reader;
    const value_view& object;
    bool named; // whether the object has a member "type" besides

    template <class... Ts>
    void operator()(const char*, named_field<Ts>... fs) const {
      (reader.read_member(object, fs), ...);
      if (reader.unknown_ == unknown_keys::refused) {
        reader.refuse_unknown(object, named, {fs.name...});
      }
    }
  };

  struct type_name_reader {
    template <class... Ts>
    std::string operator()(const char* type, named_field<Ts>...) const {
      return type;
    }
  };

  template <class T>
  void read_object(const value_view& v, T& x, bool named) {
    if (expect(v.kind() == value_kind::object, v, "an object")) {
      visit_fields(member_reader{*this, v, named}, x);
    }
  }

  template <class T>
  void read_member(const value_view& object, named_field<T> f) {
    const auto member = object.find(f.name);
    if (!member) {
      return;
    }
    complaints_.enter(f.name);
    secret_ = f.secret;
    const auto before = complaints_.list().size();
    read(*member, f.value);
    if (complaints_.list().size() == before) {
      check_member(*member, f);
    }
    secret_ = false;
    complaints_.leave();
  }

  template <class T>
  void check_member(const value_view& v, const named_field<T>& f) {
    if (!f.in_range()) {
      complain(v, "is not from " + detail::range_text(f));
    }
    if (f.secret && secrets_ == secret_texts::references) {
      expect_reference(v);
    }
  }

  template <class T>
  void read_integer(const value_view& v, T& x) {
    if (!expect(v.kind() == value_kind::integer, v, "an integer")) {
      return;
    }
    constexpr auto least = std::numeric_limits<T>::min();
    constexpr auto most = std::numeric_limits<T>::max();
    if constexpr (std::is_signed_v<T>) {
      if (const auto n = v.as_integer(); n && *n >= std::int64_t{least} && *n <= std::int64_t{most}) {
        x = static_cast<T>(*n);
        return;
      }
    } else if (const auto n = v.as_natural(); n && *n <= std::uint64_t{most}) {
      x = static_cast<T>(*n);
      return;
    }
    expect(false, v, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
  }

  template <class T>
  void read_real(const value_view& v, T& x) {
    const auto number = v.as_real();
    if (!expect(number.has_value(), v, "a number")) {
      return;
    }
    constexpr double most =
      std::is_same_v<T, float> ? double{std::numeric_limits<float>::max()} : std::numeric_limits<double>::max();
    if (expect(-most <= *number && *number <= most, v, "a number that fits")) {
      x = static_cast<T>(*number);
    }
  }

  template <class E>
  void read_enum(const value_view& v, E& x) {
    if (const auto* text = v.as_text()) {
      if (const auto value = enum_value<E>(*text)) {
        x = *value;
        return;
      }
    }
    expect(false, v, "one of " + detail::enum_words<E>());
  }

  template <class T>
  void read_list(const value_view& v, std::vector<T>& xs) {
    if (!expect(v.kind() == value_kind::list, v, "an array")) {
      return;
    }
    xs.clear();
    xs.reserve(v.size());
    for (std::size_t i = 0; i < v.size(); ++i) {
      T x{};
      read_at(std::to_string(i), v.element(i), x);
      xs.push_back(std::move(x));
    }
  }

  template <class Key, class T>
  void read_map(const value_view& v, std::map<Key, T>& xs) {
    if (!expect(v.kind() == value_kind::object, v, "an object")) {
      return;
    }
    xs.clear();
    v.each_member([this, &xs](const std::string& name, value_view member) { read_at(name, member, xs[Key{name}]); });
  }

  template <class T, class... Ts>
  void read_variant(const value_view& v, T& x, std::variant<Ts...>*) {
    if (!expect(v.kind() == value_kind::object, v, "an object")) {
      return;
    }
    const auto type = v.find("type");
    const auto* name = type ? type->as_text() : nullptr;
    if (name != nullptr && (read_alternative<Ts>(v, *name, x) || ...)) {
      return;
    }
    std::string rule = "an object whose \"type\" is one of";
    const char* separator = " ";
    ((rule += separator, rule += type_name<Ts>(), separator = ", "), ...);
    expect(false, type ? *type : v, rule);
  }

  template <class T>
  static std::string type_name() {
    T x{};
    return visit_fields(type_name_reader{}, x);
  }

  template <class T, class V>
  bool read_alternative(const value_view& v, const std::string& type, V& x) {
    if (type != type_name<T>()) {
      return false;
    }
    T alternative{};
    read_object(v, alternative, true);
    x = std::move(alternative);
    return true;
  }

  template <class R, class P>
  void read_duration(const value_view& v, std::chrono::duration<R, P>& x) {
    using target = std::chrono::duration<R, P>;
    duration exact{};
    if (!read_span(v, exact)) {
      return;
    }
    const auto value = std::chrono::duration_cast<target>(exact);
    if constexpr (std::is_integral_v<R>) {
      static_assert(std::ratio_greater_equal_v<P, std::nano>, "nanoseconds are the finest unit");
      if (!expect(std::chrono::duration_cast<duration>(value) == exact, v,
                  "a multiple of " + detail::bound_text(target{1}))) {
        return;
      }
    }
    x = value;
  }

  const std::string* text_of(const value_view& v);
  bool read_span(const value_view& v, duration& x);
  void read_time(const value_view& v, wall_time& x);
  void expect_reference(const value_view& v);
  void refuse_unknown(const value_view& object, bool named, const std::vector<std::string>& known);

  unknown_keys unknown_;
  secret_texts secrets_;
  bool secret_ = false; // what is being read is one
  complaint_list complaints_;
};

/// Parses JSON and reads a `T` from it, on top of what a default one holds; ranges of fields are checked, members that
/// the type does not have refused. `errc::invalid_file` for what is no well-formed JSON, `errc::invalid_config` for the
/// rest, with all complaints.
template <class T>
expected<T> from_json_text(std::string_view text) {
  const auto document = value_document::parse(text);
  if (!document) {
    return tl::make_unexpected(document.error());
  }
  value_reader reader;
  T result{};
  reader.read(document->root(), result);
  if (auto ok = reader.complaints().result(); !ok) {
    return tl::make_unexpected(std::move(ok.error()));
  }
  return result;
}

} // namespace djm
