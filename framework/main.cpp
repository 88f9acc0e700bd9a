#include "noneq/app/program.hpp"

int main(int argc, char** argv) { return noneq::run_program(argc, argv); }
