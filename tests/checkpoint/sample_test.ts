import { readWeights } from "../../src/entry/model.ts";
import { compareCheckpoints, measureCheckpoint } from "../../src/entry/measure.ts";
import {
  describeSample,
  SAMPLE_BYTES,
  STRETCHES,
  stretchesOf,
  UNSEEN,
} from "../../src/checkpoint/sample_tensors.ts";
import { diagnose } from "../../src/core/diagnosis/diagnose.ts";
import { runRules } from "../../src/core/rules/judge_rule.ts";
import { figuresOf, sumEntries } from "../../src/core/measure/sums.ts";
import type { Interval } from "../../src/core/measure/measurements.ts";
import { decode } from "../../src/files/file_types.ts";
import { type MadeTensor, writeCheckpoint } from "./write_checkpoint.ts";
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";

Deno.test("a tensor is sampled if it has more than 1 MiB, from its first entry to its last", () => {
  for (const bytes of [1, 2, 4, 8]) {
    const most = SAMPLE_BYTES / bytes;
    assertEquals(stretchesOf(most, bytes), null);
    for (const count of [most + 1, 2 * most, 3 * most + 7, 2 ** 40]) {
      const stretches = stretchesOf(count, bytes)!;
      assertEquals(stretches.length, STRETCHES);
      assertEquals([stretches[0].from, stretches.at(-1)!.to], [0, count]);
      stretches.forEach(({ from, to }, i) => {
        assertEquals((to - from) * bytes, SAMPLE_BYTES / STRETCHES);
        if (i > 0) assert(from >= stretches[i - 1].to, `${count}`);
      });
      const gaps = stretches.slice(1).map(({ from }, i) => from - stretches[i].from);
      assert(Math.max(...gaps) - Math.min(...gaps) <= 1, `${gaps}`);
    }
  }
});

