#!/usr/bin/env python3
"""The style checks, on text and on small trees with one fault each: every check must be able to fail."""
import contextlib
import io
import pathlib
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

import arrows
import cpp_format
import cpp_functions
import function_length
import prose
import repository


def measured(text: str) -> list:
    return [(function.name, function.line, function.last) for function in cpp_functions.functions(textwrap.dedent(text))]


class Functions(unittest.TestCase):
    def test_free_and_member_functions(self):
        self.assertEqual(measured("""\
            namespace a::b {
            static int one(int x) {
              if (x) { return 1; }
              return 2;
            }
            template <class T, int N = 3>
            std::vector<T> two(const T& t)
            {
              return {t};
            }
            class C final : public D {
             public:
              int three() const noexcept override { return 3; }
              bool operator==(const C&) const = default;
              C& operator+=(const C& other) {
                return *this;
              }
              int operator()(int x) { return x; }
            };
            }  // namespace a::b
            ~X::X() {}
            """), [("one", 2, 5), ("two", 6, 10), ("three", 13, 13), ("operator+", 15, 17), ("operator()", 18, 18), ("X::X", 21, 21)])

    def test_constructors_with_initialisers_of_both_kinds(self):
        self.assertEqual(measured("""\
            X::X(int a)
                : base<int>{a},
                  a_{a}, b_(f([] { return 1; })),
                  c_{g(a)} {
              h();
            }
            """), [("lambda", 3, 3), ("X::X", 1, 6)])

    def test_a_trailing_return_type_is_no_initialiser(self):
        self.assertEqual(measured("auto f(int a) -> std::vector<int> {\n return {};\n}\n"), [("f", 1, 3)])

    def test_lambdas_outside_of_functions(self):
        self.assertEqual(measured("""\
            const auto a = [](int x) mutable -> std::map<int, int> {
              return {};
            };
            const std::map<std::string, F> kTable = {
                {"one", [] { return 1; }},
                {"two", [](const X& x) {
                   return x[1];
                 }},
            };
            INSTANTIATE_TEST_SUITE_P(All, Sizes, testing::Values(1, 2), [](const auto& info) {
              return name(info.param);
            });
            """), [("lambda", 1, 3), ("lambda", 5, 5), ("lambda", 6, 8), ("lambda", 10, 12)])

    def test_lambdas_inside_are_part_of_the_function(self):
        self.assertEqual(measured("void f() {\n auto g = [] {\n  struct L { int h() { return 1; } };\n };\n}\n"), [("f", 1, 5)])

    def test_tables_are_no_functions(self):
        self.assertEqual(measured("""\
            constexpr std::array<int, 3> kA{1, 2,
              3};
            enum class E : int { a = 1, b = 2 };
            struct alignas(64) S { int x = 1; std::vector<int> y{1, 2}; } kS{1, {2}};
            extern "C" { int f(int); }
            using F = std::function<int(int)>;
            int x[] = {1, 2};
            """), [])

    def test_what_literals_and_comments_hold_is_no_code(self):
        self.assertEqual(measured("""\
            // } void no() {
            /* { */ const char* s = "{ // ";
            #define OPEN {
            #define LONG(x) \\
              { x
            const char* raw = R"x(
              } ) " {
            )x";
            int f() {
              const char c = '{';
              const int million = 1'000'000;
              g("\\"}");
            }
            """), [("f", 9, 13)])

    def test_a_test_is_a_function(self):
        self.assertEqual(measured("TEST_F(Suite, Name) {\n EXPECT_TRUE(x);\n}\n"), [("TEST_F", 1, 3)])

    def test_what_it_cannot_read_it_says(self):
        for text in ("void f() {", "}", "int a[3;", "int f(int a] {}", "namespace a {"):
            with self.assertRaises(cpp_functions.Unreadable, msg=text):
                cpp_functions.functions(text)


class Tree(unittest.TestCase):
    """A tree of small files; `check` must find exactly what is expected, by the beginnings of its lines."""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp()).resolve()
        self.addCleanup(shutil.rmtree, self.root)

    def write(self, files: dict) -> None:
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)

    def expect(self, check, *starts: str) -> None:
        found = sorted(check(self.root))
        self.assertEqual(len(found), len(starts), found)
        for finding, start in zip(found, sorted(starts)):
            self.assertTrue(finding.startswith(start), f"{finding}\nexpected: {start}")


