import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { renderStudy } from "../../src/render/render_study.ts";
import { band, lineOf, makeLayer, SCALES, summaryOf } from "../networks/studies.ts";

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
  // Of two linear layers the ratio is sigma_w itself.
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
  for (let width = 40; width < 100; width++) {
    const text = renderStudy(
      summaryOf({ scales: SCALES }, ({ scale }) => ({
        layers: ["dense_1", "dense_2"].map((name) => makeLayer(name, { sigma: 0.894 * scale })),
      })),
      { width },
    );
    for (const line of text.split("\n")) assert(line.length <= width, `${width}: ${line}`);
  }
});
