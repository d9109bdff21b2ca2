import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { renderStudyJson } from "../../src/render/render_study_json.ts";
import { study } from "../../src/study/study.ts";
import { StudyError } from "../../src/study/study_options.ts";
import { withFolder } from "../model/save_model.ts";

/** One scale: the model of each seed is built by one worker alone. */
const GRID = { scales: [0.5], seeds: 4 };

/** A module whose model of seed 2 does something terrible, at most so many times. */
async function writeModule(folder: string, end: string, times: number): Promise<string> {
  const marks = JSON.stringify(folder);
  await Deno.writeTextFile(
    `${folder}/model.ts`,
    `import process from "node:process";
export function createModel({ tf, seed }) {
  const deaths = [...Deno.readDirSync(${marks})].filter(({ name }) => name.startsWith("mark"));
  if (seed === 2 && deaths.length < ${times}) {
    Deno.writeTextFileSync(${marks} + "/mark" + deaths.length, "");
    ${end}
  }
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 2, inputShape: [2], kernelInitializer: "ones", activation: "tanh" }),
      tf.layers.dense({ units: 1, kernelInitializer: "ones" }),
    ],
  });
}
`,
  );
  return `${folder}/model.ts`;
}

const DEATHS: [end: string, reason: string][] = [
  ["process.exit(3);", "the model's code terminated its worker"],
  ["throw new WebAssembly.RuntimeError('unreachable');", "unreachable"],
];

for (const [end, reason] of DEATHS) {
  Deno.test(`study() reports a worker that dies (${reason}) and tries its point again`, async () => {
    await withFolder(async (folder) => {
      const path = await writeModule(folder, end, 1);
      const warnings: string[] = [];
      const result = await study({ model: path }, GRID, {
        jobs: 2,
        onWarning: (message) => warnings.push(message),
      });
      assertEquals(warnings.length, 1);
      assertStringIncludes(
        warnings[0],
        "A worker died at point 2 (seed 2, scale 0.5): ",
      );
      assertStringIncludes(warnings[0], reason);
      assert(warnings[0].endsWith("; another one tries the point again"), warnings[0]);
      // Its only death is behind it: now the module is as good as any.
      assertEquals(renderStudyJson(result), renderStudyJson(await study({ model: path }, GRID)));
    });
  });
}

Deno.test("study() does not try again where nothing catches an error of the module", async () => {
  await withFolder(async (folder) => {
    const end =
      "setTimeout(() => { throw new Error('far away'); }, 0); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); return new Promise(() => {});";
    const path = await writeModule(folder, end, 1);
    const warnings: string[] = [];
    await assertRejects(
      () => study({ model: path }, GRID, { jobs: 2, onWarning: (text) => warnings.push(text) }),
      StudyError,
      `${path}: an error in its code was not caught: far away, at ${path}:`,
    );
    assertEquals(warnings, []);
  });
});

Deno.test("study() gives up on a point that kills its worker twice, and names it", async () => {
  await withFolder(async (folder) => {
    const path = await writeModule(folder, "process.exit(3);", 9);
    const seen: number[] = [];
    await assertRejects(
      () => study({ model: path }, GRID, { jobs: 2, onProgress: ({ done }) => seen.push(done) }),
      StudyError,
      "A worker died at point 2 (seed 2, scale 0.5) twice: the model's code terminated its worker",
    );
    assertEquals(Math.max(...seen), 2);
  });
});

Deno.test("study() does not try again what is the model's own fault", async () => {
  await withFolder(async (folder) => {
    const path = await writeModule(folder, "throw new Error('not today');", 9);
    const warnings: string[] = [];
    const error = await assertRejects(
      () => study({ model: path }, GRID, { jobs: 2, onWarning: (text) => warnings.push(text) }),
      StudyError,
    );
    assertStringIncludes(error.message, "point 2 (seed 2, scale 0.5) cannot be measured");
    assertStringIncludes(error.message, "not today");
    assertEquals(warnings, []);
    assert([...Deno.readDirSync(folder)].filter(({ name }) => name.startsWith("mark")).length < 3);
  });
});

Deno.test("study() says what keeps the workers from starting", async () => {
  await assertRejects(
    () => study({ model: "no/model.json" }, GRID, { jobs: 2 }),
    StudyError,
    "no/model.json: there is no such file",
  );
});
