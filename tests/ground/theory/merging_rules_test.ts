import { assertEquals } from "@std/assert";
import {
  additionRule,
  concatenationRule,
  mergeRule,
} from "../../../src/ground/theory/merging_rules.ts";
import type { Gradient, Signal } from "../../../src/ground/theory/signal.ts";
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

const context = makeContext();

/** Three branches of which no two are the same. */
const BRANCHES = [
  makeSignal(),
  makeSignal({ meanSquare: 1.7, mean: 0.9, alike: 0.9, near: 1.2, spread: 0.05, aligned: 0.6 }),
  makeSignal({ meanSquare: 0.8, mean: 0.5, alike: 0.3, near: 0.6, spread: 0.2, aligned: 0.1 }),
];

/** Draws an entry of a signal at two examples: what they share, and what each has of its own. */
function drawPair({ meanSquare, mean, alike }: Signal, normal: () => number): [number, number] {
  const shared = mean + Math.sqrt(alike - mean ** 2) * normal();
  const own = () => shared + Math.sqrt(meanSquare - alike) * normal();
  return [own(), own()];
}

function draw(branches: readonly Signal[], of: (entries: number[]) => number) {
  const normal = normals(5);
  return meanOfDraws(6e4, () => {
    const pairs = branches.map((branch) => drawPair(branch, normal));
    const [one, other] = [0, 1].map((example) => of(pairs.map((pair) => pair[example])));
    return { meanSquare: one ** 2, mean: one, alike: one * other };
  });
}

const sumOf = (entries: readonly number[]) => entries.reduce((sum, entry) => sum + entry, 0);

Deno.test("additionRule and the average of mergeRule make of branches what drawn branches make", () => {
  for (const branches of [BRANCHES, BRANCHES.slice(0, 2)]) {
    for (const operation of ["average", null] as const) {
      const factor = operation === null ? 1 : 1 / branches.length;
      const node = makeNode({ operation, entries: 77 });
      const rule = operation === null ? additionRule : mergeRule;
      const step = rule(node, branches, context)!;
      const drawn = draw(branches, (entries) => factor * sumOf(entries));
      // Neighbours share less than examples here, by the same law.
      const near = draw(
        branches.map((branch) => ({ ...branch, alike: branch.near })),
        (entries) => factor * sumOf(entries),
      ).alike;
      const { meanSquare, mean, alike } = step.a;
      assertFigures({ meanSquare, mean, alike, near: step.a.near }, { ...drawn, near }, 0.025);
      const shares = branches.map((one) => factor ** 2 * one.meanSquare / meanSquare);
      assertNear(
        step.a.spread,
        sumOf(branches.map((one, i) => shares[i] * Math.sqrt(one.spread))) ** 2,
      );
      assertNear(
        step.a.aligned,
        Math.max(
          sumOf(branches.map((one, i) => shares[i] ** 2 * one.aligned)),
          (alike / meanSquare) ** 2,
        ),
      );
      assertEquals([step.a.entries, step.a.vague, step.z], [77, false, null]);
      for (const sent of step.back(makeGradient()).inputs!) {
        assertFigures(sent, {
          square: 7 * factor ** 2,
          alike: 1.3 * factor ** 2,
          near: 2.9 * factor ** 2,
          along: 0,
          spread: 0.17,
          aligned: 0.23,
        });
      }
    }
  }
});

Deno.test("additionRule counts what one layer puts out in several calls as often as it is added", () => {
  const [one] = BRANCHES;
  const step = additionRule(makeNode({ operands: 3 }), [one], context)!;
  const normal = normals(6);
  // Three calls on examples of their own: what the calls share is what examples share.
  const drawn = meanOfDraws(2e5, () => {
    const shared = one.mean + Math.sqrt(one.alike - one.mean ** 2) * normal();
    const own = () => shared + Math.sqrt(one.meanSquare - one.alike) * normal();
    return {
      meanSquare: (own() + own() + own()) ** 2,
      alike: (own() + own() + own()) * 3 * shared,
    };
  });
  assertNear(step.a.meanSquare, drawn.meanSquare, 0.02);
  assertNear(step.a.alike, drawn.alike, 0.02);
  assertNear(step.a.near, 3 * 1.6 + 6 * 1.1);
  assertNear(step.a.mean, 3 * 0.7);
  const share = 3 * one.meanSquare / step.a.meanSquare;
  assertNear(step.a.spread, share ** 2 * 0.3);
  assertNear(step.back(makeGradient()).inputs![0].square, 3 * 7);
  const mean = mergeRule(makeNode({ operands: 3, operation: "average" }), [one], context)!;
  assertNear(mean.a.meanSquare, drawn.meanSquare / 9, 0.02);
  assertNear(mean.a.mean, 0.7);
  assertNear(mean.back(makeGradient()).inputs![0].square, 7 / 3);
});

