import { InputError } from "../../src/words/input_error.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { renderStudy } from "../../src/render/render_study.ts";
import type { StudyPoint } from "../../src/study/grid_point.ts";
import { band, lineOf, makeLayer, SCALES, summaryOf } from "../networks/studies.ts";

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
  // Of four draws so many are healthy at each scale; of the others all but one have dead units, too.
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
