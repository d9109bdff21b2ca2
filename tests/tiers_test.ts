import { assert, assertEquals } from "@std/assert";
import { isFirstTier, secondTier, TESTS } from "./tiers.ts";

Deno.test("each file and folder of the second tier exists, and is in that tier alone", async () => {
  for (const url of secondTier) {
    const { isDirectory } = await Deno.stat(url);
    assertEquals(isDirectory, url.href.endsWith("/"), url.href);
    assert(!isFirstTier(isDirectory ? new URL("any_test.ts", url) : url));
  }
  assert(isFirstTier(new URL("core/rules/rules_test.ts", TESTS)));
  assert(isFirstTier(new URL("cli/check_test.ts", TESTS)));
  // A name that begins as one of the second tier does.
  assert(isFirstTier(new URL("cli/bombs_test.ts", TESTS)));
});

Deno.test("run_tests.ts runs a room by its name, and says no more than deno test", async () => {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("run_tests.ts", TESTS).pathname, "words", "--filter", "/^$/"],
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stdout);
  assert(success, said);
  const filtered = Number(/0 passed .* 0 failed .* (\d+) filtered out/.exec(said)?.[1]);
  // Of all rooms there are thousands.
  assert(filtered > 20 && filtered < 200, said);
});
