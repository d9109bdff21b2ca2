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

function sayEnded(): void {
  const ended: WorkerAnswer = { ended: "the code of the model ended its worker" };
  self.postMessage(ended);
}

self.addEventListener("unload", sayEnded);
// A worker that closes itself hears no unload.
const close = self.close.bind(self);
self.close = () => {
  sayEnded();
  close();
};

self.postMessage("ready");
