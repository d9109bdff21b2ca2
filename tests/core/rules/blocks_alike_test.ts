import { measureWeights } from "../../../src/checkpoint/measure_checkpoint.ts";
import type { Measurements } from "../../../src/core/measure/measurements.ts";
import type { FileTensor } from "../../../src/files/weights_file.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { judge, testMessages } from "./test_messages.ts";
import { testThreshold } from "./test_threshold.ts";
import { assertEquals } from "@std/assert";

const SIDE = 100;

/** Numbers of exactly that rms, which no initialiser draws: a third of them are 0. */
function entries(rms: number, count = SIDE * SIDE): Float32Array<ArrayBuffer> {
  const drawn = Float32Array.from(
    { length: count },
    (_, i) => i % 3 === 0 ? 0 : Math.sin(i * i + i * 0.1),
  );
  const is = Math.sqrt(drawn.reduce((sum, x) => sum + x * x, 0) / count);
  return drawn.map((x) => rms * x / is);
}

/** Numbers drawn from N(0, 0.02). */
const drawn = Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
  const uniform = (seed: number) => (Math.abs(Math.sin((i + 1) * seed) * 43758.5453) % 1) || 0.5;
  return 0.02 * Math.sqrt(-2 * Math.log(uniform(12.9898))) *
    Math.cos(2 * Math.PI * uniform(78.233));
});

type Tensors = Record<string, Float32Array<ArrayBuffer>>;

const measured = (tensors: Tensors, options: { tiesEmbeddings?: boolean } = {}): Measurements => {
  const { tiesEmbeddings = false } = options;
  return measureWeights({
    path: "made.safetensors",
    format: "safetensors",
    notes: [],
    ...tiesEmbeddings
      ? {
        config: {
          architecture: "GPT2",
          layers: null,
          heads: null,
          keyValueHeads: null,
          tiesEmbeddings,
        },
      }
      : {},
    tensors: Object.entries(tensors).map(([name, values]): FileTensor => ({
      name,
      shape: values.length === SIDE * SIDE ? [SIDE, SIDE] : [values.length],
      type: "float32",
      read: () => values,
    })),
  });
};

/** Kernels of blocks with these sizes. */
const blocks = (sizes: readonly number[], kind = "fc"): Tensors =>
  Object.fromEntries(sizes.map((size, i) => [`h.${i}.${kind}.weight`, entries(size)]));

const found = (measurements: Measurements, options: RuleOptions = {}) =>
  judge("blocks-alike", measurements, options)
    .map(({ severity, kind, layer, layers }) => `${severity} ${kind} ${layers ?? layer}`);

const withOne = (factor: number, block = 4) =>
  measured(
    blocks(Array.from({ length: 12 }, (_, i) => 0.1 * 1.1 ** i * (i === block ? factor : 1))),
  );

testThreshold("siblingFactor", {
  judge: (factor, options) => judge("blocks-alike", withOne(factor), options),
  inside: [2.9, 1 / 2.9],
  outside: [3.1, 1 / 3.1],
  severity: "warning",
  indirect: true,
});

Deno.test("blocksAlike notes a bias off the trend, and warns about one that is far off", () => {
  const biases = (factor: number) =>
    measured(
      Object.fromEntries(
        Array.from({ length: 12 }, (_, i) => [
          `h.${i}.fc.bias`,
          entries(0.1 * 1.1 ** i * (i === 4 ? factor : 1), 10 * SIDE),
        ]),
      ),
    );
  assertEquals(found(biases(2.9)), []);
  assertEquals(found(biases(3.1)), ["note too-large h.4.fc"]);
  assertEquals(found(biases(21)), ["warning too-large h.4.fc"]);
});

testThreshold("siblingError", {
  judge: (factor, options) => judge("blocks-alike", withOne(factor), options),
  inside: [19, 1 / 19],
  outside: [21, 1 / 21],
  severity: "error",
  named: "siblingFactor",
  indirect: true,
});

