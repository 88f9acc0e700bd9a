// Manifests that were damaged or edited are refused as a whole, before anything believes their numbers.
#include "noneq/flow/manifest.hpp"

#include "doctest.hpp"
#include "flow/job.hpp"
#include "noneq/storage/files.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::flow;

namespace {

nlohmann::json whole() { return nlohmann::json::parse(storage::read_file("tests/fuzz/corpus/manifest/whole")); }

std::string refusal(const std::string& bytes) {
  const testing::scratch folder;
  storage::write_atomically(folder / "manifest.json", bytes);
  try {
    read_manifest(folder.folder());
  } catch (const input_error& e) {
    return e.what();
  }
  return "";
}

std::string refusal_with(const char* path, const nlohmann::json& v) {
  nlohmann::json j = whole();
  j[nlohmann::json::json_pointer(path)] = v;
  return refusal(j.dump());
}

}

TEST_CASE("what a manifest states of large files is compared only where it is there") {
  CHECK(refusal(whole().dump()) == "");
  for (const nlohmann::json& v : {nlohmann::json(3), nlohmann::json::object(), nlohmann::json("a")})
    CHECK(refusal_with("/files/a.h5", v).find("is no manifest of a processing pipeline") != std::string::npos);
  CHECK(refusal_with("/files", nlohmann::json::array({1})).find("is no manifest") != std::string::npos);
}

TEST_CASE("numbers of rows that no data has are refused before they are multiplied") {
  CHECK(refusal_with("/streams/0/rows", std::int64_t{1} << 50) == "");
  for (const char* key : {"rows", "batch", "unit"})
    for (const nlohmann::json& v : {nlohmann::json(INT64_MAX), nlohmann::json(UINT64_MAX), nlohmann::json(1e300),
                                    nlohmann::json(-1), nlohmann::json(2.5), nlohmann::json("20")}) {
      CAPTURE(key);
      CAPTURE(v.dump());
      CHECK(refusal_with((std::string("/streams/0/") + key).c_str(), v).find("is no manifest") != std::string::npos);
    }
  CHECK(refusal_with("/streams/0/unit", 25).find("is no manifest") != std::string::npos);
}

TEST_CASE("a manifest of a million brackets is refused") {
  CHECK(refusal(R"({"pipeline": )" + std::string(1'000'000, '[')).find("is no manifest") != std::string::npos);
  std::string deep = whole().dump();
  deep.insert(deep.size() - 1, R"(,"more":)" + std::string(500'000, '[') + std::string(500'000, ']'));
  CHECK(refusal(deep).find("is no manifest") != std::string::npos);
}
