import type { LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { ModelError, unexpected } from "../../core/model/model_error.ts";
import type { LayerVariable } from "../../core/model/weights/model_weights.ts";
import type { WeightGroup, WeightSpec } from "../../files/weights_manifest.ts";
import { failure } from "../../ground/words/failure.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { type FileInfo, host, type OpenFile } from "../../platform/host.ts";

/** Parts that make a path absolute, a URL, or another path on another system. */
const STRANGE = /^[a-z][a-z0-9+.-]*:|\\|\0/i;

/** File that was found. */
interface LocatedFile {
  /** Path to open. */
  path: string;
  /** Identity of the file, even if its name points elsewhere later. */
  info: FileInfo;
}

/**
 * Finds a file that a model file names, inside the model's folder and nowhere else.
 *
 * @param folder The model's folder.
 * @param place Place of the path in the model file, for errors.
 * @throws {ModelError} If the path leaves the folder, itself or by a link, or is not a file.
 */
async function locateFile(folder: string, path: string, place: string): Promise<LocatedFile> {
  const shown = showValue(path);
  const steps = path.split("/");
  if (STRANGE.test(path) || steps[0] === "" || steps.includes("..")) {
    throw new ModelError(refusal`${place} is ${shown}, expected a file inside the model's folder`);
  }
  let at = folder;
  try {
    // Each step starts from the resolved path of the one before, since a link may be exchanged.
    let real = folder;
    for (const step of steps) {
      at += `/${step}`;
      real += `/${step}`;
      // Only a link needs to be followed, and following it may need more permissions.
      if (!(await host.lstat(real)).isSymlink) continue;
      real = await host.realPath(real);
      if (!await isInside(folder, real)) {
        throw new ModelError(
          refusal`${place} is ${shown}, a link that leads out of the model's folder, expected a file inside it`,
        );
      }
    }
    const info = await host.lstat(real);
    if (!info.isFile) {
      throw new ModelError(refusal`${place} is ${shown}, which is not a file, expected one`);
    }
    return { path: at, info };
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(`${place} is ${shown}, but ${failure(error)}`, { cause: error });
  }
}

async function isInside(folder: string, real: string): Promise<boolean> {
  const outer = (await host.realPath(folder)).replace(/[\\/]$/, "");
  return real.startsWith(outer) && /^[\\/]/.test(real.slice(outer.length));
}

/** Group of weights whose files were found and have the right size. */
export interface LocatedGroup extends WeightGroup {
  /** Folder of the model. */
  folder: string;
  /** Files, in the order of `files`. */
  located: LocatedFile[];
}

/**
 * Finds the files of all groups and compares their sizes with those of the weights; reads nothing.
 *
 * @param folder The model's folder.
 * @throws {ModelError} If a file is missing, outside the folder, or sizes do not agree.
 */
export async function locateGroups(folder: string, groups: WeightGroup[]): Promise<LocatedGroup[]> {
  const found: LocatedGroup[] = [];
  for (const group of groups) {
    const located: LocatedFile[] = [];
    for (const { path, place } of group.files) located.push(await locateFile(folder, path, place));
    const size = located.reduce((sum, file) => sum + file.info.size, 0);
    if (size !== group.bytes) {
      if (group.files.length === 0) {
        throw unexpected(
          `${group.place}.paths`,
          [],
          `the files of ${group.bytes} bytes that hold its ${group.specs.length} weights`,
        );
      }
      const names = group.files.map(({ path }) => showValue(path)).join(", ");
      throw new ModelError({
        place: names,
        verb: group.files.length === 1 ? "has" : "have",
        found: `${size} bytes`,
        expected:
          `${group.bytes} for the ${group.specs.length} weights that weightsManifest declares`,
        hint: size < group.bytes ? ": truncated" : ": not the file that belongs here",
      });
    }
    found.push({ ...group, folder, located });
  }
  return found;
}

/**
 * Reads the files of a model's weights and sets the weights.
 *
 * @param groups Groups of the manifest, with their files.
 * @throws {ModelError} If the weights are not the model's, or a file cannot be read or has changed.
 */
export async function loadWeights(
  tf: TensorFlow,
  model: LayersModel,
  groups: LocatedGroup[],
): Promise<void> {
  const specs = groups.flatMap((group) => group.specs);
  const pairs = pairWeights(model, specs.filter((spec) => spec.group !== "optimizer"));
  for (const group of groups) {
    const bytes = await readGroup(group);
    let offset = 0;
    for (const spec of group.specs) {
      const variable = pairs.get(spec);
      const entries = bytes.slice(offset, offset += spec.bytes).buffer;
      if (variable === undefined) continue;
      tf.tidy(() => {
        const value = decodeWeight(tf, spec, entries);
        (variable.read() as unknown as { assign(value: unknown): void }).assign(value);
      });
    }
  }
}

/** Decodes a weight from the bytes of its file. */
export function decodeWeight(
  tf: TensorFlow,
  { name, shape, dtype, quantization }: WeightSpec,
  entries: ArrayBuffer,
): Tensor {
  // TensorFlow.js treats any quantization key as a setting, even if it is undefined.
  const packed = quantization === undefined ? {} : { quantization };
  return tf.io.decodeWeights(entries, [{ name, shape, dtype, ...packed } as never])[name];
}

/** Reads the files of a group, one after the other. */
export async function readGroup(
  { bytes, files, folder, located }: LocatedGroup,
): Promise<Uint8Array<ArrayBuffer>> {
  const all = new Uint8Array(bytes);
  let offset = 0;
  for (const [i, found] of located.entries()) {
    const { path, place } = files[i];
    const shown = `${place} is ${showValue(path)}`;
    const content = all.subarray(offset, offset += found.info.size);
    try {
      using file = await host.open(found.path);
      // Between finding and opening the file, its name may have become a link: the opened file must
      // be the one found, and its name inside the folder must still lead to it.
      const opened = await file.stat();
      const { info } = await locateFile(folder, path, place);
      if (!isSame(opened, found.info) || !isSame(opened, info)) {
        throw new ModelError(
          refusal`${place} is another file than before, expected ${showValue(path)} to stay`,
        );
      }
      if (opened.size !== content.length || !await fill(content, file)) {
        throw new ModelError(
          refusal`${place} has another size than before, expected ${content.length} bytes`,
        );
      }
    } catch (error) {
      if (error instanceof ModelError) throw error;
      throw new ModelError(`${shown}, but ${failure(error)}`, { cause: error });
    }
  }
  return all;
}

const isSame = (one: FileInfo, other: FileInfo) => one.dev === other.dev && one.ino === other.ino;

/** Reads a file that must have exactly as many bytes as the array. */
async function fill(bytes: Uint8Array, file: OpenFile): Promise<boolean> {
  let done = 0;
  while (done < bytes.length) {
    const count = await file.read(bytes.subarray(done));
    if (count === null) return false;
    done += count;
  }
  return await file.read(new Uint8Array(1)) === null;
}

/** Returns the weights that a name of the manifest may mean, in the model's order. */
function variablesByName(model: LayersModel): Map<string, LayerVariable[]> {
  const byName = new Map<string, LayerVariable[]>();
  for (const variable of new Set<LayerVariable>(model.weights)) {
    const name = variable.originalName;
    byName.set(name, [...byName.get(name) ?? [], variable]);
  }
  return byName;
}

/**
 * Pairs the weights that the file declares with those of the model.
 *
 * @throws {ModelError} If a weight is missing, left over, or of another shape or type.
 */
export function pairWeights(
  model: LayersModel,
  specs: WeightSpec[],
): Map<WeightSpec, LayerVariable> {
  const open = variablesByName(model);
  const pairs = new Map<WeightSpec, LayerVariable>();
  for (const spec of specs) {
    const variable = (open.get(spec.name) ?? namesakes(spec, open))?.shift();
    const shown = showValue(spec.name);
    if (variable === undefined) {
      throw new ModelError(
        refusal`${spec.place} is ${shown}, expected a weight that the model has`,
      );
    }
    if (variable.shape.join() !== spec.shape.join() || variable.dtype !== spec.dtype) {
      throw new ModelError({
        place: spec.place,
        found: `${shown} of shape [${spec.shape.join(", ")}] and type ${spec.dtype}`,
        expected: `[${variable.shape.join(", ")}] and ${variable.dtype} as its layer has`,
      });
    }
    pairs.set(spec, variable);
  }
  const [missing, ...more] = [...open.values()].flat();
  if (missing !== undefined) {
    throw new ModelError({
      place: "weightsManifest",
      verb: "has",
      found: `no ${showValue(missing.originalName)}${
        more.length === 0 ? "" : ` and ${more.length} more`
      }`,
      expected: "every weight of the model",
    });
  }
  return pairs;
}

/**
 * Returns the weights that a name written by Keras means. TensorFlow 2.2 and later put the cell's
 * name before the last part (`lstm/lstm_cell/kernel`), Keras 3 the model's name before the first
 * (`sequential/dense/kernel`).
 *
 * @throws {ModelError} If weights of several layers could be meant.
 */
function namesakes(
  { name, place }: WeightSpec,
  open: Map<string, LayerVariable[]>,
): LayerVariable[] | undefined {
  const parts = name.split("/");
  for (let from = 0; from < parts.length - 1; from++) {
    const scopes = parts.slice(from, -1), own = parts.at(-1)!;
    const found = [[...scopes, own], [...scopes.slice(0, -1), own], [...scopes, `depthwise_${own}`]]
      .map((path) => open.get(path.join("/")))
      .find((one) => one !== undefined);
    if (found === undefined) continue;
    if (from > 0 && found.length > 1) {
      throw new ModelError(
        refusal`${place} is ${showValue(name)}, which may be any of the ${found.length} weights ${
          showValue(found[0].originalName)
        } of the model, expected a name that only one layer has`,
      );
    }
    return found;
  }
}