class Lengths(Tree):
    def test_sixty_lines_are_right_and_sixty_one_are_not(self):
        sixty = "void f() {\n" + "  g();\n" * 58 + "}\n"
        self.write({"src/a/a.cpp": sixty})
        self.expect(function_length.check)
        self.write({"src/a/a.cpp": "\n" + sixty.replace("}", "  g();\n}"),
                    "include/hones/a/a.hpp": "struct A {\n" + sixty.replace("}", "g();\n}\n};")})
        self.expect(function_length.check, "include/hones/a/a.hpp:2: f has 61 lines", "src/a/a.cpp:2: f has 61 lines")

    def test_catalogues_are_apart_and_what_cannot_be_read_is_not(self):
        text = "void f() {\n" + "  g();\n" * 90 + "}\n"
        self.write({"src/app/settings/sweep_catalogue.cpp": text, "src/a/a.cpp": "void f() {\n"})
        self.expect(function_length.check, "src/a/a.cpp:1: a bracket without its other half")


class Prose(Tree):
    def test_tables_code_and_addresses_are_apart(self):
        long = "word " * 21
        self.write({"docs/a.md": f"{long}\n| {long} |\n```sh\n{long}\n```\n\n    {long}\n\n- {long}\nsee https://example.org/{'x' * 90} there\n"})
        self.expect(prose.check, "docs/a.md:1: has 105 columns", "docs/a.md:9: has 107 columns")

    def test_columns_are_characters(self):
        self.write({"docs/a.md": "ü " * 50 + "\n"})
        self.expect(prose.check)

    def test_one_word_cannot_be_wrapped(self):
        self.write({"docs/a.md": "x" * 101 + "\n- " + "x" * 99 + "\n"})
        self.expect(prose.check, "docs/a.md:2: has 101 columns")

    def test_the_readme_is_short_and_narrow_throughout(self):
        self.write({"README.md": "line\n" * 80})
        self.expect(prose.check)
        self.write({"README.md": "line\n" * 80 + "| " + "x" * 100 + " |\n"})
        self.expect(prose.check, "README.md:81: has 104 columns", "README.md:81: the README has 81 lines")


class Format(Tree):
    def test_a_file_that_differs_is_named_with_its_line(self):
        try:
            cpp_format.program()
        except repository.SkipCheck as reason:
            self.skipTest(str(reason))
        self.write({".clang-format": "BasedOnStyle: Google\n",
                    "src/a/good.cpp": "int f();\n",
                    "src/a/bad.cpp": "int f();\nint  g( );\n"})
        self.expect(cpp_format.check, "src/a/bad.cpp:2: is not what clang-format 14 makes of it")

    def test_a_style_file_that_cannot_be_read_is_a_finding(self):
        try:
            cpp_format.program()
        except repository.SkipCheck as reason:
            self.skipTest(str(reason))
        self.write({".clang-format": "BasedOnStyle: Nobody\n", "src/a/good.cpp": "int f();\n"})
        self.expect(cpp_format.check, ".clang-format:1: ")


DESIGN = """## Rooms
| room | what lives there | knows |
|---|---|---|
| `base` | `base/version`: the commit | nothing |
| `comm` | ranks | base |
| `store` | files | base comm |
| `model` | tensors | base, LibTorch |
| `sweep` | jobs | store; stages: model, LibTorch |
| `app/settings` (src only) | settings | base |
| `app` (src only) | main | all |
| `report` | planned: tables | moon |
"""