Deno.test("additionRule is aligned by its branches where their examples are not alike, and of zeros by nothing", () => {
  const apart = [0.9, 0.5].map((aligned) =>
    makeSignal({ mean: 0, alike: 0.1, aligned, vague: aligned === 0.5 })
  );
  const { a } = additionRule(makeNode(), apart, context)!;
  assertNear(a.aligned, (0.9 + 0.5) / 4);
  assertEquals(a.vague, true);
  const zeros = makeSignal({ meanSquare: 0, mean: 0, alike: 0, near: 0 });
  const none = additionRule(makeNode(), [zeros, zeros], context)!.a;
  assertEquals([none.spread, none.aligned], [0, 0]);
  assertEquals(additionRule(makeNode(), [], context), null);
  assertEquals(additionRule(makeNode({ operands: 3 }), BRANCHES.slice(0, 2), context), null);
});

Deno.test("additionRule sends more to units of a relu that are on, as drawn units below a relu are", () => {
  const slope = (z: number) => z > 0 ? 1 : 0;
  const normal = normals(7);
  const below = { mean: 0.3, variance: 1.4 };
  const summand = meanOfDraws(2e5, () => {
    const a = Math.max(0, below.mean + Math.sqrt(below.variance) * normal());
    return { mean: a, meanSquare: a ** 2 };
  });
  // The other branch: normal, about -0.25.
  const rest = { mean: -0.25, variance: 0.9 };
  const signal = makeSignal({
    ...summand,
    alike: 0.4,
    near: 0.5,
    normal: { activation: "relu", ...below, near: 0.3 },
  });
  const drawn = meanOfDraws(2e5, () => {
    const z = below.mean + Math.sqrt(below.variance) * normal();
    const sum = Math.max(0, z) + rest.mean + Math.sqrt(rest.variance) * normal();
    return { own: slope(z), above: slope(sum), both: slope(z) * slope(sum) };
  });
  const ratio = drawn.both / drawn.own / drawn.above;
  const through = {
    activation: "relu",
    mean: summand.mean + rest.mean,
    variance: summand.meanSquare - summand.mean ** 2 + rest.variance,
    slopeSquare: drawn.above,
  };
  const other = makeSignal({ mean: rest.mean, meanSquare: 0.9 + rest.mean ** 2 });
  const send = (gradient: Partial<Gradient>, activation = "relu") =>
    additionRule(
      makeNode(),
      [{ ...signal, normal: { ...signal.normal!, activation } }, other],
      context,
    )!.back(makeGradient(gradient)).inputs!;
  const [sent, apart] = send({ through });
  assertNear(sent.square / 7, ratio, 0.01);
  assertNear(sent.alike / 1.3, ratio, 0.01);
  assertNear(sent.near / 2.9, ratio, 0.01);
  assertNear(sent.spread, (Math.sqrt(0.17) + Math.log(ratio)) ** 2, 0.03);
  assertEquals([apart.square, apart.spread], [7, makeGradient().spread]);
  for (
    const [gradient, activation] of [
      [{ through }, "tanh"],
      [{}, "relu"],
      [{ through: { ...through, slopeSquare: 0 } }, "relu"],
    ] as const
  ) assertEquals(send(gradient, activation)[0].square, 7);
  const dead = { ...signal, normal: { activation: "relu", mean: -99, variance: 1, near: 0 } };
  const [unsent] = additionRule(makeNode(), [dead, other], context)!
    .back(makeGradient({ through })).inputs!;
  assertEquals(unsent.square, 7);
});

