/**
 * Runs the command line of this process, and ends it with its exit code, as soon as it is imported.
 *
 * @module
 */
import { main } from "./main.ts";
import { asksForHelp } from "./overview.ts";
import { endProcess, forgiveStderr, guardEnd } from "./process.ts";

guardEnd();
forgiveStderr();
if (!asksForHelp(Deno.args)) {
  const { default: process } = await import("node:process");
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.on(event, (error: unknown) => {
      // A model module may have listeners of its own, which know better.
      if (process.listenerCount(event) > 1) return;
      console.error("error: uncaught:", error);
      endProcess(2);
    });
  }
}
main(Deno.args).then(endProcess);
