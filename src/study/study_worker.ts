/**
 * A worker of a study: a single-threaded engine that measures the points it receives.
 *
 * @module
 */
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import { startEngine } from "../engine/start/start_engine.ts";
import { strayErrors } from "../model/user_code/stray_errors.ts";
import { errorMessage, failure } from "../words/failure.ts";
import { logToStderr } from "../model/user_code/foreign_code.ts";
import { isTrap } from "./grid_point.ts";
import { PointMeter } from "./point_meter.ts";
import { resolveGrid } from "./study_grid.ts";
import type { WorkerMessage, WorkerOrder, WorkerTask } from "./worker_messages.ts";

const port = parentPort!;
const say = (message: WorkerMessage) => port.postMessage(message);

function die(error: unknown): void {
  say({ kind: "dying", reason: failure(error) });
  process.exit(1);
}

await strayErrors.watch(die);

/** Reports an error: after a trap this worker is unusable; any other error is the model's own. */
function report(error: unknown): void {
  if (isTrap(error)) die(error);
  else say({ kind: "failed", message: errorMessage(error) });
}

const { subject, grid, options } = workerData as WorkerTask;
try {
  const engine = await startEngine({ threads: 1, relaxedSimd: options.relaxedSimd });
  const meter = await PointMeter.open(engine, subject, resolveGrid(grid), options);
  const identity = await logToStderr(() => meter.identify());
  let last: Promise<void> = Promise.resolve();
  let failed = false;
  port.on("message", (indices: WorkerOrder) => {
    const measureAll = async () => {
      for (const index of indices) {
        if (failed) return;
        say({ kind: "point", point: await meter.measure(index) });
      }
    };
    // Custom layers may log anything, and the study may be written to stdout.
    last = last.then(() => logToStderr(measureAll)).catch((error) => {
      // The remaining orders are for later points than the failed one.
      failed = true;
      report(error);
    });
  });
  say({ kind: "ready", identity });
} catch (error) {
  report(error);
}
