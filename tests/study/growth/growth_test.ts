import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { KINDS, type NetworkKind, networkOf, sizesOf } from "../../../bench/scale/networks.ts";
import { compareWithTwin, OBJECTIVE, type TwinKind, twinModel } from "../../../bench/scale/twin.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { growthSentences, renderGrowth } from "../../../src/study/text/render_growth.ts";
import type { GrowthGrid } from "../../../src/study/growth/growth_study.ts";
import { type GrowthSummary, steepestSlope } from "../../../src/study/growth/growth_types.ts";
import { runGrowth, tryScalings } from "../../../src/study/growth/run_growth.ts";
import { summarizeGrowth } from "../../../src/study/growth/summarize_growth.ts";
import { type CreateStudyModel, StudyError } from "../../../src/study/study_options.ts";
import { assertRefused, assertRefusedLater, parts } from "../../assert_refused.ts";
import { makeHeader } from "../../networks/studies.ts";

async function growthOf(
  subject: CreateStudyModel,
  grid: GrowthGrid,
  options: { objective?: typeof OBJECTIVE } = {},
): Promise<GrowthSummary> {
  const { header, points } = await runGrowth(subject, grid, { ...options, examples: 32 });
  return summarizeGrowth({ ...header, points: await Array.fromAsync(points) });
}

const TWINS: { kind: TwinKind; grid: GrowthGrid }[] = [
  {
    kind: { optimizer: { name: "adam", rate: 0.01 }, rule: "standard", axis: "width" },
    grid: { widths: [64, 128, 256] },
  },
  {
    kind: { optimizer: { name: "sgd", rate: 0.5 }, rule: "muP", axis: "width" },
    grid: { widths: [64, 128, 256] },
  },
  {
    kind: { optimizer: { name: "adam", rate: 0.003 }, rule: "half", axis: "depth" },
    grid: { depths: [2, 4, 8, 16] },
  },
];

for (const { kind, grid } of TWINS) {
  const { rule, axis, optimizer } = kind;
  Deno.test(`summarizeGrowth() has the slopes of a float64 twin: ${rule}, ${axis}, ${optimizer.name}`, async () => {
    await using engine = await startEngine();
    const seeds = [0, 1];
    const { growth: [growth] } = await growthOf(twinModel(kind), { ...grid, seeds }, {
      objective: OBJECTIVE,
    });
    const differences = await compareWithTwin(engine.tf, kind, { growth, seeds, steps: 5 });
    assert(differences.length > 30);
    for (const { layer, figure, step, measured, reference } of differences) {
      const difference = Math.abs(measured - reference);
      assert(difference < 0.05, `${layer}, ${figure}, ${step}: ${measured}, ${reference}`);
    }
  });
}

/** Trains the siblings of a network of the benchmark, smaller ones. */
async function trainSiblings(name: keyof typeof KINDS, isWrong: boolean) {
  const { drop, ...kind } = KINDS[name];
  const subject = networkOf({ ...kind, dropped: isWrong ? drop : undefined });
  const sizes = sizesOf(kind);
  const grid = { widths: sizes.widths?.slice(0, 4), depths: sizes.depths?.slice(0, 4), seeds: 2 };
  const { header, points } = await runGrowth(subject, grid);
  const summary = summarizeGrowth({ ...header, points: await Array.fromAsync(points) });
  return { subject, grid, summary };
}

const judged = new Map<string, ReturnType<typeof trainSiblings>>();

/** Returns what {@linkcode trainSiblings} does, which trains once for all tests. */
function judge(name: keyof typeof KINDS, isWrong: boolean) {
  const key = `${name}, ${isWrong}`;
  const siblings = judged.get(key) ?? trainSiblings(name, isWrong);
  judged.set(key, siblings);
  return siblings;
}

for (const name of ["mlp", "mlp sgd tanh", "residual"]) {
  Deno.test(`summarizeGrowth() finds ${name} flat, and steep once it drops a rule`, async () => {
    await using _engine = await startEngine();
    assertEquals((await judge(name, false)).summary.level, "flat");
    assertEquals((await judge(name, true)).summary.level, "error");
  });
}

Deno.test("tryScalings() names what each layer needs, and the siblings are flat with it", async () => {
  await using _engine = await startEngine();
  const { subject, grid, summary } = await judge("mlp", true);
  const fix = await tryScalings(subject, grid, { summary });
  assert(fix !== null);
  assertEquals(fix.level, "flat");
  assertEquals(fix.code.map(({ layer, words }) => [layer, words]), [
    ["hidden_2", "learning rate x width^-1"],
    ["hidden_1", "learning rate x width^-1"],
  ]);
  // The kernels are drawn larger by as much as the constant behind them makes them smaller.
  assertStringIncludes(fix.code[0].code, "* (width / 32) ** 0.5, seed })");
  assertStringIncludes(fix.code[0].code, "tf.layers.rescaling({ scale: (width / 32) ** -1 })");
});

