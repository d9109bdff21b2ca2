import type { StudyIdentity } from "./point_meter.ts";
import type { StudyGrid } from "./study_grid.ts";
import type { StudyOptions } from "./study_options.ts";
import type { StudyPoint } from "./study_point.ts";
import type { ModelFile, NamedNetwork } from "./study_subject.ts";

/** What a worker is started with: everything that makes the points, as data. */
export interface WorkerTask {
  /** What is studied. */
  subject: NamedNetwork | ModelFile;
  /** The points. */
  grid: StudyGrid;
  /** Those options that a worker heeds. */
  options: Pick<
    StudyOptions,
    "examples" | "batch" | "objective" | "scaleLayers" | "microBatch" | "relaxedSimd" | "trust"
  >;
}

/** What a worker sends. Work may be sent to it once it is `ready`; earlier messages are lost. */
export type WorkerMessage =
  | { kind: "ready"; identity: StudyIdentity }
  | { kind: "point"; point: StudyPoint }
  /** It cannot go on, and neither could another: the model or the grid is at fault. */
  | { kind: "failed"; message: string }
  /** It is about to die, and this is why. */
  | { kind: "dying"; reason: string };

/** What a worker is told: the points to measure, by index. */
export type WorkerOrder = number[];
