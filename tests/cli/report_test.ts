import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import { parseReport } from "../../src/render/mod.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

/** Deno writes escapes of its own to a terminal, but these are colours. */
// deno-lint-ignore no-control-regex -- escapes begin with one
const COLOR = /\x1b\[\d+m/;

const GOLDEN = "fixtures/golden";

Deno.test("report measures the exercise's network when no model is named", async () => {
  const { code, stdout, stderr } = await runCommand(["report"]);
  assertEquals(code, 0, stderr);
  for (const title of ["GRADIENTS", "ACTIVATIONS", "DELTAS"]) assertStringIncludes(stdout, title);
  for (let i = 1; i <= 11; i++) assertStringIncludes(stdout, `dense_${i} `);
  // The first five lines say what is wrong and what to do.
  const first = stdout.split("\n").slice(0, 5).join("\n");
  assertStringIncludes(first, "SICK: 1 cause\n");
  assertStringIncludes(first, "The kernels of dense_2 ... dense_10 are about 890 times too large.");
  assertStringIncludes(first, "Multiply the kernels of dense_2 ... dense_10 by 1/89");
  assertStringIncludes(stdout, "Tried: all 36 errors are gone");
  assert(!stdout.includes("ERROR vanishing-gradients"));
  const { stdout: all } = await runCommand(["report", "--quiet", "--details"]);
  assertStringIncludes(all, "ERROR vanishing-gradients");
  assertStringIncludes(all, "ERROR saturated-activations");
  assertMatch(stderr, /^measured in \d+\.\d\d s on 1 thread\n$/);
  assert(stdout.split("\n").every((line) => line.length <= 80));
});

Deno.test("report --quiet says nothing on stderr, and no TensorFlow.js banner either", async () => {
  const { stderr, stdout } = await runCommand(["report", "--quiet"]);
  assertEquals(stderr, "");
  assert(!stdout.includes("Node.js"));
});

Deno.test("report shows each golden model as its name says it is", async () => {
  const verdicts: Record<string, string[]> = {
    seed_tanh_stddev_200: ["vanishing-gradients", "saturated-activations"],
    seed_tanh_small: ["vanishing-gradients"],
    sigmoid_vanishing: ["vanishing-gradients"],
    relu_exploding: ["exploding-gradients"],
    relu_dead_layer: ["vanishing-gradients", "dead-units"],
    relu_he: [],
    seed_tanh_critical: [],
    seed_tanh_critical_mse: [],
  };
  await Promise.all(
    Object.entries(verdicts).map(async ([name, expected]) => {
      const folder = `${GOLDEN}/${name}`;
      const { objective } = JSON.parse(Deno.readTextFileSync(`${folder}/golden.json`));
      const { code, stdout, stderr } = await runCommand(
        ["report", `${folder}/model.json`, "--batch", `${folder}/batch.json`, "--format", "json"]
          .concat("--objective", objective, "--trial", "off"),
      );
      assertEquals(code, 0, stderr);
      const { findings } = parseReport(stdout);
      const errors = findings.filter(({ severity }) => severity === "error").map(({ rule }) =>
        rule
      );
      // What breaks one rule may break others too; what is healthy breaks none.
      if (expected.length === 0) assertEquals(errors, [], name);
      else assertEquals(expected.filter((rule) => !errors.includes(rule)), [], name);
    }),
  );
});

Deno.test("report --format json gives the same bytes however many threads and wherever it goes", async () => {
  const out = await Deno.makeTempFile({ suffix: ".json" });
  const one = await runCommand(["report", "--format", "json", "--threads", "1"]);
  const two = await runCommand(["report", "--format", "json", "--threads", "2"]);
  await runCommand(["report", "--format", "json", "--out", out]);
  assertEquals(two.stdout, one.stdout);
  assertEquals(await Deno.readTextFile(out), one.stdout);
  assertStringIncludes(two.stderr, "on 2 threads");
  const { measurements } = parseReport(one.stdout);
  assertEquals([measurements.version, measurements.seed, measurements.batch.seed], [1, 0, 0]);
  await Deno.remove(out);
});

Deno.test("report --portable turns relaxed SIMD off and says so", async () => {
  const { stdout } = await runCommand(["report", "--format", "json", "--portable"]);
  assertEquals(parseReport(stdout).measurements.engine.relaxedSimd, false);
});

Deno.test("report --seed and --examples change what is drawn", async () => {
  const of = async (...args: string[]) =>
    parseReport((await runCommand(["report", "--format", "json", ...args])).stdout).measurements;
  const [first, again, other] = await Promise.all([
    of("--seed", "3"),
    of("--seed", "3"),
    of("--seed", "4", "--examples", "8"),
  ]);
  assertEquals(first, again);
  assert(first.layers[0].weights[0].values.mean !== other.layers[0].weights[0].values.mean);
  assertEquals([first.batch.examples, other.batch.examples], [32, 8]);
});

Deno.test("report obeys --columns, --layers, --axis and --unicode", async () => {
  const { stdout } = await runCommand(
    ["report", "--columns", "60", "--layers", "dense_1$", "--axis", "linear", "--unicode"],
  );
  assert(stdout.split("\n").every((line) => line.length <= 60));
  assertMatch(stdout, /dense_1 /);
  assert(!/^. dense_7 .*\|/m.test(stdout));
});

Deno.test("explain obeys --columns", async () => {
  const { stdout } = await runCommand(["explain", "--columns", "60"]);
  assert(stdout.length > 100 && stdout.split("\n").every((line) => line.length <= 60));
});

/** A module that logs in every way, while it is made and while it is measured. */
const CHATTY = `
console.log("imported");
export const createModel = ({ tf }) => {
  class Chatty extends tf.layers.Layer {
    static className = "Chatty";
    call(inputs) {
      console.group("group");
      console.log("called");
      console.info("informed");
      console.debug("debugged");
      console.count("counted");
      console.countReset("counted");
      console.time("timed");
      console.timeLog("timed");
      console.timeEnd("timed");
      console.table([{ column: 1 }]);
      console.dir({ directory: 1 });
      console.dirxml({ xml: 1 });
      console.groupCollapsed("collapsed");
      console.groupEnd();
      console.groupEnd();
      return [inputs].flat()[0].mul(2);
    }
  }
  console.log("created");
  return tf.sequential({ layers: [
    tf.layers.dense({ units: 2, inputShape: [2], kernelInitializer: "ones" }),
    new Chatty(),
    tf.layers.dense({ units: 1, kernelInitializer: "ones" }),
  ] });
};`;
const CHATTER = ["imported", "created", "called", "informed", "debugged", "counted: 1", "timed: "]
  .concat("column", "directory", "xml", "group", "collapsed");

for (
  const args of [
    ["report"],
    ["check", "--no-config"],
    ["check", "--no-config", "--seeds", "2", "--jobs", "2"],
    ["sweep", "--scale", "1,2", "--seeds", "2", "--jobs", "1"],
    ["sweep", "--scale", "1,2", "--seeds", "2", "--jobs", "2"],
  ]
) {
  Deno.test(`${args.join(" ")} keeps what a layer logs off stdout`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/chatty.ts`;
      await Deno.writeTextFile(path, CHATTY);
      const [subcommand, ...flags] = args;
      const { stdout, stderr } = await runCommand([subcommand, path, ...flags, "--format", "json"]);
      // It is JSON from its first character to its last.
      JSON.parse(stdout);
      for (const text of CHATTER) assertStringIncludes(stderr, text);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

for (const subcommand of ["report", "explain", "sweep"]) {
  Deno.test(`${subcommand} names stdout when it cannot be written`, async () => {
    const scales = subcommand === "sweep" ? "--scale 1 --seeds 1 --activation relu" : "";
    const script = `"$DENO" run --no-check -A mod.ts ${subcommand} ${scales} > /dev/full`;
    const { code, stderr } = await new Deno.Command("bash", {
      args: ["-c", script],
      cwd: new URL("../../", import.meta.url),
      env: { DENO: Deno.execPath(), NO_COLOR: "1" },
    }).output();
    assertEquals(code, 2);
    const [last] = new TextDecoder().decode(stderr).trimEnd().split("\n").slice(-1);
    assertMatch(last, /^error: stdout cannot be written: .*space/);
  });
}

Deno.test("report ends quietly when its reader has seen enough", async () => {
  const script = `"$DENO" run --no-check -A mod.ts report | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", script],
    cwd: new URL("../../", import.meta.url),
    env: { DENO: Deno.execPath(), NO_COLOR: "1" },
  }).output();
  const [first, code] = new TextDecoder().decode(stdout).trim().split("\n");
  assertStringIncludes(first, "SICK");
  assertEquals(code, "0");
  assertMatch(new TextDecoder().decode(stderr), /^measured in .* thread\n$/);
});

