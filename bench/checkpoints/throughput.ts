/**
 * Measures how fast a file of weights is swept, beside `cat FILE > /dev/null` in the same run, and
 * how much memory `report` takes for it: `deno run -A bench/checkpoints/throughput.ts [GB]`.
 *
 * The seconds of processors are those of starting, of copying the file, which `cat` does, too, and
 * of the arithmetic. The time of arithmetic and copying on all cores limits the ratio.
 *
 * @module
 */
import { GRADIENT_HEALTH, type Run, timeCommand } from "./time_command.ts";
import { writeCheckpoint } from "../../tests/checkpoint/write_checkpoint.ts";

const TYPES = ["BF16", "F16", "F32"] as const;

/** File of which the report takes no more than the start. */
const SMALL = "fixtures/files/mlp.safetensors";

const gigabytes = Number(Deno.args[0] ?? 2);
const folder = await Deno.makeTempDir();

try {
  const start = await timeCommand(...GRADIENT_HEALTH, "report", SMALL, "--quiet");
  for (const dtype of TYPES) {
    const path = `${folder}/${dtype}.safetensors`;
    const width = 4096;
    const rows = Math.round(gigabytes * 1e9 / 16 / width / (dtype === "F32" ? 4 : 2));
    await writeCheckpoint(
      path,
      Array.from({ length: 16 }, (_, i) => ({
        name: `model.layers.${i}.mlp.up_proj.weight`,
        dtype,
        shape: [rows, width],
      })),
    );
    const { size } = await Deno.stat(path);
    const cat = ["sh", "-c", `cat ${path} > /dev/null`];
    const report = [...GRADIENT_HEALTH, "report", path, "--quiet"];
    await timeCommand(...cat);
    const times: { cat: Run; report: Run }[] = [];
    for (let i = 0; i < 3; i++) {
      times.push({ cat: await timeCommand(...cat), report: await timeCommand(...report) });
    }
    const best = (of: "cat" | "report", what: "seconds" | "work" = "seconds") =>
      Math.min(...times.map((one) => one[of][what]));
    const memory = Math.max(...times.map(({ report }) => report.megabytes));
    const speed = (seconds: number) => `${(size / 1e9 / seconds).toFixed(2)} GB/s`;
    console.log(
      `${dtype} ${(size / 1e9).toFixed(2)} GB: cat ${speed(best("cat"))}, report ${
        speed(best("report"))
      } (${speed(best("report", "work"))} a core), ratio ${
        (best("report") / best("cat")).toFixed(2)
      }, memory ${memory.toFixed(0)} MB`,
    );
    const copying = best("cat", "work");
    const arithmetic = best("report", "work") - start.work - copying;
    const of = (seconds: number) => (seconds / (size / 1e9)).toFixed(2);
    const least = (arithmetic + copying) / navigator.hardwareConcurrency / best("cat");
    console.log(
      `  seconds of processors: ${start.work.toFixed(2)} to start; a GB ${of(copying)} to copy, ${
        of(arithmetic)
      } of arithmetic, which alone would be ${
        least.toFixed(2)
      } times cat on ${navigator.hardwareConcurrency} cores`,
    );
    await Deno.remove(path);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