class Arrows(Tree):
    def setUp(self):
        super().setUp()
        self.write({
            "docs/design.md": DESIGN,
            "src/CMakeLists.txt": "add_library(hones_torch_pch OBJECT model/pch.cpp)\ntarget_link_libraries(hones_torch_pch PRIVATE hones::torch_room)\n",
            "src/base/CMakeLists.txt": "# hones_room(no SOURCES no.cpp ROOMS no)\nhones_room(base SOURCES error.cpp)\n",
            "src/base/version/CMakeLists.txt": 'set(file "${CMAKE_CURRENT_BINARY_DIR}/version.cpp")\nhones_room(version SOURCES "${file}")\n',
            "src/comm/CMakeLists.txt": "hones_room(comm SOURCES comm.cpp\n  ROOMS base PRIVATE_LIBRARIES MPI::MPI_CXX)\n",
            "src/store/CMakeLists.txt": "hones_room(store SOURCES file.cpp ROOMS comm)\n",
            "src/model/CMakeLists.txt": "hones_room(model SOURCES model.cpp ROOMS base LIBRARIES json TORCH)\n",
            "src/sweep/CMakeLists.txt": "hones_room(outputs SOURCES outputs.cpp ROOMS store)\nif(X)\nhones_room(sweep SOURCES run.cpp ROOMS outputs model TORCH)\nendif()\n",
            "src/app/settings/CMakeLists.txt": "hones_room(settings SOURCES settings.cpp ROOMS base)\n",
            "src/app/CMakeLists.txt": "add_executable(hones_mpi main.cpp)\ntarget_link_libraries(hones_mpi PRIVATE hones::sweep hones::settings hones::version)\n",
            "include/hones/base/error.hpp": "#include <string>\n",
            "src/base/error.cpp": "#include <hones/base/error.hpp>\n",
            "include/hones/base/version.hpp": "",
            "include/hones/comm/comm.hpp": "#include <hones/base/error.hpp>\n",
            "src/comm/comm.cpp": "#include <hones/comm/comm.hpp>\n#include <mpi.h>\n",
            "include/hones/store/file.hpp": "#include <hones/comm/comm.hpp>\n",
            "src/store/handle.hpp": "#include <hdf5.h>\n",
            "src/store/file.cpp": '#include <hones/store/file.hpp>\n#include <hones/base/error.hpp>\n#include "handle.hpp"\n',
            "include/hones/model/torch.hpp": "#include <ATen/ATen.h>\n",
            "include/hones/model/model.hpp": "#include <hones/model/torch.hpp>\n",
            "include/hones/model/threads.hpp": "",
            "src/model/pch.cpp": "#include <hones/model/torch.hpp>\n",
            "src/model/model.cpp": "#include <hones/model/model.hpp>\n",
            "include/hones/sweep/outputs.hpp": "",
            "include/hones/sweep/run.hpp": "#include <hones/sweep/outputs.hpp>\n",
            "src/sweep/outputs.cpp": "#include <hones/sweep/outputs.hpp>\n#include <hones/store/file.hpp>\n",
            "src/sweep/run.cpp": "#include <hones/sweep/run.hpp>\n#include <hones/model/model.hpp>\n",
            "src/app/settings/settings.hpp": "",
            "src/app/settings/settings.cpp": '#include "app/settings/settings.hpp"\n',
            "src/app/main.cpp": '#include <hones/base/version.hpp>\n#include <hones/model/threads.hpp>\n#include <hones/sweep/run.hpp>\n#include "app/settings/settings.hpp"\n',
        })

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        self.assertIn(old, text)
        (self.root / name).write_text(text.replace(old, new))

    def test_a_tree_without_fault(self):
        self.expect(arrows.check)

    def test_a_source_against_the_arrows(self):
        self.write({"src/comm/comm.cpp": "#include <string>\n#include <hones/store/file.hpp>\n"})
        self.expect(arrows.check, "src/comm/comm.cpp:2: includes hones/store/file.hpp; expected what library comm knows")

    def test_a_header_against_the_arrows(self):
        self.write({"include/hones/store/file.hpp": "#include <hones/model/threads.hpp>\n"})
        self.expect(arrows.check, "include/hones/store/file.hpp:1: includes hones/model/threads.hpp, reached from src/store/file.cpp")

    def test_a_header_that_no_source_of_its_room_includes(self):
        self.write({"include/hones/comm/lonely.hpp": "\n#include <hones/model/threads.hpp>\n"})
        self.expect(arrows.check, "include/hones/comm/lonely.hpp:2: includes hones/model/threads.hpp")
        self.change("src/app/main.cpp", "#include <hones/base", "#include <hones/comm/lonely.hpp>\n#include <hones/base")
        self.expect(arrows.check, "include/hones/comm/lonely.hpp:2: includes hones/model/threads.hpp")

    def test_a_library_of_the_same_folder_that_is_not_known(self):
        self.write({"src/sweep/outputs.cpp": "#include <hones/sweep/run.hpp>\n"})
        self.expect(arrows.check, "src/sweep/outputs.cpp:1: includes hones/sweep/run.hpp; expected what library outputs knows")

    def test_a_part_of_a_room_that_is_a_library_of_its_own(self):
        self.write({"src/comm/comm.cpp": "#include <hones/base/version.hpp>\n"})
        self.expect(arrows.check, "src/comm/comm.cpp:1: includes hones/base/version.hpp")

    def test_headers_of_mpi_hdf5_and_libtorch(self):
        self.write({"src/store/handle.hpp": "#include <mpi.h>\n", "src/base/error.cpp": "#include <hdf5.h>\n",
                    "src/app/main.cpp": "#include <hones/model/model.hpp>\n"})
        self.expect(arrows.check, "src/store/handle.hpp:1: includes <mpi.h>", "src/base/error.cpp:1: includes <hdf5.h>",
                    "include/hones/model/torch.hpp:1: includes LibTorch's <ATen/ATen.h>, reached from src/app/main.cpp")

    def test_a_private_header_of_another_room(self):
        self.write({"src/app/main.cpp": '#include "store/handle.hpp"\n'})
        self.expect(arrows.check, "src/app/main.cpp:1: includes store/handle.hpp; expected no header of another room's src")

    def test_headers_are_sought_beside_the_file_and_from_the_folder_of_the_library(self):
        self.write({"src/store/parts/part.hpp": '#include "../handle.hpp"\n#include "handle.hpp"\n',
                    "src/store/file.cpp": '#include "parts/part.hpp"\n'})
        self.expect(arrows.check)
        self.write({"src/store/parts/part.hpp": '#include "../../comm/private.hpp"\n', "src/comm/private.hpp": ""})
        self.expect(arrows.check, "src/store/parts/part.hpp:1: includes ../../comm/private.hpp; expected no header")

    def test_headers_that_are_not_there_and_sources_that_nobody_compiles(self):
        self.write({"src/comm/comm.cpp": "#include <hones/comm/gone.hpp>\n", "src/comm/extra.cpp": ""})
        self.expect(arrows.check, "src/comm/comm.cpp:1: includes hones/comm/gone.hpp; expected a file", "src/comm/extra.cpp:1: is compiled by no library")

    def test_a_cycle(self):
        self.write({"src/base/CMakeLists.txt": "\nhones_room(base SOURCES error.cpp ROOMS comm)\n"})
        self.expect(arrows.check, "src/base/CMakeLists.txt:2: base, comm know one another",
                    *(f"docs/design.md:{line}: {room} does not say that it knows comm"
                      for line, room in ((4, "base"), (7, "model"), (9, "app/settings"))))

    def test_a_room_that_does_not_exist(self):
        self.change("src/comm/CMakeLists.txt", "ROOMS base", "ROOMS base moon")
        self.expect(arrows.check, "src/comm/CMakeLists.txt:1: comm knows moon; expected a room")

    def test_the_design_beside_cmake(self):
        self.change("docs/design.md", "| `comm` | ranks | base |", "| `comm` | ranks | base store |")
        self.expect(arrows.check, "docs/design.md:5: comm knows store, which stands below it", "docs/design.md:5: comm is said to know store")
        self.write({"docs/design.md": DESIGN.replace("| base, LibTorch |", "| base |").replace("base comm |", "base, LibTorch |")})
        self.expect(arrows.check, "docs/design.md:6: store does not say that it knows comm", "docs/design.md:6: store is said to know LibTorch",
                    "docs/design.md:7: model is compiled with TORCH", "docs/design.md:8: sweep does not say that it knows comm")
        self.write({"docs/design.md": DESIGN.replace("| `model` | tensors | base, LibTorch |\n", "| `moon` | cheese | base |\n").replace("model, ", "")})
        self.expect(arrows.check, "docs/design.md:4: room model has no row", "docs/design.md:7: moon is no room", "docs/design.md:8: sweep does not say")
        self.write({"docs/design.md": "# No table\n"})
        self.expect(arrows.check, "docs/design.md:1: has no table of rooms")


