/** Processor time in microseconds. */
interface Used {
  user: number;
  system: number;
}

/**
 * Returns the seconds of processor time that this thread has used, which neither other programs nor
 * other test files in the same process (`deno test --parallel`) change; the seconds that have passed
 * where it is unknown, as in a browser. Helper threads of the engine are not counted.
 */
export function processorSeconds(): number {
  const { process } = globalThis as {
    process?: { threadCpuUsage?(): Used; cpuUsage?(): Used };
  };
  const used = process?.threadCpuUsage?.() ?? process?.cpuUsage?.();
  return used === undefined ? performance.now() / 1e3 : (used.user + used.system) / 1e6;
}
