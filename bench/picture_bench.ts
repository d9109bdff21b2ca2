/**
 * What a page and an image cost beside measuring: `deno run -A bench/picture_bench.ts`.
 *
 * The first picture of a process also pays for loading the library that draws; the others show what is left. Each
 * network is measured with exponents, as for a page, and its page drawn from that, in turn; medians count.
 *
 * @module
 */
import process from "node:process";
import type { DiagnosedReport } from "../src/render/formats.ts";
import { startEngine } from "../src/engine/start_engine.ts";
import { examine } from "../src/examine/examine.ts";
import { dense } from "./networks.ts";
import { median } from "./median.ts";

const ROUNDS = 5;
const DEPTHS = [3, 50, 300];

await using engine = await startEngine();
const { tf } = engine;

async function timed<T>(action: () => Promise<T>): Promise<[number, T]> {
  const before = performance.now();
  const result = await action();
  return [performance.now() - before, result];
}

async function reportOf(depth: number): Promise<[number, DiagnosedReport]> {
  const { model, input } = dense(depth, 64, 32).create(tf);
  try {
    return await timed(() =>
      examine(model, { inputs: [input] }, { histograms: true, trial: "off" })
    );
  } finally {
    model.dispose();
    input.dispose();
  }
}

const [, first] = await reportOf(50);
const used = process.cpuUsage();
const [cold] = await timed(async () => {
  const { renderReportPage } = await import("../src/picture/report_page.ts");
  return await renderReportPage(first);
});
const { renderReportPage } = await import("../src/picture/report_page.ts");
const { renderReportImage } = await import("../src/picture/report_image.ts");

const { user, system } = process.cpuUsage(used);
console.log(
  `first page of a process, 50 layers: ${
    cold.toFixed(0)
  } ms with the library, of which the processor worked ${((user + system) / 1000).toFixed(0)} ms`,
);
for (const depth of DEPTHS) {
  const times = { examined: [] as number[], page: [] as number[], image: [] as number[] };
  let bytes = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const [examined, report] = await reportOf(depth);
    const [page, html] = await timed(() => renderReportPage(report));
    const [image] = await timed(() => renderReportImage(report));
    bytes = new TextEncoder().encode(html).length;
    if (round === 0) continue;
    times.examined.push(examined);
    times.page.push(page);
    times.image.push(image);
  }
  const [examined, page, image] = [times.examined, times.page, times.image].map((all) =>
    median(all)
  );
  console.log(
    `${depth} layers: examined in ${examined.toFixed(0)} ms; page of ${
      (bytes / 1000).toFixed(0)
    } kB in ${page.toFixed(0)} ms, ${(page / examined).toFixed(2)} of that; image in ${
      image.toFixed(0)
    } ms`,
  );
}
