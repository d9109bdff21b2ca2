/// <reference lib="deno.worker" />
import { strayErrors } from "../model/user_code/stray_errors.ts";
import { errorMessage } from "../words/failure.ts";
import { loadPlugins } from "./load_plugins.ts";
import { examineModel } from "./measure_model.ts";
import type { WorkerAnswer, WorkerOrder } from "./measure_runs.ts";

self.onmessage = async ({ data: order }: MessageEvent<WorkerOrder>) => {
  const answer = (message: WorkerAnswer) => self.postMessage(message);
  try {
    if (order === null) {
      await strayErrors.settle();
      answer({ settled: true });
    } else {
      await loadPlugins(order.plugins);
      const request = { ...order.request, threads: 1, quiet: true };
      answer({ examination: await examineModel(request, order.tells) });
    }
  } catch (error) {
    answer({ message: errorMessage(error) });
  }
};

function sayEnded(ended = "The model's code terminated its worker"): void {
  const answer: WorkerAnswer = { ended };
  self.postMessage(answer);
}

self.addEventListener("unload", () => sayEnded());
// A worker that closes itself gets no unload event.
const close = self.close.bind(self);
self.close = () => {
  sayEnded();
  close();
};

await strayErrors.watch((error) => sayEnded(`The worker died: ${errorMessage(error)}`));
self.postMessage("ready");
