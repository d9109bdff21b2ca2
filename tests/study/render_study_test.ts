import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { renderStudy } from "../../src/render/render_study.ts";
import type { StudyPoint } from "../../src/study/grid_point.ts";
import { summarizeStudy } from "../../src/study/summarize_study.ts";
import { band, makeHeader, makeLayer, makePoint, SCALES, summaryOf } from "../networks/studies.ts";

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
      "gradients keep their size at 1; at smaller scales gradients vanish, at larger scales " +
      "gradients explode.",
  );
  assertStringIncludes(text, "the scale\nis sigma_w");
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
