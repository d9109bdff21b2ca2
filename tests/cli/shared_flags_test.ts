import { assertEquals, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../src/cli/overview.ts";
import { runCommand } from "./run_command.ts";

Deno.test("sweep and check mean the same by --seeds, and their help says what", async () => {
  const sweep = async (seeds: string) => {
    const { stdout } = await runCommand(
      ["sweep", "--scale", "1", "--activation", "tanh", "--seeds", seeds, "--format", "json"],
    );
    return JSON.parse(stdout).points.map(({ seed }: { seed: number }) => seed);
  };
  const check = async (seeds: string) => {
    const { stdout } = await runCommand(
      ["check", "examples/digits.ts", "--no-config", "--seeds", seeds, "--format", "json"],
    );
    return JSON.parse(stdout).runs.map(({ seed }: { seed: number }) => seed);
  };
  for (const [text, seeds] of [["2", [0, 1]], ["4,2", [4, 2]], ["3..4", [3, 4]]] as const) {
    assertEquals(await sweep(text), [...seeds]);
    assertEquals(await check(text), [...seeds]);
  }
  for (const subcommand of ["sweep", "check"]) {
    const { stdout } = await runCommand([subcommand, "--help", "all"]);
    const [, help] = /--seeds N\|LIST\n([^-]*(?:- 1[^-]*)?)/.exec(stdout) ?? [];
    assertStringIncludes(help.replaceAll(/\s+/g, " "), "(seeds 0 to N - 1), or");
  }
});

Deno.test("--width, --scale and --layers mean one thing each", async () => {
  const commands = await Promise.all(["report", "check", "diff", "sweep", "merge", "explain"].map(
    async (name) => ({ name, flags: (await COMMANDS[name].load()).flags }),
  ));
  const having = (key: string) =>
    commands.filter(({ flags }) => Object.hasOwn(flags, key)).map(({ name }) => name);
  assertEquals(["width", "scale", "layers", "scaleLayers", "axis"].map(having), [
    ["sweep"],
    ["sweep"],
    ["report"],
    ["sweep"],
    ["report"],
  ]);
  assertEquals(having("columns"), ["report", "check", "diff", "sweep", "merge", "explain"]);
});
