import { assertEquals } from "@std/assert";
import { poolingRule, windowTerms } from "../../../src/ground/theory/window_rules.ts";
import type { NetworkNode, Signal, Window } from "../../../src/ground/theory/signal.ts";
import { normals } from "../../networks/dense_network.ts";
import {
  assertFigures,
  assertNear,
  makeContext,
  makeGradient,
  makeNode,
  makeSignal,
  meanOfDraws,
} from "./rule_kit.ts";

/** Slides a window over an axis of n entries, and looks which of its taps are within at each step. */
function slide(n: number, { size: [taps], strides: [stride], padding, dilation }: Window) {
  const distance = dilation?.[0] ?? 1;
  const reach = (taps - 1) * distance + 1;
  const steps = padding === "valid" ? Math.ceil((n - reach + 1) / stride) : Math.ceil(n / stride);
  const missing = Math.max(0, (steps - 1) * stride + reach - n);
  const before = padding === "valid"
    ? 0
    : padding === "causal"
    ? reach - 1
    : Math.floor(missing / 2);
  const within = Array.from(
    { length: steps },
    (_, step) =>
      Array.from({ length: taps }, (_, tap) => {
        const place = step * stride - before + tap * distance;
        return place >= 0 && place < n;
      }),
  );
  let terms = 0;
  let common = 0;
  for (const one of within) {
    terms += one.filter(Boolean).length / steps;
    for (const other of within) {
      common += one.filter((is, tap) => is && other[tap]).length / steps ** 2;
    }
  }
  return { terms, common };
}

Deno.test("windowTerms() counts the taps within the input that sliding the window finds", () => {
  for (const padding of ["same", "valid", "causal"] as const) {
    for (const n of [5, 8, 13]) {
      for (const taps of [1, 2, 3, 5]) {
        for (const [stride, distance] of [[1, 1], [2, 1], [3, 1], [1, 2], [2, 2], [5, 1]]) {
          if ((taps - 1) * distance >= n) continue;
          const window = { size: [taps], strides: [stride], padding, dilation: [distance] };
          assertFigures(
            windowTerms(window, [n]),
            slide(n, window),
            1e-9,
            JSON.stringify({ n, ...window }),
          );
        }
      }
    }
  }
});

Deno.test("windowTerms() multiplies what each axis finds, with strides and dilation of 1 where none are told", () => {
  const [high, wide] = [
    { size: [3], strides: [2], padding: "same", dilation: [1] },
    { size: [5], strides: [1], padding: "same", dilation: [2] },
  ] as const;
  const both: Window = { size: [3, 5], strides: [2, 1], padding: "same", dilation: [1, 2] };
  const a = slide(7, high);
  const b = slide(11, wide);
  assertFigures(windowTerms(both, [7, 11]), {
    terms: a.terms * b.terms,
    common: a.common * b.common,
  });
  const plain = { size: [3], padding: "same" as const };
  assertFigures(
    windowTerms({ ...plain, strides: [] }, [6]),
    slide(6, { ...plain, strides: [1] }),
  );
  // Nothing to slide over, and invalid windows.
  assertEquals(windowTerms({ ...plain, strides: [1] }, [0]), { terms: 3, common: 3 });
  assertEquals(windowTerms({ ...plain, strides: [1], size: [4097] }, [8]).terms, 4097);
  assertNear(
    windowTerms({ ...plain, strides: [1], size: [4096] }, [1]).terms,
    1,
    1e-9,
    "the largest window that is looked at",
  );
  // A window that is larger than its input reads all of it, wherever it stands.
  assertEquals(windowTerms({ ...plain, strides: [1], size: [7] }, [3]).terms, 3);
});

const window: Window = { size: [3], strides: [2], padding: "same" };
const pool = (operation: NetworkNode["operation"]) =>
  makeNode({ kind: "pool", operation, shape: [6, 4, 5], window });
const shapes = makeContext([[6, 8, 5]]);