Deno.test("tryScalings() scales the branches of residual blocks with the depth", async () => {
  await using _engine = await startEngine();
  const { subject, grid, summary } = await judge("residual", true);
  const fix = await tryScalings(subject, grid, { summary });
  assert(fix !== null);
  assertEquals(fix.level, "flat");
  assertEquals(fix.code.map(({ layer, words }) => [layer, words]), [
    ["block_#", "initial standard deviation x depth^-0.5, learning rate x depth^-1"],
  ]);
});

Deno.test("tryScalings() puts half of a rate behind the layer under SGD, whose step it scales twice", async () => {
  await using _engine = await startEngine();
  const { subject, grid, summary } = await judge("mlp sgd", true);
  const fix = await tryScalings(subject, grid, { summary });
  assert(fix !== null);
  assertEquals([fix.level, fix.code.map(({ layer }) => layer)], ["flat", ["out"]]);
  assertEquals(
    fix.code[0].words,
    "initial standard deviation x width^-0.5, learning rate x width^-1",
  );
  assertStringIncludes(fix.code[0].code, "rescaling({ scale: (width / 32) ** -0.5 })");
});

const untrained: CreateStudyModel = () => {
  throw new Error("was trained");
};

Deno.test("tryScalings() leaves the layers below a readout to the next round under SGD", async () => {
  await using _engine = await startEngine();
  const { subject, grid, summary } = await judge("mlp sgd", true);
  const [growth] = summary.growth;
  // The gradients of these layers, too, come from the readout that is wrong.
  const layers = growth.layers.map((layer) =>
    layer.name === "hidden_2"
      ? { ...layer, slopes: { ...layer.slopes, activations: [{ value: 1, half: null }] } }
      : layer
  );
  let rounds = 0;
  const fix = await tryScalings(subject, grid, {
    summary: { ...summary, growth: [{ ...growth, layers }] },
    onProgress: ({ done }) => done === 0 && rounds++,
  });
  assertEquals([fix?.level, fix?.scalings.map(({ layer }) => layer)], ["flat", ["out"]]);
  assertEquals(rounds, 1);
});

Deno.test("tryScalings() trains nothing if no power of the size helps, or everything is flat", async () => {
  await using _engine = await startEngine();
  const { grid, summary } = await judge("mlp", false);
  const { subject: wrong, grid: sizes, summary: steep } = await judge("mlp", true);
  const [growth] = summary.growth;
  const steepSomewhere: GrowthSummary = {
    ...summary,
    level: "warning",
    growth: [{ ...growth, level: "warning" }],
  };
  assertEquals(await tryScalings(untrained, grid, { summary: steepSomewhere }), null);
  assertEquals(await tryScalings(wrong, sizes, { summary: { ...steep, level: "flat" } }), null);
});

/** Chain of dense layers without sums, each of which makes the signal `gain` times as large. */
function chain(gain: number, optimizer: "adam" | "sgd"): CreateStudyModel {
  return ({ tf, seed, depth }) => {
    const normal = (stddev: number, draw: number) =>
      tf.initializers.randomNormal({ stddev, seed: 1000 * seed + draw });
    const hidden = Array.from({ length: depth! }, (_, i) =>
      tf.layers.dense({
        name: `hidden_${i + 1}`,
        units: 128,
        kernelInitializer: normal(gain / Math.sqrt(128), i),
      }));
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ name: "in", units: 128, inputShape: [16] }),
        ...hidden,
        tf.layers.dense({ name: "out", units: 4, kernelInitializer: normal(0.09, 999) }),
      ],
    });
    const made = optimizer === "adam" ? tf.train.adam(0.0003) : tf.train.sgd(0.001);
    model.compile({ optimizer: made, loss: "meanSquaredError" });
    return model;
  };
}

Deno.test("tryScalings() takes back the factor by which each layer of a chain grows", async () => {
  await using _engine = await startEngine();
  for (const gain of [1.25, 0.8]) {
    const grid = { depths: [2, 4, 8, 16], seeds: 2 };
    const summary = await growthOf(chain(gain, "adam"), grid);
    assertEquals(summary.level, "error");
    const fix = await tryScalings(chain(gain, "adam"), grid, { summary });
    assert(fix !== null);
    const [{ layer, factor }] = fix.scalings;
    assertEquals(layer, "hidden_#");
    assertAlmostEquals(factor * gain, 1, 0.02);
    assert(fix.steepest < steepestSlope(summary.growth[0]) / 2);
    assertStringIncludes(fix.code[0].words, "initial standard deviation x");
    // One depth has no factor; a signal of 0 at the others tells none.
    const [growth] = summary.growth;
    const layers = growth.layers.map((layer) => ({
      ...layer,
      curves: layer.curves.map((sizes, i) => i === 0 ? sizes : sizes.map(() => 0)),
    }));
    const blank = { ...summary, growth: [{ ...growth, layers }] };
    assertEquals(await tryScalings(untrained, grid, { summary: blank }), null);
  }
});

