import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  bestScaleSentence,
  studyCells,
  studySentences,
  studyTable,
} from "../../../src/study/text/study_words.ts";
import type { StudyPoint } from "../../../src/study/grid_point.ts";
import { makeLayer, summaryOf } from "../../networks/studies.ts";

/** Healthy at these scales alone. */
const healthyAt = (...scales: number[]) => ({ scale }: StudyPoint): Partial<StudyPoint> => {
  const healthy = scales.includes(scale);
  const rule = scale < scales[0] ? "vanishing-gradients" : "exploding-gradients";
  return { healthy, failed: healthy ? [] : [rule] };
};

/** Layers whose sigma_w is this many times the scale. */
const sigmas = (...factors: number[]) => ({ scale }: StudyPoint): Partial<StudyPoint> => ({
  layers: factors.map((factor, i) => makeLayer(`dense_${i + 1}`, { sigma: factor * scale })),
});

Deno.test("bestScaleSentence() names two faults on each side", () => {
  const { variants: [variant] } = summaryOf({ scales: [0.5, 1, 2] }, healthyAt(1));
  const sentence = (below: string[], above: string[]) =>
    bestScaleSentence({ ...variant, trouble: { below, above } }).split("; ").slice(1).join("; ");
  assertEquals(sentence([], []), "");
  assertEquals(sentence(["a"], []), "at smaller scales a.");
  assertEquals(
    sentence(["a", "b", "c"], ["d", "e"]),
    "at smaller scales a and b, at larger scales d and e.",
  );
});

Deno.test("bestScaleSentence() has no range without a best scale or healthy ones", () => {
  const { variants: [variant] } = summaryOf({ scales: [0.5, 1, 2] }, healthyAt(1));
  const without = { ...variant, trouble: { below: [], above: [] }, balanced: null };
  const none = "model: none of the 3 scales tried is healthy.";
  assertEquals(bestScaleSentence({ ...without, best: null }), none);
  assertEquals(bestScaleSentence({ ...without, band: null }), none);
  assertEquals(
    bestScaleSentence({ ...without, best: null, balanced: 0.5 }),
    "model: none of the 3 scales tried is healthy; gradients keep their size at 0.5.",
  );
  const [only] = summaryOf({ scales: [1] }, () => ({ healthy: false, failed: ["dead-units"] }))
    .variants;
  assertStringIncludes(bestScaleSentence(only), "the one scale tried is not healthy");
});

Deno.test("studySentences() says which kernels the scale multiplies, and if it is sigma_w", () => {
  const scales = [0.5, 1, 2];
  const said = (...factors: number[]) =>
    studySentences(summaryOf({ scales }, sigmas(...factors)))[1];
  const isSigma =
    "At scale s the kernels have the standard deviation s / sqrt(fan-in): the scale is sigma_w.";
  assertEquals(said(1, 1), isSigma);
  assertEquals(said(1.09, 1.09), isSigma);
  assertEquals(said(0.91, 0.91), isSigma);
  assertEquals(said(1.11, 1.11), "The scale is what the kernels are multiplied by.");
  assertEquals(said(0.89, 0.89), "The scale is what the kernels are multiplied by.");
  const some = summaryOf({ scales }, ({ scale }) => ({
    layers: [
      makeLayer("stem", { sigma: 3 }),
      makeLayer("body", { sigma: 5 * scale }),
      makeLayer("head", { sigma: 5 * scale }),
    ],
  }));
  const text = "The scale is what the kernels of body, head are multiplied by.";
  assertEquals(studySentences(some)[1], text);
  const onlyBody = summaryOf({ scales }, ({ scale }) => ({
    layers: [makeLayer("stem", { sigma: 3 }), makeLayer("body", { sigma: 5 * scale })],
  }));
  const bodyText = "The scale is what the kernels of body are multiplied by.";
  assertEquals(studySentences(onlyBody)[1], bodyText);
  const still = summaryOf({ scales }, () => ({ layers: [makeLayer("stem", { sigma: 3 })] }));
  const allText = "The scale is what the kernels are multiplied by.";
  assertEquals(studySentences(still)[1], allText);
  const two = some.variants.map((variant) => ({ ...variant, scales: variant.scales.slice(0, 2) }));
  assertEquals(studySentences({ ...some, variants: two })[1], text);
  // A variant with one scale tells nothing.
  const one = summaryOf({ scales: [1] }, sigmas(5, 5)).variants;
  assertEquals(studySentences({ ...some, variants: [...one, ...some.variants] })[1], text);
  const none = "The scale is what the kernels are multiplied by.";
  assertEquals(studySentences({ ...some, variants: [] })[1], none);
  assertEquals(studySentences({ ...some, variants: one })[1], none);
});

