/**
 * Writes a made checkpoint in two shards without an index:
 * `deno run -A bench/checkpoints/write_one.ts FOLDER GB`.
 *
 * @module
 */
import { makeCheckpoint } from "../../tests/checkpoint/made_checkpoints.ts";
import { writeCheckpoint } from "../../tests/checkpoint/write_checkpoint.ts";

const [folder, gigabytes] = Deno.args;
const BLOCKS = 12;
// A block has 8 matrices' worth of entries, 2 bytes each; the embedding 4.
const width = Math.round(Math.sqrt(Number(gigabytes) * 1e9 / 2 / (8 * BLOCKS + 4)) / 64) * 64;
const { tensors } = makeCheckpoint({
  fault: "times-30",
  seed: 1,
  blocks: BLOCKS,
  width,
  dtype: "BF16",
});
await Deno.mkdir(folder, { recursive: true });
const half = tensors.length >> 1;
await writeCheckpoint(`${folder}/model-00001-of-00002.safetensors`, tensors.slice(0, half));
await writeCheckpoint(`${folder}/model-00002-of-00002.safetensors`, tensors.slice(half));
