import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { renderStudy } from "../../src/study/text/render_study.ts";
import type { StudyPoint } from "../../src/study/grid_point.ts";
import { summarizeStudy } from "../../src/study/study.ts";
import { InputError } from "../../src/ground/words/input_error.ts";
import { snapshotOf } from "../snapshot_of.ts";
import {
  band,
  lineOf,
  makeHeader,
  makeLayer,
  makePoint,
  sampleStudy,
  SCALES,
  summaryOf,
} from "../networks/studies.ts";

Deno.test("renderStudy() answers first: a table and a sentence for each activation", () => {
  const text = renderStudy(summaryOf({ scales: SCALES, activations: ["tanh", "relu"] }, band));
  assertStringIncludes(
    text,
    `activation  healthy scales  best  smaller           larger
tanh        0.708 .. 1.41   1     gradients vanish  gradients explode
relu        0.708 .. 1.41   1     gradients vanish  gradients explode
`,
  );
  assertStringIncludes(
    text.replace(/\n {2}/g, " "),
    "- tanh: healthy from 0.708 to 1.41 / sqrt(fan-in), best at 1 (1 of 1 draw healthy); " +
      "at smaller scales gradients vanish, at larger scales " +
      "gradients explode.",
  );
  assertStringIncludes(text, "the scale\nis sigma_w");
});

Deno.test("renderStudy() names in its table the fault of the scale next to the healthy ones", () => {
  const failed = ({ scale }: StudyPoint) => {
    if (scale > 2) return ["exploding-gradients"];
    // Both in all draws: the graver of them is the colour, too.
    return scale > 1 ? ["gradient-balance", "activation-scale"] : [];
  };
  const text = renderStudy(
    summaryOf({ scales: [1, 2, 4, 8, 16], seeds: 3 }, (point) => ({
      healthy: point.scale === 1,
      failed: failed(point),
      deltaRatio: 1,
    })),
  );
  assertMatch(text, /^model +1 \.\. 1\.41 +1 +- +activations grow$/m);
});

Deno.test("renderStudy() shows how the draws spread, by quartiles", () => {
  // At scale 1 the ratios of five draws are 1e-6 .. 1e6: quartiles 1e-3 and 1e3.
  const spread = ({ seed, scale }: StudyPoint): Partial<StudyPoint> => ({
    deltaRatio: scale === 1 ? 10 ** (3 * (seed - 2)) : 1,
  });
  const text = renderStudy(summaryOf({ scales: [0.5, 1, 2], seeds: 5 }, spread));
  assertStringIncludes(text.replace(/\n {2}/g, " "), "draws healthy, delta ratio 1, quartiles");
  const column = text.split("\n").filter((line) => /^ *(1e-?\d+|1)? +\|/.test(line))
    .slice(-13)
    .map((line) => line.split("|")[1].padEnd(18)[6]);
  // From 1e9 down to 1e-9, a line for a decade and a half.
  assertEquals(column.join(""), "    ::@::    ");
  const one = renderStudy(summaryOf({ scales: [0.5, 1, 2] }, spread));
  assert(!one.includes("quartiles 1"), "one draw has no quartiles");
});

Deno.test("renderStudy() says so where no scale is healthy", () => {
  const failed = ["saturated-activations"];
  const text = renderStudy(
    summaryOf({ scales: [0.5, 1, 2] }, () => ({ healthy: false, failed, deltaRatio: 2 })),
  );
  assertStringIncludes(
    text,
    "model: none of the 3 scales tried is healthy; at larger scales units saturate.",
  );
  assertStringIncludes(text, "MODEL: none of the 3 scales tried is healthy");
});

Deno.test("renderStudy() says that the ends of a healthy range were not measured, if so", () => {
  const text = (scales: number[]) =>
    renderStudy(summaryOf({ scales, activations: ["tanh"] }, band)).replace(/\s+/g, " ");
  const note = "The ends of healthy scales are interpolated, halfway to the next scale that was";
  assertStringIncludes(text([0.1, 1, 10]), note);
  assert(!text([0.8, 1, 1.2]).includes(note));
});

