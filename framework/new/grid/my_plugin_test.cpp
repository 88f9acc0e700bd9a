
DOCTEST_TEST_CASE("five of 17 steps lie at the squares of 0..4") {
  const auto grid = noneq::laws::make<noneq::grid>("grid.my_plugin", "{power: 2}");
  const auto tables = noneq::make_tables(noneq::constant(17, 0.1));
  DOCTEST_CHECK(grid->indices(5, tables) == std::vector<std::int64_t>{0, 1, 4, 9, 16});
}
