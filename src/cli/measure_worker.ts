/// <reference lib="deno.worker" />
import type { MeasureRequest } from "./measure_flags.ts";
import { measureModel } from "./measure_model.ts";
import type { WorkerAnswer } from "./measure_passes.ts";

self.onmessage = async ({ data }: MessageEvent<MeasureRequest>) => {
  const answer = (message: WorkerAnswer) => self.postMessage(message);
  try {
    answer({ measurements: await measureModel({ ...data, threads: 1, quiet: true }) });
  } catch (error) {
    answer({ message: (error as Error).message });
  }
};

self.addEventListener("unload", () => {
  const ended: WorkerAnswer = { ended: "the code of the model ended its worker" };
  self.postMessage(ended);
});

self.postMessage("ready");
