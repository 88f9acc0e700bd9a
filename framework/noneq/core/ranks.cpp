#include "noneq/core/ranks.hpp"

#include <unistd.h>
#include <algorithm>

#include <fmt/format.h>

#include "noneq/core/any_exception.hpp"
#include "noneq/core/error.hpp"
#include "noneq/core/stop.hpp"

namespace noneq {
namespace {

struct no_transfers final : transfers {
  void send(int, int, const word*, std::int64_t) override {}
  void receive(int, int, word*, std::int64_t) override {}
  void progress() override {}
  void finish() override {}
};

struct one_process final : ranks {
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void exchange(const word* sent, const std::vector<std::int64_t>& to, word* received,
                const std::vector<std::int64_t>&) const override {
    std::copy_n(sent, to.front(), received);
  }
  void share(word*, const std::vector<std::int64_t>&) const override {}
  std::unique_ptr<transfers> begin_transfers() const override { return std::make_unique<no_transfers>(); }
  [[noreturn]] void end_all(int code) const override { _exit(code); }
};

// Texts of these lengths, each from a word of its own on, behind one another.
struct texts_of_ranks {
  explicit texts_of_ranks(std::vector<std::int64_t> of) : lengths(std::move(of)) {
    constexpr auto bytes = static_cast<std::int64_t>(sizeof(word));
    for (const std::int64_t n : lengths) counts.push_back((n + bytes - 1) / bytes);
    for (const std::int64_t n : counts) begins.push_back(begins.back() + n);
    words.resize(static_cast<std::size_t>(begins.back()));
  }
  char* at(std::size_t r) { return reinterpret_cast<char*>(words.data() + begins[r]); }
  std::vector<std::string> texts() {
    std::vector<std::string> all;
    for (std::size_t r = 0; r < lengths.size(); ++r) all.emplace_back(at(r), static_cast<std::size_t>(lengths[r]));
    return all;
  }

  std::vector<std::int64_t> lengths, counts, begins{0};
  std::vector<word> words;
};

constexpr std::int64_t words_of_a_number = sizeof(std::int64_t) / sizeof(word);

}

const ranks& alone() {
  static const one_process process;
  return process;
}

std::string host_name() {
  char name[256] = "";
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "an unknown host";
}

std::vector<std::int64_t> ranks::all(std::int64_t mine) const {
  std::vector<std::int64_t> values(static_cast<std::size_t>(size())), begins;
  values[static_cast<std::size_t>(rank())] = mine;
  for (std::int64_t r = 0; r <= size(); ++r) begins.push_back(r * words_of_a_number);
  share(reinterpret_cast<word*>(values.data()), begins);
  return values;
}

bool ranks::any(bool mine) const {
  if (!many()) return mine;
  const auto given = all(std::int64_t{mine});
  return std::any_of(given.begin(), given.end(), [](std::int64_t one) { return one != 0; });
}

std::vector<std::string> ranks::all(const std::string& mine) const {
  texts_of_ranks all(this->all(static_cast<std::int64_t>(mine.size())));
  std::ranges::copy(mine, all.at(static_cast<std::size_t>(rank())));
  share(all.words.data(), all.begins);
  return all.texts();
}

std::vector<std::string> ranks::to_first(const std::string& mine) const {
  const auto lengths = all(static_cast<std::int64_t>(mine.size()));
  texts_of_ranks own({lengths[static_cast<std::size_t>(rank())]}),
      received(first() ? lengths : std::vector<std::int64_t>{});
  std::ranges::copy(mine, own.at(0));
  const std::vector<std::int64_t> none(lengths.size(), 0);
  std::vector<std::int64_t> to = none;
  to[0] = own.counts[0];
  exchange(own.words.data(), to, received.words.data(), first() ? received.counts : none);
  return received.texts();
}

void together(const ranks& r, const std::function<void()>& f) {
  if (!r.many()) return f();
  enum outcome : std::int64_t { done, error_of_work, error_of_input, stopped };
  std::exception_ptr failed;
  std::string text;
  outcome mine = done;
  try {
    f();
  } catch (const input_error& e) {
    failed = std::current_exception(), mine = error_of_input, text = e.what();
  } catch (const interrupted&) {
    mine = stopped;
  } catch (...) {
    failed = std::current_exception(), mine = error_of_work, text = text_of(failed);
  }
  const auto all = r.all(std::int64_t{mine});
  if (std::find(all.begin(), all.end(), stopped) != all.end()) throw stopped_together();
  const auto first = std::find_if(all.begin(), all.end(), [](std::int64_t one) { return one != done; });
  if (first == all.end()) return;
  const auto texts = r.all(fmt::format("{}\n{}", text, host_name()));
  if (!r.first()) throw reported_elsewhere{*first == error_of_input ? 2 : 1};
  if (failed != nullptr) std::rethrow_exception(failed);
  const auto who = static_cast<std::size_t>(first - all.begin());
  const std::size_t end = texts[who].rfind('\n');
  const error theirs(fmt::format("rank {} on {}: {}", who, texts[who].substr(end + 1), texts[who].substr(0, end)));
  if (*first == error_of_input) throw input_error({theirs});
  throw theirs;
}

}