class Program(Tree):
    """As ctest calls them: findings on standard output, 1 where there are some."""

    def run_check(self, name: str) -> subprocess.CompletedProcess:
        script = pathlib.Path(__file__).resolve().parent / name
        return subprocess.run([sys.executable, "-B", str(script), str(self.root)], capture_output=True, text=True)

    def test_exit_status(self):
        self.write({"docs/a.md": "short\n"})
        self.assertEqual(self.run_check("prose.py").returncode, 0)
        self.write({"docs/a.md": "- " + "x" * 99 + "\n"})
        failed = self.run_check("prose.py")
        self.assertEqual((failed.returncode, failed.stdout), (1, "docs/a.md:1: has 101 columns; expected 100 at most\nprose.py: 1 findings\n"))

    def test_without_a_clang_format_it_steps_aside(self):
        before, shutil.which = shutil.which, lambda _: None
        try:
            with contextlib.redirect_stdout(io.StringIO()) as told:
                self.assertEqual(repository.main(cpp_format.check), repository.SKIPPED)
        finally:
            shutil.which = before
        self.assertIn("no clang-format 14 is here", told.getvalue())

    def test_git_says_which_files_are_ours(self):
        self.write({".gitignore": "/made/\n",
                    "made/a.md": "- " + "x" * 99,
                    "build/b.md": "- " + "y" * 99,
                    "docs/c.md": "- " + "z" * 99 + "\n"})
        self.expect(prose.check, "docs/c.md:1: has 101 columns", "made/a.md:1: has 101 columns")
        if shutil.which("git"):
            subprocess.run(["git", "init", "-q", str(self.root)], check=True)
            self.expect(prose.check, "docs/c.md:1: has 101 columns", "build/b.md:1: has 101 columns")


if __name__ == "__main__":
    unittest.main()
