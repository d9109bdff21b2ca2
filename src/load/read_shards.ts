import { basename, dirname } from "node:path";
import type { ByteSource } from "../model/files/byte_source.ts";
import { ModelError } from "../model/model_error.ts";
import type { FileTensor, WeightsFile } from "../model/weights/weights_manifest.ts";
import { readSafetensors } from "../torch/read_safetensors.ts";
import { readStateDict } from "../torch/read_state_dict.ts";
import { refusal } from "../words/input_error.ts";
import { formatCount } from "../words/numbers.ts";
import { showValue } from "../words/show_value.ts";
import { localPlace, type WeightsPlace } from "./remote_place.ts";

/** Largest number of names in a message. */
const MAX_NAMES = 3;

/** Number of shards that are opened at a time: a server answers each late. */
const OPENED_AT_ONCE = 8;

/**
 * Reads the weights of a model in shards: an index, `model.safetensors.index.json` or
 * `pytorch_model.bin.index.json`, says which file beside it has which tensor.
 *
 * @param place The index.
 * @throws {ModelError} If it is not one, or a shard is missing or lacks a tensor.
 */
export async function readShards(place: WeightsPlace): Promise<Omit<WeightsFile, "path">> {
  const map = parseIndex(await place.text());
  const shards = [...new Set(Object.values(map))].sort();
  const found = new Map<string, FileTensor>();
  const notes: string[] = [];
  for (const [shard, source] of await openShards(place, shards)) {
    for (const tensor of tensorsOf(source, shard)) {
      if (map[tensor.name] === shard) found.set(tensor.name, tensor);
      else {
        notes.push(
          `${shard} has ${showValue(tensor.name)}, which the index does not have there: left out.`,
        );
      }
    }
  }
  const missing = Object.keys(map).filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new ModelError(
      refusal`${map[missing[0]]} has no ${showValue(missing[0])}${
        missing.length > 1 ? `, nor ${formatCount(missing.length - 1, "other tensor")}` : ""
      }, expected what the index says`,
    );
  }
  return {
    format: /\.bin\.index\.json$/i.test(place.name) ? "PyTorch" : "safetensors",
    tensors: Object.keys(map).map((name) => found.get(name)!),
    notes: [
      `In ${formatCount(shards.length, "shard")}.`,
      ...notes.slice(0, MAX_NAMES),
      ...notes.length > MAX_NAMES ? [`${notes.length - MAX_NAMES} more tensors left out.`] : [],
    ],
  };
}

/**
 * Reads the weights of a model in shards that have no index.
 *
 * @param path Their folder, and a name with `*` in place of what differs: see
 * `isShardPattern()`.
 * @throws {ModelError} If a shard is missing, or two have a tensor of one name.
 */
export async function readShardsAlike(path: string): Promise<Omit<WeightsFile, "path">> {
  const folder = dirname(path);
  const [before, after] = basename(path).split("*");
  const shards = (await Array.fromAsync(Deno.readDir(folder)))
    .map(({ name }) => name)
    .filter((name) => name.startsWith(before) && name.endsWith(after)).sort();
  const count = Number(/-of-(\d+)\.\w+$/.exec(after)?.[1] ?? shards.length);
  if (shards.length !== count || count === 0) {
    throw new ModelError(
      refusal`The folder has ${formatCount(shards.length, "shard")} ${
        showValue(basename(path))
      }, expected ${count || 1}`,
    );
  }
  const found = new Map<string, FileTensor>();
  for (const [shard, source] of await openShards(localPlace(path), shards)) {
    for (const tensor of tensorsOf(source, shard)) {
      const other = found.get(tensor.name)?.shard;
      if (other !== undefined) {
        throw new ModelError(
          refusal`${shard} has ${
            showValue(tensor.name)
          }, which ${other} has, too, expected shards of one model`,
        );
      }
      found.set(tensor.name, tensor);
    }
  }
  return {
    format: /\.bin$/i.test(after) ? "PyTorch" : "safetensors",
    tensors: [...found.values()],
    notes: [`In ${formatCount(shards.length, "shard")}, without an index.`],
  };
}

/** Returns the name of the shard of each tensor. */
function parseIndex(text: string): Record<string, string> {
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch (error) {
    throw new ModelError(refusal`The index is not valid JSON, expected "weight_map"`, {
      cause: error,
    });
  }
  const map = Object(index).weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw new ModelError(
      refusal`weight_map is ${showValue(map)}, expected the file of each tensor`,
    );
  }
  for (const [name, shard] of Object.entries(map)) {
    // A shard is a file beside the index, so that an index names no other file of the machine.
    if (typeof shard !== "string" || !/^[^/\\:]+\.(safetensors|bin)$/i.test(shard)) {
      throw new ModelError(
        refusal`weight_map[${showValue(name)}] is ${
          showValue(shard)
        }, expected a .safetensors or .bin file beside the index`,
      );
    }
  }
  return map;
}

/** Opens the shards beside a file, several at a time. */
async function openShards(
  place: WeightsPlace,
  shards: readonly string[],
): Promise<[name: string, source: ByteSource][]> {
  const opened: [string, ByteSource][] = [];
  for (let at = 0; at < shards.length; at += OPENED_AT_ONCE) {
    const names = shards.slice(at, at + OPENED_AT_ONCE);
    const sources = await Promise.allSettled(names.map((name) => openShard(place, name)));
    sources.forEach((source, i) => {
      if (source.status === "rejected") throw source.reason;
      opened.push([names[i], source.value]);
    });
  }
  return opened;
}

async function openShard(place: WeightsPlace, name: string): Promise<ByteSource> {
  const source = await place.beside(name).open();
  if (source !== null) return source;
  throw new ModelError(refusal`${name} is missing, expected it beside the index`);
}

function tensorsOf(source: ByteSource, shard: string): FileTensor[] {
  try {
    const tensors = /\.safetensors$/i.test(shard)
      ? readSafetensors(source)
      : readStateDict(source).tensors;
    return tensors.map((tensor) => ({ ...tensor, shard }));
  } catch (error) {
    if (error instanceof ModelError) error.within(shard);
    throw error;
  }
}