Deno.test("renderStudy() leaves columns of the table out rather than cut them", () => {
  const table = (width: number) =>
    renderStudy(summaryOf({ scales: SCALES, activations: ["sigmoid"], depths: [5, 10] }, band), {
      width,
    }).split("\n").filter((line) => /^(activation|s.*depth 5) {2}/.test(line)).slice(0, 2);
  assertEquals(table(80), [
    "activation         healthy scales  best  smaller           larger",
    "sigmoid, depth 5   0.708 .. 1.41   1     gradients vanish  gradients explode",
  ]);
  assertEquals(table(60), [
    "activation         healthy scales  best",
    "sigmoid, depth 5   0.708 .. 1.41   1",
  ]);
  assertEquals(table(40), table(60));
});

Deno.test("renderStudy() lets no control character of a name through", () => {
  const layers = [makeLayer("\x1b[31mred\n"), makeLayer("b")];
  const model = { name: "x\x1b]0;y\x07", source: null, fingerprint: "" };
  const text = renderStudy(summaryOf({ scales: [1] }, () => ({ layers }), { model }));
  // deno-lint-ignore no-control-regex -- that is the point
  assert(!/[\x00-\x09\x0b-\x1f]/.test(text));
});

Deno.test("renderStudy() says how much of a study it shows", () => {
  const header = makeHeader({ scales: [1, 2], seeds: 2 }, { shard: { index: 1, count: 2 } });
  const points = [0, 1].map((i) => makePoint(header, i));
  assertStringIncludes(
    renderStudy(summarizeStudy({ ...header, points })).replaceAll("\n", " "),
    "2 of 4 points, shard 1/2",
  );
});

Deno.test("renderStudy() gives sigma_w where the scale is not sigma_w itself", () => {
  const layers = (scale: number) => [
    makeLayer("dense_1", { sigma: 1 }),
    makeLayer("dense_2", { sigma: 894 * scale }),
    makeLayer("dense_3", { sigma: 894 * scale }),
    makeLayer("dense_4", { sigma: 894 * scale }),
  ];
  const scales = [1 / 8940, 1 / 894, 1 / 89.4];
  const text = renderStudy(summaryOf(
    { scales, activations: ["tanh"] },
    ({ scale }) => ({
      layers: layers(scale),
      healthy: scale === 1 / 894,
      failed: scale === 1 / 894 ? [] : ["vanishing-gradients"],
    }),
  ));
  assertStringIncludes(text, "what the kernels of dense_2 ... dense_4 are multiplied by");
  assertStringIncludes(
    text.replace(/\n {2}/g, " "),
    "healthy from 1/2827 to 1/283 times its weights (sigma_w 0.316 to 3.16), best at 1/894",
  );
  assertEquals(lineOf(text, "sigma_w").split(/ +/), ["sigma_w", "0.1", "1", "10"]);
});

Deno.test("renderStudy() plots the measured ratio and the predicted one", () => {
  const same = summaryOf({ scales: SCALES, activations: ["linear"] }, ({ scale }) => ({
    deltaRatio: scale,
    layers: ["dense_1", "dense_2"].map((name) =>
      makeLayer(name, { activation: "linear", sigma: scale })
    ),
  }));
  // For two linear layers the ratio is sigma_w itself.
  assertStringIncludes(renderStudy(same), "@");
  const rows = renderStudy(same).split("\n").filter((line) => /^ *\S* \|/.test(line));
  assert(rows.some((line) => /^ +1e3 \|-+@/.test(line)));
  const apart = summaryOf({ scales: [1], activations: ["linear"] }, () => ({
    deltaRatio: 1e6,
    layers: ["dense_1", "dense_2"].map((name) => makeLayer(name, { activation: "linear" })),
  }));
  const text = renderStudy(apart);
  assertStringIncludes(lineOf(text, "    1e6 |"), "*");
  assertStringIncludes(lineOf(text, "      1 |"), "o");
  // A mark takes one column of the line at a limit, not all that its scale is wide.
  const wide = summaryOf({ scales: [1, 2], activations: ["linear"] }, () => ({ deltaRatio: 1e3 }));
  assertEquals(lineOf(renderStudy(wide), "    1e3 |").trim(), "1e3 |*-----*-----");
});

