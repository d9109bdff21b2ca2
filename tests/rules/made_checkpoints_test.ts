import { readWeights } from "../../src/load/read_weights.ts";
import { measureCheckpoint } from "../../src/measure/checkpoint/measure_checkpoint.ts";
import { runRules } from "../../src/rules/judge_rule.ts";
import { type Fault, makeCheckpoint } from "../measure/made_checkpoints.ts";
import { writeCheckpoint } from "../measure/write_checkpoint.ts";
import { assertEquals } from "@std/assert";

/** Rules and kinds of findings that each fault has, one for each faulty tensor. */
const FINDINGS: Record<Exclude<Fault, null>, string> = {
  "nan": "error non-finite spread",
  "infinity": "error non-finite spread",
  "zero-row": "note symmetry zero-units",
  "repeated-row": "note symmetry duplicates",
  "times-30": "error blocks-alike too-large",
  "swapped": "warning blocks-alike swapped",
  "untouched": "warning blocks-alike untouched",
};

const FAULTS: Fault[] = [...Object.keys(FINDINGS) as Fault[], null, null, null];
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
      // The size of a new kernel is only a note on a trained one.
      const found = findings.filter(({ rule }) => rule !== "init-scale").map((
        { severity, rule, kind, layer, layers = [layer!] },
      ) => ({
        what: `${severity} ${rule} ${kind}`,
        layers: layers.toSorted(),
      }));
      const faulty = made.faulty.map((name) => name.replace(/\.weight$/, "")).toSorted();
      const expected = fault === null ? [] : [{ what: FINDINGS[fault], layers: faulty }];
      assertEquals(found, expected, `seed ${seed}`);
    }
  });
}
