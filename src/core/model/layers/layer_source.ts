import type { Layer } from "../../../engine/tensorflow.ts";

/** Place of a layer in the PyTorch code that it was exported from. */
export interface LayerSource {
  /** Path of the module, `encoder.layers.0.linear1`; empty for the model itself. */
  module: string;
  /** Class of the module. */
  moduleClass: string;
  /** File with the line that calls it, relative to the working directory; absent if unknown. */
  file?: string;
  /** Line in the file; absent if unknown. */
  line?: number;
}

/** Returns file and line of the call of a layer, `model.py:12`; `null` if they are unknown. */
export const callPlace = (source: LayerSource | undefined): string | null =>
  source?.file === undefined ? null : `${source.file}:${source.line}`;

/** Returns the place of a layer of a PyTorch program; `undefined` for any other layer. */
export const layerSource = (layer: Layer): LayerSource | undefined =>
  (layer as { source?: LayerSource }).source;
