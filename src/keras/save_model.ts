import { requireEngine } from "../engine/running_engine.ts";
import type { LayersModel, TensorFlow } from "../engine/tensorflow.ts";
import {
  decodeWeight,
  type LocatedGroup,
  locateGroups,
  pairWeights,
  readGroup,
} from "./topology/load_weights.ts";
import { isTopology } from "./topology/topology_json.ts";
import { folderOf, readUserFile } from "../files/user_file.ts";
import { ModelError } from "../core/model/model_error.ts";
import { readJson } from "../files/read_json.ts";
import { type NewFile, NewFolder } from "../files/new_folder.ts";
import { requireModel } from "../core/model/require_model.ts";
import { parseWeightsManifest, type WeightSpec } from "../files/weights_manifest.ts";
import { failure } from "../ground/words/failure.ts";
import { object, optional, requireValue, string } from "../ground/words/shape.ts";
import { showValue } from "../ground/words/show_value.ts";
import { refusal } from "../ground/words/input_error.ts";
import { builtin } from "../platform/builtins.ts";

/** Options of {@linkcode saveModel}. */
export interface SaveOptions {
  /**
   * Path of the model.json that the model was loaded from: the new files have the same names and
   * layout, and the same bytes except for changed weights. Default: the layout of TensorFlow.js.
   */
  like?: string;
}

/**
 * Writes a model into a folder: a model.json that `tf.loadLayersModel` and {@linkcode loadModel}
 * read, and its weight files of 4 MiB each. Like `model.save()`, it does not write how the model
 * was compiled.
 *
 * With `like`, everything except the weights stays as in that file: its topology, its training
 * configuration, the names of its files, and the packing of weights. A packed weight that has
 * changed is packed again: float16 is rounded, uint8 and uint16 get their own range, which
 * scales with the weights. Without a change the files are copies, byte for byte.
 *
 * The folder appears whole or not at all, and nothing that exists is replaced.
 *
 * @param model A built model.
 * @param folder Path of a new or an empty folder.
 * @param options File whose layout to keep.
 * @returns Path of the model file.
 *
 * @example Rescale the kernels of a model on disk
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import {
 *   exerciseModel,
 *   loadModel,
 *   rescaleWeights,
 *   saveModel,
 * } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const folder = await Deno.makeTempDir();
 * const path = await saveModel(exerciseModel(), `${folder}/drawn`);
 * const { model } = await loadModel(path);
 * rescaleWeights(model, 1 / 894);
 * const rescaled = await saveModel(model, `${folder}/rescaled`, { like: path });
 * assertEquals(rescaled, `${folder}/rescaled/model.json`);
 * model.dispose();
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @throws {EngineError} If no engine runs.
 * @throws {ModelError} If the folder is not empty or cannot be written, the model cannot be
 * written as JSON, or `like` is not a file of its weights.
 * @throws {InputError} If an argument has the wrong type.
 */
export async function saveModel(
  model: LayersModel,
  folder: string,
  options: SaveOptions = {},
): Promise<string> {
  requireModel(model);
  requireValue("folder", folder, string);
  requireValue("options", options, object({ like: optional(string) }));
  const { tf } = requireEngine();
  await using target = await NewFolder.open(folder);
  const files = await modelFiles(tf, model, options.like ?? null);
  await target.write(files);
  const { path } = files.at(-1)!;
  await target.publish(path);
  return `${folder}/${path}`;
}

/**
 * Returns the files of a model, the model file last.
 *
 * @param like The JSON file that it was loaded from, if any. One that holds only layers has no place for weights.
 */
export async function modelFiles(
  tf: TensorFlow,
  model: LayersModel,
  like: string | null,
): Promise<NewFile[]> {
  if (like === null) return await ownFiles(tf, model);
  const json = Object(await readJson(like, ModelError)) as { weightsManifest: Manifest };
  if (isTopology(json)) return await ownFiles(tf, model);
  try {
    return await filesLike(tf, model, json, like);
  } catch (error) {
    if (error instanceof ModelError) error.within(like);
    throw error;
  }
}

/** As in `tensorflowjs_converter`. */
const MAX_SHARD_BYTES = 4 * 2 ** 20;

