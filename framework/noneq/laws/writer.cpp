// Laws of roles/writer.hpp.
#include "noneq/plugin/roles/writer.hpp"

#include <fmt/format.h>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/scratch.hpp"
#include "noneq/laws/detail/streams.hpp"
#include "noneq/plugin/returned.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::laws {
namespace writer_laws {

namespace fs = std::filesystem;

// The streams that the writer can write.
std::vector<written_stream> accepted(const subject& s) {
  const auto w = s.as<writer>();
  need(w->file.is_relative(), "file", w->file.string(), "a name within the folder of the run, for its laws");
  w->check_machine();
  std::vector<written_stream> all;
  std::string refusal;
  for (written_stream& each : streams_to_write(s)) {
    try {
      for (const named_tensor_doc& t : s.entry().reads) each.input.need(t.name, "in");
      w->check_input(each.input);
      all.push_back(std::move(each));
    } catch (const error& e) {
      refusal = e.what();
    }
  }
  if (all.empty()) throw error("check_input() refuses every stream: " + refusal);
  return all;
}

template <class F>
void with_each(const subject& s, const F& f) {
  for (const written_stream& in : accepted(s)) {
    try {
      at::NoGradGuard values_only;
      f(in);
    } catch (const error& e) {
      throw error(fmt::format("{} (with {})", e.what(), in.text));
    }
  }
}

std::unique_ptr<sinking> opened(const writer& w, const written_stream& in, const scratch& folder,
                                const std::string& occasion = "") {
  const writing to = in.writing_to(folder.folder(), occasion);
  fs::create_directories(w.path(to).parent_path());
  return need_made(w.open(to), "open()", "sinking");
}

std::string names(const std::set<fs::path>& files) {
  std::string all;
  for (const fs::path& f : files) all += (all.empty() ? "" : ", ") + f.filename().string();
  return all.empty() ? "no file" : all;
}

void appears_in_finish(const subject& s) {
  const auto w = s.as<writer>();
  with_each(s, [&](const written_stream& in) {
    for (const char* occasion : {"", "step 20"}) {
      const scratch folder;
      const fs::path file = w->path(in.writing_to(folder.folder(), occasion));
      const auto sink = opened(*w, in, folder, occasion);
      for (const batch& b : in.batches) sink->add(sink->map(b));
      need(!fs::exists(file), "before finish()", names({file}), "no file of this name");
      const outcome o = sink->finish();
      need(std::find(o.files.begin(), o.files.end(), file) != o.files.end(), "the files of the outcome",
           names({o.files.begin(), o.files.end()}), "the file of this occasion, " + file.filename().string());
      need(folder.files() == std::set<fs::path>(o.files.begin(), o.files.end()), "in the folder after finish()",
           names(folder.files()), names({o.files.begin(), o.files.end()}) + ", as the outcome lists");
    }
  });
}

void leaves_nothing(const subject& s) {
  const auto w = s.as<writer>();
  with_each(s, [&](const written_stream& in) {
    const scratch folder;
    for (const std::size_t added : {std::size_t{0}, in.batches.size()}) {
      auto sink = opened(*w, in, folder);
      for (std::size_t i = 0; i < added; ++i) sink->add(sink->map(in.batches[i]));
      sink.reset();
      need(folder.files().empty(), fmt::format("after a sinking is destroyed that added {} batches", added),
           names(folder.files()), "no file");
    }
  });
}

using contents = std::map<std::string, std::string>;

contents written(const writer& w, const written_stream& in, bool maps_at_once) {
  const scratch folder;
  const auto sink = opened(w, in, folder);
  std::vector<batch> mapped;
  if (maps_at_once)
    mapped = at_once(in.batches.size(), [&](std::size_t i) {
      at::NoGradGuard values_only;
      return sink->map(in.batches[i]);
    });
  for (std::size_t i = 0; i < in.batches.size(); ++i) sink->add(maps_at_once ? mapped[i] : sink->map(in.batches[i]));
  contents all;
  for (const fs::path& f : sink->finish().files) all[f.filename().string()] = storage::read_file(f);
  return all;
}

void need_same_files(const std::string& how, const contents& got, const contents& wanted) {
  for (const auto& [name, bytes] : wanted) {
    const auto other = got.find(name);
    need(other != got.end() && other->second == bytes, name + " " + how,
         other == got.end() ? "no file" : fmt::format("{} other bytes", other->second.size()),
         fmt::format("the {} bytes of the first", bytes.size()));
  }
}

void is_repeatable(const subject& s) {
  const auto w = s.as<writer>();
  with_each(s, [&](const written_stream& in) {
    const contents first = written(*w, in, false);
    need_same_files("written a second time", written(*w, in, false), first);
    need_same_files("from batches mapped by several threads at once", written(*w, in, true), first);
  });
}

void may_be_open_twice(const subject& s) {
  const auto w = s.as<writer>();
  with_each(s, [&](const written_stream& in) {
    const contents alone = written(*w, in, false);
    const scratch one, other;
    const auto a = opened(*w, in, one), b = opened(*w, in, other);
    for (const batch& rows : in.batches)
      for (sinking* sink : {a.get(), b.get()}) sink->add(sink->map(rows));
    for (sinking* sink : {a.get(), b.get()}) {
      contents got;
      for (const fs::path& f : sink->finish().files) got[f.filename().string()] = storage::read_file(f);
      need_same_files("of one of two sinkings that were open at once", got, alone);
    }
  });
}

}

law_list of_writer() {
  using namespace writer_laws;
  return {
      {"A file appears under its name in finish() only, which lists it; nothing else stays.", appears_in_finish},
      {"A sinking that is destroyed before finish() leaves nothing behind.", leaves_nothing},
      {"Equal batches make equal bytes, also where map() is called by several threads at once.", is_repeatable},
      {"One writer may be open several times.", may_be_open_twice},
  };
}

}
