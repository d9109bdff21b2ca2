import { assertEquals } from "@std/assert";
import { readTargets } from "./read_targets.ts";
import { runTarget } from "./run_target.ts";
import { userImports } from "../../src/files/user_code/foreign_code.ts";

// Imports are followed for as long as the process runs, which the sanitizer would take for a leak.
userImports.follow();

for (const target of await readTargets()) {
  Deno.test(`fuzz ${target.name}: ${target.about}`, async () => {
    const { failures, tried } = await runTarget(target, {
      seed: 0,
      from: 0,
      cases: target.shortRun ?? 50,
      seconds: 60,
    });
    const repeat = ({ index, error }: { index: number; error: Error }) =>
      `deno task fuzz ${target.name} --from ${index} --cases 1: ${error.message}`;
    assertEquals(failures.map(repeat), []);
    assertEquals(tried > 0, true);
  });
}
