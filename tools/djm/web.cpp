#include "tools/djm/web.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include "tools/djm/texts.hpp"

namespace djm::tool {

namespace {

/// The most that an answer may be: pages have at most a thousand rows, and a node remembers eight MiB of runs.
constexpr std::size_t most_bytes = 16u << 20;
/// The most of a foreign reason that is told.
constexpr std::size_t most_columns = 300;
/// Who does not take a connection within so long is not there; an answer may take longer.
constexpr duration most_connecting = std::chrono::seconds{3};

struct body {
  std::string text;
  bool too_large = false;
};

std::size_t take(char* data, std::size_t size, std::size_t count, void* to) {
  auto& b = *static_cast<body*>(to);
  if (b.text.size() + size * count > most_bytes) {
    b.too_large = true;
    return 0;
  }
  b.text.append(data, size * count);
  return size * count;
}

/// Before the first thread that asks; its memory is that of the process.
void prepare() {
  static const auto ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void) ready;
}

/// What a problem of RFC 9457 says, or the status alone.
std::string reason_in(const std::string& text, long status) {
  const auto problem = nlohmann::json::parse(text, nullptr, false);
  auto code = "status " + std::to_string(status);
  if (!problem.is_object() || !problem.contains("detail") || !problem["detail"].is_string()) {
    return code;
  }
  const auto& detail = problem["detail"].get_ref<const std::string&>();
  return std::string{first_columns(detail, most_columns)} + " (" + code + ")";
}

using session = std::unique_ptr<CURL, void (*)(CURL*)>;
using header_lines = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

} // namespace

std::string query_escaped(const std::string& text) {
  prepare();
  const std::unique_ptr<char, void (*)(void*)> escaped{
    curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size())), curl_free};
  return escaped ? std::string{escaped.get()} : std::string{};
}

expected<std::string> http_get(const web_site& site, const std::string& path) {
  prepare();
  const session curl{curl_easy_init(), curl_easy_cleanup};
  header_lines headers{curl_slist_append(nullptr, "Accept: application/json"), curl_slist_free_all};
  if (!site.token.empty()) {
    headers.reset(curl_slist_append(headers.release(), ("Authorization: Bearer " + site.token).c_str()));
  }
  if (!curl || !headers) {
    return fail(errc::internal, "there is no memory left");
  }
  auto url = site.url;
  while (!url.empty() && url.back() == '/') {
    url.pop_back();
  }
  body found;
  char why[CURL_ERROR_SIZE] = {};
  const auto limit = std::chrono::ceil<std::chrono::milliseconds>(site.timeout).count();
  const auto connecting = std::chrono::ceil<std::chrono::milliseconds>(std::min(site.timeout, most_connecting)).count();
  curl_easy_setopt(curl.get(), CURLOPT_URL, (url + path).c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  // Who answers does not say where we go next: the token is for this address.
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connecting));
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(limit));
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, why);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &take);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &found);
  const auto result = curl_easy_perform(curl.get());
  const auto told = [&](const std::string& text) { return site.url + ": " + text; };
  if (found.too_large) {
    return fail(errc::too_large, told("the answer is larger than 16 MiB"));
  }
  if (result == CURLE_OPERATION_TIMEDOUT) {
    return fail(errc::timed_out, told("no answer within " + format_duration(site.timeout)));
  }
  // Also what is no HTTP at all in its answer is an unsupported protocol.
  const bool web = site.url.find("://") == std::string::npos || site.url.rfind("http", 0) == 0;
  if (result == CURLE_UNSUPPORTED_PROTOCOL && web) {
    return fail(errc::invalid_state, told("what answers there does not speak HTTP"));
  }
  if (result == CURLE_UNSUPPORTED_PROTOCOL || result == CURLE_URL_MALFORMAT) {
    return fail(errc::invalid_config, told("it must be like http://node-1:8080"));
  }
  if (result != CURLE_OK) {
    return fail(errc::not_connected, told(why[0] != '\0' ? why : curl_easy_strerror(result)));
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status == 401 || status == 403) {
    return fail(errc::no_permission, told(reason_in(found.text, status)));
  }
  if (status != 200) {
    return fail(status == 503 ? errc::not_connected : errc::invalid_state, told(reason_in(found.text, status)));
  }
  return std::move(found.text);
}

} // namespace djm::tool
