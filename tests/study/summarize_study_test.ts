import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { shuffle } from "./shuffle.ts";
import { meanField } from "../../src/theory/mean_field.ts";
import { summarizeStudy } from "../../src/study/study.ts";
import type { StudyGrid } from "../../src/study/study_grid.ts";
import { makeHeader, makeLayer, makePoints } from "../networks/studies.ts";

const SCALES = [0.1, 0.5, 1, 2, 10];

/** A study of two variants and four draws, healthy in the draws and scales that are named. */
function sample(healthy: (scale: number, seed: number) => boolean) {
  const header = makeHeader({ scales: SCALES, seeds: 4, activations: ["tanh", "relu"] });
  const points = makePoints(header).map((point) => {
    if (healthy(point.scale, point.seed)) return point;
    const failed = [point.scale < 1 ? "vanishing-gradients" : "exploding-gradients"];
    return { ...point, healthy: false, failed };
  });
  return { ...header, points };
}

Deno.test("summarizeStudy() finds the band where half of the draws or more are healthy", () => {
  const summary = summarizeStudy(
    sample((scale, seed) => scale === 0.5 ? seed < 2 : scale === 1 || (scale === 2 && seed < 1)),
  );
  assertEquals(summary.variants.map(({ label }) => label), ["tanh", "relu"]);
  const [tanh] = summary.variants;
  assertEquals(tanh.best?.scale, 1);
  assertEquals(tanh.scales.map(({ healthy }) => healthy), [0, 2, 4, 1, 0]);
  // Halfway to the scales that are not healthy.
  assertAlmostEquals(tanh.band!.from, Math.sqrt(0.1 * 0.5));
  assertAlmostEquals(tanh.band!.to, Math.sqrt(1 * 2));
  assertEquals(tanh.trouble, { below: ["vanishing-gradients"], above: ["exploding-gradients"] });
  assertEquals(tanh.scales[1].failed, { "vanishing-gradients": 2 });
});

Deno.test("summarizeStudy() lets a band end where the grid ends", () => {
  const [tanh] = summarizeStudy(sample((scale) => scale >= 2)).variants;
  assertEquals(tanh.band!.to, 10);
  assertEquals(tanh.trouble.above, []);
});

Deno.test("summarizeStudy() has no best scale where none is healthy", () => {
  const [tanh] = summarizeStudy(sample(() => false)).variants;
  assertEquals([tanh.best, tanh.band], [null, null]);
  assertEquals(tanh.trouble, { below: ["vanishing-gradients"], above: ["exploding-gradients"] });
});

Deno.test("summarizeStudy() takes of equally healthy scales the one that keeps gradients", () => {
  // The ratio of these points is their scale.
  const [tanh] = summarizeStudy(sample((scale) => scale <= 1)).variants;
  assertEquals(tanh.best?.scale, 1);
});

Deno.test("summarizeStudy() takes the middle of equally healthy scales where there is no ratio", () => {
  const study = sample((scale) => scale >= 0.5);
  const points = study.points.map((point) => ({ ...point, deltaRatio: null }));
  const [tanh] = summarizeStudy({ ...study, points }).variants;
  assertEquals(tanh.best?.scale, 1);
});

Deno.test("summarizeStudy() finds where the delta ratio passes 1", () => {
  const header = makeHeader({ scales: [1, 4] });
  const points = makePoints(header, (i) => ({ deltaRatio: [0.1, 10][i] }));
  assertAlmostEquals(summarizeStudy({ ...header, points }).variants[0].balanced!, 2);
});

Deno.test("summarizeStudy() takes of several places where the ratio passes 1 the nearest to the best", () => {
  // As of tanh: gradients grow, and at very large scales vanish for saturation.
  const ratios = [0.1, 10, 10, 0.1];
  const header = makeHeader({ scales: [1, 4, 1024, 4096] });
  const balanced = (best: number) => {
    const points = makePoints(header, (i) => ({ deltaRatio: ratios[i], healthy: i === best }));
    return summarizeStudy({ ...header, points }).variants[0].balanced!;
  };
  assertAlmostEquals(balanced(0), 2);
  assertAlmostEquals(balanced(3), 2048);
});

Deno.test("summarizeStudy() does not depend on the order of the points", () => {
  const study = sample((scale) => scale === 1);
  const points = study.points.map((point) => ({ ...point, deltaRatio: point.seed + 1 }));
  const expected = summarizeStudy({ ...study, points });
  assertEquals(summarizeStudy({ ...study, points: shuffle(points) }), expected);
  assertEquals(expected.variants[0].scales[0].deltaRatio?.median, 2.5);
});

Deno.test("summarizeStudy() has the mean-field ratio of the measured sigma_w", () => {
  const header = makeHeader({ scales: [0.8] });
  const layers = [1, 2, 3].map((i) => makeLayer(`dense_${i}`, { sigma: 0.8 }));
  const predicted = (plain: boolean) => {
    const points = makePoints(header, () => ({ layers, plain, inputRms: 2 }));
    return summarizeStudy({ ...header, points }).variants[0].scales[0].predictedRatio;
  };
  const layer = { activation: "tanh", weightVariance: 0.64 };
  const [first, second] = meanField([layer, layer, layer], 4);
  assertAlmostEquals(predicted(true)!, Math.sqrt(first.chi * second.chi), 1e-12);
  assertEquals(predicted(false), null);
});

Deno.test("summarizeStudy() tells what was not measured from what is zero", () => {
  const header = makeHeader({ scales: [1], seeds: 2 });
  const layers = [makeLayer("flatten", { gradient: null, delta: NaN, meanActivation: 0 })];
  const points = makePoints(header, () => ({ layers, deltaRatio: null }));
  const [{ figures }] = summarizeStudy({ ...header, points }).variants[0].scales[0].layers;
  assertEquals(figures.gradient, null);
  assertEquals(figures.meanActivation?.median, 0);
  assert(Number.isNaN(figures.delta?.median));
});

Deno.test("summarizeStudy() labels a variant by what tells it from the others", () => {
  const labels = (grid: Omit<StudyGrid, "scales">) => {
    const header = makeHeader({ scales: [1], ...grid });
    const { variants } = summarizeStudy({ ...header, points: makePoints(header) });
    return variants.map(({ label }) => label);
  };
  const one: Omit<StudyGrid, "scales"> = { depths: [3], widths: [8], initializers: ["heNormal"] };
  assertEquals(labels({ activations: ["relu"], ...one }), ["relu"]);
  assertEquals(labels(one), ["model"]);
  assertEquals(labels({}), ["model"]);
  assertEquals(labels({ ...one, activations: ["relu"], depths: [3, 5] }), [
    "relu, depth 3",
    "relu, depth 5",
  ]);
  assertEquals(labels({ ...one, widths: [8, 9] }), ["width 8", "width 9"]);
  assertEquals(labels({ ...one, initializers: ["heNormal", "orthogonal"] }), [
    "heNormal",
    "orthogonal",
  ]);
});

Deno.test("summarizeStudy() predicts nothing of an activation that the theory does not know", () => {
  const header = makeHeader({ scales: [1], seeds: 1 });
  const layers = ["a", "b", "c"].map((name) => makeLayer(name, { activation: "of one's own" }));
  const points = makePoints(header, () => ({ plain: true, layers }));
  const [variant] = summarizeStudy({ ...header, points }).variants;
  assertEquals(variant.scales[0].predictedRatio, null);
});
