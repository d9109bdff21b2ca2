import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../../", import.meta.url);

/** The start of every test file: what it imports, and lines that the compiler leaves out. */
const HEAD = `import * as health from "${ROOT}src/mod.ts";
import { expect as stdExpect } from "@std/expect";
import { healthMatchers } from "${ROOT}src/core/assert/expect.ts";
interface Shape {
  units: number;
}

const shape: Shape = { units: 20 };
const engine = await health.startEngine();
const model = health.exerciseModel({ width: shape.units });
const batch = health.randomBatch(model, { objective: "meanSquaredError" });
const measurements = await health.measure(model, batch);
stdExpect.extend(healthMatchers);
// deno-lint-ignore no-explicit-any
const expect = stdExpect as any;
`;

/** Runs a test file in a folder of its own; each failure is the place in its title, and that of its error. */
async function failuresOf(body: string, name = "net_test.ts") {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await Deno.writeTextFile(`${folder}/${name}`, HEAD + body);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--config", new URL("deno.json", ROOT).pathname, name],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    const output = decoder.decode(stdout);
    assertEquals(code, 1, output + decoder.decode(stderr));
    const [errors] = output.split(" ERRORS ")[1].split(" FAILURES ");
    return errors.split(/^(?=.* => \.\/)/m).slice(1).map((text) => {
      const [, title, registered] = text.match(/^(.*) => (\.\/.*)/)!;
      const [, url, line] = text.match(/^ {4}at .*?(file:.*):(\d+):\d+\)?$/m)!;
      const inFile = url === `file://${folder}/${name}`;
      return {
        title,
        registered: registered.replace(/.*(?=\/)/, "."),
        thrown: inFile ? (HEAD + body).split("\n")[Number(line) - 1].trim() : url,
        shown: text.includes(`\n${(HEAD + body).split("\n")[Number(line) - 1]}\n`),
      };
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const lineOf = (body: string, text: string) =>
  (HEAD + body).slice(0, (HEAD + body).indexOf(text)).split("\n").length;

const CALLS = [
  `health.assertNoVanishingGradients(measurements);`,
  `health.assertHealthy(measurements);`,
  `health.assertRule(health.RULES.find(({ name }) => name === "vanishing-gradients")!, measurements);`,
  `await health.assertHealthy(model, batch, { trial: "off" });`,
  `await health.assertOverfitsBatch(model, batch, { objective: "meanSquaredError" });`,
  `await health.acrossSeeds(health.exerciseModel, health.assertNoVanishingGradients, { seeds: 1 });`,
  `expect(measurements).toHaveNoVanishingGradients();`,
  `expect(measurements).not.toBeFinite();`,
  `await expect(Promise.resolve(measurements)).resolves.toBeHealthy();`,
];

const RETURNED = `const judge = () => health.assertHealthy(model, batch, { trial: "off" });`;
const MONITOR = `const callbacks = health.healthMonitor({ batch, every: 1, trained: false });`;

// One file for all: each starts a process.
Deno.test("an assertion that fails shows the line of the user's file that calls it", async (t) => {
  const calls = CALLS.map((call, i) => `Deno.test("${i}", async () => {\n  ${call}\n});\n`).join(
    "",
  );
  const failures = await failuresOf(`${calls}${RETURNED}
Deno.test("returned", () => judge());
Deno.test("fit", async () => {
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const { inputs, targets } = batch;
  ${MONITOR}
  await model.fit(inputs, targets!, { verbose: 0, callbacks });
});
`);
  const thrown = failures.map(({ thrown }) => thrown);
  await t.step("an assertion in a test", () => {
    assertEquals(thrown.slice(0, CALLS.length), CALLS);
    assertEquals(failures.slice(0, CALLS.length).map(({ shown }) => shown), CALLS.map(() => true));
  });
  await t.step("one whose promise is returned", () => assertEquals(thrown[CALLS.length], RETURNED));
  await t.step("the line that makes a healthMonitor()", () => {
    assertEquals(thrown.slice(CALLS.length + 1), [MONITOR]);
  });
});

Deno.test("testGradientHealth() shows its own call for each step that fails", async () => {
  const call = `health.testGradientHealth("net", ({ seed }) => health.exerciseModel({ seed }), {`;
  const body = `await engine.stop();
${call}
  rules: ["vanishing-gradients", "saturated-activations", "non-finite"],
  objective: "meanSquaredError",
  modelRules: ["overfits-batch"],
});
`;
  // A name that no URL has as it stands.
  for (const name of ["net_test.ts", "ü a#_test.ts"]) {
    const failures = await failuresOf(body, name);
    assertEquals(failures.map(({ title }) => title.replace("net ... ", "")), [
      "vanishing-gradients",
      "saturated-activations",
      "overfits-batch",
    ]);
    for (const { registered, thrown, shown } of failures) {
      assert(registered.startsWith(`./${name}:${lineOf(body, call)}:`), registered);
      if (name !== "net_test.ts") continue;
      assertEquals(thrown, call);
      assert(shown);
    }
  }
});
