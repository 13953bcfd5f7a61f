#include "http/http_core.hpp"

#include <algorithm>
#include <charconv>

#include "djm/json.hpp"
#include "djm/value_reader.hpp"
#include "djm/value_view.hpp"
#include "http/problem.hpp"
#include "http/uri.hpp"
#include "http/views.hpp"

namespace djm::http {

namespace {

constexpr std::size_t most_rows = 1000;

bool accepts(const request& r, std::string_view type) {
  return lower(header_of(r, "Accept")).find(type) != std::string::npos;
}

const query_parameter* find_parameter(const route& r, std::string_view name) {
  const auto p = std::find_if(r.query.begin(), r.query.end(), [&](const auto& x) { return x.name == name; });
  return p == r.query.end() ? nullptr : &*p;
}

/// Who asks, as far as can be told: whether by token or from which address.
std::string who_asks(const request& r, bool with_token) {
  return (with_token ? "token, from " : "from ") + (r.peer.empty() ? std::string{"an unknown address"} : r.peer);
}

} // namespace

std::string tag_of(std::string_view content) {
  // FNV-1a: two contents of the same name are one chance in 2^64, and then a page is as old as the one before it.
  std::uint64_t hash = 14'695'981'039'346'656'037ULL;
  for (const char c : content) {
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 1'099'511'628'211ULL;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "\"";
  for (int shift = 60; shift >= 0; shift -= 4) {
    text += digits[(hash >> shift) & 15];
  }
  return text + '"';
}

std::string tag_of_rev(std::int64_t rev) {
  return '"' + std::to_string(rev) + '"';
}

answer http_core::problem(int status, std::string_view code, std::string_view detail) const {
  return problem_answer(status, code, detail, settings_.node.str());
}

std::variant<answer, call> http_core::arrive(const request& r) const {
  if (auto refused = refused_host(r, settings_.gate)) {
    return *refused;
  }
  const auto target = parse_target(r.target);
  if (!target) {
    return problem(400, "bad_target", "the target of the request is no path of this server");
  }
  const auto found = match(r.how, *target);
  if (found.to == nullptr && found.allowed.empty()) {
    return problem(404, "no_such_route", "there is nothing under this path; GET /openapi.json lists what there is");
  }
  if (found.to == nullptr) {
    auto a = problem(405, "method_not_allowed", "this path is asked by " + found.allowed);
    a.headers.emplace_back("Allow", found.allowed);
    return a;
  }
  call c;
  c.to = found.to;
  c.wants_html = accepts(r, "text/html") || !accepts(r, "application/json");
  // The page is the same for everybody; the job model under its path is not.
  const bool model = c.to->what == operation::console && !c.wants_html;
  if (auto refused = refusal(r, *c.to, model ? access::reader : c.to->who, settings_.gate)) {
    return *refused;
  }
  c.wants_stream = accepts(r, "text/event-stream");
  c.known = header_of(r, "If-None-Match");
  c.only_if = header_of(r, "If-Match");
  c.since = header_of(r, "Last-Event-ID");
  c.body = r.body;
  c.json = is_json(header_of(r, "Content-Type"));
  c.who = who_asks(r, !settings_.gate.token.empty());
  if (auto bad = read_names(found.names, c)) {
    return *bad;
  }
  if (auto bad = read_query(*target, c)) {
    return *bad;
  }
  return c;
}

std::optional<answer> http_core::read_names(const std::vector<std::string>& names, call& c) const {
  auto name = names.begin();
  const std::string_view path = c.to->path;
  const auto take = [&](id_kind kind, auto& to) -> std::optional<answer> {
    if (auto ok = check_id(kind, *name); !ok) {
      return problem_answer(ok.error(), settings_.node.str());
    }
    to = std::decay_t<decltype(to)>{*name++};
    return std::nullopt;
  };
  if (path.find("{file}") != std::string_view::npos) {
    c.file = *name++;
    return std::nullopt;
  }
  std::optional<answer> bad;
  if (path.find("{worker}") != std::string_view::npos) {
    bad = take(id_kind::node, c.worker);
  }
  if (!bad && path.find("{job}") != std::string_view::npos) {
    bad = take(id_kind::job, c.job);
  }
  if (!bad && path.find("{item}") != std::string_view::npos) {
    bad = take(id_kind::item, c.item);
  }
  return bad;
}

std::optional<answer> http_core::read_query(const uri& target, call& c) const {
  for (const auto& [name, value] : target.query) {
    if (find_parameter(*c.to, name) == nullptr) {
      return problem(400, "unknown_parameter", "parameter \"" + name + "\" means nothing here");
    }
    if (name == "limit") {
      std::size_t n = 0;
      const auto* end = value.data() + value.size();
      const auto read = std::from_chars(value.data(), end, n);
      if (read.ec != std::errc{} || read.ptr != end || n < 1 || n > most_rows) {
        return problem(400, "bad_parameter", "limit is \"" + value + "\"; it must be a number from 1 to 1000");
      }
      c.limit = n;
    } else if (name == "cursor") {
      auto after = from_base64url(value);
      if (!after) {
        return problem(400, "bad_parameter", "cursor is \"" + value + "\", which no answer has given as its `next`");
      }
      c.after = std::move(*after);
    } else if (name == "timeout") {
      const auto timeout = parse_duration(value);
      if (!timeout || *timeout < std::chrono::milliseconds{1} || *timeout > std::chrono::minutes{10}) {
        return problem(400, "bad_parameter", "timeout is \"" + value + "\"; it must be a duration from 1ms to 10min");
      }
      c.timeout = *timeout;
    } else if (name == "state") {
      if (!enum_value<item_state>(value)) {
        return problem(400, "bad_parameter",
                       "state is \"" + value + "\"; it must be unassigned, waiting, locked or contested");
      }
      c.state = value;
    } else {
      auto& to = name == "q"         ? c.q
                 : name == "node"    ? c.node
                 : name == "job"     ? c.of_job
                 : name == "item"    ? c.of_item
                 : name == "outcome" ? c.outcome
                 : name == "since"   ? c.since
                                     : c.type;
      to = value;
    }
  }
  return std::nullopt;
}

answer http_core::leave(const call* c, answer a) const {
  const bool names_content =
    c != nullptr && a.status == 200 && c->to->how == verb::get && !a.follows && c->to->what != operation::metrics;
  if (names_content) {
    auto tag = a.tag.empty() ? tag_of(a.body) : a.tag;
    if (a.tag.empty() && !c->known.empty() && (c->known == "*" || c->known.find(tag) != std::string::npos)) {
      a.status = 304;
      a.body.clear();
    }
    a.headers.emplace_back("ETag", std::move(tag));
  }
  a.headers.emplace_back("Cache-Control", names_content ? "no-cache" : "no-store");
  a.headers.emplace_back("Content-Security-Policy",
                         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                         "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  a.headers.emplace_back("X-Content-Type-Options", "nosniff");
  a.headers.emplace_back("Referrer-Policy", "no-referrer");
  a.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  return a;
}

answer http_core::concluded(const call& c, const order_answer& result) const {
  if (c.to->what == operation::ask) {
    return answered(c, result);
  }
  if (result.failed) {
    const bool expected_another = result.failed->code == errc::conflict && !c.only_if.empty();
    return expected_another ? problem(412, "changed", result.failed->text)
                            : problem_answer(*result.failed, settings_.node.str());
  }
  answer a;
  if (!result.json.empty()) {
    a.body = result.json;
    a.tag = result.rev > 0 ? tag_of_rev(result.rev) : result.tag;
  } else if (result.rev > 0) {
    a.body = "{\"rev\":" + std::to_string(result.rev) + "}";
  } else if (c.to->what == operation::trigger) {
    a.body = "{\"runs\":" + std::to_string(result.runs) + "}";
  } else {
    a.status = 204;
    a.type.clear();
  }
  return a;
}

} // namespace djm::http