Deno.test("poolingRule takes the mean of a window as simulated neighbours have it, and shares a gradient out", () => {
  const normal = normals(4);
  const input = makeSignal();
  const step = poolingRule(pool("mean"), [input], shapes)!;
  // Four steps over eight entries: three whole windows, and one of two taps.
  const taps = 11 / 4;
  const drawn = meanOfDraws(2e5, () => {
    const shared = 0.7 + Math.sqrt(1.6 - 0.49) * normal();
    const own = () => shared + Math.sqrt(2.3 - 1.6) * normal();
    return { square: ((own() + own() + own()) / 3) ** 2 };
  });
  assertNear(step.a.meanSquare + (2.3 - 1.6) * (1 / 3 - 1 / taps), drawn.square, 0.01);
  const meanSquare = 1.6 + 0.7 / taps;
  const expected = {
    ...input,
    meanSquare,
    alike: 1.1,
    near: 1.6,
    entries: 120,
    aligned: Math.max(0.31, (1.1 / meanSquare) ** 2),
  };
  assertFigures(step.a, expected);
  assertFigures(step.back(makeGradient()).inputs![0], {
    square: 7 / taps,
    alike: 1.3 / taps,
    near: 7 / taps,
    along: 0,
    spread: 0.17,
    aligned: 0.23,
  });
  const vague = poolingRule(pool("mean"), [makeSignal({ vague: true })], shapes)!;
  // A factor of 1.35 in the rms: twice its logarithm, squared.
  assertNear(vague.a.spread - 0.3, (2 * Math.log(1.35)) ** 2, 0.01);
  // The part shared by neighbours and examples is that of the mean, which is not larger.
  const same = makeSignal({ near: 0.9, alike: 2, meanSquare: 2, aligned: 0.1 });
  const { a } = poolingRule(pool("mean"), [same], shapes)!;
  assertNear(a.meanSquare, 0.9 + 1.1 / taps);
  assertNear(a.alike, a.meanSquare);
  assertNear(a.aligned, (2 / a.meanSquare) ** 2);
  const none = poolingRule(pool("mean"), [makeSignal({ meanSquare: 0, near: 0 })], shapes)!;
  assertEquals([none.a.meanSquare, none.a.near, none.a.aligned], [0, 0, 0]);
});

/** The largest of four correlated normals through relu, or as they are, by drawing them. */
function drawLargest(phi: (z: number) => number, slope: (z: number) => number) {
  const normal = normals(9);
  const mean = 0.4;
  const variance = 1.8;
  const near = 0.35;
  return meanOfDraws(2e5, () => {
    const shared = Math.sqrt(near) * normal();
    let most = -Infinity;
    for (let tap = 0; tap < 4; tap++) {
      most = Math.max(most, shared + Math.sqrt(1 - near) * normal());
    }
    const z = mean + Math.sqrt(variance) * most;
    return { mean: phi(z), square: phi(z) ** 2, chosen: slope(z) ** 2 };
  });
}