Deno.test("renderStudy() explains the mean-field curve only where it draws one", () => {
  const summary = summaryOf({ scales: [0.5, 1, 2], activations: ["tanh"] }, band);
  const withCurve = (predictedRatio: number | null) =>
    renderStudy({
      ...summary,
      variants: summary.variants.map((variant) => ({
        ...variant,
        scales: variant.scales.map((scale) => ({ ...scale, predictedRatio })),
      })),
    }).replace(/\s+/g, " ");
  assertStringIncludes(
    withCurve(1),
    "quartiles of the draws), o mean-field theory, @ both; healthy",
  );
  assertStringIncludes(withCurve(null), "quartiles of the draws); healthy between the lines");
});

Deno.test("renderStudy() keeps the axis of sigma_w within its width", () => {
  const summary = summaryOf({ scales: SCALES }, ({ scale }) => ({
    layers: ["dense_1", "dense_2"].map((name) => makeLayer(name, { sigma: 0.894 * scale })),
  }));
  for (let width = 40; width < 100; width++) {
    const text = renderStudy(summary, { width });
    for (const line of text.split("\n")) assert(line.length <= width, `${width}: ${line}`);
  }
});

Deno.test("renderStudy() shades a figure by its size: zero, small, large, broken", () => {
  const figures = [0, 1e-9, 1e-7, 1e-5, 1e-3, 0.1, 10, 1e3, 1e5, 1e7, NaN];
  const scales = figures.map((_, i) => i + 1);
  const text = renderStudy(summaryOf({ scales }, ({ scale }) => ({
    layers: [makeLayer("dense_1", { gradient: figures[scale - 1] }), makeLayer("dense_2")],
  })));
  const cell = 6;
  const expected = [..." .:-=+*#%@!"].map((shade) => shade.repeat(cell)).join("");
  assertStringIncludes(text, `gradients, mean |dJ/dkernel|\ndense_1 |${expected}|`);
});

Deno.test("renderStudy() gives the verdict at every scale", () => {
  const text = renderStudy(summaryOf({ scales: SCALES, activations: ["tanh"] }, band));
  const verdict = lineOf(text, "verdict").slice(9);
  assertEquals(verdict, `${"v".repeat(29)}${"+".repeat(3)}${"e".repeat(29)}`);
  // The axis has its 1 above the column of scale 1.
  assertEquals(lineOf(text, "scale").slice(9)[30], "1");
});

Deno.test("renderStudy() calls a scale healthy where half of the draws are, else what most fail", () => {
  const failed = ["vanishing-gradients", "dead-units"];
  // Number of healthy draws, of four, at each scale; of the others all but one have dead units,
  // too.
  const text = renderStudy(
    summaryOf(
      { scales: [1, 2, 3, 4], seeds: 4 },
      ({ scale, seed }) =>
        seed < scale - 1
          ? {}
          : { healthy: false, failed: seed === 3 ? failed.slice(1) : failed.slice(0, 2) },
    ),
  );
  assertEquals(lineOf(text, "verdict").split(/ +/)[1], "d".repeat(12) + "+".repeat(12));
});

Deno.test("renderStudy() shows the best scale, however few columns there are", () => {
  for (const best of SCALES) {
    const only = ({ scale }: StudyPoint): Partial<StudyPoint> =>
      scale === best ? {} : { healthy: false, failed: ["dead-units"] };
    const text = renderStudy(summaryOf({ scales: SCALES }, only), { width: 40 });
    const verdict = lineOf(text, "verdict").slice(9);
    assertEquals(verdict.length, 30);
    assertEquals(verdict.replaceAll("d", ""), "+", `best at ${best}`);
  }
});

