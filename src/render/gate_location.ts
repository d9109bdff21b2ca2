/** Where something is defined. */
export interface GateLocation {
  /** Path of the file, from the root of the repository on. */
  file: string;
  /** The line, counted from 1, or `null` where it is not known. */
  line: number | null;
}

/**
 * Finds where a layer of a model is defined; `layer: null` asks for the model.
 *
 * @param path The model's file, as the gate has it.
 * @param layer The layer's name.
 */
export type Locate = (path: string, layer: string | null) => GateLocation;
