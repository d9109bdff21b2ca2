import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { runningEngine } from "../../src/engine/running_engine.ts";
import { renderStudyJson } from "../../src/render/render_study_json.ts";
import { runStudy } from "../../src/study/run_study.ts";
import { study } from "../../src/study/study.ts";
import type { CreateStudyModel } from "../../src/study/study_subject.ts";
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
    parts.push(...(await study({ network: "dense" }, GRID, { shard, jobs: index })).points);
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