async function ownFiles(tf: TensorFlow, model: LayersModel): Promise<NewFile[]> {
  const files: NewFile[] = [];
  try {
    await model.save(tf.io.withSaveHandler((artifacts) => {
      const bytes = new Uint8Array(tf.io.CompositeArrayBuffer.join(artifacts.weightData));
      const count = Math.ceil(bytes.length / MAX_SHARD_BYTES);
      for (let i = 0; i < count; i++) {
        const path = `group1-shard${i + 1}of${count}.bin`;
        files.push({ path, bytes: bytes.subarray(i * MAX_SHARD_BYTES, (i + 1) * MAX_SHARD_BYTES) });
      }
      const manifest = [{
        paths: files.map(({ path }) => path),
        weights: artifacts.weightSpecs ?? [],
      }];
      const { format, generatedBy, convertedBy, modelTopology, userDefinedMetadata } = artifacts;
      const json = {
        format,
        generatedBy,
        convertedBy,
        modelTopology,
        weightsManifest: manifest,
        // JSON leaves out undefined values.
        userDefinedMetadata,
      };
      files.push({ path: "model.json", bytes: encodeText(JSON.stringify(json)) });
      return Promise.resolve({
        modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" },
      });
    }));
  } catch (error) {
    throw new ModelError(`The model cannot be written as a model.json: ${failure(error)}`, {
      cause: error,
    });
  }
  return files;
}

/** Fields of a manifest that change, by group and weight. */
type Manifest = { weights: { quantization?: WeightSpec["quantization"] }[] }[];

async function filesLike(
  tf: TensorFlow,
  model: LayersModel,
  json: { weightsManifest: Manifest },
  like: string,
): Promise<NewFile[]> {
  const groups = await locateGroups(folderOf(like), parseWeightsManifest(json.weightsManifest));
  const specs = groups.flatMap((group) => group.specs);
  const pairs = pairWeights(model, specs.filter((spec) => spec.group !== "optimizer"));
  let isRepacked = false;
  const files: NewFile[] = [];
  for (const [g, group] of groups.entries()) {
    const bytes = await readGroup(group);
    let offset = 0;
    for (const [w, spec] of group.specs.entries()) {
      const entries = bytes.subarray(offset, offset += spec.bytes);
      const values = pairs.get(spec)?.read().dataSync();
      if (values === undefined || holds(tf, spec, entries.slice().buffer, values)) continue;
      const packed = pack(values, spec);
      entries.set(packed.bytes);
      if (packed.quantization === spec.quantization) continue;
      json.weightsManifest[g].weights[w].quantization = packed.quantization;
      isRepacked = true;
    }
    files.push(...cut(group, bytes));
  }
  const twice = files.find(({ path }, i) => files.findIndex((file) => file.path === path) < i);
  if (twice !== undefined) {
    throw new ModelError(
      refusal`weightsManifest names ${showValue(twice.path)} twice, expected each file once`,
    );
  }
  // An unchanged file is copied, including spaces.
  const text = isRepacked ? encodeText(JSON.stringify(json)) : await readUserFile(like);
  const { basename } = builtin("path");
  return [...files, { path: basename(like), bytes: text }];
}

/** Cuts the bytes of a group into files of the same lengths as before. */
function cut({ files, located }: LocatedGroup, bytes: Uint8Array): NewFile[] {
  let offset = 0;
  return files.map(({ path }, i) => ({
    path,
    bytes: bytes.subarray(offset, offset += located[i].info.size),
  }));
}

type Values = ArrayLike<number> & Iterable<number>;

/** Returns true if the file holds the same bits of a weight. */
function holds(tf: TensorFlow, spec: WeightSpec, entries: ArrayBuffer, values: Values): boolean {
  return tf.tidy(() => {
    const held = decodeWeight(tf, spec, entries).dataSync();
    return held.every((value, i) => Object.is(value, values[i]));
  });
}

const TYPES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

/** Packs the entries of a weight like those in the file. */
function pack(
  values: Values,
  { dtype, quantization }: WeightSpec,
): { bytes: Uint8Array; quantization: WeightSpec["quantization"] } {
  if (quantization === undefined) {
    return { bytes: bytesOf(TYPES[dtype].from(values)), quantization };
  }
  if (quantization.dtype === "float16") {
    return { bytes: bytesOf(Float16Array.from(values)), quantization };
  }
  const Packed = quantization.dtype === "uint8" ? Uint8Array : Uint16Array;
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) [min, max] = [Math.min(min, value), Math.max(max, value)];
  // If all entries are equal, any scale will do.
  const scale = (max - min) / (2 ** (8 * Packed.BYTES_PER_ELEMENT) - 1) || 1;
  const steps = Array.from(values, (value) => Math.round((value - min) / scale));
  const packed = { dtype: quantization.dtype, scale, min };
  return { bytes: bytesOf(Packed.from(steps)), quantization: packed };
}

const bytesOf = ({ buffer }: { buffer: ArrayBufferLike }) => new Uint8Array(buffer);

const encodeText = (text: string) => new TextEncoder().encode(text);