Deno.test("report --out keeps the old file when it cannot write", async () => {
  const folder = await Deno.makeTempDir();
  const out = `${folder}/report.txt`;
  await Deno.writeTextFile(out, "old", { mode: 0o444 });
  await assertRefuses(["report", "--quiet", "--out", out], `${out} cannot be written`);
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["report.txt"]);
  assertEquals(await Deno.readTextFile(out), "old");
  await Deno.remove(folder, { recursive: true });
});

const WRONG_USAGE: [string[], string][] = [
  [["report", "--colunms", "60"], "The flag --colunms is unknown; did you mean --columns?"],
  [["report", "--width", "60"], "The flag --width is unknown, expected one that --help lists"],
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
  [["report", "--format", "jsn"], '--format is "jsn", expected text or json; did you mean "json"?'],
  [["report", "--axis", "cubic"], '--axis is "cubic", expected log or linear'],
  [["report", "--objective", "meanSquareError"], 'did you mean "meanSquaredError"?'],
  [["report", "--objective", "BCE"], 'did you mean "binaryCrossentropy"?'],
  [["report", "--layers", "("], "expected a regular expression: Unterminated group"],
  [["report", "--batch"], "--batch has no value, expected --batch FILE"],
  [["report", "--seed", "1", "--seed", "2"], "--seed is given 2 times, expected once"],
  [["report", "--quiet=yes"], '--quiet is "yes", expected no value'],
  [["report", "a", "b"], "MODEL is given 2 times, expected once at most: a b"],
  [
    ["report", "--quiet", "--layers", "nothing"],
    "--layers is /nothing/, expected the name of a layer to match it",
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
  for (const name of ["report", "check", "sweep", "merge", "explain", "completions"]) {
    const { stdout } = await runCommand([name, "--help"], { permissions: [] });
    // A permission is not broken: whoever copies it needs it whole.
    const wide = stdout.split("\n").filter((line) => line.length > 80 && !/--allow-/.test(line));
    assertEquals(wide, []);
  }
  const version = await runCommand(["--version"], { permissions: [] });
  assertEquals([version.code, version.stdout], [0, "gradient-health 0.1.0\n"]);
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
  for (const part of ["--objective", "--allow-read", "examples", '{"inputs": T, "targets": T}']) {
    assertStringIncludes(help.stdout, part);
  }
});

