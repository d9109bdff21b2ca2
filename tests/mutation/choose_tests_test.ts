import { assertEquals } from "@std/assert";
import type { Import } from "../read_imports.ts";
import { testChoice } from "./choose_tests.ts";

const imports = ([from, to, kind = "value"]: [string, string, Import["kind"]?]): Import => ({
  from,
  to,
  kind,
});

const testsOf = testChoice([
  imports(["src/model/load.ts", "src/model/read.ts"]),
  imports(["src/model/load.ts", "src/model/late.ts", "late"]),
  imports(["src/model/load.ts", "src/model/shape.ts", "type"]),
  imports(["tests/model/load_test.ts", "src/model/load.ts"]),
  imports(["tests/model/text_test.ts", "src/model/read.ts"]),
  imports(["tests/cli/read_test.ts", "@std/assert"]),
  imports(["tests/cli/read_test.ts", "tests/cli/run_command.ts"]),
  imports(["tests/cli/everything_test.ts", "src/model/load.ts"]),
]);

Deno.test("testChoice() takes tests of any room that load a module, directly or not", () => {
  const loading = [["tests/model/load_test.ts", "tests/cli/everything_test.ts"]];
  assertEquals(testsOf("src/model/load.ts"), loading);
  assertEquals(testsOf("src/model/late.ts"), loading);
  assertEquals(testsOf("src/model/shape.ts"), []);
});

Deno.test("testChoice() runs tests named after the module first, then the nearest, in rounds up to a limit", () => {
  assertEquals(testsOf("src/model/read.ts"), [
    ["tests/cli/read_test.ts", "tests/model/text_test.ts"],
    ["tests/model/load_test.ts", "tests/cli/everything_test.ts"],
  ]);
  const tests = Array.from({ length: 50 }, (_, i) => `tests/model/t${i}_test.ts`);
  const rounds = testChoice(tests.map((test) => imports([test, "src/model/read.ts"])))(
    "src/model/read.ts",
  );
  assertEquals(rounds.map(({ length }) => length), [2, 4, 8, 16]);
  assertEquals(rounds.flat(), tests.slice(0, 30));
});
