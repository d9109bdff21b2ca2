import { isReadable } from "../core/diagnosis/gate_result.ts";
import { isIndexFile, isKerasFile, isRemote, isTorchFile } from "../core/model/loaded_model.ts";
import { readUserText } from "../files/user_file.ts";
import { ModelError } from "../core/model/model_error.ts";
import { statOf } from "../files/read_json.ts";
import { anyOf, showWord } from "../ground/words/show_value.ts";
import { refusal } from "../ground/words/input_error.ts";
import { host } from "../platform/host.ts";

const MAX_MODELS_SHOWN = 5;

/** Files with all weights of a Hugging Face model, preferred first. */
const HUGGING_FACE = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
];

/** Name of a shard of the weights of a Hugging Face model. */
const SHARD = /\d+-of-\d+\.(safetensors|bin)$/;

/**
 * Returns the file of the model in a folder: the model.json that TensorFlow.js saves, the weights
 * of a Hugging Face model, whose shards need no index, or the only file that holds a model; of the
 * folder of a model in the cache of Hugging Face, that of the commit which `main` is. Returns any
 * other path unchanged; loading it will fail.
 *
 * @param path A file or a folder.
 * @throws {ModelError} If the folder holds several models, or one of a kind that cannot be read.
 */
export async function modelIn(path: string): Promise<string> {
  if (path === "" || isRemote(path) || !isReadable(path)) return path;
  const info = await statOf(path).catch(() => null);
  if (!info?.isDirectory) return path;
  const entries = await Array.fromAsync(host.readDir(path));
  // The cache of huggingface_hub keeps a folder for each commit.
  if (entries.some(({ name }) => name === "snapshots")) {
    const commit = await readUserText(`${path}/refs/main`).catch(() => null);
    if (commit !== null) return await modelIn(`${path}/snapshots/${commit.trim()}`);
  }
  const names = entries
    .filter(({ isDirectory }) => !isDirectory).map(({ name }) => name).sort();
  const fileOf = (name: string) => `${path.replace(/[\\/]+$/, "")}/${name}`;
  if (names.includes("model.json")) return fileOf("model.json");
  if (names.includes("saved_model.pb")) {
    throw new ModelError({
      place: path,
      found: "a SavedModel of TensorFlow, a graph without layers",
      expected: "layers",
      hint: ': save the model with Keras as model.save("model.keras")',
    });
  }
  const shards = names.filter((name) => SHARD.test(name));
  const whole = HUGGING_FACE.find((name) => names.includes(name));
  if (whole !== undefined && (names.includes("config.json") || isIndexFile(whole))) {
    return fileOf(whole);
  }
  const patterns = new Set(shards.map((name) => name.replace(/\d+(?=-of-\d+\.)/, "*")));
  if (patterns.size === 1) return fileOf([...patterns][0]);
  const parts = names.filter((name) => name.endsWith(".safetensors"));
  if (patterns.size === 0 && parts.length > 1 && names.includes("config.json")) {
    return fileOf("*.safetensors");
  }
  const models = names.filter((name) =>
    isTorchFile(name) || isKerasFile(name) && !/\.weights\.h5$/i.test(name)
  );
  if (models.length > 1) {
    const shown = models.slice(0, MAX_MODELS_SHOWN).map((name) => showWord(fileOf(name)));
    const one = models.length > shown.length ? "one, such as " : "";
    throw new ModelError(
      refusal`${path} is a folder with ${models.length} models, expected ${one}${anyOf(shown)}`,
    );
  }
  return models.length === 1 ? fileOf(models[0]) : path;
}
