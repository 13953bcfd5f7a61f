#include "execution/wire/wire.hpp"

#include <type_traits>
#include <utility>

namespace djm::exec {

namespace {

class packer {
public:
  template <class... Ts>
  void operator()(const Ts&... xs) {
    (put(xs), ...);
  }
  std::string take() { return std::move(out_); }

private:
  template <class T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
  void put(T x) {
    auto rest = static_cast<std::uint64_t>(x);
    for (std::size_t i = 0; i < sizeof(T); ++i, rest >>= 8u) {
      out_ += static_cast<char>(rest & 0xffu);
    }
  }
  template <class T, std::enable_if_t<std::is_enum_v<T>, int> = 0>
  void put(T x) {
    put(static_cast<std::underlying_type_t<T>>(x));
  }
  void put(const std::string& x) {
    put(static_cast<std::uint32_t>(x.size()));
    out_ += x;
  }
  template <class T>
  void put(const std::vector<T>& xs) {
    put(static_cast<std::uint32_t>(xs.size()));
    for (const auto& x : xs) {
      put(x);
    }
  }
  void put(const std::map<std::uint32_t, std::uint64_t>& xs) {
    put(static_cast<std::uint32_t>(xs.size()));
    for (const auto& [key, value] : xs) {
      put(key);
      put(value);
    }
  }

  std::string out_;
};

/// After the first thing that does not fit it reads nothing more.
class unpacker {
public:
  explicit unpacker(std::string_view in) : in_(in) {}

  template <class... Ts>
  void operator()(Ts&... xs) {
    (get(xs), ...);
  }
  /// Whether all was there, and nothing more.
  bool complete() const { return !failed_ && in_.empty(); }
  void must(bool ok) { failed_ = failed_ || !ok; }

private:
  template <class T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
  void get(T& x) {
    if (failed_ || in_.size() < sizeof(T)) {
      failed_ = true;
      return;
    }
    std::uint64_t value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;) {
      value = (value << 8u) | static_cast<unsigned char>(in_[i]);
    }
    in_.remove_prefix(sizeof(T));
    if constexpr (std::is_same_v<T, bool>) {
      must(value <= 1);
      x = value == 1;
    } else {
      x = static_cast<T>(value);
    }
  }
  void get(rank& x) { get_enum(x, last_rank); }
  void get(stage& x) { get_enum(x, last_stage); }
  void get(ending& x) { get_enum(x, last_ending); }
  template <class T>
  void get_enum(T& x, std::uint8_t last) {
    std::uint8_t value = 0;
    get(value);
    must(value <= last);
    x = failed_ ? x : static_cast<T>(value);
  }
  void get(std::string& x) {
    const auto size = count(1);
    x = std::string{in_.substr(0, size)};
    in_.remove_prefix(size);
  }
  template <class T>
  void get(std::vector<T>& xs) {
    for (auto n = count(4); n > 0 && !failed_; --n) {
      get(xs.emplace_back());
    }
  }
  void get(std::map<std::uint32_t, std::uint64_t>& xs) {
    for (auto n = count(12); n > 0 && !failed_; --n) {
      std::uint32_t key = 0;
      std::uint64_t value = 0;
      get(key);
      get(value);
      must(xs.emplace(key, value).second);
    }
  }
  /// How many there are; no more than what is left can hold, so that a wrong number reserves no memory.
  std::size_t count(std::size_t least_size) {
    std::uint32_t n = 0;
    get(n);
    must(n <= in_.size() / least_size);
    return failed_ ? 0 : n;
  }

  std::string_view in_;
  bool failed_ = false;
};

template <class F>
void fields(F&& f, hello& x) {
  f(x.version, x.ranks);
}
template <class F>
void fields(F&& f, lease& x) {
  f(x.seq, x.deadline);
}
template <class F>
void fields(F&&, order_here&) {}
template <class F>
void fields(F&& f, stop& x) {
  f(x.grace);
}
template <class F>
void fields(F&& f, ack& x) {
  f(x.seq);
}
template <class F>
void fields(F&& f, held& x) {
  f(x.pid);
}
template <class F>
void fields(F&& f, started& x) {
  f(x.pid);
}
template <class F>
void fields(F&& f, refused& x) {
  f(x.at, x.error);
}
template <class F>
void fields(F&& f, line& x) {
  f(x.text, x.cut);
}
template <class F>
void fields(F&& f, exited& x) {
  f(x.signalled, x.code);
}
template <class F>
void fields(F&& f, gone& x) {
  f(x.why, x.killed, x.left_over, x.dropped, x.tail);
}
template <class F>
void fields(F&& f, credit& x) {
  f(x.lines);
}
template <class F>
void fields(F&&, empty&) {}
template <class F>
void fields(F&& f, order& x) {
  f(x.run, x.program, x.environment, x.folder, x.switch_user, x.uid, x.gid, x.groups, x.umask, x.limits,
    x.new_privileges, x.term_signal, x.by, x.has_stdin, x.has_leaf, x.has_log, x.has_log_count, x.has_lock, x.leaf,
    x.log_limit, x.log_total, x.grace, x.reserve, x.left_over_grace);
}

template <std::size_t I = 0>
bool unpack(std::size_t kind, unpacker& in, message& m) {
  if constexpr (I < std::variant_size_v<message>) {
    if (kind == I) {
      fields(in, m.emplace<I>());
      return true;
    }
    return unpack<I + 1>(kind, in, m);
  } else {
    return false;
  }
}

} // namespace

std::string encode(const message& m) {
  packer out;
  out(static_cast<std::uint8_t>(m.index()));
  auto copy = m;
  std::visit([&](auto& x) { fields(out, x); }, copy);
  return out.take();
}

std::optional<message> decode(std::string_view packet) {
  if (packet.empty() || packet.size() > max_packet) {
    return std::nullopt;
  }
  message m;
  unpacker in{packet.substr(1)};
  if (!unpack(static_cast<unsigned char>(packet[0]), in, m) || !in.complete()) {
    return std::nullopt;
  }
  return m;
}

std::string encode(const order& o) {
  packer out;
  auto copy = o;
  fields(out, copy);
  return out.take();
}

std::optional<order> decode_order(std::string_view text) {
  if (text.size() > max_order) {
    return std::nullopt;
  }
  order o;
  unpacker in{text};
  fields(in, o);
  in.must(!o.program.empty());
  return in.complete() ? std::optional{std::move(o)} : std::nullopt;
}

} // namespace djm::exec
