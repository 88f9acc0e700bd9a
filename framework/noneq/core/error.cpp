#include "noneq/core/error.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace noneq {

std::string place::str() const {
  if (line == 0) return file;
  return fmt::format("{}:{}:{}", file, line, col);
}

static std::string compose(const std::string& message, const std::string& subject, const place& where) {
  std::string line = where.str();
  for (const std::string& part : {subject, message}) {
    if (!line.empty() && !part.empty()) line += ": ";
    line += part;
  }
  return line;
}

error::error(std::string what, std::string subject, place where)
    : message_(std::move(what)),
      subject_(std::move(subject)),
      line_(compose(message_, subject_, where)),
      where_(std::move(where)) {}

error error::within(const std::string& subject) const { return error(message_, subject + "." + subject_, where_); }

error error::at(const place& where, const std::string& subject) const {
  return error(message_, subject_.empty() ? subject : subject_, where_.str().empty() ? where : where_);
}

static std::string lines_of(const std::vector<error>& problems) {
  std::string text;
  for (const error& e : problems) {
    if (!text.empty()) text += '\n';
    text += e.what();
  }
  return text;
}

input_error::input_error(std::vector<error> problems) : error(lines_of(problems)), problems_(std::move(problems)) {}

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

// Two neighbours that are exchanged count as one slip.
static std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

std::string closest_to(std::string_view word, const std::vector<std::string>& candidates) {
  // A name of two or three letters may have one wrong letter, which is seldom the first.
  const std::size_t most = word.size() < 2 ? 0 : word.size() < 4 ? 1 : std::max<std::size_t>(2, word.size() / 3);
  const auto cost = [&](const std::string& c) {
    const std::size_t distance = edit_distance(word, c);
    return distance > most ? SIZE_MAX : 2 * distance + (c.empty() || c[0] != word[0]);
  };
  std::size_t best = SIZE_MAX;
  std::string closest;
  for (const std::string& c : candidates)
    if (const auto now = cost(c); now < best) best = now, closest = c;
  if (!closest.empty() || word.size() < 3) return closest;
  const auto begun = std::ranges::find_if(candidates, [&](const std::string& c) { return c.starts_with(word); });
  return begun == candidates.end() ? "" : *begun;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string closest = closest_to(word, candidates);
  return closest.empty() ? "" : fmt::format(", did you mean '{}'?", closest);
}

}
