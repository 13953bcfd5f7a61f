#include "http/problem.hpp"

#include "djm/json.hpp"

namespace djm::http {

namespace {

struct problem_body {
  std::string type;
  std::string title;
  std::int32_t status = 0;
  std::string detail;
  std::string code;
  std::string node;
};
DJM_FIELDS(problem_body, type, title, status, detail, code, node)

} // namespace

int status_of(errc code) {
  switch (code) {
  case errc::none: return 200;
  case errc::invalid_id:
  case errc::invalid_schedule:
  case errc::invalid_running_strategy:
  case errc::invalid_config:
  case errc::invalid_connect_string:
  case errc::invalid_file:
  case errc::invalid_problem:
  case errc::unknown_strategy: return 400;
  case errc::no_permission: return 403;
  case errc::unknown_job:
  case errc::unknown_worker: return 404;
  case errc::duplicate_job:
  case errc::node_id_in_use:
  case errc::conflict:
  case errc::invalid_state: return 409;
  case errc::too_large: return 413;
  case errc::not_owner: return 421;
  case errc::backlog_full: return 429;
  case errc::shutting_down:
  case errc::not_connected:
  case errc::session_lost: return 503;
  case errc::timed_out:
  case errc::unknown_outcome: return 504;
  default: return 500;
  }
}

const char* reason_of(int status) {
  switch (status) {
  case 200: return "OK";
  case 204: return "No Content";
  case 304: return "Not Modified";
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 406: return "Not Acceptable";
  case 409: return "Conflict";
  case 412: return "Precondition Failed";
  case 413: return "Content Too Large";
  case 415: return "Unsupported Media Type";
  case 421: return "Misdirected Request";
  case 429: return "Too Many Requests";
  case 500: return "Internal Server Error";
  case 503: return "Service Unavailable";
  case 504: return "Gateway Timeout";
  default: return "Unknown";
  }
}

answer problem_answer(int status, std::string_view code, std::string_view detail, std::string_view node) {
  problem_body body{"urn:djm:" + std::string{code},
                    reason_of(status),
                    status,
                    std::string{detail},
                    std::string{code},
                    std::string{node}};
  answer a;
  a.status = status;
  a.type = "application/problem+json";
  a.body = to_json_text(body);
  if (status == 429 || status == 503) {
    a.headers.emplace_back("Retry-After", "1");
  }
  if (status == 401) {
    a.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"djm\"");
  }
  return a;
}

answer problem_answer(const error& e, std::string_view node) {
  const auto code = e.code == errc::unknown_outcome ? std::string{"may_be_applied"} : to_string(e.code);
  return problem_answer(status_of(e.code), code, e.text, node);
}

} // namespace djm::http
