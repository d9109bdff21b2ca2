import { assertEquals } from "@std/assert";
import { activate } from "../../../src/ground/theory/activation_moments.ts";
import { kernelRule } from "../../../src/ground/theory/window_rules.ts";
import type { NetworkNode, Window } from "../../../src/ground/theory/signal.ts";
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

const input = makeSignal();

const kernel = (shape: readonly number[], mean = 0.05, meanSquare = 0.02) => ({
  name: "layer/kernel",
  shape,
  mean,
  meanSquare,
});

const BIAS = { name: "layer/bias", shape: [5], mean: 0.4, meanSquare: 0.3 };

function layer(given: Partial<NetworkNode>): NetworkNode {
  return makeNode({ activation: "linear", layout: "ordinary", ...given });
}

Deno.test("kernelRule gives the z of drawn kernels and biases whose means are not 0", () => {
  const fanIn = 40;
  const normal = normals(3);
  const drawn = meanOfDraws(2000, () => {
    // One unit at two examples and at two neighbours.
    const bias = 0.4 + Math.sqrt(0.3 - 0.16) * normal();
    const z = [bias, bias, bias];
    for (let i = 0; i < fanIn; i++) {
      const weight = 0.05 + Math.sqrt(0.02 - 0.05 ** 2) * normal();
      const [alike, near] = [1.1 - 0.49, 1.6 - 0.49].map((part) => Math.sqrt(part) * normal());
      z[0] += weight * (0.7 + alike + Math.sqrt(2.3 - 1.1) * normal());
      z[1] += weight * (0.7 + alike + Math.sqrt(2.3 - 1.1) * normal());
      z[2] += weight * (0.7 + near);
    }
    return { meanSquare: z[0] ** 2, mean: z[0], alike: z[0] * z[1] };
  });
  const node = layer({ weights: [kernel([fanIn, 5]), BIAS], inner: 44 });
  const { z, a, back, backFromDelta } = kernelRule(node, [input], makeContext())!;
  const { meanSquare, mean, alike } = z!;
  assertFigures({ meanSquare, mean, alike }, drawn, 0.06);
  // Variances of independent terms add up; the mean of the kernel on the mean of the input is of all units.
  const offset = fanIn * 0.05 * 0.7;
  const through = (moment: number) => fanIn * 0.02 * moment + offset ** 2 + 2 * offset * 0.4 + 0.3;
  const expected = {
    meanSquare: through(2.3),
    mean: offset + 0.4,
    alike: through(1.1),
    near: through(1.6),
    entries: 44,
    spread: 0.3 * (fanIn * 0.02 * 2.3 / through(2.3)) ** 2,
    aligned: 0.31,
    vague: false,
  };
  assertFigures(z!, expected);
  assertFigures(a, { ...activate("linear", z!, 5, 6)!.a, entries: 30 });
  const { delta, inputs } = back(makeGradient());
  assertEquals(delta, activate("linear", z!, 5, 6)!.back(makeGradient()));
  assertEquals(inputs, backFromDelta!(delta!));
  assertFigures(backFromDelta!(makeGradient())[0], {
    square: 7 * 0.8,
    alike: 1.3 * 0.8,
    near: 2.9 * 0.8,
    along: 0,
    spread: 0.17,
    aligned: 0.23,
  });
});

Deno.test("kernelRule sends back what a drawn kernel of unequal fans sends", () => {
  const normal = normals(11);
  const fanIn = 8;
  const units = 3;
  const drawn = meanOfDraws(4000, () => {
    const delta = Array.from({ length: units }, normal);
    const sent = Array.from(
      { length: fanIn },
      () => delta.reduce((sum, one) => sum + one * Math.sqrt(0.02) * normal(), 0),
    );
    const square = (values: number[]) => values.reduce((sum, value) => sum + value ** 2, 0);
    return { delta: square(delta), sent: square(sent) };
  });
  const node = layer({ weights: [kernel([fanIn, units], 0)], activation: "linear" });
  const [sent] = kernelRule(node, [input], makeContext())!.backFromDelta!(makeGradient());
  assertNear(sent.square / 7, drawn.sent / drawn.delta, 0.05);
});