Deno.test("poolingRule takes the largest of a window as simulated neighbours have it", () => {
  const four: Window = { size: [2, 2], strides: [2, 2], padding: "valid" };
  const node = makeNode({ kind: "pool", operation: "largest", shape: [6, 2, 2, 5], window: four });
  const context = makeContext([[6, 4, 4, 5]]);
  const relu: [(z: number) => number, (z: number) => number] = [
    (z) => Math.max(0, z),
    (z) => z > 0 ? 1 : 0,
  ];
  const tanh: typeof relu = [Math.tanh, (z) => 1 - Math.tanh(z) ** 2];
  for (const [activation, curve] of Object.entries({ relu, tanh })) {
    const input = makeSignal({
      normal: { activation, mean: 0.4, variance: 1.8, near: 0.35 },
      vague: activation === "tanh",
    });
    const drawn = drawLargest(...curve);
    const own = drawn.square - drawn.mean ** 2;
    const alike = drawn.mean ** 2 + (1.1 - 0.49) / (2.3 - 0.49) * own;
    const step = poolingRule(node, [input], context)!;
    assertFigures(step.a, {
      meanSquare: drawn.square,
      mean: drawn.mean,
      alike,
      near: drawn.mean ** 2 + (1.6 - 0.49) / (2.3 - 0.49) * own,
      entries: 120,
      spread: activation === "tanh" ? 0.66 : 0.3,
      aligned: (alike / drawn.square) ** 2,
      vague: activation === "tanh",
    }, 0.01);
    assertFigures(step.back(makeGradient()).inputs![0], {
      square: 7,
      alike: 1.3 / 4,
      near: 0,
      along: 0,
      spread: 0.17,
      aligned: 0.23,
      chosen: drawn.chosen,
    }, 0.01);
  }
  // Without a known activation, entries count as normal by themselves.
  const bare: Signal = makeSignal({ mean: 0.4, meanSquare: 0.16 + 1.8, near: 0.16 + 0.35 * 1.8 });
  const drawn = drawLargest((z) => z, () => 1);
  const { a } = poolingRule(node, [bare], context)!;
  assertNear(a.mean, drawn.mean, 0.01);
  assertNear(a.meanSquare, drawn.square, 0.01);
});

Deno.test("poolingRule takes the largest of what does not vary for that, and of nothing for nothing", () => {
  const still = makeSignal({ meanSquare: 0.25, mean: 0.5, alike: 0.25, near: 0.25, aligned: 0.2 });
  const { a } = poolingRule(pool("largest"), [still], shapes)!;
  assertFigures(a, { ...still, entries: 120, aligned: 1 }, 1e-6);
  const nothing = makeSignal({ meanSquare: 0, mean: 0, alike: 0, near: 0 });
  assertEquals(poolingRule(pool("largest"), [nothing], shapes)!.a.aligned, 0);
  // Independent ones: the mean of the largest of two is 1 / root(pi).
  const pair = { ...pool("largest"), window: { ...window, size: [2], padding: "valid" as const } };
  const apart = makeSignal({ meanSquare: 1, mean: 0, alike: -1, near: -1, aligned: 0.2 });
  const two = poolingRule(pair, [apart], shapes)!.a;
  assertNear(two.mean, 1 / Math.sqrt(Math.PI), 1e-5);
  assertNear(two.meanSquare, 1, 1e-5);
  assertNear(two.near, two.mean ** 2, 1e-9);
  // More alike than can be: the largest is as any.
  const one = poolingRule(pair, [makeSignal({ near: 9, mean: 0, meanSquare: 1 })], shapes)!.a;
  assertNear(one.meanSquare, 1, 1e-4);
});

Deno.test("poolingRule pools all positions where it is global, and knows no pool without its window", () => {
  const all = makeNode({ kind: "pool", operation: "globalMean", shape: [6, 5], entries: 5 });
  // 8 positions of 5 channels.
  const signal = { ...makeSignal(), entries: 40 };
  const context = makeContext([[6, 2, 4, 5]]);
  assertNear(poolingRule(all, [signal], context)!.a.meanSquare, 1.6 + 0.7 / 8);
  const most = poolingRule({ ...all, operation: "globalLargest" }, [signal], context)!;
  assertNear(most.back(makeGradient()).inputs![0].alike, 1.3 / 8);
  assertEquals(poolingRule({ ...all, operation: "mean" }, [makeSignal()], context), null);
  // The number of entries says how many positions there are, even where the shape is not known.
  assertNear(poolingRule(all, [signal], makeContext([null]))!.a.meanSquare, 1.6 + 0.7 / 8);
  assertEquals(poolingRule({ ...all, operation: null, window }, [makeSignal()], shapes), null);
  assertEquals(poolingRule(all, [makeSignal(), makeSignal()], context), null);
});