Deno.test("renderStudy() keeps to its width, with many layers, scales and long names", () => {
  const name = "a_block_with_a_long_name/".repeat(4);
  const layers = Array.from({ length: 40 }, (_, i) => makeLayer(`${name}${i}`));
  const scales = Array.from({ length: 200 }, (_, i) => 1.05 ** (i - 100));
  const summary = summaryOf({ scales, activations: ["tanh"] }, () => ({ layers, plain: false }));
  for (const width of [40, 60, 80, 120]) {
    const text = renderStudy(summary, { width });
    for (const line of text.split("\n")) assert(line.length <= width, `${width}: ${line}`);
    assertStringIncludes(text, "(12 of 40 layers)");
    assert(/^[\x20-\x7e\n]*$/.test(text));
  }
  assertThrows(() => renderStudy(summaryOf({ scales: [1] }), { width: 39 }), InputError, "39");
});

Deno.test("renderStudy() picks a map's layers among those that have its figure", () => {
  // Every other layer has no kernel.
  const layers = Array.from(
    { length: 20 },
    (_, i) => makeLayer(`layer_${i}`, i % 2 === 0 ? {} : { gradient: null }),
  );
  const text = renderStudy(summaryOf({ scales: [1], activations: ["tanh"] }, () => ({ layers })));
  const [, activations, gradients] = text.split(/^activations, .*|^gradients, .*/m);
  const rows = (map: string) =>
    [...map.matchAll(/^layer_(\d+) +\|.*\|$/gm)].map(([, i]) => Number(i));
  assertStringIncludes(text, "activations, mean |a| (12 of 20 layers)\n");
  assertEquals([rows(activations).length, rows(activations)[0], rows(activations)[11]], [
    12,
    0,
    19,
  ]);
  assertStringIncludes(text, "gradients, mean |dJ/dkernel|\n");
  assertEquals(rows(gradients), [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
});

Deno.test("renderStudy() leaves layers without a kernel out of the gradients", () => {
  const layers = [
    makeLayer("flatten", { gradient: null, deltaNorm: null }),
    makeLayer("dense_1"),
  ];
  const text = renderStudy(summaryOf({ scales: [1] }, () => ({ layers })));
  assertEquals(text.split("\n").filter((line) => line.startsWith("flatten")).length, 1);
  assertEquals(text.split("\n").filter((line) => line.startsWith("dense_1")).length, 2);
});

Deno.test("renderStudy() keeps its text, whatever the width and the grid", async (t) => {
  const large = sampleStudy({ activations: ["tanh", "relu"], depths: [3, 25], scales: 90 });
  const multiplied = summaryOf(
    { scales: SCALES, widths: [8, 16], initializers: ["heNormal"] },
    (point) => ({
      ...band(point),
      layers: ["dense_1", "dense_2"].map((name) => makeLayer(name, { sigma: 3 * point.scale })),
    }),
  );
  for (const width of [60, 100]) {
    const texts = [large, multiplied].map((summary) => renderStudy(summary, { width }));
    await t.assertSnapshot(texts.join("\n"), snapshotOf(import.meta));
  }
});

Deno.test("renderStudy() takes the scale for sigma_w up to a tenth", () => {
  const isSigma = (times: number) => {
    const summary = summaryOf({ scales: SCALES }, ({ scale }) => ({
      layers: ["dense_1", "dense_2"].map((name) => makeLayer(name, { sigma: times * scale })),
    }));
    const text = renderStudy(summary);
    return [text.replaceAll("\n", " ").includes("the scale is sigma_w"), /^sigma_w/m.test(text)];
  };
  for (const times of [0.905, 1.095]) assertEquals(isSigma(times), [true, false]);
  for (const times of [0.895, 1.105]) assertEquals(isSigma(times), [false, true]);
});
