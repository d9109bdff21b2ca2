/**
 * A worker of a study: a single-threaded engine that measures the points whose numbers it receives.
 *
 * @module
 */
import { startEngine } from "../engine/start/start_engine.ts";
import { serveTasks } from "../files/user_code/serve_tasks.ts";
import type { StudyPoint } from "./grid_point.ts";
import { PointMeter, type StudyIdentity } from "./point_meter.ts";
import type { StudyTask } from "./study_workers.ts";
import { resolveGrid } from "./study_grid.ts";

await serveTasks<StudyTask, StudyPoint, StudyIdentity>(async ({ subject, grid, options }) => {
  const engine = await startEngine({ threads: 1, relaxedSimd: options.relaxedSimd });
  const meter = await PointMeter.open(engine, subject, resolveGrid(grid), options);
  return { identity: await meter.identify(), answer: (index) => meter.measure(index) };
});
