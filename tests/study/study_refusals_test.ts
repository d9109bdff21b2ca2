import { InputError } from "../../src/ground/words/input_error.ts";
import { assertRejects } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { ModelError } from "../../src/core/model/model_error.ts";
import { study } from "../../src/study/study.ts";
import { type CreateStudyModel, StudyError } from "../../src/study/study_options.ts";
import { saveModel, withFolder } from "../core/model/save_model.ts";
import { small } from "../networks/studies.ts";

Deno.test("study() says what it cannot do", async () => {
  await withFolder(async (folder) => {
    await using engine = await startEngine();
    const { tf } = engine;
    const flat = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [2, 2] })] });
    const path = await saveModel(tf, flat, folder);
    flat.dispose();
    const scales = [1];
    const cases: [() => Promise<unknown>, new () => Error, string][] = [
      [
        () => study({ model: path }, { scales }),
        StudyError,
        "The model has no kernel, expected one to scale",
      ],
      [
        () => study({ model: path }, { scales, activations: ["relu"] }),
        StudyError,
        "no hidden layer whose activation can be swapped for relu",
      ],
      [
        () => study({ model: path }, { scales, initializers: ["heNormal"] }),
        StudyError,
        "no kernel that can be drawn by heNormal",
      ],
      [
        () => study({ model: path }, { scales, depths: [3] }),
        StudyError,
        "leave out depths and widths",
      ],
      [
        () => study({ model: `${folder}/no.json` }, { scales }),
        ModelError,
        "there is no such file",
      ],
      [
        () => study({ network: "dense" }, { scales, activations: ["relo"] }),
        TypeError,
        'did you mean "relu"',
      ],
      [
        () => study({ network: "dense" }, { scales, activations: ["leakyRelu"] }),
        TypeError,
        '"leakyRelu" is not known to TensorFlow.js, expected one such as linear',
      ],
      [
        () => study(small, { scales }, { jobs: 2 }),
        StudyError,
        "jobs is 2, expected 1: a function cannot be handed to workers",
      ],
      [
        () => study({ network: "dense" }, { scales }, { jobs: 2, objective: () => tf.scalar(0) }),
        StudyError,
        "jobs is 2, expected 1: an objective that is a function cannot be handed to workers",
      ],
      [() => study(small, { scales }, { jobs: 0 }), InputError as new () => Error, "jobs is 0"],
    ];
    for (const [run, kind, message] of cases) await assertRejects(run, kind, message);
  });
});

Deno.test("study() refuses what it does not know, and what is no model", async () => {
  const scales = [1];
  const run = (subject: unknown, grid: unknown, options?: unknown) => () =>
    study(subject as CreateStudyModel, grid as { scales: number[] }, options as object);
  const dense = { network: "dense" };
  const cases: [() => Promise<unknown>, string][] = [
    [run(dense, { scale: scales }), 'the grid has no "scale"; did you mean "scales"?'],
    [run(dense, { scales, activation: ["relu"] }), 'did you mean "activations"?'],
    [run(dense, {}), "scales is undefined, expected a list"],
    [run(dense, { scales: 1 }), "scales is 1, expected a list"],
    [run(dense, { scales, activations: "relu" }), 'activations is "relu", expected a list'],
    [run(dense, null), "the grid is null, expected an object"],
    [run(dense, { scales }, { job: 2 }), 'a study has no "job"; did you mean "jobs"?'],
    [run({ network: "x" }, { scales }), 'network is "x", expected "dense" or "exercise"'],
    [run("dense", { scales }), 'what is studied is "dense", expected an object'],
    [run({ model: "a.ts", network: "dense" }, { scales }), 'what is studied has no "network"'],
    [run({ model: 3 }, { scales }), "model is 3, expected the path of a model"],
    [run(function none() {}, { scales }), "none returned undefined, expected a model"],
  ];
  for (const [run, message] of cases) await assertRejects(run, TypeError, message);
});

Deno.test("study() names the point that cannot be measured", async () => {
  const create: CreateStudyModel = (context) => {
    if (context.seed === 1) throw new Error("no such draw");
    return small(context);
  };
  await assertRejects(
    () => study(create, { scales: [1, 2], seeds: 2 }),
    StudyError,
    "point 2 (seed 1, scale 1) cannot be measured: no such draw",
  );
});
