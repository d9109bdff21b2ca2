import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import { runCommand } from "./run_command.ts";

const ROOT = new URL("../../", import.meta.url);
const REPORT = "report --quiet --trial off";
const SWEEP = "sweep --quiet --exercise --activation tanh --scale 0.001,1 --seeds 1";

// deno-lint-ignore no-control-regex -- colours begin with one
const COLOR = /\x1b\[3[0-9]m/;
// deno-lint-ignore no-control-regex -- all of ASCII
const ASCII = /^[\x00-\x7f]*$/;

/**
 * Runs the command line in a pseudo-terminal, which `script` of util-linux opens; its `script` on other systems
 * takes other flags.
 */
async function inTerminal(
  args: string,
  { columns = 80, env = {} }: { columns?: number; env?: Record<string, string> } = {},
): Promise<string> {
  const command =
    `stty cols ${columns} rows 50; "${Deno.execPath()}" run --no-check -A mod.ts ${args}`;
  const { stdout, code } = await new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", command, "/dev/null"],
    cwd: ROOT,
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH")!,
      HOME: Deno.env.get("HOME") ?? "/",
      TERM: "xterm-256color",
      ...Deno.env.has("DENO_DIR") ? { DENO_DIR: Deno.env.get("DENO_DIR")! } : {},
      LANG: "C.UTF-8",
      ...env,
    },
    stdin: "null",
  }).output();
  assertEquals(code, 0);
  return new TextDecoder().decode(stdout).replaceAll("\r\n", "\n");
}

/** A test that needs a pseudo-terminal. */
const terminalTest = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name, fn, ignore: Deno.build.os !== "linux" });

terminalTest("report has the colours, the Unicode and the width of a terminal", async () => {
  const text = await inTerminal(REPORT, { columns: 120 });
  assertStringIncludes(text, "\x1b[31mSICK: 1 cause\x1b[39m");
  assert(text.trimEnd().endsWith("\x1b[31mSICK: 1 cause\x1b[39m"));
  assertStringIncludes(text, "│");
  assertStringIncludes(text, "█");
  const lines = stripAnsiCode(text).trimEnd().split("\n");
  assert(lines.every((line) => line.length <= 120));
  assert(lines.some((line) => line.length > 100));
  // In 80 columns the whole report fits 58 lines.
  const narrow = stripAnsiCode(await inTerminal("report --quiet")).trimEnd().split("\n");
  assert(narrow.length <= 58 && lines.length < narrow.length, `${narrow.length} lines`);
  assert(narrow.every((line) => line.length <= 80));
});

terminalTest("report obeys --ascii, NO_COLOR, TERM and the locale in a terminal", async () => {
  const ascii = await inTerminal(`${REPORT} --ascii`);
  assert(ASCII.test(ascii) && !COLOR.test(ascii), ascii);
  const plain = await inTerminal(REPORT, { env: { NO_COLOR: "1" } });
  assert(!COLOR.test(plain) && !ASCII.test(plain), plain);
  const dumb = await inTerminal(REPORT, { env: { TERM: "dumb" } });
  assert(ASCII.test(dumb) && !COLOR.test(dumb), dumb);
  const latin = await inTerminal(REPORT, { env: { LC_ALL: "C" } });
  assert(ASCII.test(latin) && COLOR.test(latin), latin);
});

terminalTest("sweep colours its heat maps in a terminal", async () => {
  const text = await inTerminal(SWEEP);
  // Gradients of 1/1000 are tiny in blue, of 1 in green; activations are a green row.
  for (const code of [31, 32]) assertStringIncludes(text, `\x1b[${code}m`);
  assertMatch(stripAnsiCode(text), /dense_2 +│[·▁▂▃▄▅▆▇█ ]+│/);
  const ascii = await inTerminal(`${SWEEP} --ascii`);
  assert(ASCII.test(ascii) && !COLOR.test(ascii), ascii);
});

Deno.test("report and sweep are plain ASCII in a pipe, unless told otherwise", async () => {
  for (const args of [REPORT, SWEEP]) {
    // Deno reads the colour when a process starts.
    const run = async (more: string[], forced: Record<string, string> = {}) => {
      const env = { NO_COLOR: "", ...forced };
      return (await runCommand([...args.split(" "), ...more], { env, separate: true })).stdout;
    };
    const plain = await run([]);
    assert(ASCII.test(plain) && !plain.includes("\x1b"), plain);
    const unicode = await run(["--unicode"]);
    assert(!ASCII.test(unicode) && !unicode.includes("\x1b"), unicode);
    const forced = await run([], { FORCE_COLOR: "1" });
    assert(COLOR.test(forced));
    assertEquals(stripAnsiCode(forced), plain);
    assertEquals(await run(["--ascii", "--unicode"], { FORCE_COLOR: "1" }), plain);
  }
});

Deno.test("report --all gives every layer a row of the table", async () => {
  const rows = async (...more: string[]) => {
    const { stdout } = await runCommand([...REPORT.split(" "), ...more]);
    return stdout.slice(stdout.indexOf("kernel std")).match(/^[!? ] dense_\d+ +Dense/gm)!.length;
  };
  assertEquals([await rows(), await rows("--all")], [3, 11]);
});
