/** Whether a path is that of a model as Keras saves it. */
export const isKerasFile = (path: string): boolean => /\.(keras|h5|hdf5)$/i.test(path);

/** Whether a path is that of a file with weights and no topology. */
export const isWeightsFile = (path: string): boolean =>
  /\.(safetensors|pt|pth|ckpt|bin)$/i.test(path);

/**
 * Whose code makes a model; `null` where there is data alone.
 *
 * @param files The model's file, and the modules that register its classes.
 */
export function codeOf(
  { model, register = [] }: { model: string | null; register?: readonly string[] },
): string | null {
  const isData = model === null || /\.json$/i.test(model) || isKerasFile(model);
  return isData ? register[0] ?? null : model;
}
