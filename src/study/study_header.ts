import type { ResolvedGrid } from "./study_grid.ts";
import type { Shard } from "./shard.ts";

/** What was studied and on what, which two parts of one study must have in common. */
export interface StudyHeader {
  /** Says what the file is. */
  format: "gradient-health study";
  /** Version of the format. */
  version: 1;
  /** Version of this package. */
  package: string;
  /** What computed the figures. */
  engine: { backend: string; simd: boolean; relaxedSimd: boolean; tfjs: string };
  /** The model. */
  model: {
    /** Its name. */
    name: string;
    /** The file it came from, or `null`. */
    source: string | null;
    /** Hash of layers, weights and batch at the grid's first point: another model has another. */
    fingerprint: string;
  };
  /** What was differentiated. */
  objective: string;
  /** Examples in the batch. */
  examples: number;
  /** The file that the batch came from, or `null`. */
  batch: string | null;
  /** Pattern of the layers whose kernels were scaled, or `null` for all. */
  scaleLayers: string | null;
  /** The rules that made a point healthy or not. */
  rules: string[];
  /** The points. */
  grid: ResolvedGrid;
  /** How many points the whole study has. */
  total: number;
  /** Which part of it this is, or `null` for the whole. */
  shard: Shard | null;
}
