import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { runningEngine } from "../../src/engine/running_engine.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { renderStudyJson } from "../../src/study/text/study_json.ts";
import { chooseJobs, runStudy, WORK_WORTH_JOBS } from "../../src/study/run_study.ts";
import { study } from "../../src/study/study.ts";
import { type CreateStudyModel, StudyError } from "../../src/study/study_options.ts";
import { withFolder } from "../core/model/save_model.ts";
import { small } from "../networks/studies.ts";

const GRID = {
  scales: [0.1, 0.5, 1, 2],
  seeds: 3,
  activations: ["tanh", "relu"],
  widths: [8],
  depths: [3],
};

Deno.test("study() gives the same bytes with any number of jobs, and in parts", async () => {
  const whole = await study({ network: "dense" }, GRID);
  const json = renderStudyJson(whole);
  for (const jobs of [2, 3]) {
    assertEquals(renderStudyJson(await study({ network: "dense" }, GRID, { jobs })), json);
  }
  const parts = [];
  for (let index = 1; index <= 3; index++) {
    const shard = { index, count: 3 };
    const jobs = index === 2 ? 2 : 1;
    parts.push(...(await study({ network: "dense" }, GRID, { shard, jobs })).points);
  }
  assertEquals(renderStudyJson({ ...whole, points: parts }), json);
});

Deno.test("study() leaves no tensor and no engine behind, however many points there were", async () => {
  const { tf, stop } = await startEngine();
  const before = tf.memory().numTensors;
  let inside: number | null = null;
  const { points } = await runStudy({ network: "dense" }, GRID);
  for await (const { index } of points) {
    // The first model of each kind differs in nothing from the later ones.
    if (index % 4 === 3) inside ??= tf.memory().numTensors;
    if (index % 4 === 3) assertEquals(tf.memory().numTensors, inside);
  }
  assertEquals(tf.memory().numTensors, before);
  await stop.call(runningEngine());
  await study({ network: "dense" }, { ...GRID, seeds: 1 });
  assertEquals(runningEngine(), null);
});

Deno.test("study() ends early when it is told to, in this process and with workers", async () => {
  for (const jobs of [1, 2]) {
    const controller = new AbortController();
    const { points } = await study({ network: "dense" }, { ...GRID, seeds: 40 }, {
      jobs,
      signal: controller.signal,
      onProgress: ({ done }) => done === 20 && controller.abort(),
    });
    assert(points.length >= 20 && points.length < 320, `${points.length}`);
    assertEquals(
      points.map(({ index }) => index),
      points.map(({ index }) => index).sort((a, b) => a - b),
    );
  }
});

Deno.test("study() does not wait for a model when it is told to end, and frees what comes late", async () => {
  await using engine = await startEngine();
  const before = engine.tf.memory().numTensors;
  const controller = new AbortController();
  const asked = Promise.withResolvers<void>();
  const late = Promise.withResolvers<void>();
  const create: CreateStudyModel = async (context) => {
    if (context.seed === 1) {
      asked.resolve();
      await late.promise;
    }
    return small(context);
  };
  const running = study(create, { scales: [1, 2], seeds: 3 }, { signal: controller.signal });
  await asked.promise;
  controller.abort();
  assertEquals((await running).points.length, 2);
  late.resolve();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(engine.tf.memory().numTensors, before);
});

Deno.test("study() tells how far it is", async () => {
  const seen: number[] = [];
  await study({ network: "dense" }, { ...GRID, seeds: 1 }, {
    onProgress: ({ done, total }) => {
      assertEquals(total, 8);
      seen.push(done);
    },
  });
  assertEquals(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

/** With one scale, the model of each seed is built by one worker alone. */
const ONE_SCALE = { scales: [0.5], seeds: 4 };

/** A module whose model of seed 2 fails badly, at most this many times. */
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
      const result = await study({ model: path }, ONE_SCALE, {
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
      assertEquals(
        renderStudyJson(result),
        renderStudyJson(await study({ model: path }, ONE_SCALE)),
      );
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
      () =>
        study({ model: path }, ONE_SCALE, { jobs: 2, onWarning: (text) => warnings.push(text) }),
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
      () =>
        study({ model: path }, ONE_SCALE, { jobs: 2, onProgress: ({ done }) => seen.push(done) }),
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
      () =>
        study({ model: path }, ONE_SCALE, { jobs: 2, onWarning: (text) => warnings.push(text) }),
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
    () => study({ model: "no/model.json" }, ONE_SCALE, { jobs: 2 }),
    StudyError,
    "no/model.json: there is no such file",
  );
});

Deno.test("a study with jobs chosen for it stays in its process if little is left", async () => {
  await withFolder(async (folder) => {
    const wait = "await new Promise((resolve) => setTimeout(resolve, 300));";
    await Deno.writeTextFile(
      `${folder}/slow.ts`,
      `export async function createModel({ tf, seed }) {
  ${wait}
  return tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
}
`,
    );
    const seen: number[] = [];
    const { points } = await study({ model: `${folder}/slow.ts` }, { scales: [1], seeds: 3 }, {
      jobs: "auto",
      onProgress: ({ workers }) => seen.push(workers),
    });
    assertEquals(points.map(({ seed }) => seed), [0, 1, 2]);
    assertEquals(seen, [0, 0, 0, 0]);
  });
});

Deno.test("chooseJobs() starts a worker a core once the work is worth it", () => {
  assertEquals(chooseJobs(WORK_WORTH_JOBS - 1, 4), 0);
  assertEquals(chooseJobs(WORK_WORTH_JOBS, 4), 4);
});

Deno.test("chooseJobs() starts none on a single core", () => {
  assertEquals(chooseJobs(1e9, 1), 0);
});