Deno.test("a network compiled with SGD is looked at with Adam as well, and judged by SGD", async () => {
  await using _engine = await startEngine();
  const { drop: _drop, ...kind } = KINDS["mlp sgd"];
  const summary = await growthOf(networkOf(kind), { widths: [64, 128, 256] });
  assertEquals(summary.level, "flat");
  const [growth] = summary.growth;
  assertStringIncludes(
    growthSentences(summary).join(),
    "Not judged: with Adam at a rate of 0.01 in its place",
  );
  assert(Math.abs(growth.withAdam!.slope) > 0.5, String(growth.withAdam!.slope));
  const adam = await growthOf(networkOf(KINDS.mlp), { widths: [32, 64], seeds: 1 });
  assertEquals(adam.growth[0].withAdam, null);
});

Deno.test("summarizeGrowth() judges activations from the second step on, and lets outputs fall", async () => {
  await using _engine = await startEngine();
  const { drop: _drop, ...kind } = KINDS.mlp;
  const { header, points } = await runGrowth(networkOf(kind), { widths: [32, 64], seeds: 1 });
  const measured = await Array.fromAsync(points);
  /** Gives a layer these slopes of its activations at the steps from 0 on, and the others none. */
  const judged = (slopes: readonly number[], name = "hidden_1") =>
    summarizeGrowth({
      ...header,
      points: measured.map((point) => ({
        ...point,
        training: {
          ...point.training!,
          layers: point.training!.layers.map((layer) => ({
            ...layer,
            activations: slopes.map((slope) => layer.name === name ? point.width! ** slope : 1),
            changes: layer.changes.map(() => 1),
          })),
        },
      })),
    }).level;
  assertEquals(judged([1, 0, 0, 0, 1, 1]), "flat");
  assertEquals(judged([0, 1, 0, 0, 1, 1]), "error");
  // The middle one counts, not its neighbours.
  assertEquals(judged([1, -2, 0.01, 5, -3, 4]), "flat");
  const falling = Array(6).fill(-1);
  assertEquals([judged(falling), judged(falling, "out")], ["error", "flat"]);
});

Deno.test("growthSentences() names the three steepest layers, and those that may be flat", async () => {
  await using _engine = await startEngine();
  const { summary } = await judge("mlp", true);
  const [growth] = summary.growth;
  const steep = growth.layers.find(({ level }) => level === "error")!;
  const said = (halves: (number | null)[]) =>
    growthSentences({
      ...summary,
      growth: [{
        ...growth,
        layers: halves.map((half, i) => ({
          ...steep,
          name: `h${i}`,
          size: { value: 0.6 + 0.1 * i, half },
          change: { value: 0.6 + 0.1 * i, half },
        })),
      }],
    }).slice(1);
  const all = said([0.1, 0.1, 0.1, 0.1, 2]);
  assertEquals(
    all.slice(0, 3).map((text) => /^Error in `(h\d)`/.exec(text)?.[1]),
    ["h4", "h3", "h2"],
  );
  assertEquals(all.slice(3), [
    "2 more layers over width 32 to 256 are steep, less than these.",
    "Not certain for 1 of these 5 layers: their intervals over the seeds hold flat slopes too; use more seeds.",
  ]);
  assertEquals(said([0.34, 0.44]).length, 2);
  assertEquals(said([0.36]).at(-1)!.startsWith("Not certain: their intervals"), true);
  assertEquals(said([null]).at(-1), "Not certain: one seed has no interval; use more seeds.");
});

Deno.test("a constant behind a readout that begins at 0 belongs to it", async () => {
  await using _engine = await startEngine();
  const { summary } = await judge("mlp zero readout", false);
  const out = summary.growth[0].layers.find(({ name }) => name === "out")!;
  assertEquals(out.slopes.activations[0], null);
  assert(Math.abs(out.size!.value) < 0.25);
});

Deno.test("the best rate of a standard network falls with its width, that of muP does not", async () => {
  await using _engine = await startEngine();
  const transferOf = async (kind: NetworkKind) => {
    const { header, points } = await runGrowth(
      networkOf(kind),
      { widths: [32, 64, 128], seeds: 2, rates: true },
    );
    return summarizeGrowth({ ...header, points: await Array.fromAsync(points) }).transfer;
  };
  const right = await transferOf({ optimizer: "adam", input: "embedding", head: "classes" });
  assertEquals(right.map(({ of }) => of), ["all", "embedding"]);
  assert(Math.abs(right[0].slope.value) < 0.5, String(right[0].slope.value));
  const [wrong] = await transferOf({ optimizer: "adam", dropped: "hidden rate" });
  assert(wrong.slope.value < -0.5, String(wrong.slope.value));
});

