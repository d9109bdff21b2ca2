/**
 * Runs the command line of this process, as soon as it is imported.
 *
 * @module
 */
import { asksForHelp } from "./asks_for_help.ts";
import { forgiveStderr } from "./forgive_stderr.ts";
import { main } from "./main.ts";

// What ends before it has a verdict has not passed, nor failed: that would be 1, as Deno's own code
// for an error that nobody caught is.
Deno.exitCode = 2;
addEventListener("beforeunload", () => {
  console.error("error: ended before it was done: what a model waits for never comes");
});
forgiveStderr();
let ended = false;
function end(code: number): never {
  ended = true;
  Deno.exit(code);
}
globalThis.addEventListener("unload", () => {
  if (ended) return;
  console.error(
    "error: there is no result: the code of a model ended the process, or waits for what never comes",
  );
  Deno.exitCode = 2;
});
if (!asksForHelp(Deno.args)) {
  const { default: process } = await import("node:process");
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.on(event, (error: unknown) => {
      // A model module may have listeners of its own, which know better.
      if (process.listenerCount(event) > 1) return;
      console.error("error: uncaught:", error);
      end(2);
    });
  }
}
main(Deno.args).then(end);