testThreshold("siblingDeviations", {
  judge: (deviations, options) => {
    // Around the median 0, the median of the absolute residuals is s.
    const s = Math.log(4) / 1.4826 / deviations;
    const logarithms = [0, -s, 0, Math.log(4), s, 0, -s, 0];
    return judge("blocks-alike", measured(blocks(logarithms.map(Math.exp))), options);
  },
  inside: [7.9],
  outside: [8.1],
  severity: "warning",
  named: "siblingFactor",
  indirect: true,
});

Deno.test("blocks-alike lets the first and the last block differ by the square", () => {
  for (const block of [0, 11]) {
    assertEquals(found(withOne(8.9, block)), []);
    assertEquals(found(withOne(9.2, block)), [`warning too-large h.${block}.fc`]);
  }
});

Deno.test("blocks-alike needs five blocks, and judges files of weights alone", () => {
  assertEquals(found(measured(blocks([1, 1, 50, 1]))), []);
  assertEquals(found(measured(blocks([1, 1, 50, 1, 1]))), ["error too-large h.2.fc"]);
  const { weightsOnly: _, ...whole } = measured(blocks([1, 1, 50, 1, 1]));
  assertEquals(found(whole), []);
});

Deno.test("blocks-alike finds what was not trained, if at most a quarter was not", () => {
  const some = (...untouched: number[]) => {
    const tensors = blocks(Array.from({ length: 8 }, () => 0.1));
    for (const block of untouched) tensors[`h.${block}.fc.weight`] = drawn;
    return found(measured(tensors));
  };
  assertEquals(some(3), ["warning untouched h.3.fc"]);
  assertEquals(some(3, 5), ["warning untouched h.3.fc", "warning untouched h.5.fc"]);
  assertEquals(some(2, 3, 5).filter((line) => line.includes("untouched")), []);
  // A kernel may have an initialiser's scale by chance: its distribution is that of its siblings.
  assertEquals(found(measured(blocks([0.1, 0.1, 0.1, 0.02, 0.1, 0.1, 0.1]))), [
    "warning too-small h.3.fc",
  ]);
});

Deno.test("blocks-alike finds a kernel of zeros among kernels that are not, and allows many", () => {
  const some = (...zeros: number[]) => {
    const tensors = blocks([...new Array(12).fill(0.5)]);
    for (const block of zeros) tensors[`h.${block}.fc.weight`] = new Float32Array(SIDE * SIDE);
    return found(measured(tensors));
  };
  assertEquals(some(), []);
  assertEquals(some(4), ["warning untouched h.4.fc"]);
  assertEquals(some(0, 11), ["warning untouched h.0.fc", "warning untouched h.11.fc"]);
  // The others were not trained either.
  const fresh: Tensors = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [`h.${i}.fc.weight`, drawn]),
  );
  fresh["h.3.fc.weight"] = new Float32Array(SIDE * SIDE);
  const zeros = found(measured(fresh)).filter((line) => line.includes("untouched"));
  assertEquals(zeros, ["warning untouched h.3.fc"]);
  // As the ends of branches that begin at 0, and most of which were not trained.
  assertEquals(some(1, 2, 3, 4), []);
});

Deno.test("blocks-alike finds one kernel of zeros in three or four blocks, before the last", () => {
  const of = (count: number, ...zeros: number[]) => {
    const tensors = blocks(Array.from({ length: count }, () => 0.5));
    for (const block of zeros) tensors[`h.${block}.fc.weight`] = new Float32Array(SIDE * SIDE);
    return found(measured(tensors));
  };
  assertEquals(of(3, 0), ["warning untouched h.0.fc"]);
  assertEquals(of(4, 2), ["warning untouched h.2.fc"]);
  assertEquals([of(4), of(4, 3), of(4, 1, 2), of(2, 0)], [[], [], [], []]);
});

