import { requireEngine } from "../engine/running_engine.ts";
import {
  isJsonFile,
  isKerasFile,
  isModule,
  isProgramFile,
  isTorchFile,
  type LoadedModel,
  type LoadModelOptions,
} from "../core/model/loaded_model.ts";
import { ModelError } from "../core/model/model_error.ts";
import { failureIn, importModule, logToStderr } from "../files/user_code/foreign_code.ts";
import { failure } from "../ground/words/failure.ts";
import { type Refusal, refusal, refusalAt } from "../ground/words/input_error.ts";
import { anyObject, list, requireValue, string } from "../ground/words/shape.ts";
import { loadModelModule } from "./load_model_module.ts";
import { host } from "../platform/host.ts";

/**
 * Loads a model from a file:
 *
 * - `.json`: a TensorFlow.js layers model with its weight files beside it, sharded or not,
 *   quantised or not, saved by TensorFlow.js or converted from Keras; or layers alone, as
 *   `to_json()` of Keras writes them, whose weights are drawn from the seed. The file is data:
 *   nothing outside its folder is read, none of it runs, and it gets no more memory than the
 *   weights it declares (or 16 MiB).
 * - `.keras`, `.h5`: a whole model saved by Keras 2 or 3. The file is data, too. A weight is
 *   assigned if order, name and shape agree, and ambiguous files are rejected.
 * - `.pt2`: a program that PyTorch exported with `torch.export.save`. The file is data, too; its
 *   sample inputs are the batch.
 * - `.ts`, `.js`, `.mjs` ...: a module that creates one or exports it, see {@linkcode ModelModule}.
 *   It runs with the permissions of the process. Anything it logs or writes to stdout while it is
 *   imported, or creates a model or a batch, goes to stderr.
 *
 * @param path The file, relative to the working directory.
 * @param options Seed and custom classes.
 * @returns The model and its settings.
 * @throws {EngineError} If no engine runs.
 * @throws {ModelError} If the model is missing or unusable: one sentence that names the file, the place in
 * it, the value found and the one expected.
 *
 * @example Save a model and load it again
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { loadModel } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await startEngine();
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(
 *   `${folder}/tiny.ts`,
 *   "export const createModel = ({ tf }) =>" +
 *     "  tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });",
 * );
 * const { model, name } = await loadModel(`${folder}/tiny.ts`);
 * assertEquals([name, model.countParams()], ["tiny", 3]);
 * model.dispose();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function loadModel(
  path: string,
  options: LoadModelOptions = {},
): Promise<LoadedModel> {
  requireValue("path", path, string);
  requireValue("options", options, anyObject);
  const { seed = 0, register: files = [], beforeWeights = () => {}, size = {} } = options;
  requireValue("options.register", files, list(string));
  const { tf } = requireEngine();
  for (const file of files) {
    const module = await importModule(file);
    const { register } = module;
    if (typeof register !== "function") {
      throw new ModelError(
        refusal`register is ${typeof register}, expected an exported function register({ tf })`,
      ).within(file);
    }
    try {
      await logToStderr(() => register({ tf }));
    } catch (error) {
      const reason = failureIn(file, error);
      throw new ModelError(`register threw: ${reason}`, { cause: error }).within(file);
    }
  }
  if (isJsonFile(path)) {
    const { loadModelJson } = await import("../keras/files/load_model_json.ts");
    return await loadModelJson(tf, path, { seed, beforeWeights });
  }
  if (isKerasFile(path)) {
    const { loadKeras } = await import("../keras/files/load_keras.ts");
    return await loadKeras(tf, path, beforeWeights);
  }
  if (isProgramFile(path)) {
    const { loadProgram } = await import("../torch/program/load_program.ts");
    return await loadProgram(tf, path, beforeWeights);
  }
  if (isModule(path)) return await loadModelModule(tf, path, { seed, size });
  throw new ModelError(await whyNot(path)).within(path);
}

/** Names of the files whose weights can be judged alone. */
const WEIGHTS = "report, check and diff judge weights alone, too: " +
  ".safetensors, .pt, .pth, .ckpt, .bin, .npz, .npy and .weights.h5";

const CONVERT = "convert it with tensorflowjs_converter";
const WRITE = "write the same layers in a module that exports createModel({ tf, seed })";

/** Formats of other programs, with a description of the file, and a fix. */
const FORMATS: readonly [is: (path: string) => boolean, what: string, fix: string][] = [
  [
    (path) => /\.pb$/i.test(path),
    "is a TensorFlow graph",
    `${CONVERT} --input_format=keras_saved_model --output_format=tfjs_layers_model`,
  ],
  [(path) => /\.onnx$/i.test(path), "is an ONNX model", WRITE],
  [
    (path) => /\.gguf$/i.test(path),
    "is a GGUF file of llama.cpp",
    "report judges the checkpoint that it was made from, or what transformers saves after " +
    "from_pretrained(FOLDER, gguf_file=NAME)",
  ],
  [
    (path) => /\.(msgpack|orbax)$/i.test(path),
    "is a checkpoint of Flax",
    "report judges what numpy.savez writes of flax.traverse_util.flatten_dict(params, sep='/')",
  ],
  [
    (path) => /\.(tflite|ckpt\.index|data-\d+-of-\d+)$/i.test(path),
    "is a file of TensorFlow without layers",
    "report judges what model.save_weights('model.weights.h5') writes",
  ],
  [
    isTorchFile,
    "holds weights without layers",
    `${WRITE}, and give it these by --weights; report and check judge them alone, too`,
  ],
];

/** Explains why a file of another kind is not a model, with a fix. */
async function whyNot(path: string): Promise<Refusal | string> {
  const wanted = "a model.json, a .keras, .h5 or .pt2 file, or a .ts or .js module";
  const format = FORMATS.find(([is]) => is(path));
  if (format !== undefined) {
    const [, what, fix] = format;
    return { ...refusalAt("it", what, wanted), hint: `: ${fix}` };
  }
  try {
    const { isDirectory } = await host.stat(path);
    const hint = `; ${WEIGHTS}`;
    return isDirectory
      ? { place: "it", found: "a folder", expected: `${wanted} in it`, hint }
      : { place: "it", found: "not a file type that this tool reads", expected: wanted, hint };
  } catch (error) {
    return `${failure(error)}, expected ${wanted}`;
  }
}
