#include "test/unit/calendar/oracle_rows.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "djm/time_zone.hpp"

namespace djm::test {

namespace {

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> result;
  std::istringstream in{text};
  for (std::string part; std::getline(in, part, at);) {
    result.push_back(part);
  }
  return result;
}

} // namespace

std::string oracle_row::text() const {
  return id + ": \"" + expression + "\" in " + zone + ", " + dst + ", from " + start;
}

std::vector<oracle_row> read_oracle_rows() {
  std::ifstream in{DJM_CRON_TSV};
  std::string line;
  if (!std::getline(in, line) || line.rfind("id\texpression\tzone\tdst_rule\tstart\texpected\t", 0) != 0) {
    throw std::runtime_error{"cron.tsv is not there, or has other columns"};
  }
  std::vector<oracle_row> result;
  while (std::getline(in, line)) {
    const auto columns = split(line, '\t');
    if (columns.size() != 9) {
      throw std::runtime_error{"cron.tsv: not nine columns: " + line};
    }
    oracle_row row{columns[0], columns[1], columns[2], columns[3], columns[4], {}, columns[5] == "refused"};
    if (!row.refused && columns[5] != "never") {
      row.expected = split(columns[5], ';');
    }
    result.push_back(row);
  }
  return result;
}

bool may_move(const oracle_row& row) {
  for (const auto* zone :
       {"Africa/Casablanca", "Africa/El_Aaiun", "Asia/Gaza", "Asia/Hebron", "Asia/Almaty", "Antarctica/Vostok"}) {
    if (row.zone == zone || row.expression.find(zone) != std::string::npos) {
      return true;
    }
  }
  return false;
}

bool same_tz_database() {
  return time_zones_version() == std::string{"2025b"};
}

} // namespace djm::test
