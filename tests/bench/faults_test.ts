import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { asTrained, buildProgram, rowsOf } from "../../bench/faults/build_program.ts";
import { drawData, width } from "../../bench/faults/data.ts";
import { type Facts, type Program, repaired } from "../../bench/faults/facts.ts";
import { HELD_OUT, TUNED } from "../../bench/faults/programs/programs.ts";
import { constantScore, scoreOf } from "../../bench/faults/score.ts";
import { figuresOf, type Judged, namedBy, readPublished } from "../../bench/faults/table.ts";
import { scheduleOf, trainProgram } from "../../bench/faults/truth.ts";
import { judgeProgram } from "../../bench/faults/verdict.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";

const ALL = [...TUNED, ...HELD_OUT];
const programOf = (id: string): Program => ALL.find((program) => program.id === id)!;

Deno.test("the benchmark has at least 60 published programs, each once, tuned on even posts only", async () => {
  assert(ALL.length >= 60, `${ALL.length}`);
  assertEquals(new Set(ALL.map(({ id }) => id)).size, ALL.length);
  const isPost = ({ id }: Program) => /^\d+$/.test(id);
  assert(TUNED.filter(isPost).every(({ id }) => Number(id) % 2 === 0));
  assert(HELD_OUT.filter(isPost).every(({ id }) => Number(id) % 2 === 1));
  const published = await readPublished();
  for (const { id, published: row } of ALL) {
    if (row !== undefined) assert(published[row] !== undefined, `${id}: ${row}`);
  }
});

Deno.test("data are the same whenever they are drawn, and prepared column by column", async () => {
  const raw = await drawData({ recipe: "cars", count: 64 });
  assertEquals(await drawData({ recipe: "cars", count: 64 }), raw);
  const columns = width(raw.inputShape);
  const columnOf = (values: Float32Array, column: number) =>
    [...values].filter((_, i) => i % columns === column);
  const { inputs } = await drawData({ recipe: "cars", count: 64, inputs: "standardised" });
  const own = columnOf(inputs, 3);
  assertAlmostEquals(own.reduce((a, b) => a + b) / 64, 0, 1e-5);
  assertAlmostEquals(own.reduce((a, b) => a + b * b, 0) / 64, 1, 1e-4);
  const unit = columnOf(
    (await drawData({ recipe: "cars", count: 64, inputs: "unit" })).inputs,
    3,
  );
  assertEquals([Math.min(...unit), Math.max(...unit)], [0, 1]);
  const digits = await drawData({ recipe: "digits", count: 20, classes: "index" });
  assertEquals([...digits.targets.subarray(0, 12)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
});

Deno.test("every program and its repair build, and fit their data", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const program of ALL) {
    for (const facts of [program.buggy, repaired(program)]) {
      const few = { ...facts.data, count: 4 };
      const drawn = await drawData(few);
      const model = await buildProgram(tf, facts, drawn);
      const [{ shape }] = model.outputs;
      // The targets of a sparse loss are one index, whatever the number of units.
      const isSparse = JSON.stringify(facts.loss).toLowerCase().includes("sparse");
      const expected = isSparse ? drawn.targetShape.slice(0, -1) : drawn.targetShape;
      assertEquals(shape.slice(1, 1 + expected.length), expected, program.id);
      model.optimizer.dispose();
      model.dispose();
    }
  }
});

