import { assertEquals } from "@std/assert";
import {
  asMeasured,
  measuredGradient,
  ofInput,
  ofMeasured,
  sharedBy,
  sharedOver,
} from "../../../src/ground/theory/signal.ts";
import { assertFigures, assertNear, makeNode, makeSignal } from "./rule_kit.ts";

Deno.test("sharedBy() leaves a spread whole where examples are alike, and averages it out elsewhere", () => {
  assertEquals(sharedBy(1, 32), 1);
  assertEquals(sharedBy(0, 32), 1 / 32);
  assertEquals(sharedBy(0.5, 4), 0.625);
  // Rounding may leave the range of a squared cosine.
  assertEquals([sharedBy(-0.1, 4), sharedBy(1.1, 4)], [0.25, 1]);
});

Deno.test("sharedOver() adds what one example shares with itself to what all share, over so many examples", () => {
  const gradient = { square: 9, along: 0, spread: 0, aligned: 0 };
  assertEquals(sharedOver({ ...gradient, alike: 2, near: 6 }, 4), 3);
  assertEquals(sharedOver({ ...gradient, alike: 2, near: 1 }, 4), 2);
});

const measured = (given: Partial<ReturnType<typeof makeNode>["measured"]>) => ({
  ...makeNode().measured,
  ...given,
});

Deno.test("ofInput() knows that random entries share their mean alone, and guesses of data that they share half", () => {
  const input = { shape: [6, 4, 5], meanSquare: 2.3, mean: 0.7, random: true };
  const expected = {
    meanSquare: 2.3,
    mean: 0.7,
    alike: 0.49,
    near: 0.49,
    entries: 120,
    spread: 0,
    aligned: 1 / 20,
    vague: false,
  };
  assertFigures(ofInput(input), expected);
  assertFigures(ofInput({ ...input, random: false }), {
    ...expected,
    near: (0.49 + 2.3) / 2,
    vague: true,
  });
  // Few features, or a mean that is most of it: examples are aligned by that.
  assertNear(ofInput({ ...input, shape: [6, 2] }).aligned, 1 / 2);
  assertNear(ofInput({ ...input, mean: 1.4 }).aligned, (1.96 / 2.3) ** 2);
  assertEquals(ofInput({ ...input, meanSquare: 0, mean: 0 }).aligned, 1 / 20);
  assertEquals(ofInput({ ...input, shape: [1, 4] }).aligned, 1 / 4);
  // No examples, and no axis but theirs.
  assertEquals(ofInput({ ...input, shape: [0, 5] }).aligned, 1);
  assertEquals(ofInput({ ...input, shape: [6] }).aligned, 1);
});

Deno.test("ofMeasured() takes a layer as it is, and guesses what its examples and neighbours share", () => {
  const node = makeNode({ measured: measured({ activations: { meanSquare: 2.3, mean: 0.7 } }) });
  assertFigures(ofMeasured(node)!, {
    meanSquare: 2.3,
    mean: 0.7,
    alike: 0.49,
    near: (0.49 + 2.3) / 2,
    entries: 30,
    spread: 0,
    aligned: 1,
    vague: true,
  });
  assertEquals(ofMeasured(makeNode()), null);
});

Deno.test("asMeasured() makes z as large as it was measured, what it shares by as much, and leaves no doubt", () => {
  const z = makeSignal();
  const node = makeNode({
    measured: measured({ preActivations: { meanSquare: 4.6, mean: -0.2 } }),
  });
  assertFigures(asMeasured(node, z), {
    ...z,
    meanSquare: 4.6,
    mean: -0.2,
    alike: 2.2,
    near: 3.2,
    spread: 0,
  });
  assertEquals(asMeasured(makeNode(), z), z);
  const nothing = makeSignal({ meanSquare: 0 });
  assertEquals(asMeasured(node, nothing), nothing);
});

Deno.test("measuredGradient() takes for shared what the mean of a gradient makes of its square", () => {
  const node = makeNode({
    inner: 20,
    measured: measured({
      activationGradients: { square: 7, mean: -0.3 },
      preActivationGradients: { square: 7, mean: -0.5 },
    }),
  });
  const expected = (alike: number) => ({
    square: 7,
    alike,
    near: alike,
    along: 0,
    spread: 0,
    aligned: Math.max((alike / 7) ** 2, 1 / 5),
  });
  // 30 entries of a, 20 of z.
  assertFigures(measuredGradient(node, "activationGradients")!, expected(0.09 * 30));
  assertFigures(measuredGradient(node, "preActivationGradients")!, expected(0.25 * 20));
  assertEquals(measuredGradient(makeNode(), "activationGradients"), null);
  const of = (square: number, mean: number) =>
    measuredGradient(
      makeNode({ measured: measured({ activationGradients: { square, mean } }) }),
      "activationGradients",
    )!;
  // Rounding may make the mean larger than the square allows.
  assertEquals([of(1, 9).alike, of(1, 9).aligned], [1, 1]);
  assertEquals([of(0, 0).alike, of(0, 0).aligned], [0, 1 / 5]);
});
