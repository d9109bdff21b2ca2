import { readUserText } from "../model/files/user_file.ts";
import { failure } from "../words/failure.ts";
import { formatCount, formatMemory } from "../words/numbers.ts";
import { isJsonFile, isKerasFile, isModelFile, isModule } from "../model/file_kinds.ts";

/** A file that holds a model, as it reads. */
export interface FoundModel {
  path: string;
  /** Why it was taken for one. */
  what: string;
  /** Whether its weights are drawn from a seed. */
  isDrawn: boolean;
}

/** A file that may hold one, and why that is not known. */
export interface UnclearFile {
  path: string;
  why: string;
}

/** What a folder holds. */
export interface FoundModels {
  models: FoundModel[];
  unclear: UnclearFile[];
}

/** Of a large folder no more files are read. */
const MOST_FILES = 5000;
/** A larger text is no model: that holds the layers, and the weights lie beside it. */
const LARGEST = 2 ** 25;
/** Files of weights are read whole; a larger one is taken where it is named. */
const LARGEST_WEIGHTS = 2 ** 28;

/** What is no model, though its name ends as that of one: tests, types, and the shards of a model.json. */
const NO_MODEL = /(^|[/._-])(test|spec|bench)\.\w+$|\.d\.[cm]?ts$|\.bin$/i;

/** Finds the models of a folder and of those below it, by what their files say: no code is run. */
export async function findModels(folder: string): Promise<FoundModels> {
  const found: FoundModels = { models: [], unclear: [] };
  let files = 0;
  const search = async (below: string): Promise<void> => {
    const entries = await Array.fromAsync(Deno.readDir(`${folder}/${below}`)).catch((error) => {
      found.unclear.push({ path: below || ".", why: failure(error) });
      return [];
    });
    for (const { name, isFile, isDirectory } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
      if (name.startsWith(".") || name === "node_modules") continue;
      const path = `${below}${name}`;
      if (isDirectory) await search(`${path}/`);
      else if (isFile && isModelFile(name) && !NO_MODEL.test(path)) {
        if (++files > MOST_FILES) continue;
        const seen = await lookAt(path, `${folder}/${path}`);
        if (seen !== null) "why" in seen ? found.unclear.push(seen) : found.models.push(seen);
      }
    }
  };
  await search("");
  if (files > MOST_FILES) {
    const why = `only ${MOST_FILES} of ${formatCount(files, "file")} were read`;
    found.unclear.push({ path: ".", why });
  }
  return found;
}

/**
 * Looks whether a file holds a model.
 *
 * @param path What it is called.
 * @param file Where it is.
 * @returns `null` where nothing in it says so.
 */
export async function lookAt(
  path: string,
  file = path,
): Promise<FoundModel | UnclearFile | null> {
  try {
    const { size } = await Deno.stat(file);
    if (!isModule(path) && !isJsonFile(path)) {
      if (size <= LARGEST_WEIGHTS) return await lookAtWeights(path, file);
      return { path, why: `it has ${formatMemory(size)}, and was not read: init ${path} takes it` };
    }
    if (size > LARGEST) return null;
    const text = await readUserText(file);
    return isModule(path) ? lookAtModule(path, text) : lookAtJson(path, text);
  } catch (error) {
    return { path, why: failure(error).replace(`${file}: `, "") };
  }
}

/** A file of Keras, or one of weights alone. */
async function lookAtWeights(path: string, file: string): Promise<FoundModel | UnclearFile> {
  if (isKerasFile(path)) {
    const { readKerasFile } = await import("../model/keras/keras_file.ts");
    return (await readKerasFile(file)).topology === null
      ? { path, why: "it holds the weights of a Keras model without its layers" }
      : { path, what: "is a Keras model", isDrawn: false };
  }
  const { readWeights } = await import("../model/read_weights.ts");
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
