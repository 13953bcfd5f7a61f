// Prints the description of the routes for machines, as docs/openapi.json has it.
#include <cstdio>

#include "http/routes.hpp"

int main() {
  return std::fputs(djm::http::openapi_text().c_str(), stdout) < 0 ? 1 : 0;
}
