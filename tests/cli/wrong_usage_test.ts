import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import configuration from "../../deno.json" with { type: "json" };
import { flagName } from "../../src/cli/kit/flag.ts";
import { renderHelp } from "../../src/cli/kit/render_help.ts";
import { COMMANDS } from "../../src/cli/overview.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

const WRONG_USAGE: [string[], string][] = [
  [["report", "--colunms", "60"], "The flag --colunms is unknown; did you mean --columns?"],
  [["--verison"], 'The flag --verison is unknown; did you mean "--version"?'],
  [["--sed"], "The flag --sed is unknown, expected --help or --version, or a subcommand before it"],
  [["report", "--width", "60"], "The flag --width is unknown, expected one that --help all lists"],
  [["repot"], 'The subcommand repot is unknown; did you mean "report"?'],
  [["frobnicate"], "The subcommand frobnicate is unknown, expected report, check"],
  [["--frob"], "The flag --frob is unknown"],
  [["report", "--examples", "0"], '--examples is "0", expected a whole number, 1 to 1000000'],
  [["report", "--examples", "1.5"], '--examples is "1.5", expected a whole number, 1 to 1000000'],
  [["report", "--examples", "-1"], '--examples is "-1", expected a whole number, 1 to 1000000'],
  [["report", "--columns", "-5"], '--columns is "-5", expected a whole number, 20 to 1000'],
  [["report", "--axis", "-1"], '--axis is "-1", expected log or linear'],
  [["report", "-1"], "The flag -1 is unknown"],
  [["report", "--quiet", "-1"], "The flag -1 is unknown"],
  [["report", "--seed", "-1"], '--seed is "-1", expected a whole number, 0 or more'],
  [["report", "--seed=-1"], '--seed is "-1", expected a whole number, 0 or more'],
  [["report", "--threads", "9"], '--threads is "9", expected a whole number, 1 to 8, or auto'],
  [["report", "--columns", "5"], '--columns is "5", expected a whole number, 20 to 1000'],
  [
    ["report", "--format", "jsn"],
    '--format is "jsn", expected text, json, html or svg; did you mean "json"?',
  ],
  [["report", "--axis", "cubic"], '--axis is "cubic", expected log or linear'],
  [["report", "--objective", "meanSquareError"], 'did you mean "meanSquaredError"?'],
  [["report", "--objective", "BCE"], 'did you mean "binaryCrossentropy"?'],
  [["report", "--layers", "("], "expected a regular expression: Unterminated group"],
  [["report", "--batch"], "--batch has no value, expected --batch FILE"],
  [["report", "a", "--batch", ""], "--batch has no value, expected --batch FILE"],
  [["report", "--seed", "1", "--seed", "2"], "--seed is given 2 times, expected once"],
  [["report", "--quiet=yes"], '--quiet is "yes", expected no value'],
  [["report", "a", "b"], "MODEL is given 2 times, expected once at most: a b"],
  [
    ["report", "--quiet", "--layers", "nothing"],
    "--layers is /nothing/, expected a pattern that matches a layer",
  ],
];

for (const [args, message] of WRONG_USAGE) {
  Deno.test(`${args.join(" ")} is refused in one sentence`, () => assertRefuses(args, message));
}

Deno.test("no subcommand at all shows what there is and is wrong usage", async () => {
  const { code, stdout, stderr } = await runCommand([]);
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, "usage:");
  assertStringIncludes(stderr, "error: The subcommand is missing, expected report, check");
});

