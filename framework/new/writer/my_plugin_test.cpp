
#include <fstream>
#include <sstream>

DOCTEST_TEST_CASE("two samples of two numbers are two lines") {
  const auto folder = std::filesystem::temp_directory_path() / "my_plugin_test";
  const auto writer = noneq::laws::make<noneq::writer>("writer.my_plugin", "{file: x.csv}");
  noneq::writing w{folder, "", nullptr, {}, noneq::stream(1), {}, {}};
  const auto sink = writer->open(w);
  sink->add(sink->map({0, 0, {{"samples", at::tensor({1., 2., 3., 0.5}).view({2, 2})}}}));
  DOCTEST_CHECK(!std::filesystem::exists(folder / "x.csv"));
  sink->finish();
  std::ostringstream text;
  text << std::ifstream(folder / "x.csv").rdbuf();
  DOCTEST_CHECK(text.str() == "1,2\n3,0.5\n");
  std::filesystem::remove_all(folder);
}
