
#include <cstdlib>
#include <fstream>
#include <sstream>

DOCTEST_TEST_CASE("two samples of two numbers are two lines") {
  std::string name = std::filesystem::temp_directory_path() / "my_plugin.XXXXXX";
  const std::filesystem::path folder = mkdtemp(name.data());
  const auto writer = noneq::laws::make<noneq::writer>("writer.my_plugin", "{file: x.csv}");
  noneq::writing w{folder, "", nullptr, {}, noneq::stream(1), {}, {}};
  const auto sink = writer->open(w);
  sink->add(sink->map({0, 0, {{"samples", at::tensor({1.f, 2.f, 16777215.f, 0.1f}).view({2, 2})}}}));
  DOCTEST_CHECK(!std::filesystem::exists(folder / "x.csv"));
  sink->finish();
  std::ostringstream text;
  text << std::ifstream(folder / "x.csv").rdbuf();
  DOCTEST_CHECK(text.str() == "1,2\n16777215,0.1\n");
  std::filesystem::remove_all(folder);
}