Deno.test("--help, --version and the help of a subcommand go to stdout and cost nothing", async () => {
  for (const args of [["--help"], ["-h"], ["help"]]) {
    const { code, stdout } = await runCommand(args, { permissions: [] });
    assertEquals(code, 0);
    assertStringIncludes(stdout, "report");
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
  }
  for (
    const name of ["report", "check", "diff", "sweep", "merge", "explain", "init", "completions"]
  ) {
    const { stdout } = await runCommand([name, "--help"], { permissions: [] });
    // A permission is not broken: whoever copies it needs it whole.
    const wide = stdout.split("\n").filter((line) => line.length > 80 && !/--allow-/.test(line));
    assertEquals(wide, []);
  }
  const version = await runCommand(["--version"], { permissions: [] });
  assertEquals([version.code, version.stdout], [0, `gradient-health ${configuration.version}\n`]);
  const help = await runCommand(["report", "--help"], { permissions: [] });
  assertEquals(await runCommand(["help", "report"], { permissions: [] }), help);
  await assertRefuses(["help", "chekc"], [
    "The subcommand chekc is unknown",
    'did you mean "check"?',
  ]);
  assertEquals(help.code, 0);
  for (const [subcommand, codes] of [["check", "012"], ["report", "02"], ["sweep", "02"]]) {
    const { stdout } = await runCommand([subcommand, "--help"], { permissions: [] });
    const [, section] = stdout.match(/^EXIT CODE\n([^]*?)\n\n/m)!;
    assertEquals(section.match(/^ {2}\d$/gm)!.map((line) => line.trim()).join(""), codes);
  }
  for (const part of ["--objective", "examples", "--help all lists 23 other flags"]) {
    assertStringIncludes(help.stdout, part);
  }
});

Deno.test("--help of a subcommand with many flags shows the usual ones, --help all every one", async () => {
  const all = await runCommand(["report", "--help", "all"], { permissions: [] });
  for (const part of ["--objective", "--allow-read", '{"inputs": T, "targets": T}', "--portable"]) {
    assertStringIncludes(all.stdout, part);
  }
  for (const args of [["report", "--help=all"], ["help", "report", "all"]]) {
    assertEquals(await runCommand(args, { permissions: [] }), all);
  }
  for (const [name, { load }] of Object.entries(COMMANDS)) {
    const command = await load();
    const flagsOf = (help: string) =>
      [...help.matchAll(/^ {2}--(?!allow-)([a-z-]+).*\n {6}/gm)].map(([, flag]) => flag);
    const [short, whole] = [false, true].map((all) => renderHelp(name, command, { all }));
    const flags = Object.keys(command.flags).map(flagName);
    assertEquals(flagsOf(whole), flags);
    if (flags.length <= 16) {
      assertEquals(short, whole);
      continue;
    }
    const usual = flagsOf(short);
    const others = Number(short.replaceAll("\n", " ").match(/lists (\d+) other flags/)![1]);
    assertEquals(usual.length + others, flags.length);
    assert(usual.length >= 8 && usual.length <= 16, `${name}: ${usual}`);
    assert(short.split("\n").length <= 80, name);
  }
});

Deno.test("GRADIENT_HEALTH_DEBUG shows where an error came from", async () => {
  const { code, stderr } = await runCommand(["report", "--frob"], {
    env: { GRADIENT_HEALTH_DEBUG: "1" },
  });
  assertEquals(code, 2);
  assertMatch(stderr, /\n\s+at /);
});

Deno.test("a value of any length is shown in a few words, wherever it was given", async () => {
  const long = "x".repeat(5000);
  for (
    const [args, says] of [
      [["report", ""], 'MODEL is "", expected the path of a file'],
      [["report", long], "MODEL is "],
      [
        ["report", "a", "b", "c", "d", "e", "f"],
        "MODEL is given 6 times, expected once at most: a b c d e ...",
      ],
      [["report", "--out", long], "--out is "],
      [["report", `--${long}`], 'The flag "--xxx'],
      [[long], "The subcommand "],
      [["explain", long.slice(0, 4000)], "The rule "],
      [["completions", long.slice(0, 4000)], "SHELL is "],
      [["report", "--layers", `(${long}`], "expected a regular expression: Unterminated group"],
      [["sweep", "--scale", `1..2:${long}`], "--scale"],
      [["check", "a.ts", "--reporter", `json\n${long}`], "--reporter is "],
    ] as [string[], string][]
  ) {
    const { code, stderr } = await runCommand(args);
    assertEquals(code, 2);
    assertStringIncludes(stderr, says);
    assertEquals([stderr.length < 600, stderr.split("\n").length], [true, 2], stderr);
  }
});
