/**
 * Keeps another core busy with nothing but multiply-adds, for `threads_bench.ts`, until it is terminated. Says when it
 * has begun.
 *
 * @module
 */
import { peakOf } from "./peak_of.ts";

const { run } = await peakOf();
run();
(self as unknown as { postMessage(message: string): void }).postMessage("begun");
for (;;) run();
