import { assertEquals, assertMatch } from "@std/assert";

/** Returns the output of a separate program that runs this code while `strayErrors` watches. */
async function run(code: string): Promise<string> {
  const module = new URL("../../../src/files/user_code/stray_errors.ts", import.meta.url);
  const program = `import { strayErrors } from ${JSON.stringify(module.href)};
    const late = () => void setTimeout(() => { throw new Error("late"); }, 10);
    strayErrors.watch((error) => console.log("other:", error.message));
    try { ${code} } catch (error) { console.log(error.message); }`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", program],
    stdout: "piped",
    stderr: "piped",
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("strayErrors waits a little at the end for what the code of a model still throws", async () => {
  assertMatch(
    await run(`await strayErrors.guard("net.ts", async () => late()); await strayErrors.settle();`),
    /^net\.ts: an error in its code was not caught: late/,
  );
});

Deno.test("strayErrors tells others of an error while no code of a model has run", async () => {
  assertEquals(await run("late(); await strayErrors.settle();"), "other: late");
});

Deno.test("strayErrors forgets a rejection that is handled before its time is over", async () => {
  const code = (handledAfter: string) =>
    `console.log(await strayErrors.guard("net.ts", async () => {
      const rejected = Promise.reject(new Error("late"));
      ${handledAfter}
      await new Promise((resolve) => setTimeout(resolve, 1100));
      return "fine";
    }));`;
  // Deno has told of the rejection by then, and tells of its handler.
  assertEquals(await run(code("setTimeout(() => rejected.catch(() => {}), 100);")), "fine");
  assertMatch(await run(code("")), /^net\.ts: an error in its code was not caught: late/);
});