Deno.test("kernelRule counts the pairs of a window and of its transpose that meet, step by step", () => {
  /** Each pair of an output and a tap that lies within the input of n, for zeros on both sides. */
  const pairs = (n: number, taps: number, stride: number) => {
    const steps = Math.ceil(n / stride);
    const before = Math.floor(Math.max(0, (steps - 1) * stride + taps - n) / 2);
    return Array.from(
      { length: steps },
      (_, step) =>
        Array.from({ length: taps }, (_, tap) => step * stride + tap - before)
          .map((place) => place >= 0 && place < n),
    );
  };
  const within = pairs(9, 5, 2);
  const terms = within.flat().filter(Boolean).length;
  const common =
    within.flatMap((one) => within.map((other) => one.filter((is, tap) => is && other[tap]).length))
      .reduce((sum, count) => sum + count, 0) / within.length ** 2;
  const window: Window = { size: [5], strides: [2], padding: "same" };
  const down = layer({
    kind: "convolution",
    shape: [6, 5, 7],
    window,
    weights: [kernel([5, 3, 7], 0)],
  });
  const { z, a } = kernelRule(down, [input], makeContext([[6, 9, 3]]))!;
  assertNear(z!.meanSquare, 3 * terms / 5 * 0.02 * 2.3);
  assertNear(z!.near, 3 * terms / 5 * 0.02 * 1.6);
  assertNear(z!.alike, 3 * common * 0.02 * 1.1);
  assertNear(a.spread, activate("linear", z!, 7, 6)!.a.spread);
  // The transpose leads back over the same pairs, over more entries.
  const up = layer({
    kind: "convolution",
    layout: "transposed",
    shape: [6, 9, 3],
    window,
    weights: [kernel([5, 3, 7], 0)],
  });
  const raised = kernelRule(up, [input], makeContext([[6, 5, 7]]))!.z!;
  assertNear(raised.meanSquare, 7 * terms / 9 * 0.02 * 2.3);
  assertNear(raised.alike, 7 * terms / 9 * 0.02 * 1.1);
  // Where a shape is not known, borders are not either.
  assertNear(kernelRule(down, [input], makeContext([null]))!.z!.meanSquare, 15 * 0.02 * 2.3);
  for (const [one, shape] of [[up, null], [{ ...up, shape: null }, [6, 5, 7]]] as const) {
    const blind = kernelRule(one, [input], makeContext([shape]))!.z!;
    assertNear(blind.meanSquare, 35 / 2 * 0.02 * 2.3);
    assertNear(blind.alike, 35 / 2 * 0.02 * 1.1);
  }
  const strided = { ...up, window: undefined, strides: [2, 3] };
  assertNear(kernelRule(strided, [input], makeContext())!.z!.meanSquare, 35 / 6 * 0.02 * 2.3);
});

Deno.test("kernelRule knows that depthwise and separable channels have few weights of their own", () => {
  const window: Window = { size: [3, 3], strides: [1, 1], padding: "valid" };
  const shape = [6, 4, 4, 8];
  const depthwise = kernel([3, 3, 4, 2]);
  const single = layer({
    kind: "convolution",
    layout: "depthwise",
    shape,
    window,
    weights: [depthwise],
  });
  const context = makeContext([[6, 6, 6, 4]]);
  const apart = kernelRule(single, [input], context)!;
  assertNear(apart.z!.meanSquare, 9 * 0.02 * 2.3 + (9 * 0.05 * 0.7) ** 2);
  assertNear(apart.z!.mean, 9 * 0.05 * 0.7);
  // Four over the number of channels, on either way.
  assertNear(apart.a.spread, activate("linear", apart.z!, 8, 6)!.a.spread + 4 / 8);
  assertNear(apart.backFromDelta!(makeGradient())[0].spread, 0.17 + 4 / 8);
  const separable = layer({
    kind: "convolution",
    operation: "separable",
    layout: undefined,
    shape: [6, 4, 4, 10],
    window: { ...window, padding: "same" },
    weights: [depthwise, kernel([8, 10], 0.03, 0.01)],
  });
  const both = kernelRule(separable, [input], makeContext([[6, 4, 4, 4]]))!;
  const terms = (10 / 4) ** 2;
  const common = (0.75 ** 2 + 1 + 0.75 ** 2) ** 2;
  const fixed = (terms * 0.05 * 8 * 0.03 * 0.7) ** 2;
  assertNear(both.z!.meanSquare, terms * 0.02 * 8 * 0.01 * 2.3 + fixed);
  assertNear(both.z!.alike, common * 0.02 * 8 * 0.01 * 1.1 + fixed);
  assertNear(both.a.spread, activate("linear", both.z!, 10, 6)!.a.spread + 4 / 10);
  const flat = kernel([9], 0, 1);
  for (const weights of [[depthwise], [depthwise, flat]]) {
    assertEquals(kernelRule({ ...separable, weights }, [input], context), null);
  }
});

Deno.test("kernelRule gives up without one input, a kernel, a layout or an activation, and takes z as settled", () => {
  const node = layer({ weights: [kernel([8, 5])] });
  const context = makeContext();
  assertEquals(kernelRule(node, [input, input], context), null);
  assertEquals(kernelRule({ ...node, weights: [] }, [input], context), null);
  assertEquals(kernelRule({ ...node, weights: [BIAS] }, [input], context), null);
  assertEquals(kernelRule({ ...node, layout: undefined }, [input], context), null);
  assertEquals(kernelRule({ ...node, activation: null }, [input], context), null);
  assertEquals(kernelRule({ ...node, activation: "softmax" }, [input], context), null);
  const settled = makeSignal({ meanSquare: 5, vague: true });
  const { z, a } = kernelRule(node, [input], makeContext([[6, 8]], () => settled))!;
  assertEquals(z, settled);
  assertNear(a.meanSquare, 5);
  // Nothing comes of nothing, which keeps the spread of the input.
  const none = { ...node, weights: [kernel([8, 5], 0, 0)] };
  assertEquals(kernelRule(none, [input], context)!.z!.spread, input.spread);
});
