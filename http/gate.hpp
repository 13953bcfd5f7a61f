#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/message.hpp"
#include "http/routes.hpp"

namespace djm::http {

/// Who may do what: the one place that refuses.
struct gate_settings {
  std::string node;               ///< named in answers
  std::vector<std::string> hosts; ///< names and addresses this server answers to, in small letters, without a port
  std::string token;              ///< empty: none is asked for
  bool writes = false;            ///< whether anything may be changed at all
};

/// Why the request is not let through to this route, where `who` may ask; nothing when it is.
std::optional<answer> refusal(const request& r, const route& to, access who, const gate_settings& settings);

/// Why it is not even looked at: it names a host that this server is not, which is how a page of somebody else reaches
/// a server at home (DNS rebinding).
std::optional<answer> refused_host(const request& r, const gate_settings& settings);

/// Compares in a time that depends on the length of `given` alone.
bool same_secret(std::string_view given, std::string_view secret);

/// The cookie that carries the token.
std::string session_cookie(const std::string& token);

/// A host without its port, in small letters: "[::1]:80" is "[::1]".
std::string host_without_port(std::string_view host);

/// Whether a content type says JSON.
bool is_json(std::string_view type);

} // namespace djm::http
