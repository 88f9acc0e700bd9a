#include "noneq/storage/script_archive.hpp"

#include "doctest.hpp"
#include "scratch.hpp"

using namespace noneq::storage;

namespace {

const std::filesystem::path seeds = "tests/fuzz/corpus/torchscript";  // which make_corpus.py writes

struct one_archive : scratch {
  std::string refusal(const std::string& bytes) const {
    put(*this / "m.pt", bytes);
    return failure([&] { need_script_archive(*this / "m.pt"); });
  }
};

}

TEST_CASE("archives with stored and compressed entries are whole, with either end record") {
  const one_archive f;
  for (const char* name : {"stored", "deflated", "wide"}) {
    CAPTURE(name);
    const std::string bytes = read_file(seeds / name);
    CHECK(f.refusal(bytes) == "");
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) CHECK(has(f.refusal(bytes.substr(0, cut)), "m.pt: "));
  }
}

TEST_CASE("no bit of what an entry holds may be another") {
  const one_archive f;
  const std::string bytes = read_file(seeds / "stored"), content = "content of constants.pkl";
  const std::size_t from = bytes.find(content);
  REQUIRE(from != bytes.npos);
  for (std::size_t bit = 0; bit < 8 * content.size(); ++bit) {
    std::string flipped = bytes;
    flipped[from + bit / 8] ^= static_cast<char>(1 << bit % 8);
    CHECK(has(f.refusal(flipped), "m.pt: is a damaged TorchScript module (the bytes of an entry are not those of its"));
  }
}

TEST_CASE("what is no TorchScript module is named") {
  const one_archive f;
  CHECK(
      has(f.refusal(read_file(seeds / "weights_only")), "m.pt: got what torch.save writes, need a TorchScript module"));
  CHECK(has(f.refusal("PK\3\4"), "m.pt: got something else than a TorchScript module"));
  CHECK(has(f.refusal(std::string(1000, 'x')), "m.pt: got something else than a TorchScript module"));
  CHECK(has(f.refusal("PK\3\4" + std::string(1000, 'x')), "m.pt: is a damaged TorchScript module (it ends too early)"));
  CHECK(has(failure([&] { need_script_archive(f / "none.pt"); }), "none.pt: cannot open"));
}
