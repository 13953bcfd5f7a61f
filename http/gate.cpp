#include "http/gate.hpp"

#include <algorithm>

#include "http/problem.hpp"

namespace djm::http {

namespace {

constexpr std::string_view cookie_name = "djm_token";

std::string_view cookie_of(const request& r) {
  auto all = header_of(r, "Cookie");
  while (!all.empty()) {
    const auto end = all.find(';');
    const auto one = trimmed(all.substr(0, end));
    if (const auto equals = one.find('='); equals != std::string_view::npos && one.substr(0, equals) == cookie_name) {
      return one.substr(equals + 1);
    }
    all = end == std::string_view::npos ? std::string_view{} : all.substr(end + 1);
  }
  return {};
}

std::string_view bearer_of(const request& r) {
  const auto value = header_of(r, "Authorization");
  constexpr std::string_view scheme = "Bearer ";
  return value.size() > scheme.size() && same_word(value.substr(0, scheme.size()), scheme)
           ? trimmed(value.substr(scheme.size()))
           : std::string_view{};
}

/// "https://host:8080" without its scheme; nothing for what is no origin ("null").
std::string_view authority_of(std::string_view origin) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.substr(0, scheme.size()) == scheme) {
      return origin.substr(scheme.size());
    }
  }
  return {};
}

/// A browser says where the page comes from that asks; programs say nothing.
bool is_foreign(const request& r) {
  const auto site = header_of(r, "Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin" && site != "none") {
    return true;
  }
  return has_header(r, "Origin") && !same_word(authority_of(header_of(r, "Origin")), header_of(r, "Host"));
}

bool is_octets(std::string_view type) {
  return same_word(trimmed(type.substr(0, type.find(';'))), "application/octet-stream");
}

} // namespace

bool is_json(std::string_view type) {
  return same_word(trimmed(type.substr(0, type.find(';'))), "application/json");
}

bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto other = secret.empty() ? '\0' : secret[i % secret.size()];
    difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(other));
  }
  return difference == 0 && !secret.empty();
}

std::string session_cookie(const std::string& token) {
  return std::string{cookie_name} + "=" + token + "; Path=/; HttpOnly; SameSite=Strict";
}

std::string host_without_port(std::string_view host) {
  const auto closing = host.rfind(']');
  const auto colon = host.find(':', closing == std::string_view::npos ? 0 : closing);
  return lower(host.substr(0, colon));
}

std::optional<answer> refused_host(const request& r, const gate_settings& settings) {
  const auto host = host_without_port(header_of(r, "Host"));
  if (std::find(settings.hosts.begin(), settings.hosts.end(), host) != settings.hosts.end()) {
    return std::nullopt;
  }
  return problem_answer(403, "host_not_allowed",
                        "the request names a host that this server does not answer to; http_config::hosts lists those "
                        "that it does",
                        settings.node);
}

std::optional<answer> refusal(const request& r, const route& to, access who, const gate_settings& settings) {
  if (who != access::open && !settings.token.empty()) {
    const auto bearer = bearer_of(r);
    const auto cookie = cookie_of(r);
    if (!same_secret(bearer, settings.token) && !same_secret(cookie, settings.token)) {
      return problem_answer(401, bearer.empty() && cookie.empty() ? "token_missing" : "token_wrong",
                            "send the token of this node as \"Authorization: Bearer TOKEN\"", settings.node);
    }
  }
  const bool safe = to.how == verb::get;
  if (!safe && is_foreign(r)) {
    return problem_answer(403, "foreign_origin", "a page of another origin may not ask for this", settings.node);
  }
  if (who == access::writer && !settings.writes) {
    return problem_answer(403, "read_only",
                          "this node's HTTP interface is read-only; http_config::allow_writes changes that",
                          settings.node);
  }
  // Both are types that a page of another origin cannot send without being asked for permission.
  const auto type = header_of(r, "Content-Type");
  if (to.what == operation::ask && !r.body.empty() && !is_json(type) && !is_octets(type)) {
    return problem_answer(415, "not_a_question",
                          "the question must be sent as application/octet-stream or application/json", settings.node);
  }
  if (to.what == operation::set_item_state && !r.body.empty() && !is_json(type) && !is_octets(type)) {
    return problem_answer(415, "not_a_state", "the state must be sent as application/octet-stream or application/json",
                          settings.node);
  }
  if (!safe && !takes_bytes(to.what) && !r.body.empty() && !is_json(type)) {
    return problem_answer(415, "not_json", "the body must be sent as application/json", settings.node);
  }
  return std::nullopt;
}

} // namespace djm::http
