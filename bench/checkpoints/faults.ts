/**
 * Judges made checkpoints of up to 8 GB, in two shards, with and without planted faults, and prints
 * what is found, how long it took and how much memory it needed:
 * `deno run -A bench/checkpoints/faults.ts [GB] [FAULT...]` (every case, unless some are named).
 *
 * @module
 */
import { type Fault, makeCheckpoint } from "../../tests/measure/made_checkpoints.ts";
import { GRADIENT_HEALTH, timeCommand } from "./time_command.ts";
import { writeCheckpoint } from "../../tests/measure/write_checkpoint.ts";

const FAULTS: Fault[] = [null, "nan", "zero-row", "times-30", "swapped", "untouched"];
const BLOCKS = 12;

const gigabytes = Number(Deno.args[0] ?? 8);
// A block has 8 matrices' worth of entries, 2 bytes each; the embedding 4.
const width = Math.round(Math.sqrt(gigabytes * 1e9 / 2 / (8 * BLOCKS + 4)) / 64) * 64;

const only = Deno.args.slice(1);

for (const [seed, fault] of FAULTS.entries()) {
  if (only.length > 0 && !only.includes(fault ?? "none")) continue;
  const folder = await Deno.makeTempDir();
  try {
    const { tensors, faulty } = makeCheckpoint({
      fault,
      seed,
      blocks: BLOCKS,
      width,
      dtype: "BF16",
    });
    const half = tensors.length >> 1;
    const shards = [tensors.slice(0, half), tensors.slice(half)];
    const names = shards.map((_, i) => `model-0000${i + 1}-of-00002.safetensors`);
    for (const [i, shard] of shards.entries()) {
      await writeCheckpoint(`${folder}/${names[i]}`, shard);
    }
    const map = shards.flatMap((shard, i) => shard.map(({ name }) => [name, names[i]]));
    await Deno.writeTextFile(
      `${folder}/model.safetensors.index.json`,
      JSON.stringify({ weight_map: Object.fromEntries(map) }),
    );
    const { stdout, seconds, megabytes } = await timeCommand(
      ...GRADIENT_HEALTH,
      "report",
      folder,
      "--format",
      "json",
      "--quiet",
    );
    const { findings } = JSON.parse(stdout);
    // The size of a new kernel is only a note on a trained one.
    const found = findings.filter(({ rule }: Record<string, unknown>) => rule !== "init-scale")
      .map(({ rule, kind, layers, layer }: Record<string, unknown>) =>
        `${rule}/${kind} ${layers ?? layer}`
      );
    console.log(
      `${fault ?? "no fault"} in ${faulty.join(", ") || "none"}: found ${
        found.join("; ") || "nothing"
      } (${seconds.toFixed(0)} s, ${megabytes.toFixed(0)} MB)`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
