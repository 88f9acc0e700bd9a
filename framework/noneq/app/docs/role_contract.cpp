#include "noneq/app/docs/role_contract.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "noneq/storage/files.hpp"

namespace noneq::app {
namespace {

// "Shapes and units: …" → its first words; "" for a line that begins no clause.
std::string clause_name(const std::string& line) {
  const auto colon = line.find(": ");
  if (colon == line.npos || colon > 20 || !std::isupper(static_cast<unsigned char>(line[0]))) return "";
  const std::string name = line.substr(0, colon);
  const bool words = std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalpha(c) || c == ' '; });
  return words ? name : "";
}

void append(std::string& text, const std::string& line) {
  text += (text.empty() ? "" : " ") + line.substr(std::min(line.find_first_not_of(' '), line.size()));
}

// Clauses that stand on one line: "Shapes: [B]. Threads: …".
void split_clauses(std::vector<std::pair<std::string, std::string>>& clauses) {
  for (std::size_t k = 0; k < clauses.size(); ++k)
    for (const std::string next : {"Threads", "Requires", "Errors", "Source"})
      if (const auto at = clauses[k].second.find(". " + next + ": "); at != std::string::npos) {
        std::pair<std::string, std::string> rest{next, clauses[k].second.substr(at + next.size() + 4)};
        clauses[k].second.resize(at + 1);
        clauses.insert(clauses.begin() + static_cast<std::ptrdiff_t>(k) + 1, std::move(rest));
      }
}

}

role_contract contract_in(const std::string& text) {
  role_contract c;
  std::istringstream lines(text);
  bool new_paragraph = true;
  for (std::string line; std::getline(lines, line) && line.starts_with("//");) {
    line = line.substr(std::min<std::size_t>(3, line.size()));
    if (line.empty()) {
      new_paragraph = true;
    } else if (const std::string name = clause_name(line); !name.empty()) {
      c.clauses.emplace_back(name, line.substr(name.size() + 2));
    } else if (!c.clauses.empty()) {
      append(c.clauses.back().second, line);
    } else {
      if (new_paragraph) c.paragraphs.emplace_back();
      append(c.paragraphs.back(), line);
      new_paragraph = false;
    }
  }
  split_clauses(c.clauses);
  return c;
}

std::vector<role_contract> contracts_of(const std::filesystem::path& folder, const std::string& role) {
  std::set<std::filesystem::path> headers;
  std::error_code none;
  for (const auto& file : std::filesystem::directory_iterator(folder, none)) headers.insert(file.path());
  std::vector<role_contract> all;
  for (const auto& header : headers) {
    const std::string text = storage::read_file(header);
    if (text.find("role<\"" + role + "\"") == text.npos) continue;
    role_contract c = contract_in(text);
    c.header = header.filename().string();
    all.insert(c.header == role + ".hpp" ? all.begin() : all.end(), std::move(c));
  }
  return all;
}

std::string sentence_of(const std::vector<role_contract>& contracts) {
  if (contracts.empty() || contracts.front().paragraphs.empty()) return "";
  const std::string& text = contracts.front().paragraphs.front();
  return text.substr(0, text.find(". ") + (text.find(". ") == text.npos ? 0 : 1));
}

}
