import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { sarifErrors } from "../gate/text/sarif_errors.ts";
import { withGateFolder } from "./gate_folder.ts";
import { runCommand } from "./run_command.ts";

const NET = Deno.readTextFileSync(new URL("../../examples/ci/net.ts", import.meta.url));
const CONFIGURATION = {
  models: [
    { name: "good", path: "good.ts", seeds: "0..1" },
    { name: "changed", path: "changed.ts", seeds: "0..1" },
    { name: "dead", path: "relu_dead_layer/model.json" },
  ],
  suppressions: [{ rule: "dead-units", layer: "*", model: "dead", reason: "known, see #12" }],
};
const FILES = { "gradient-health.json": CONFIGURATION, "good.ts": NET, "changed.ts": NET };
const BASELINE = "gradient-health.baseline.json";
const CHANGE = "Against the baseline, the kernels of first ... head are 10 times smaller";

let baseline: Promise<string> | undefined;

/** Returns the baseline of the three models, which is measured once. */
async function storedBaseline(): Promise<string> {
  let text = "";
  await withGateFolder(["relu_dead_layer"], FILES, async (cwd) => {
    const stored = await runCommand(["check", "--quiet", "--update-baseline"], { cwd });
    assertEquals(stored.code, 1, stored.stderr);
    text = await Deno.readTextFile(`${cwd}/${BASELINE}`);
  });
  return text;
}

/** Checks three models, one of which has other kernels than its baseline, with these reporters. */
async function withChange(
  flags: string[],
  action: (result: { stdout: string; cwd: string }) => Promise<void> | void,
): Promise<void> {
  const changed = NET.replace("scale: 1,", "scale: 0.01,");
  const files = {
    ...FILES,
    "changed.ts": changed,
    [BASELINE]: await (baseline ??= storedBaseline()),
  };
  await withGateFolder(["relu_dead_layer"], files, async (cwd) => {
    const { code, stdout } = await runCommand(["check", "--quiet", ...flags], { cwd });
    assertEquals(code, 1);
    await action({ stdout, cwd });
  });
}

Deno.test("check says each cause once for all seeds of a model, and counts causes", () =>
  withChange([], ({ stdout }) => {
    const text = stdout.replace(/\s+/g, " ");
    assertStringIncludes(text, "== good (good.ts), 2 seeds HEALTHY Trial passed: in 4 steps");
    assertStringIncludes(text, "(changed.ts), 2 seeds CHANGED in 2 of 2 seeds: ");
    assertStringIncludes(text, `. ${CHANGE}; their gradients are`);
    assertStringIncludes(text, "SUPPRESSED dead-units: dense_3, dense_4 (known, see #12)");
    assertMatch(
      text,
      /ok good HEALTHY x changed CHANGED in 2 of 2 seeds: 1 cause x dead SICK: 1 cause Gate failed\. 1 of 3 models is sick and 1 has changed\. 2 findings are suppressed/,
    );
    assert(!/ERROR|\berrors, /.test(text), text);
  }));

Deno.test("check --details shows the findings of every model beside its causes", () =>
  withChange(["--details"], ({ stdout }) => {
    assertStringIncludes(stdout, "\nERROR baseline in 2 of 2 seeds\n");
    assertStringIncludes(stdout, "\nFindings under seed 0:\n\nERROR baseline: first");
    assertStringIncludes(stdout, "\nERROR gradients-flow: dense_1 ... dense_5 (5 layers)\n");
    assert(!stdout.includes("--details"), stdout);
  }));

Deno.test("check --reporter github annotates causes at the layer's line, and no note", () =>
  withChange(["--reporter", "github"], ({ stdout }) => {
    const line = NET.split("\n").findIndex((text) => text.includes('name: "first"')) + 1;
    assertStringIncludes(stdout, `::error file=changed.ts,line=${line},title=changed has changed`);
    assertStringIncludes(stdout, `::${CHANGE}; their gradients are`);
    assertStringIncludes(
      stdout,
      "%0AFix: Start the bias of dense_3 at 0.%0ATried: the model is then HEALTHY; ",
    );
    assert(!stdout.includes("::notice"), stdout);
    assert(!stdout.includes("file=good.ts"), stdout);
  }));

