let isMeant = false;

/** Ends the process, as the command line means to: see {@linkcode guardEnd}. */
export function endProcess(code: number): never {
  isMeant = true;
  Deno.exit(code);
}

/**
 * Lets nothing else end the process as if it had a verdict: not the code of a model that calls
 * `Deno.exit(0)`, nor a promise that nobody keeps. Then the exit code is 2, and stderr says why.
 */
export function guardEnd(): void {
  // What ends before it has a verdict has not passed, nor failed: that would be 1, as Deno's own code
  // for an error that nobody caught is.
  Deno.exitCode = 2;
  addEventListener("unload", () => {
    if (isMeant) return;
    console.error(
      "error: there is no result: the code of a model ended the process, or waits for what never comes",
    );
    Deno.exitCode = 2;
  });
}
