import type { StudyIdentity } from "./point_meter.ts";
import type { StudyGrid } from "./study_grid.ts";
import type { StudyOptions } from "./study_options.ts";
import type { StudyPoint } from "./grid_point.ts";
import type { ModelFile, NamedNetwork } from "./study_subject.ts";

/** Data with which a worker starts: everything that determines the points. */
export interface WorkerTask {
  /** Subject of the study. */
  subject: NamedNetwork | ModelFile;
  /** Grid of the points. */
  grid: StudyGrid;
  /** Options that apply to a worker. */
  options: Pick<
    StudyOptions,
    "examples" | "batch" | "objective" | "scaleLayers" | "microBatch" | "relaxedSimd" | "trust"
  >;
}

/** Message of a worker. Orders may be sent to it once it is `ready`; earlier ones are lost. */
export type WorkerMessage =
  | { kind: "ready"; identity: StudyIdentity }
  | { kind: "point"; point: StudyPoint }
  /** It cannot continue, nor could another worker: the model or the grid is at fault. */
  | { kind: "failed"; message: string }
  /** It is about to die, for this reason. */
  | { kind: "dying"; reason: string };

/** Message to a worker: the indices of points to measure. */
export type WorkerOrder = number[];