Deno.test("blocks-alike finds gains of 1 among trained ones", () => {
  const gains = (ones: number[]): Tensors =>
    Object.fromEntries(
      Array.from({ length: 6 }, (_, i) => [
        `h.${i}.norm.weight`,
        ones.includes(i)
          ? new Float32Array(40).fill(1)
          : Float32Array.from({ length: 40 }, (_, j) => 1 + 0.01 * (j % 5)),
      ]),
    );
  assertEquals(found(measured(gains([2]))), ["warning untouched h.2.norm"]);
  assertEquals(found(measured(gains([0, 1, 2, 3, 4, 5]))), []);
});

Deno.test("blocks-alike finds the gain of a normalisation off the trend, and not a statistic of it", () => {
  const norms = (factor: number, name: string) =>
    measured(
      Object.fromEntries(
        Array.from({ length: 12 }, (_, i) => [
          `h.${i}.norm.${name}`,
          Float32Array.from(
            { length: 10 * SIDE },
            (_, j) => (1 + 0.01 * (j % 5)) * 1.1 ** i * (i === 4 ? factor : 1),
          ),
        ]),
      ),
    );
  assertEquals(found(norms(2.9, "weight")), []);
  assertEquals(found(norms(3.1, "weight")), ["warning too-large h.4.norm"]);
  assertEquals(found(norms(1 / 21, "weight")), ["error too-small h.4.norm"]);
  assertEquals(found(norms(21, "running_var")), []);
});

Deno.test("blocks-alike finds two kernels under each other's names", () => {
  const swapped = (block: number | null, other = block, ratio = 2) => {
    const tensors = {
      ...blocks(Array.from({ length: 8 }, () => 0.1), "q"),
      ...blocks(Array.from({ length: 8 }, () => 0.1 * ratio), "o"),
    };
    if (block === null) return found(measured(tensors));
    const kept = tensors[`h.${block}.q.weight`];
    tensors[`h.${block}.q.weight`] = tensors[`h.${other}.o.weight`];
    tensors[`h.${other}.o.weight`] = kept;
    return found(measured(tensors));
  };
  assertEquals(swapped(null), []);
  assertEquals(swapped(4), ["warning swapped h.4.q,h.4.o"]);
  assertEquals(swapped(4, 6), ["warning swapped h.4.q,h.6.o"]);
  // With nearly the same size, nothing tells them apart.
  assertEquals(swapped(4, 4, 1.32), ["warning swapped h.4.q,h.4.o"]);
  assertEquals(swapped(4, 4, 1.28), []);
});

Deno.test("blocks-alike finds an embedding and a head that should be one matrix", () => {
  const tied = (head: Float32Array<ArrayBuffer>, tiesEmbeddings = true) =>
    found(measured({ "wte.weight": entries(1), "lm_head.weight": head }, { tiesEmbeddings }));
  assertEquals(tied(entries(1)), []);
  assertEquals(tied(entries(1.001)), ["warning untied lm_head,wte"]);
  assertEquals(tied(entries(1.001), false), []);
});

testMessages(import.meta, {
  "a block unlike the others": () => judge("blocks-alike", withOne(40)),
  "a block smaller than the others": () => judge("blocks-alike", withOne(1 / 40)),
  "a block that was not trained": () => {
    const tensors = blocks(Array.from({ length: 8 }, () => 0.1));
    return judge("blocks-alike", measured({ ...tensors, "h.3.fc.weight": drawn }));
  },
  "swapped kernels": () => {
    const tensors = { ...blocks([1, 1, 1, 2, 1, 1], "q"), ...blocks([2, 2, 2, 1, 2, 2], "o") };
    return judge("blocks-alike", measured(tensors));
  },
  "matrices that should be tied": () =>
    judge(
      "blocks-alike",
      measured({ "wte.weight": entries(1), "lm_head.weight": entries(3) }, {
        tiesEmbeddings: true,
      }),
    ),
  "a NaN in a file": () => {
    const values = entries(1);
    values[SIDE * 12 + 34] = NaN;
    return judge("non-finite", measured({ "fc.weight": values }));
  },
});
