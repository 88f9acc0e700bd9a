// Long sampling and measuring: those who wait see how far it is, and can end it.
#include <cstdlib>

#include "noneq/storage/hdf5.hpp"
#include "tiny.hpp"

using namespace testing;

namespace {

// A run of a thousand steps of the schedule that hardly trained, with metrics that would take minutes.
const scratch& long_run() {
  static const scratch place;
  static const bool done = [] {
    std::string text = tiny_with("steps: 10, first_beta: 0.01", "steps: 1000, first_beta: 0.0001");
    text.replace(text.find("steps: 60"), 9, "steps: 1");
    text = text.substr(0, text.find("  bound:"));
    put_text(place / "p.yaml", text);
    const surroundings here{.folder = place.folder()};
    for (const std::string& metric : {std::string("bound, of: model, samples: 1000000, chunk: 100000"),
                                      std::string("likelihood, of: model, samples: 1000000, chunk: 20000"),
                                      std::string("ceiling, of: model, samples: 100000, chunk: 2000")}) {
      const std::string name = metric.substr(0, metric.find(','));
      const outcome o = program({"run", "p.yaml", "--out", name, "--quiet"}, here);
      CHECK_MESSAGE(o.code == 0, o.err);
      const auto resolved = place.folder() / name / "pipeline.yaml";
      put_text(resolved, text_of(resolved) + "  measure: {plugin: metric." + metric + "}\n");
    }
    return true;
  }();
  (void)done;
  return place;
}

// A terminal of which all output is kept.
class terminal {
 public:
  terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) throw std::runtime_error("no terminal");
  }
  terminal(terminal&&) = delete;
  ~terminal() { ::close(master_); }
  std::string name() const { return ::ptsname(master_); }
  const std::string& shown() {
    char some[4096];
    for (ssize_t n; (n = ::read(master_, some, sizeof some)) > 0;) all_.append(some, static_cast<std::size_t>(n));
    return all_;
  }

 private:
  int master_;
  std::string all_;
};

// The program is stopped once it works on `node`.
void ends_soon(const std::vector<std::string>& arguments, const std::string& node) {
  CAPTURE(arguments[1]);
  terminal screen;
  child work(arguments, {.folder = long_run().folder(), .err = screen.name()});
  REQUIRE(work.until([&] { return says(screen.shown(), node + ": "); }));
  work.send(SIGINT);
  const auto asked = std::chrono::steady_clock::now();
  CHECK(work.wait().code == 130);
  // Two seconds are promised, of which a busy machine may make more.
  CHECK(std::chrono::steady_clock::now() - asked < std::chrono::seconds(6));
}

}

TEST_CASE("Ctrl-C ends a sampler in the midst of a chunk, and leaves no half a file") {
  ends_soon({"sample", "bound", "--count", "200000", "--set", "chunk=200000", "--out", "half.h5"}, "sampler");
  for (const auto& file : std::filesystem::directory_iterator(long_run().folder()))
    CHECK_MESSAGE(!says(file.path().string(), "half"), file.path());
}

TEST_CASE("Ctrl-C ends a metric in the midst of a chunk, with or without calls of the network") {
  for (const char* metric : {"bound", "likelihood", "ceiling"}) ends_soon({"eval", metric}, "measure");
}

TEST_CASE("a terminal shows how far a sampler and a metric are") {
  const auto shows = [](const std::vector<std::string>& arguments, const std::vector<std::string>& parts) {
    terminal screen;
    child work(arguments, {.folder = long_run().folder(), .err = screen.name()});
    CHECK(work.until([&] {
      return std::all_of(parts.begin(), parts.end(), [&](const auto& part) { return says(screen.shown(), part); });
    }));
    work.send(SIGINT);
    CHECK(work.wait().code == 130);
  };
  shows({"sample", "bound", "--count", "20000", "--out", "some.h5"},
        {"sampler: ", " %, ", " calls of the network, ", " left"});
  shows({"eval", "bound"}, {"measure: 0 of 10 parts, ", " calls of the network, 0:0"});
}

TEST_CASE("a terminal shows how far a pass over data is, with the time left, and nothing of it under --quiet") {
  const scratch place;
  {
    noneq::storage::hdf5_writer out(place / "large.h5", 1);
    for (int k = 0; k < 8; ++k) out.append("x", at::zeros({1 << 21, 8}, at::kByte));
    out.close();
  }
  const auto shown = [&](const std::vector<std::string>& arguments) {
    terminal screen;
    child work(arguments, {.folder = place.folder(), .err = screen.name()});
    work.until([&] { return screen.shown().empty() && false; });  // reads while it writes
    CHECK(work.wait().code == 0);
    return screen.shown();
  };
  const std::string lines = shown({"data", "info", "large.h5", "--stats"});
  CHECK(says(lines, "reading: "));
  CHECK(says(lines, " % of 134.2 MB, 0:0"));
  CHECK(says(lines, " left"));
  CHECK(lines.find('\n') == lines.npos);  // one line, drawn again
  CHECK(lines.ends_with("\r\033[K"));     // and cleared
  CHECK(shown({"data", "info", "large.h5", "--stats", "--quiet"}) == "");
}

TEST_CASE("colours are for terminals, and only without NO_COLOR") {
  const scratch place;
  put_text(place / "p.yaml", tiny_with("hidden: [8]", "hiden: [8]"));
  const auto shown = [&](const std::map<std::string, std::string>& variables) {
    terminal screen;
    child work({"check", "p.yaml"}, {.folder = place.folder(), .err = screen.name(), .variables = variables});
    work.until([&] { return screen.shown().empty() && false; });
    CHECK(work.wait().code == 2);
    return screen.shown();
  };
  const std::string line = "p.yaml:10:42: model.hiden: model.mlp has no parameter 'hiden', did you mean 'hidden'?\r\n";
  const std::string coloured = shown({{"TERM", "xterm"}, {"NO_COLOR", ""}}),
                    plain = shown({{"TERM", "xterm"}, {"NO_COLOR", "1"}});
  CHECK(coloured.starts_with(line));
  CHECK(says(coloured, "\033[1;31m^~~~~\033[0m"));
  CHECK(plain.starts_with(line));
  CHECK(plain.find('\033') == plain.npos);
  CHECK(shown({{"TERM", "dumb"}, {"NO_COLOR", ""}}) == plain);
}
