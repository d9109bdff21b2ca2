import { showValue } from "../words/show_value.ts";
import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { failure } from "../words/failure.ts";
import { ModelError } from "./model_error.ts";
import { pairWeights } from "./pair_weights.ts";
import { unexpected } from "./unexpected.ts";
import type { WeightGroup, WeightSpec } from "./weights_manifest.ts";

/** Parts that make a path absolute, a URL, or another path on another system. */
const STRANGE = /^[a-z][a-z0-9+.-]*:|\\|\0/i;

/** File that was found. */
interface LocatedFile {
  /** Path to open. */
  path: string;
  /** Identity of the file, even if its name points elsewhere later. */
  info: Deno.FileInfo;
}

/**
 * Finds a file that a model file names, inside the model's folder and nowhere else.
 *
 * @param folder The model's folder.
 * @param path The path in the model file.
 * @param place Place of the path in the model file, for errors.
 * @throws {ModelError} If the path leaves the folder, itself or by a link, or is not a file.
 */
async function locateFile(folder: string, path: string, place: string): Promise<LocatedFile> {
  const shown = `${place} is ${showValue(path)}`;
  const steps = path.split("/");
  if (STRANGE.test(path) || steps[0] === "" || steps.includes("..")) {
    throw new ModelError(`${shown}, expected a file inside the model's folder`);
  }
  let at = folder;
  try {
    // Each step starts from the resolved path of the one before, since a link may be exchanged.
    let real = folder;
    for (const step of steps) {
      at += `/${step}`;
      real += `/${step}`;
      // Only a link needs to be followed, and following it may need more permissions.
      if (!(await Deno.lstat(real)).isSymlink) continue;
      real = await Deno.realPath(real);
      if (!await isInside(folder, real)) {
        throw new ModelError(
          `${shown}, a link that leads out of the model's folder, expected a file inside it`,
        );
      }
    }
    const info = await Deno.lstat(real);
    if (!info.isFile) throw new ModelError(`${shown}, which is not a file`);
    return { path: at, info };
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(`${shown}, but ${failure(error)}`, { cause: error });
  }
}

async function isInside(folder: string, real: string): Promise<boolean> {
  const outer = (await Deno.realPath(folder)).replace(/[\\/]$/, "");
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
 * @param groups Groups of the manifest.
 * @throws {ModelError} If a file is missing, outside the folder, or sizes do not agree.
 */
export async function locateGroups(
  folder: string,
  groups: WeightGroup[],
): Promise<LocatedGroup[]> {
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
      throw new ModelError(
        `${names} ${group.files.length === 1 ? "has" : "have"} ${size} bytes, expected ` +
          `${group.bytes} for the ${group.specs.length} weights that weightsManifest declares: ` +
          `${size < group.bytes ? "truncated" : "not the file that belongs here"}`,
      );
    }
    found.push({ ...group, folder, located });
  }
  return found;
}

/**
 * Reads the files of a model's weights and sets the weights.
 *
 * @param tf The engine's TensorFlow.js.
 * @param model The model.
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
      using file = await Deno.open(found.path);
      // Between finding and opening the file, its name may have become a link: the opened file must
      // be the one found, and its name inside the folder must still lead to it.
      const opened = await file.stat();
      const { info } = await locateFile(folder, path, place);
      if (!isSame(opened, found.info) || !isSame(opened, info)) {
        throw new ModelError(`${shown}, which was replaced while it was being read`);
      }
      if (opened.size !== content.length || !await fill(content, file)) {
        throw new ModelError(`${shown}, whose size changed while it was being read`);
      }
    } catch (error) {
      if (error instanceof ModelError) throw error;
      throw new ModelError(`${shown}, but ${failure(error)}`, { cause: error });
    }
  }
  return all;
}

const isSame = (one: Deno.FileInfo, other: Deno.FileInfo) =>
  one.dev === other.dev && one.ino === other.ino;

/** Reads a file that must have exactly as many bytes as the array. */
async function fill(bytes: Uint8Array, file: Deno.FsFile): Promise<boolean> {
  let done = 0;
  while (done < bytes.length) {
    const count = await file.read(bytes.subarray(done));
    if (count === null) return false;
    done += count;
  }
  return await file.read(new Uint8Array(1)) === null;
}