Deno.test("mergeRule multiplies what drawn branches multiply", () => {
  const [left, right] = BRANCHES;
  const node = makeNode({ operation: "product" });
  const step = mergeRule(node, [left, { ...right, vague: true }], context)!;
  const drawn = draw([left, right], ([a, b]) => a * b);
  const { meanSquare, mean, alike } = step.a;
  assertFigures({ meanSquare, mean, alike }, drawn, 0.03);
  assertFigures(step.a, {
    meanSquare: 2.3 * 1.7,
    mean: 0.7 * 0.9,
    alike: 1.1 * 0.9,
    near: 1.6 * 1.2,
    entries: 30,
    spread: (Math.sqrt(0.3) + Math.sqrt(0.05)) ** 2 + 2 / 5,
    aligned: 0.6,
    vague: true,
  });
  const gradient = makeGradient({ chosen: 0.5 });
  const [toLeft, toRight] = step.back(gradient).inputs!;
  const rest = { along: 0, spread: 0.17, aligned: 0.23 };
  assertFigures(toLeft, { square: 7 * 1.7, alike: 1.3 * 0.9, near: 2.9 * 1.2, ...rest });
  assertFigures(toRight, { square: 7 * 2.3, alike: 1.3 * 1.1, near: 2.9 * 1.6, ...rest });
  // A gate of a third of the entries is sent the sum of three positions, which share what neighbours do.
  const gate = { ...right, entries: 10 };
  const [, sent] = mergeRule(node, [left, gate], context)!.back(gradient).inputs!;
  assertFigures(sent, {
    square: 7 * 2.3 + 2 * 2.9 * 1.6,
    alike: 1.3 * 1.1 * 3,
    near: 2.9 * 1.6 * 3,
    ...rest,
  });
  assertEquals(mergeRule(node, BRANCHES, context), null);
  assertEquals(mergeRule({ ...node, operands: 3 }, [left, right], context), null);
  assertEquals(mergeRule({ ...node, operands: 2 }, [left], context), null);
  assertEquals(mergeRule({ ...node, operation: null }, [left, right], context), null);
});

Deno.test("concatenationRule weighs its parts by their entries, and says how uneven they are", () => {
  const parts = BRANCHES.map((one, i) => ({ ...one, entries: [10, 30, 60][i], vague: i === 2 }));
  const node = makeNode({ entries: 99 });
  const { a, back } = concatenationRule(node, parts, context)!;
  const weighed = (of: (part: Signal) => number) =>
    0.1 * of(parts[0]) + 0.3 * of(parts[1]) + 0.6 * of(parts[2]);
  const meanSquare = weighed((part) => part.meanSquare);
  const own = (part: Signal) => part.meanSquare - part.alike;
  assertFigures(a, {
    meanSquare,
    mean: weighed((part) => part.mean),
    alike: weighed((part) => part.alike),
    near: weighed((part) => part.near),
    entries: 99,
    spread: weighed((part) => part.meanSquare / meanSquare * Math.sqrt(part.spread)) ** 2,
    aligned: weighed((part) => part.aligned),
    vague: true,
    uneven: weighed((part) => own(part) ** 2) / weighed(own) ** 2 - 1,
  });
  const sent = back(makeGradient()).inputs!;
  assertEquals(sent.map(({ square }) => Math.round(square * 10) / 10), [0.7, 2.1, 4.2]);
  assertNear(sent[2].near, 2.9 * 0.6);
  // One part alone stays what it is, and parts that are the same on all examples are not uneven.
  const normal = { activation: "relu", mean: 0, variance: 1, near: 0 };
  const alone = concatenationRule(node, [makeSignal({ normal })], context)!.a;
  assertEquals([alone.normal, alone.uneven], [normal, 0]);
  assertEquals(
    concatenationRule(node, [makeSignal({ normal }), parts[0]], context)!.a.normal,
    undefined,
  );
  const same = makeSignal({ alike: 2.3 });
  assertEquals(concatenationRule(node, [same, same], context)!.a.uneven, 0);
  const nothing = makeSignal({ meanSquare: 0, alike: 0 });
  assertEquals(concatenationRule(node, [nothing], context)!.a.spread, 0);
  assertEquals(concatenationRule(node, [makeSignal({ entries: 0 })], context), null);
});
