/** Whether a path is that of a model as Keras saves it. */
export const isKerasFile = (path: string): boolean => /\.(keras|h5|hdf5)$/i.test(path);

/** Whether a file is a module, by its name: code that creates a model. */
export const isModule = (path: string): boolean => /\.[cm]?[jt]sx?$/i.test(path);

/** Whether a path is that of a JSON file, as a model.json is. */
export const isJsonFile = (path: string): boolean => /\.json$/i.test(path);

/** Whether a path is that of a file with weights and no topology. */
export const isWeightsFile = (path: string): boolean => isTorchFile(path) || /\.bin$/i.test(path);

/** Whether a path is that of weights as PyTorch users save them. The shards of a model.json end in `.bin` too. */
export const isTorchFile = (path: string): boolean => /\.(safetensors|pt|pth|ckpt)$/i.test(path);

/** Whether a path ends as that of a model, or of weights that are judged alone. */
export const isModelFile = (path: string): boolean =>
  isJsonFile(path) || isKerasFile(path) || isModule(path) || isWeightsFile(path);

/**
 * Whose code makes a model; `null` where there is data alone.
 *
 * @param files The model's file, and the modules that register its classes.
 */
export function codeOf(
  { model, register = [] }: { model: string | null; register?: readonly string[] },
): string | null {
  const isData = model === null || isJsonFile(model) || isKerasFile(model);
  return isData ? register[0] ?? null : model;
}
