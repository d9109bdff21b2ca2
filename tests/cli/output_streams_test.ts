import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

/** Deno writes escapes of its own to a terminal, but these are colours. */
// deno-lint-ignore no-control-regex -- escapes begin with one
const COLOR = /\x1b\[\d+m/;

Deno.test("report --quiet says nothing on stderr, and no TensorFlow.js banner either", async () => {
  const { stderr, stdout } = await runCommand(["report", "--quiet"]);
  assertEquals(stderr, "");
  assert(!stdout.includes("Node.js"));
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
    const flags = { sweep: "--scale 1 --seeds 1 --activation relu", report: "--trial off" };
    const line = `${subcommand} ${flags[subcommand as keyof typeof flags] ?? ""}`;
    const script = `"$DENO" run --no-check -A mod.ts ${line} > /dev/full`;
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
  const script =
    `"$DENO" run --no-check -A mod.ts report --trial off | head -n 1; echo "\${PIPESTATUS[0]}"`;
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
  const old = "SICK: 1 cause\n\ngenerator: gradient-health\n";
  await Deno.writeTextFile(out, old, { mode: 0o444 });
  await assertRefuses(["report", "--quiet", "--out", out], `${out} cannot be written`);
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["report.txt"]);
  assertEquals(await Deno.readTextFile(out), old);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("report shows on a terminal how far a long pass is, and in no log", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/slow.ts`;
  await Deno.writeTextFile(
    file,
    `export const createModel = ({ tf }) => {
       class Slow extends tf.layers.Layer {
         static className = "Slow";
         call(inputs) {
           Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1200);
           return [inputs].flat()[0].mul(2);
         }
       }
       return tf.sequential({ layers: [
         tf.layers.dense({ units: 2, inputShape: [2] }), new Slow(), new Slow(), new Slow(),
       ] });
     };`,
  );
  const terminal = await new Deno.Command("script", {
    args: ["-qec", `"$DENO" run --no-check -A mod.ts report ${file} --trial off`, "/dev/null"],
    cwd: new URL("../../", import.meta.url),
    env: { DENO: Deno.execPath(), TERM: "xterm" },
    stdin: "null",
  }).output();
  assertMatch(
    stripAnsiCode(new TextDecoder().decode(terminal.stdout)),
    /\r\[[#.]+\] \d+ %, measuring: (?:for|back)ward pass, layer \d of 4, \d+ s left/,
  );
  const log = await runCommand(["report", file, "--trial", "off"]);
  assertEquals(log.code, 0, log.stderr);
  assertMatch(log.stderr, /^measured in [^\n]*\n$/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("report takes width and colour from a terminal, and none from a pipe", async () => {
  const terminal = async (env: Record<string, string>) => {
    const { stdout } = await new Deno.Command("script", {
      args: [
        "-qec",
        `stty cols 66 rows 40; "$DENO" run --no-check -A mod.ts report --quiet --trial off`,
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
  const args = ["report", "--quiet", "--trial", "off"];
  const colorOf = async (env: Record<string, string>) =>
    COLOR.test((await runCommand(args, { env, separate: true })).stdout);
  assertEquals(await colorOf({ NO_COLOR: "" }), false);
  assertEquals(await colorOf({ NO_COLOR: "", FORCE_COLOR: "1" }), true);
});