/** Returns numbers drawn from N(0, 1), from a seed. */
function normal(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = state + 0x6d2b79f5 >>> 0;
    let x = Math.imul(state ^ state >>> 15, state | 1);
    x ^= x + Math.imul(x ^ x >>> 7, x | 61);
    return ((x ^ x >>> 14) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Draws rows that differ in size and place by factors, and describes a sample of them. */
function drawn(seed: number, { size, place }: { size: number; place: number }) {
  const next = normal(seed);
  const width = 1024, rows = 512;
  const values = new Float32Array(width * rows);
  for (let row = 0; row < rows; row++) {
    const std = Math.exp(size * next()), mean = place * next();
    for (let i = 0; i < width; i++) values[row * width + i] = mean + std * next();
  }
  const sums = stretchesOf(values.length, 4)!.map(({ from, to }) =>
    sumEntries(values.subarray(from, to))
  );
  return { truth: figuresOf(sumEntries(values)), sample: describeSample(sums, values.length) };
}

const contains = ([least, most]: Interval, x: number) => least <= x && x <= most;

for (
  const [name, rows] of [
    ["independent entries", { size: 0, place: 0 }],
    ["rows of different sizes", { size: 0.7, place: 0 }],
    ["rows at different places", { size: 0.2, place: 0.5 }],
  ] as const
) {
  Deno.test(`95 % intervals of ${name} hold the figure of all entries about as often`, () => {
    const draws = 60;
    const hits = { mean: 0, rms: 0, std: 0 };
    for (let seed = 1; seed <= draws; seed++) {
      const { truth, sample } = drawn(seed * 7919, rows);
      for (const key of ["mean", "rms", "std"] as const) {
        if (contains(sample[key]!, truth[key])) hits[key]++;
      }
    }
    // 57 of 60 are expected; fewer than 51 have a chance of 0.7 %.
    for (const [key, count] of Object.entries(hits)) assert(count >= 51, `${key}: ${count}`);
  });
}

Deno.test("the interval of independent entries is as wide as theory has it", () => {
  const { sample } = drawn(5, { size: 0, place: 0 });
  const n = sample.entries, rest = 1 - n / sample.of;
  const width = ([least, most]: Interval) => (most - least) / 2;
  // Standard errors: 1 / sqrt(n) of the mean, 1 / sqrt(2 n) of the deviation.
  assertAlmostEquals(width(sample.mean!) / (2.04 * Math.sqrt(rest / n)), 1, 0.3);
  assertAlmostEquals(width(sample.std!) / (2.04 * Math.sqrt(rest / (2 * n))), 1, 0.3);
});

Deno.test("without a zero or a NaN in the sample, at most 9 % of the stretches have one", () => {
  assertAlmostEquals((1 - UNSEEN) ** STRETCHES, 0.05, 1e-12);
  const { sample } = drawn(5, { size: 0, place: 0 });
  assertEquals(sample.zeroFraction, [0, UNSEEN]);
  assertEquals(sample.nonFiniteFraction, [0, UNSEEN]);
  const zeros = Array.from({ length: STRETCHES }, () => sumEntries(new Float32Array(8192)));
  assertEquals(describeSample(zeros, 2 ** 20).zeroFraction, [1 - UNSEEN, 1]);
  const half = zeros.map((sums, i) =>
    i % 2 === 0 ? sums : sumEntries(new Float32Array(8192).fill(1))
  );
  const { zeroFraction: [least, most] } = describeSample(half, 2 ** 20);
  assert(least > 0.2 && least < 0.5 && most > 0.5 && most < 0.8, `${least} ${most}`);
  const broken = zeros.toSpliced(3, 1, sumEntries(new Float32Array(8192).fill(NaN)));
  const found = describeSample(broken, 2 ** 20);
  assertEquals([found.mean, found.rms, found.std], [null, null, null]);
  assert(contains(found.nonFiniteFraction, 1 / 32), `${found.nonFiniteFraction}`);
});

const LARGE = [1200, 1024];

async function withFiles(use: (a: string, b: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    const tensors = (dtype: MadeTensor["dtype"], at: number): MadeTensor[] => [
      {
        name: "a.weight",
        dtype,
        shape: LARGE,
        change: { from: at, to: at + 1, apply: (values, first) => values[at - first] = NaN },
      },
      { name: "a.bias", dtype, shape: [1200] },
    ];
    const stretches = stretchesOf(1200 * 1024, 2)!;
    await writeCheckpoint(`${folder}/a.safetensors`, tensors("BF16", stretches[3].from + 5));
    await writeCheckpoint(`${folder}/b.safetensors`, tensors("BF16", stretches[3].to));
    await use(`${folder}/a.safetensors`, `${folder}/b.safetensors`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("measureCheckpoint() has the figures of the sample, and of small tensors those of all", () =>
  withFiles(async (a, b) => {
    const file = await readWeights(a);
    const { layers: [layer], weightsOnly } = await measureCheckpoint(file, { sample: true });
    const [kernel, bias] = layer.weights;
    const { offset } = file.tensors.find(({ name }) => name === "a.weight")!.stored!;
    const bytes = await Deno.readFile(a);
    const entries = stretchesOf(1200 * 1024, 2)!.flatMap(({ from, to }) => [
      ...decode(bytes.slice(offset + 2 * from, offset + 2 * to), "bfloat16"),
    ]);
    const oracle = figuresOf(sumEntries(Float32Array.from(entries)));
    for (const key of ["count", "maxAbs", "zeroFraction", "nonFinite"] as const) {
      assertEquals(kernel.values[key], oracle[key], key);
    }
    for (const key of ["mean", "meanAbs", "rms", "std"] as const) {
      assertAlmostEquals(kernel.values[key] / oracle[key], 1, 1e-9, key);
    }
    const whole = (await measureCheckpoint(file)).layers[0].weights;
    assertAlmostEquals(kernel.values.l2 / whole[0].values.l2, 1, 0.01);
    assert(contains(kernel.sample!.rms!, whole[0].values.rms));
    assertEquals([kernel.sample!.entries, kernel.sample!.of], [2 ** 19, 1200 * 1024]);
    assertEquals(kernel.duplicateUnits, null);
    assertEquals([kernel.zeroUnits, kernel.alike], [undefined, undefined]);
    const at = stretchesOf(1200 * 1024, 2)![3].from + 5;
    assertEquals(kernel.nonFiniteAt!.first, [Math.floor(at / 1024), at % 1024]);
    assertEquals(bias, whole[1]);
    assertEquals(weightsOnly!.sampled, 1);
    // A NaN beside a stretch is not seen.
    const other = await measureCheckpoint(await readWeights(b), { sample: true });
    assertEquals(other.layers[0].weights[0].values.nonFinite, 0);
  }));

Deno.test("compareCheckpoints() compares the entries of a sample", () =>
  withFiles(async (a, b) => {
    const one = await readWeights(a);
    const two = await readWeights(b);
    const same = await compareCheckpoints(one, one, { sample: true });
    assertEquals(same.sampled, 1);
    assertEquals(same.tensors.map(({ count, differing }) => [count, differing]), [
      [2 ** 19, 0],
      [1200, 0],
    ]);
    const changed = await compareCheckpoints(one, two, { sample: true });
    // One of the two NaN is in the sample.
    assertEquals(changed.tensors.map(({ differing }) => differing), [1, 0]);
    const whole = await compareCheckpoints(one, two);
    assertEquals(whole.tensors.map(({ differing }) => differing), [2, 0]);
    assertEquals(whole.sampled, undefined);
  }));

Deno.test("a rule says that all entries of a sample are equal, not those of the tensor", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeCheckpoint(`${folder}/w.safetensors`, [
      { name: "a.weight", dtype: "F32", shape: [1024, 512], std: 0, mean: 0.5 },
      { name: "b.weight", dtype: "F32", shape: [64, 512] },
    ]);
    const file = await readWeights(`${folder}/w.safetensors`);
    const messages = async (sample: boolean) =>
      runRules(await measureCheckpoint(file, { sample }))
        .filter(({ rule }) => rule === "symmetry").map(({ message }) => message);
    assertEquals(await messages(true), [
      "All 262144 entries in the sample of a/weight are 0.5, so units of a seem to compute the same.",
    ]);
    assertEquals(await messages(false), [
      "All 524288 entries of a/weight are 0.5, so all units of a compute the same.",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a lone NaN in a sample is told with the number that all entries may have", () =>
  withFiles(async (a) => {
    const measurements = await measureCheckpoint(await readWeights(a), { sample: true });
    const [{ message }] = runRules(measurements).filter(({ rule }) => rule === "non-finite");
    const [, seen, of, least, most, all] =
      /\((\d+) of (\d+) in the sample; (\d+) to (\d+) of all (\d+) at 95 %/.exec(message)!;
    assertEquals([seen, of, least, all].map(Number), [1, 2 ** 19, 1, 1200 * 1024]);
    // One stretch in 32 has it: 1.2 million / 2^19, and 2.04 standard errors more.
    const rest = 1 - 2 ** 19 / (1200 * 1024);
    assertEquals(Number(most), Math.ceil((1 + 2.0395 * Math.sqrt(rest)) / (1 - rest)));
    const { causes } = diagnose(measurements, runRules(measurements));
    assertStringIncludes(causes[0].message, "(1 of 524288 in the sample; 1 to ");
  }));
