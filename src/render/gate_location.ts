/** Place where something is defined. */
export interface GateLocation {
  /** Path of the file, relative to the root of the repository. */
  file: string;
  /** Line, counted from 1, or `null` if unknown. */
  line: number | null;
}

/**
 * Finds where a layer of a model is defined; `layer: null` asks for the model.
 *
 * @param path The model's file, as the gate knows it.
 * @param layer The layer's name.
 */
export type Locate = (path: string, layer: string | null) => GateLocation;
