import { cpus, totalmem } from "node:os";
import { leastTime } from "./costs.ts";
import { peakOf } from "./peak_of.ts";

/** The name of the processor. */
export const processor = (): string => cpus()[0]?.model.trim() ?? Deno.build.arch;

/** The machine in the words of a table: cores, processor, Deno. */
export const machine = (): string =>
  `${navigator.hardwareConcurrency} cores of ${processor()}, Deno ${Deno.version.deno}`;

/** Describes in lines what figures depend on: the machine, its load, versions, and its peak. */
export async function describeMachine(): Promise<string> {
  const { version } = await import("@tensorflow/tfjs");
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return [
    `${cpus().length} cores of ${processor()}, ${memory} GiB, load ${Deno.loadavg()[0].toFixed(2)}`,
    `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}, TensorFlow.js ${version.tfjs}`,
    `peak of one core: ${(await bestRate()).toFixed(1)} G relaxed multiply-add operations a second`,
  ].join("\n");
}

async function bestRate(): Promise<number> {
  const { operations, run } = await peakOf();
  return operations / leastTime(300, run) / 1e6;
}
