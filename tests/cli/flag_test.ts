import { assertEquals, assertStringIncludes } from "@std/assert";
import { defineCommand, type Operand, parseCommand } from "../../src/cli/kit/command.ts";
import { COMMANDS } from "../../src/cli/overview.ts";
import {
  boolean,
  file,
  files,
  flagName,
  type FlagValues,
  integer,
  listOf,
  oneOf,
  pattern,
  readInteger,
  UsageError,
  withoutDefault,
} from "../../src/cli/kit/flag.ts";
import { permissionsOf, renderHelp } from "../../src/cli/kit/render_help.ts";
import { assertRefused } from "../assert_refused.ts";

const MODEL: Operand = { name: "MODEL", least: 0, most: 1, takes: "files" };

const threads = integer({ help: "threads", least: 1, most: 8, or: "auto", default: "auto" });

/** Flags of every kind. */
const FLAGS = {
  fast: boolean("hurry"),
  maxWarnings: integer({ help: "most warnings", least: 0 }),
  examples: integer({ help: "how many", least: 1, most: 100, default: 32 }),
  threads,
  format: oneOf(["text", "json"], { help: "how to show it", default: "text" }),
  depth: listOf((word, place) => readInteger(word, place, { least: 1, most: 9 }), {
    help: "layers",
  }),
  layers: pattern("which layers"),
  batch: file("read", { help: "the batch", otherwise: "a random one" }),
  plugin: files("run", { help: "your rules" }),
  out: file("write", { help: "the result" }),
};

const parse = (...args: string[]) => parseCommand(args, MODEL, FLAGS).flags;

Deno.test("parseCommand() gives every flag its declared default", () => {
  assertEquals(parse(), {
    fast: false,
    maxWarnings: null,
    examples: 32,
    threads: "auto",
    format: "text",
    depth: null,
    layers: null,
    batch: null,
    plugin: [],
    out: null,
  });
});

Deno.test("parseCommand() gives every flag the value of its declared type", () => {
  // No type is written here: the declarations have them, and the compiler holds them to it.
  const values = parse(
    ...["--fast", "--max-warnings=3", "--examples", "7", "--threads", "2", "--format", "json"],
    ...["--depth", "1, 2", "--layers", "^a", "--batch", "b", "--plugin", "x", "--plugin", "y"],
  );
  const fast: boolean = values.fast;
  const counts: [number | null, number, number | "auto"] = [
    values.maxWarnings,
    values.examples,
    values.threads,
  ];
  const format: "text" | "json" = values.format;
  const depth: number[] | null = values.depth;
  const layers: RegExp | null = values.layers;
  const paths: [string | null, string[], string | null] = [
    values.batch,
    values.plugin,
    values.out,
  ];
  assertEquals([fast, counts, format], [true, [3, 7, 2], "json"]);
  assertEquals([depth, layers, paths], [[1, 2], /^a/, ["b", ["x", "y"], null]]);
  // @ts-expect-error: there is no such flag.
  assertEquals(values.widht, undefined);
});

Deno.test("parseCommand() refuses both sides of a range in one style", () => {
  const refusals: [string[], place: string, found: string, expected: string][] = [
    [["--examples", "0"], "--examples", '"0"', "a whole number, 1 to 100"],
    [["--examples", "101"], "--examples", '"101"', "a whole number, 1 to 100"],
    [["--max-warnings", "-1"], "--max-warnings", '"-1"', "a whole number, 0 or more"],
    [["--threads", "9"], "--threads", '"9"', "a whole number, 1 to 8, or auto"],
    [["--format", "jsn"], "--format", '"jsn"', "text or json"],
    [["--depth", "1,,2"], "--depth", '"1,,2"', "a list with commas between its entries"],
    [["--depth", "2,2"], "--depth", "2 twice", "it once"],
    [["--depth", "10"], "--depth", '"10"', "a whole number, 1 to 9"],
    [["--layers", "("], "--layers", '"("', "a regular expression: Unterminated group"],
    [["--batch", "\0"], "--batch", '"\\u0000"', "the path of a file"],
    [["--batch"], "--batch", "no value", "--batch FILE"],
    [["--batch", "a", "--batch", "b"], "--batch", "given 2 times", "once"],
    [["--fast=no"], "--fast", '"no"', "no value"],
    [["--quick"], "The flag --quick", "unknown", "one that --help all lists"],
    [["a", "b"], "MODEL", "given 2 times", "once at most: a b"],
  ];
  for (const [args, place, found, expected] of refusals) {
    assertRefused(() => parse(...args), { place, found, expected }, UsageError);
  }
  assertEquals([parse("--examples", "1").examples, parse("--examples", "100").examples], [1, 100]);
});

Deno.test("withoutDefault() keeps the help and leaves the default to something else", () => {
  const open = withoutDefault(FLAGS.examples);
  assertEquals([open.default, open.help], [null, "how many; default: 32"]);
});

Deno.test("flagName() writes a key as the command line does", () => {
  assertEquals(["out", "maxWarnings"].map(flagName), ["out", "max-warnings"]);
});

/** A subcommand as docs/recipes.md says to add one: its record and its row, nothing else. */
const greet = defineCommand({
  operand: MODEL,
  description: "Greets a model.",
  flags: {
    ...FLAGS,
    times: integer({
      help: "how often",
      least: 1,
      most: 3,
      default: 2,
      permissions: [{ grant: "--allow-env=TIMES", purpose: "for --times above 2" }],
    }),
  },
  examples: [["greet net.ts", "says hello"]],
  permissions: [],
  run([model = "nobody"], { times, format }: FlagValues<typeof FLAGS> & { times: number }) {
    greeted.push(`${format}: ${"hello ".repeat(times)}${model}`);
    return Promise.resolve(0);
  },
});
const greeted: string[] = [];

Deno.test("defineCommand() makes what is run, its help and its permissions of one declaration", async () => {
  assertEquals(await greet.run(["net.ts", "--times", "3", "--format", "json"]), 0);
  assertEquals(await greet.run([]), 0);
  assertEquals(greeted, ["json: hello hello hello net.ts", "text: hello hello nobody"]);
  COMMANDS.greet = { summary: "greet a model", load: () => Promise.resolve(greet) };
  try {
    const help = renderHelp("greet", greet);
    for (
      const line of [
        "  greet: greet a model",
        "  deno run -A mod.ts greet [MODEL] [flags]",
        "  --max-warnings N\n      most warnings\n",
        "  --threads auto|N\n      threads; default: auto\n",
        "  --format text|json\n      how to show it; default: text\n",
        "  --batch FILE\n      the batch; default: a random one\n",
        "  --times N\n      how often; default: 2\n",
        "  --help\n      show this help\n",
        "  --allow-env=TIMES\n      for --times above 2\n",
      ]
    ) assertStringIncludes(help, line);
  } finally {
    delete COMMANDS.greet;
  }
});

Deno.test("permissionsOf() names each grant once, with all the flags that need it", () => {
  assertEquals(permissionsOf(greet).map(({ grant }) => grant), [
    "--allow-read=FILE",
    "--allow-read=FOLDER --allow-write=FOLDER",
    "--allow-env=TIMES",
  ]);
  const [read] = permissionsOf(greet);
  assertStringIncludes(read.purpose, "--batch; the module of --plugin");
});
