"""Tests of the rules on coroutines and calls."""
from checks.testing import RuleTest


class StatementTest(RuleTest):
    """Rule coroutine-statement."""

    def code(self, *lines):
        """A coroutine with these lines in its body, which begin in line 2."""
        return {"a.cc": "Task<int> f(S s) {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"}

    def test_refuses_a_braced_list_beside_an_await(self):
        files = self.code("co_await g(Request{1, 2});", "h();", "const auto x = co_await g({});")
        self.assertEqual(self.places("coroutine-statement", files), ["a.cc:2:21", "a.cc:4:29"])

    def test_refuses_a_lambda_beside_an_await(self):
        files = self.code("co_await g([&] { return 1; });")
        self.assertEqual(self.places("coroutine-statement", files), ["a.cc:2:14"])

    def test_refuses_lists_around_and_after_the_await(self):
        files = self.code("use(Pair{co_await g(), 1});", "co_return Reply{co_await g()};")
        self.assertEqual(self.places("coroutine-statement", files), ["a.cc:2:11", "a.cc:3:18"])

    def test_refuses_a_list_in_a_condition(self):
        files = self.code("if (co_await g(Key{1})) {", "  h();", "}")
        self.assertEqual(self.places("coroutine-statement", files), ["a.cc:2:21"])

    def test_allows_a_named_value(self):
        self.quiet("coroutine-statement", self.code(
            "const Request request{1, 2};", "auto [ec, n] = co_await g(request);",
            "for (auto& [k, v] : map) {", "  co_await g(k, v[0]);",
            "}",
            "if (co_await g(1)) {", "  h(Request{1});", "} else {", "  use([] { return 2; });", "}",
            "while (co_await more()) {", "}", "co_return Reply{x, std::vector<int>{1, 2}};"))

    def test_a_block_after_an_await_is_no_list(self):
        self.quiet("coroutine-statement", {"a.cc": (
            "namespace a::b {\nstruct S final : T {\n  S() : x_{1}, y_{2} {}\n"
            "  Task<int> f() const {\n    switch (co_await g()) {\n      case A: {\n"
            "        break;\n"
            "      }\n      default:\n        break;\n    }\n    try {\n      co_await g();\n"
            "    } catch (const E&) {\n    }\n    do {\n    } while (co_await g());\n  }\n};\n"
            "auto f() -> Task<int> {\n  co_return co_await g();\n}\n}\n")})

    def test_an_await_in_the_body_of_a_lambda_is_its_own(self):
        self.quiet("coroutine-statement", self.code("auto run = [](int x) -> Task<int> {",
                                                    "  co_return co_await g(x);", "};"))

    def test_comments_and_literals_are_not_code(self):
        self.quiet("coroutine-statement",
                   self.code('co_await g("{}", \'{\');  // {1}', "/* [&] {} */ co_await g();"))


class LambdaTest(RuleTest):
    """Rule coroutine-lambda."""

    def test_refuses_a_capturing_one_at_its_bracket(self):
        text = "void f() {\n  spawn([this]() -> Task<void> { co_await g(); });\n}\n"
        self.assertEqual(self.places("coroutine-lambda", {"a.cc": text}), ["a.cc:2:9"])

    def test_refuses_one_that_only_returns(self):
        text = "auto f = [&x](int y) -> Task<int> {\n  if (y) {\n    co_return x;\n  }\n};\n"
        self.assertEqual(self.places("coroutine-lambda", {"a.cc": text}), ["a.cc:1:10"])

    def test_refuses_one_within_another(self):
        text = "void f() {\n  run([&] {\n    run([&]() -> Task<int> { co_return 1; });\n  });\n}\n"
        self.assertEqual(self.places("coroutine-lambda", {"a.cc": text}), ["a.cc:3:9"])

    def test_allows_captures_without_awaits_and_awaits_without_captures(self):
        self.quiet("coroutine-lambda", {"a.cc": (
            "Task<int> f() {\n  sort(v, [&](int a, int b) { return a < b; });\n"
            "  auto g = []() -> Task<int> { co_return 1; };\n  x[0] = y[i];\n"
            "  co_return 1;\n}\n")})


class TokenTest(RuleTest):
    """Rule coroutine-token."""

    def test_refuses_other_tokens(self):
        files = {"a.cc": "auto x = f(asio::as_tuple(asio::use_awaitable));\n"}
        self.assertEqual(self.places("coroutine-token", files), ["a.cc:1:18", "a.cc:1:33"])

    def test_allows_the_one_alias_and_its_definition(self):
        alias = "inline constexpr as_tuple_t<use_awaitable_t<E>> kAwait{};\n"
        self.quiet("coroutine-token", {"a.cc": "// not use_awaitable\nauto x = f(net::kAwait);\n",
                                       "reference/net/executor.h": alias})


class BannedTest(RuleTest):
    """Rule banned-calls."""

    REFUSED = [
        "std::this_thread::sleep_for(1s);", "usleep(10);", "::sleep(1);", "sleep(2);",
        'system("ls");', 'std::system("ls");', 'popen("ls", "r");',
        "strcpy(a, b);", "std::strcat(a, b);", "sprintf(a, b);", "vsprintf(a, b, c);", "gets(a);",
        "asio::steady_timer timer(loop);", "boost::asio::ssl::context c;",
        "getaddrinfo(a, b, c, d);", "gethostbyname(a);",
        'std::format("x");', "std::expected<int, int> x;", "any_io_executor e;", "GTEST_SKIP();",
        "TEST(A, DISABLED_Works) {}", "void reset_for_test();", "FRIEND_TEST(A, B);",
        "nlohmann::json j;", "#include <boost/asio/ssl.hpp>", "#include <nlohmann/json.hpp>",
        "#include <boost/asio/steady_timer.hpp>", "#include <boost/asio.hpp>",
        "#include <format>", "#ifdef TEST", "#if defined(UNIT_TESTS)",
    ]
    ALLOWED = [
        "co_await clock.sleep_until(deadline);", "Task<void> sleep(Clock& clock);", "sleep(clock);",
        "boost::system::error_code e;", "snprintf(a, n, b);", "fgets(a, n, f);",
        'fmt::format("std::format(");', "// never system(", 'log("strcpy(a, b)");',
        "#include <fmt/format.h>", "#ifdef SALLYPORT_SANITIZED", "void run_for_testimony();",
        "int file_system(int);", "#include <boost/asio/awaitable.hpp>",
    ]

    def test_refuses_each(self):
        for line in self.REFUSED:
            with self.subTest(line):
                places = self.places("banned-calls", {"simulator/a.cc": f"int a;\n{line}\n"})
                self.assertEqual([place.rsplit(":", 1)[0] for place in places],
                                 ["simulator/a.cc:2"])

    def test_allows_what_only_looks_alike(self):
        for line in self.ALLOWED:
            with self.subTest(line):
                self.quiet("banned-calls", {"simulator/a.cc": line + "\n"})

    def test_the_clock_port_may_have_its_timer(self):
        self.quiet("banned-calls", {"reference/net/clock.cc":
                                    "#include <boost/asio/steady_timer.hpp>\nsteady_timer t(e);\n"})

    def test_a_header_may_not_open_a_namespace(self):
        files = {"a.h": "using namespace std;\n", "a.cc": "using namespace std::chrono_literals;\n"}
        self.assertEqual(self.places("banned-calls", files), ["a.h:1:1"])
