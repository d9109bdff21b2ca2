import { readWeights } from "../../../src/load/read_weights.ts";
import { measureCheckpoint } from "../../../src/checkpoint/measure_checkpoint.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import {
  expectedOf,
  type Fault,
  FAULTS,
  foundIn,
  makeCheckpoint,
} from "../../checkpoint/made_checkpoints.ts";
import { writeCheckpoint } from "../../checkpoint/write_checkpoint.ts";
import { assertEquals } from "@std/assert";

const DTYPES = ["BF16", "F16", "F32", "F64"] as const;

/** Returns what is found in a checkpoint, without the notes that the rules for new networks give. */
async function findingsOf(seed: number, fault: Fault) {
  const made = makeCheckpoint({
    fault,
    seed,
    blocks: 6 + seed % 9,
    width: 24 + 8 * (seed % 3),
    dtype: DTYPES[seed % 4],
  });
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    await writeCheckpoint(path, made.tensors, 1 + seed);
    const findings = runRules(await measureCheckpoint(await readWeights(path)));
    return { made, findings };
  } finally {
    await Deno.remove(path);
  }
}

for (const fault of new Set(FAULTS)) {
  Deno.test(`made checkpoints ${fault === null ? "without a fault" : `with a fault (${fault})`}: each is named by its tensor, and no other`, async () => {
    const seeds = Array.from({ length: 100 }, (_, seed) => seed)
      .filter((seed) => FAULTS[seed % FAULTS.length] === fault);
    for (const seed of seeds) {
      const { made, findings } = await findingsOf(seed, fault);
      assertEquals(foundIn(findings), expectedOf(made), `seed ${seed}`);
    }
  });
}
