/**
 * Draws the picture of the README: what `report --format svg` makes of the exercise's network. Run it as
 * `deno task picture`; with `--check` it writes nothing and fails where the picture is not what it would draw.
 *
 * @module
 */
import { startEngine } from "../engine/start_engine.ts";
import { examine } from "../examine/examine.ts";
import { exerciseModel } from "../model/exercise_model.ts";
import { randomBatch } from "../model/random_batch.ts";
import { renderReportImage } from "../picture/report_image.ts";

const PICTURE = new URL("../../docs/pictures/exercise.svg", import.meta.url);

/** The picture, the same on every machine: relaxed SIMD would move figures by some 4e-7. */
async function draw(): Promise<string> {
  await using _engine = await startEngine({ relaxedSimd: false });
  const model = exerciseModel({ seed: 0 });
  const batch = randomBatch(model, { seed: 0 });
  const report = await examine(model, batch, { seed: 0, trial: "off" });
  model.dispose();
  return await renderReportImage(report);
}

if (import.meta.main) {
  const drawn = await draw();
  const found = await Deno.readTextFile(PICTURE).catch(() => null);
  if (Deno.args.includes("--check")) {
    if (found !== drawn) {
      console.log("docs/pictures/exercise.svg is not what deno task picture draws");
      Deno.exit(1);
    }
  } else {
    await Deno.mkdir(new URL(".", PICTURE), { recursive: true });
    await Deno.writeTextFile(PICTURE, drawn);
  }
}