Deno.test("summarizeGrowth() rejects a model that ignores its width", async () => {
  await using _engine = await startEngine();
  await assertRefusedLater(
    () =>
      growthOf(({ tf }) =>
        networkOf({ optimizer: "adam" })({
          tf,
          seed: 0,
          width: 32,
          depth: null,
          activation: null,
          initializer: null,
        }), { widths: [32, 64], seeds: 1 }),
    parts(
      "createModel",
      "a model of 2788 parameters at width 32 and at width 64",
      "more with the width",
    ),
  );
  await assertRefusedLater(
    () => growthOf(networkOf({ optimizer: "adam" }), { widths: [32] }),
    parts("The siblings", "one size", "two widths or two depths, or more"),
  );
});

Deno.test("a small compiled rate is raised until the first step moves the layers", async () => {
  await using _engine = await startEngine();
  const { training } = await growthOf(async ({ tf, ...size }) => {
    const model = await networkOf({ optimizer: "adam" })({ tf, ...size });
    model.compile({ optimizer: tf.train.adam(1e-6), loss: "meanSquaredError" });
    return model;
  }, { widths: [32, 64], seeds: 1 });
  assert(training.raised >= 1024, String(training.raised));
  assertEquals(training.rate, 1e-6);
});

Deno.test("runGrowth() frees every tensor, and trains an uncompiled model with Adam", async () => {
  await using engine = await startEngine();
  const before = engine.tf.memory().numTensors;
  const { training } = await growthOf(({ tf, width }) =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units: width!, inputShape: [4] }),
        tf.layers.layerNormalization(),
        tf.layers.dense({ units: 2 }),
      ],
    }), { widths: [8, 16], seeds: 2 });
  assertEquals([training.optimizer, training.rate], ["Adam", 0.01]);
  assertEquals(engine.tf.memory().numTensors, before);
});

Deno.test("rates of which none is the best give no verdict on transfer", async () => {
  const { header, points } = await runGrowth(({ tf, seed, width }) => {
    const draw = (i: number) => tf.initializers.heNormal({ seed: 10 * seed + i });
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: width!, inputShape: [8], kernelInitializer: draw(0) }),
        tf.layers.dense({ units: 4, kernelInitializer: draw(1) }),
      ],
    });
    model.compile({ optimizer: tf.train.sgd(1e6), loss: "meanSquaredError" });
    return model;
  }, { widths: [8, 16], seeds: 1, rates: true });
  const summary = summarizeGrowth({ ...header, points: await Array.fromAsync(points) });
  assertEquals([summary.level, summary.transfer[0].atEdge], ["warning", true]);
  const text = renderGrowth(summary).replaceAll("\n", " ");
  assertStringIncludes(text, "the best rate was not found");
  assertStringIncludes(text, "at every size it is the smallest or the largest rate");
});

Deno.test("the best rate is at the lowest point of the parabola through three rates", async () => {
  await using _engine = await startEngine();
  const { header, points } = await runGrowth(
    ({ tf, width }) => {
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: width!, inputShape: [4] }),
          tf.layers.dense({ units: 2 }),
        ],
      });
      model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
      return model;
    },
    { widths: [8, 16], seeds: 1, rates: true },
  );
  const rates = header.grid.rates!;
  const middle = Math.log2(rates[rates.length >> 1]);
  const lowest = (width: number) => middle + (width === 8 ? 0.3 : -0.4);
  const measured = await Array.fromAsync(points);
  /** Gives the points these logarithms of the loss, a distance from the lowest point away. */
  const transfer = (log: (distance: number) => number) =>
    summarizeGrowth({
      ...header,
      points: measured.map((point) => {
        const loss = 2 ** log(Math.log2(point.rate!) - lowest(point.width!));
        return { ...point, training: { ...point.training!, losses: [9, loss] } };
      }),
    }).transfer[0];
  const { best, slope, atEdge } = transfer((distance) => 0.3 * distance ** 2);
  assertAlmostEquals(Math.log2(best[0]), lowest(8), 1e-9);
  assertAlmostEquals(Math.log2(best[1]), lowest(16), 1e-9);
  assertAlmostEquals(slope.value, -0.7, 1e-9);
  assertEquals(atEdge, false);
  assertEquals(transfer((distance) => distance).atEdge, true);
  assertEquals(transfer(() => 1).best, [rates[0], rates[0]]);
});

Deno.test("summarizeGrowth() refuses a study that did not train", () => {
  const untrained = { ...makeHeader({ scales: [1], widths: [8, 16] }), points: [] };
  assertRefused(
    () => summarizeGrowth(untrained),
    parts("study.training", "missing", "a study that trains its points"),
    StudyError,
  );
});
