/**
 * Measures the arithmetic of a sweep alone, on weights in memory: seconds of processors and of the
 * clock per GB, on 1 and on 2 threads. Seconds of processors say the same on a busy machine.
 * `deno run -A bench/checkpoints/arithmetic.ts`.
 *
 * @module
 */
import process from "node:process";
import { CheckpointSweep } from "../../src/engine/native/checkpoint_sweep.ts";
import { divideParts, dividePieces } from "../../src/checkpoint/plan_sweep.ts";
import { sweepPart } from "../../src/checkpoint/sweep_part.ts";
import { encode } from "../../src/files/file_types.ts";
import { BYTES, type FileType } from "../../src/ground/traits/number_types.ts";

const TYPES: FileType[] = ["float16", "bfloat16", "float32", "float64", "float8_e4m3"];
const WIDTH = 4096;
const BYTES_SWEPT = 2 ** 31;
const ROUNDS = 8;

/** Scope of the worker. */
const scope = self as unknown as {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
};

/** Returns a chunk of random weights; of 8 bits, of random codes. */
function draw(type: FileType): Uint8Array {
  const count = 2 ** 20 / BYTES[type];
  if (BYTES[type] === 1) return Uint8Array.from({ length: count }, () => 100 * Math.random());
  return encode(Float32Array.from({ length: count }, () => 0.1 * (Math.random() - 0.5)), type);
}

/** Sweeps the same chunk again and again; that it is copied costs 0.1 s per GB. */
function sweepAll(type: FileType): void {
  const rows = BYTES_SWEPT / ROUNDS / WIDTH / BYTES[type];
  const pieces = dividePieces([rows, WIDTH], type);
  const sweep = new CheckpointSweep();
  const chunk = draw(type);
  const read = (_: number, to: Uint8Array) => to.set(chunk.subarray(0, to.length));
  const all = () => {
    for (const part of divideParts([pieces])) sweepPart(sweep, part, { pieces, read });
  };
  all();
  scope.postMessage("ready");
  scope.onmessage = () => {
    for (let i = 0; i < ROUNDS; i++) all();
    scope.postMessage("done");
  };
}

async function time(type: FileType, threads: number): Promise<{ seconds: number; work: number }> {
  const workers = Array.from(
    { length: threads },
    () => new Worker(import.meta.url, { type: "module" }),
  );
  const answers = () =>
    Promise.all(
      workers.map((worker) =>
        new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data))
      ),
    );
  for (const worker of workers) worker.postMessage(type);
  await answers();
  const started = performance.now(), usage = process.cpuUsage();
  for (const worker of workers) worker.postMessage("go");
  await answers();
  const { user, system } = process.cpuUsage(usage);
  for (const worker of workers) worker.terminate();
  const gigabytes = threads * BYTES_SWEPT / 1e9;
  return {
    seconds: (performance.now() - started) / 1e3 / gigabytes,
    work: (user + system) / 1e6 / gigabytes,
  };
}

if (import.meta.main) {
  for (const type of TYPES) {
    const one = await time(type, 1);
    const two = await time(type, 2);
    const of = ({ seconds, work }: typeof one) =>
      `${work.toFixed(2)} s of processors, ${seconds.toFixed(2)} s of the clock`;
    console.log(`${type}: per GB on 1 thread ${of(one)}; on 2 ${of(two)}`);
  }
} else {
  scope.onmessage = ({ data }) => sweepAll(data);
}
