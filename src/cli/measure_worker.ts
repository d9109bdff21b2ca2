/**
 * A worker of `check` and of `report --watch`: makes the runs whose numbers it receives.
 *
 * @module
 */
import type { Examination } from "../core/diagnosis/examine/examine.ts";
import { keepEngine } from "../engine/start/start_engine.ts";
import { serveTasks } from "../files/user_code/serve_tasks.ts";
import { loadPlugins } from "./load_settings.ts";
import { examineModel } from "./measure_model.ts";
import type { RunsTask } from "./measure_runs.ts";

await serveTasks<RunsTask, Examination, null>(async ({ requests, tells, plugins }) => {
  await loadPlugins(plugins);
  // Until the worker ends.
  keepEngine();
  return {
    identity: null,
    answer: (index) => examineModel({ ...requests[index], threads: 1, quiet: true }, { tells }),
  };
});