Deno.test("GRADIENT_HEALTH_DEBUG shows where an error came from", async () => {
  const { code, stderr } = await runCommand(["report", "--frob"], {
    env: { GRADIENT_HEALTH_DEBUG: "1" },
  });
  assertEquals(code, 2);
  assertMatch(stderr, /\n\s+at /);
});

Deno.test("report shows how far a long pass is, on stderr, and --quiet does not", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(
    `${folder}/slow.ts`,
    `export const createModel = ({ tf }) => {
       class Slow extends tf.layers.Layer {
         static className = "Slow";
         call(inputs) {
           const until = performance.now() + 300;
           while (performance.now() < until);
           return [inputs].flat()[0].mul(2);
         }
       }
       return tf.sequential({ layers: [
         tf.layers.dense({ units: 2, inputShape: [2] }), new Slow(), new Slow(), new Slow(),
       ] });
     };`,
  );
  const slow = await runCommand(["report", `${folder}/slow.ts`]);
  assertEquals(slow.code, 0, slow.stderr);
  assertMatch(slow.stderr, /^measuring: forward pass, layer [34] of 4\nmeasured in /);
  assertEquals((await runCommand(["report", `${folder}/slow.ts`, "--quiet"])).stderr, "");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("report takes width and colour from a terminal, and none from a pipe", async () => {
  const terminal = async (env: Record<string, string>) => {
    const { stdout } = await new Deno.Command("script", {
      args: [
        "-qec",
        `stty cols 66 rows 40; "$DENO" run --no-check -A mod.ts report --quiet`,
        "/dev/null",
      ],
      cwd: new URL("../../", import.meta.url),
      env: { DENO: Deno.execPath(), TERM: "xterm-256color", ...env },
      stdin: "null",
    }).output();
    return new TextDecoder().decode(stdout).replaceAll("\r", "");
  };
  const environment = Deno.env.get("NO_COLOR");
  Deno.env.delete("NO_COLOR");
  try {
    const colored = await terminal({});
    assertStringIncludes(colored, "\x1b[31mSICK: 1 cause");
    const longest = Math.max(...stripAnsiCode(colored).split("\n").map((line) => line.length));
    assert(longest > 60 && longest <= 66, `the longest line has ${longest} columns`);
    assert(!COLOR.test(await terminal({ NO_COLOR: "1" })));
  } finally {
    if (environment !== undefined) Deno.env.set("NO_COLOR", environment);
  }
  assert(!COLOR.test((await runCommand(["report", "--quiet"], { env: { NO_COLOR: "" } })).stdout));
  const forced = { NO_COLOR: "", FORCE_COLOR: "1" };
  assert(COLOR.test((await runCommand(["report", "--quiet"], { env: forced })).stdout));
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
