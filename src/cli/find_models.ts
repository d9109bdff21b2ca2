import { readUserText } from "../files/user_file.ts";
import { failure } from "../ground/words/failure.ts";
import { formatCount, formatMemory } from "../ground/words/numbers.ts";
import { isJsonFile, isKerasFile, isModelFile, isModule } from "../core/model/loaded_model.ts";
import { host } from "../platform/host.ts";

/** File that holds a model, judging by its content. */
export interface FoundModel {
  path: string;
  /** Reason to treat it as a model. */
  what: string;
  /** True if its weights are drawn from a seed. */
  isDrawn: boolean;
}

/** File that may hold a model, with the reason for the doubt. */
interface UnclearFile {
  path: string;
  why: string;
}

/** Models found in a folder. */
export interface FoundModels {
  models: FoundModel[];
  unclear: UnclearFile[];
}

const MAX_FILES_READ = 5000;
/**
 * A larger text is not a model: a model.json has the layers, and its weights are in other files.
 */
const MAX_TEXT_BYTES = 2 ** 25;
/** Files of weights are read whole; larger ones must be named. */
const MAX_WEIGHTS_BYTES = 2 ** 28;

/**
 * Files with the extension of a model that are none: tests, types, and the shards of a model.json.
 */
const NOT_A_MODEL = /(^|[/._-])(test|spec|bench)\.\w+$|\.d\.[cm]?ts$|\.bin$/i;

/** Finds the models in a folder and its subfolders by the content of the files; no code is run. */
export async function findModels(folder: string): Promise<FoundModels> {
  const found: FoundModels = { models: [], unclear: [] };
  let files = 0;
  const search = async (below: string): Promise<void> => {
    const entries = await Array.fromAsync(host.readDir(`${folder}/${below}`)).catch((error) => {
      found.unclear.push({ path: below || ".", why: failure(error) });
      return [];
    });
    for (const { name, isFile, isDirectory } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
      if (name.startsWith(".") || name === "node_modules") continue;
      const path = `${below}${name}`;
      if (isDirectory) await search(`${path}/`);
      else if (isFile && isModelFile(name) && !NOT_A_MODEL.test(path)) {
        if (++files > MAX_FILES_READ) continue;
        const seen = await lookAt(path, `${folder}/${path}`);
        if (seen !== null) "why" in seen ? found.unclear.push(seen) : found.models.push(seen);
      }
    }
  };
  await search("");
  if (files > MAX_FILES_READ) {
    const why = `only ${MAX_FILES_READ} of ${formatCount(files, "file")} were read`;
    found.unclear.push({ path: ".", why });
  }
  return found;
}

/**
 * Checks if a file holds a model.
 *
 * @returns `null` if nothing in the file suggests it.
 */
export async function lookAt(path: string, file = path): Promise<FoundModel | UnclearFile | null> {
  try {
    const { size } = await host.stat(file);
    if (!isModule(path) && !isJsonFile(path)) {
      if (size <= MAX_WEIGHTS_BYTES) return await lookAtWeights(path, file);
      return { path, why: `it has ${formatMemory(size)}, and was not read: init ${path} takes it` };
    }
    if (size > MAX_TEXT_BYTES) return null;
    const text = await readUserText(file);
    return isModule(path) ? lookAtModule(path, text) : lookAtJson(path, text);
  } catch (error) {
    return { path, why: failure(error).replace(`${file}: `, "") };
  }
}

/** Checks a Keras file, or a file of weights alone. */
async function lookAtWeights(path: string, file: string): Promise<FoundModel | UnclearFile> {
  if (isKerasFile(path)) {
    const { readKerasFile } = await import("../keras/files/keras_file.ts");
    return (await readKerasFile(file)).topology === null
      ? { path, why: "it holds the weights of a Keras model without its layers" }
      : { path, what: "is a Keras model", isDrawn: false };
  }
  const { readWeights } = await import("../load/read_weights.ts");
  const { format, tensors } = await readWeights(file);
  const what = `holds weights without layers (${format}, ${formatCount(tensors.length, "tensor")})`;
  return { path, what, isDrawn: false };
}

function lookAtModule(path: string, text: string): FoundModel | UnclearFile | null {
  const code = text.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
  const exports = (name: string) =>
    new RegExp(
      `^\\s*export\\s+(?:async\\s+)?(?:function|const|let|var)\\s+${name}\\b|` +
        `^\\s*export\\s*\\{[^}]*\\b${name}\\s*[,}]|\\bexports\\.${name}\\s*=`,
      "m",
    ).test(code);
  const usesTensorFlow = /\btf\b|tensorflow/i.test(code);
  const builds = /\btf\s*\.\s*(sequential|model|loadLayersModel)\s*\(/.test(code);
  if (exports("createModel")) return { path, what: "exports createModel", isDrawn: true };
  const hasDefault = /^\s*export\s+default\b/m.test(code) || exports("default");
  if (exports("model") && usesTensorFlow) return { path, what: "exports model", isDrawn: false };
  if (hasDefault && builds) return { path, what: "has a default export", isDrawn: false };
  if (hasDefault && usesTensorFlow) {
    return { path, why: "its default export uses TensorFlow.js, and may or may not be a model" };
  }
  return builds
    ? { path, why: "it builds a model and exports none: export createModel, model or a default" }
    : null;
}

function lookAtJson(path: string, text: string): FoundModel | UnclearFile | null {
  if (!text.includes('"modelTopology"')) return null;
  const { format, modelTopology } = Object(JSON.parse(text));
  if (typeof modelTopology !== "object" || modelTopology === null) return null;
  return format === "graph-model" || "node" in modelTopology
    ? { path, why: "it is a graph model, expected a layers model of TensorFlow.js" }
    : { path, what: "is a layers model of TensorFlow.js", isDrawn: false };
}
