import type { StudyTraining } from "./growth/growth_types.ts";
import type { ResolvedGrid } from "./grid_point.ts";

/** Part of a study: the `index`-th of `count`, from 1. */
export interface Shard {
  /** Number of the part, from 1. */
  index: number;
  /** Number of parts. */
  count: number;
}

/** Subject and environment of a study, which must be equal in all parts of one study. */
export interface StudyHeader {
  /** Kind of the file. */
  format: "gradient-health study";
  /** Version of the format. */
  version: 1;
  /** Version of this package. */
  package: string;
  /** Engine that computed the figures. */
  engine: { backend: string; simd: boolean; relaxedSimd: boolean; tfjs: string };
  /** The model. */
  model: {
    /** Name of the model. */
    name: string;
    /** Path of its file, or `null`. */
    source: string | null;
    /** Hash of layers, weights and batch at the grid's first point, different for each model. */
    fingerprint: string;
  };
  /** Name of the objective. */
  objective: string;
  /** Number of examples in the batch. */
  examples: number;
  /** Path of the batch's file, or `null`. */
  batch: string | null;
  /** Pattern of the layers whose kernels were scaled, or `null` for all. */
  scaleLayers: string | null;
  /** Names of the rules that decided whether a point is healthy. */
  rules: string[];
  /** Grid of the points. */
  grid: ResolvedGrid;
  /** Number of points of the whole study. */
  total: number;
  /** Part of the study in this file, or `null` for the whole. */
  shard: Shard | null;
  /** Training of every point; absent unless the study trains. */
  training?: StudyTraining;
}
