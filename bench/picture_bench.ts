/**
 * Cost of a page and an image relative to measuring. The first picture of a process also pays for
 * loading the library that draws; the others show what is left. Each network is measured with
 * exponents, as for a page, and its page drawn from that, in turn; medians count.
 *
 * @module
 */
import type { DiagnosedReport } from "../src/core/text/report_document.ts";
import { startEngine } from "../src/engine/start/start_engine.ts";
import { examine } from "../src/core/diagnosis/examine/examine.ts";
import { dense } from "./networks.ts";
import { median } from "../src/ground/theory/statistics.ts";
import type { Row } from "./row.ts";

const ROUNDS = 5;
const DEPTHS = [3, 50, 300];

const engine = await startEngine();
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

/** Pages and images over the measuring that they show. */
export async function rows(): Promise<Row[]> {
  const [examined, first] = await reportOf(50);
  const [cold] = await timed(async () => {
    const { renderReportPage } = await import("../src/pages/report_page.ts");
    return await renderReportPage(first);
  });
  const rows: Row[] = [{
    what: "first page of a process, 50 layers",
    figure: cold,
    unit: "ms",
    against: { what: "first report of a process", figure: examined },
  }];
  for (const depth of DEPTHS) rows.push(...await rowsOf(depth));
  await engine.stop();
  return rows;
}

async function rowsOf(depth: number): Promise<Row[]> {
  const { renderReportPage } = await import("../src/pages/report_page.ts");
  const { renderReportImage } = await import("../src/pages/report_image.ts");
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
  const against = { what: "its report", figure: median(times.examined) };
  return [
    {
      what: `page of ${depth} layers, ${(bytes / 1000).toFixed(0)} kB`,
      figure: median(times.page),
      unit: "ms",
      against,
    },
    { what: `image of ${depth} layers`, figure: median(times.image), unit: "ms", against },
  ];
}