Deno.test("scoreOf() and constantScore() measure classes, labels and numbers", () => {
  const about = { inputs: new Float32Array(), inputShape: [1], ceiling: 1 };
  const classes = {
    ...about,
    targets: Float32Array.of(1, 0, 0, 1, 0, 1),
    targetShape: [2],
    kind: "classes" as const,
  };
  assertAlmostEquals(constantScore(classes), 2 / 3, 1e-9);
  assertAlmostEquals(scoreOf(Float32Array.of(0.9, 0.1, 0.2, 0.8, 0.7, 0.3), classes), 2 / 3, 1e-9);
  assertAlmostEquals(scoreOf(Float32Array.of(NaN, 0, 0, 1, 0, 1), classes), 2 / 3, 1e-9);
  const labels = {
    ...about,
    targets: Float32Array.of(0, 1, 1, 1),
    targetShape: [1],
    kind: "labels" as const,
  };
  assertEquals([constantScore(labels), scoreOf(Float32Array.of(0, 1, 0.6, 0.4), labels)], [
    0.75,
    0.75,
  ]);
  assertEquals(scoreOf(Float32Array.of(-1, 1, 0.2, -0.4), labels, 0), 0.75);
  const numbers = {
    ...about,
    targets: Float32Array.of(0, 2),
    targetShape: [1],
    kind: "numbers" as const,
  };
  assertEquals([constantScore(numbers), scoreOf(Float32Array.of(1, 1), numbers)], [0, 0]);
  assertEquals(scoreOf(Float32Array.of(0, 1), numbers), 0.5);
});

Deno.test("asTrained() computes a cross-entropy from logits, as Keras on TensorFlow does", () => {
  const { buggy } = programOf("31880720");
  const trained = asTrained(buggy);
  assertEquals(trained.loss, { class_name: "BinaryCrossentropy", config: { from_logits: true } });
  assertEquals(trained.layers.at(-1)!.config.activation, "linear");
  const squared: Facts = { ...buggy, loss: "mean_squared_error" };
  assertEquals(asTrained(squared), squared);
});

Deno.test("trainProgram() and judgeProgram() tell a dead program from its repair", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const program = programOf("48221692");
  assertEquals(scheduleOf(program.buggy), { steps: 1500, batch: 150 });
  const dead = await trainProgram(tf, program.buggy);
  assertEquals(dead.outcome, "fails");
  assertEquals((await trainProgram(tf, repaired(program))).outcome, "trains");
  const { verdict, causes } = await judgeProgram(tf, program.buggy);
  assertEquals([verdict, causes[0]], ["sick", "head (error)"]);
  assertNotEquals((await judgeProgram(tf, repaired(program))).verdict, "sick");
});

Deno.test("rowsOf() takes the examples at the given places", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const drawn = await drawData({ recipe: "xor", count: 4 });
  const rows = rowsOf(tf, drawn, [3, 0]);
  assertEquals([...rows.inputs.dataSync()], [0, 1, 1, 1]);
  assertEquals([...rows.targets.dataSync()], [1, 0]);
  tf.dispose(rows);
});

Deno.test("figuresOf() counts each target of the benchmark", () => {
  const side = (outcome: "trains" | "slow" | "fails", verdict: string, causes: string[] = []) => ({
    truth: { outcome, progress: 0, scores: [], constant: 0, steps: 1 },
    verdict: { verdict, causes, said: "", tried: false },
  });
  const program = { ...programOf("48221692"), causes: ["head"] };
  const all: Judged[] = [
    { program, buggy: side("fails", "sick", ["head (error)"]), repair: side("trains", "healthy") },
    { program, buggy: side("slow", "sick", ["gain (error)"]), repair: side("trains", "sick") },
    { program, buggy: side("fails", "healthy"), repair: side("fails", "healthy") },
    {
      program: { ...program, inReach: false },
      buggy: side("fails", "healthy", ["gain (warning)", "head (warning)"]),
      repair: side("trains", "weak"),
    },
  ];
  assertEquals(all.map(namedBy), ["right", "wrong", "nothing", "later"]);
  assertEquals(figuresOf(all), {
    sickThatFailOrAreSlow: { of: 3, are: 2 },
    failingThatAreSick: { of: 4, are: 1 },
    failingThatAreHealthy: { of: 4, are: 2 },
    trainingRepairsThatAreSick: { of: 3, are: 1 },
    rightOfThoseInReach: { of: 3, are: 1 },
    rightOrFixWorks: { of: 3, are: 1 },
  });
});