Deno.test("check --reporter junit, sarif and markdown say causes, and are what they must be", () => {
  const names = ["junit=out/new/gate.xml", "sarif=out/gate.sarif", "markdown=gate.md"];
  return withChange(names.flatMap((name) => ["--reporter", name]), async ({ cwd }) => {
    const xml = await Deno.readTextFile(`${cwd}/out/new/gate.xml`);
    assertEquals(XMLValidator.validate(xml), true);
    const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" });
    const { testsuites } = parser.parse(xml);
    const failures = Object.fromEntries(
      testsuites.testsuite.map(({ name, failures }: Record<string, string>) => [name, failures]),
    );
    assertEquals([failures["good, seed 0"], failures["dead, seed 0"]], ["0", "1"]);
    assertStringIncludes(xml, 'message="Follows from bias-init: The biases of dense_3 are -100');

    const log = JSON.parse(await Deno.readTextFile(`${cwd}/out/gate.sarif`));
    assertEquals(sarifErrors(log), []);
    const { results } = log.runs[0];
    const dead = results.filter(({ message }: { message: { text: string } }) =>
      message.text.startsWith("dead: The biases of dense_3")
    );
    assertEquals(dead.length, 1);
    assert(dead[0].relatedLocations.length > 1);
    const accepted = results.flatMap(({ suppressions }: { suppressions: object[] }) =>
      suppressions
    );
    assertEquals(accepted.length, 2);

    const text = await Deno.readTextFile(`${cwd}/gate.md`);
    assert(text.length < 65_536);
    assertMatch(text, /^1 of 3 models is sick and 1 has changed\./m);
    const rows = text.split("\n").filter((line) => /^\| (?:🔴|🟣)/u.test(line));
    assertEquals(rows.map((row) => row.split("|")[2].trim()), ["`changed`", "`dead`"]);
    assertStringIncludes(rows[0], CHANGE);
    assertStringIncludes(
      text,
      "\nSuppressed:\n\n- `dead`, `dead-units`, `dense_3, dense_4`, `known",
    );
  });
});

/** A single pass only warns about its first kernel, which is why it does not learn. */
const LOUD = `export const createModel = ({ tf, seed }) => {
  const draw = (stddev, seed) => tf.initializers.randomNormal({ stddev, seed });
  const { dense } = tf.layers;
  return tf.sequential({
    layers: [
      dense({ units: 32, activation: "relu", inputShape: [8], kernelInitializer: draw(9, seed) }),
      dense({ units: 3, activation: "softmax", kernelInitializer: draw(0.24, seed + 1) }),
    ],
  });
};`;

Deno.test("check begins with the cause of a failed trial, as report does", () =>
  withGateFolder([], { "loud.ts": LOUD }, async (cwd) => {
    const diagnosed = (text: string) => /^SICK: 1 cause\n1\. [^]*?(?=\n\S)/m.exec(text)?.[0];
    const [check, report] = await Promise.all(["check", "report"].map(async (subcommand) => {
      const { stdout } = await runCommand([subcommand, "loud.ts", "--quiet"], { cwd });
      return diagnosed(stdout);
    }));
    assertStringIncludes(check ?? "", "1. The kernel of dense_1 is about");
    assertStringIncludes(check ?? "", "Tried the multiplication: the model is then HEALTHY");
    assertEquals(check, report);
  }));

/** A model that leaves a file behind when it is loaded. */
const MARKING = `Deno.writeTextFileSync("loaded", "");\n${NET}`;

Deno.test("check makes the folder of a reporter's file, or refuses it before it measures", () =>
  withGateFolder([], { "net.ts": MARKING, "file": "text" }, async (cwd) => {
    const check = (path: string) =>
      runCommand(["check", "net.ts", "--quiet", "--reporter", `junit=${path}`], { cwd });
    const loaded = () => [...Deno.readDirSync(cwd)].some(({ name }) => name === "loaded");
    const refused = await check("file/j.xml");
    assertEquals([refused.code, loaded()], [2, false]);
    assertEquals(
      refused.stderr,
      "error: file/j.xml cannot be written: a part of its path is not a folder\n",
    );
    const made = await check("out/new/j.xml");
    assertEquals([made.code, loaded()], [0, true], made.stderr);
    assertStringIncludes(await Deno.readTextFile(`${cwd}/out/new/j.xml`), "<testsuites");
  }));
