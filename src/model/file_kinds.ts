/** Returns true for the path of a model saved by Keras. */
export const isKerasFile = (path: string): boolean => /\.(keras|h5|hdf5)$/i.test(path);

/** Returns true for the path of a module: code that creates a model. */
export const isModule = (path: string): boolean => /\.[cm]?[jt]sx?$/i.test(path);

/** Returns true for the path of a JSON file, such as a model.json. */
export const isJsonFile = (path: string): boolean => /\.json$/i.test(path);

/** Returns true for the path of a file with weights and no topology. */
export const isWeightsFile = (path: string): boolean => isTorchFile(path) || /\.bin$/i.test(path);

/**
 * Returns true for the path of weights as PyTorch users save them. The shards of a model.json end
 * in `.bin` too.
 */
export const isTorchFile = (path: string): boolean => /\.(safetensors|pt|pth|ckpt)$/i.test(path);

/** Returns true for the path of a model, or of weights that are judged alone. */
export const isModelFile = (path: string): boolean =>
  isJsonFile(path) || isKerasFile(path) || isModule(path) || isWeightsFile(path);

/**
 * Returns the module whose code makes a model; `null` if all files are data.
 *
 * @param files The model's file, and the modules that register its classes.
 */
export function codeOf(
  { model, register = [] }: { model: string | null; register?: readonly string[] },
): string | null {
  const isData = model === null || isJsonFile(model) || isKerasFile(model);
  return isData ? register[0] ?? null : model;
}