Deno.test("studySentences() counts scales, draws and points", () => {
  const sentence = (scales: number[], seeds = 1) => studySentences(summaryOf({ scales, seeds }))[0];
  assertEquals(
    sentence([1]),
    "dense: 1 scale (1), 1 draw each, 32 examples, objective sum; 1 point.",
  );
  assertEquals(
    sentence([0.5, 1, 2], 2),
    "dense: 3 scales (0.5 to 2), 2 draws each, 32 examples, objective sum; 6 points.",
  );
});

Deno.test("studyCells() names the fault next to the best scale, on either side", () => {
  const [, cells] = studyCells(summaryOf({ scales: [0.5, 1, 2] }, healthyAt(1)));
  assertEquals(cells.slice(-2), ["gradients vanish", "gradients explode"]);
  const [, edge] = studyCells(summaryOf({ scales: [1, 2, 4] }, healthyAt(1)));
  assertEquals(edge.slice(-2), ["-", "gradients explode"]);
  const [headings, other] = studyCells(summaryOf({ scales: [0.5, 1] }, (point) => ({
    ...healthyAt(1)(point),
    ...sigmas(5, 5)(point),
  })));
  assertEquals(headings, ["activation", "healthy scales", "best", "sigma_w", "smaller", "larger"]);
  assertEquals(other.slice(2), ["1", "5", "gradients vanish", "-"]);
});

Deno.test("studyTable() cuts names to 14 columns, then drops the faults, then sigma_w", () => {
  const summary = summaryOf({ scales: [0.5, 1, 2] }, (point) => ({
    ...healthyAt(1)(point),
    ...sigmas(5)(point),
  }));
  const linesOf = (label: string, width: number) =>
    studyTable({ ...summary, variants: [{ ...summary.variants[0], label }] }, width);
  const name = "n".repeat(30);
  const rest = "  0.707 .. 1.41   1     5";
  const faults = "        gradients vanish  gradients explode";
  // 98 columns are all that it takes.
  for (const width of [200, 98]) assertEquals(linesOf(name, width)[1], name + rest + faults);
  assertEquals(linesOf(name, 97)[1], `${"n".repeat(9)}..${"n".repeat(18)}${rest}${faults}`);
  assertEquals(linesOf(name, 82)[1], `nnnn..nnnnnnnn${rest}${faults}`);
  assertEquals(linesOf(name, 81)[1], name + rest);
  assertEquals(linesOf(name, 45)[1], `nnnn..nnnnnnnn${rest}`);
  assertEquals(linesOf(name, 44), [
    "activation              healthy scales  best",
    "nnnnnnn..nnnnnnnnnnnnn  0.707 .. 1.41   1",
  ]);
  // A short name is cut only if no column is left to drop.
  assertEquals(linesOf("tanh", 78)[1], `tanh      ${rest}${faults}`);
  assertEquals(linesOf("tanh", 77)[1], `tanh      ${rest}`);
  assertEquals(linesOf("tanh", 31)[0], "ac..ation  healthy scales  best");
});
