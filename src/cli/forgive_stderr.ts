/**
 * Lets what is said on stderr get lost where it cannot be written: a log on a full disk costs the
 * progress and the reasons, not the result and its exit code.
 */
export function forgiveStderr(): void {
  const error = console.error;
  const writeSync = Deno.stderr.writeSync.bind(Deno.stderr);
  console.error = (...args: unknown[]) => {
    try {
      error(...args);
    } catch {
      // There is nowhere left to say it.
    }
  };
  Deno.stderr.writeSync = (bytes: Uint8Array) => {
    try {
      return writeSync(bytes);
    } catch {
      return bytes.length;
    }
  };
}
